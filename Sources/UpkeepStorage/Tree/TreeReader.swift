/// Reads of a tree that need no memory of where they were.
///
/// A tree read here does not change meanwhile: it is that of a version, or the working tree of the transaction
/// that calls. Every descent is bounded by the root's height, and each page must be of the level that its parent
/// says, so that no damage leads in circles.
enum TreeReader {
  /// A node of the level that its place in the tree asks for.
  @inline(__always)
  static func node(_ page: PageID, level: Int, _ store: PageStore) throws(StorageError) -> Node {
    let node = Node(try store.page(page))
    node.prefetch()
    if node.level != level { throw wrongLevel(page, node, level) }
    return node
  }

  @inline(never)
  private static func wrongLevel(_ page: PageID, _ node: Node, _ level: Int) -> StorageError {
    damaged(page, "is of level \(node.level) where level \(level) belongs")
  }

  /// The level of the root, checked; call with a tree that is not empty.
  @inline(__always)
  static func rootLevel(_ root: TreeRoot) throws(StorageError) -> Int {
    guard root.height >= 1, root.height <= NodeLayout.maximumHeight else {
      throw damaged(root.page, "is the root of a tree of height \(root.height)")
    }
    return root.height - 1
  }

  static func get(
    _ root: TreeRoot, _ store: PageStore, _ key: UnsafeRawBufferPointer
  ) throws(StorageError) -> ValueReference? {
    if root.height == 0 { return nil }
    var level = try rootLevel(root)
    var node = try node(root.page, level: level, store)
    let key = RawBytes(key, or: node.base)
    while level > 0 {
      level -= 1
      node = try self.node(node.child(node.searchBranch(key)), level: level, store)
    }
    let position = node.searchLeaf(key)
    return position.isFound ? node.value(position.index) : nil
  }

  /// Rows whose keys are below `key`.
  static func rank(
    _ root: TreeRoot, _ store: PageStore, _ key: UnsafeRawBufferPointer
  ) throws(StorageError) -> UInt64 {
    if root.height == 0 { return 0 }
    let level = try rootLevel(root)
    let node = try node(root.page, level: level, store)
    return try rank(of: RawBytes(key, or: node.base), below: node, level, store)
  }

  /// The same of the rows below a node.
  private static func rank(
    of key: RawBytes, below node: Node, _ level: Int, _ store: PageStore
  ) throws(StorageError) -> UInt64 {
    var (node, level) = (node, level)
    var rank: UInt64 = 0
    while level > 0 {
      level -= 1
      let child = node.searchBranch(key)
      rank &+= node.rows(from: 0, to: child)
      node = try self.node(node.child(child), level: level, store)
    }
    return rank &+ UInt64(node.searchLeaf(key).index)
  }

  /// Rows whose keys are at or above `lower` and below `upper`; nil is no bound.
  static func count(
    _ root: TreeRoot, _ store: PageStore, from lower: UnsafeRawBufferPointer?,
    to upper: UnsafeRawBufferPointer?
  ) throws(StorageError) -> UInt64 {
    if let lower, let upper { return try countBetween(lower, upper, root, store) }
    let start: UInt64 = if let lower { try rank(root, store, lower) } else { 0 }
    let end = if let upper { try rank(root, store, upper) } else { root.count }
    return end > start ? end - start : 0
  }

  /// The same between two bounds: they go down together as far as they have one way, which for few rows is mostly all
  /// of it.
  private static func countBetween(
    _ lower: UnsafeRawBufferPointer, _ upper: UnsafeRawBufferPointer, _ root: TreeRoot, _ store: PageStore
  ) throws(StorageError) -> UInt64 {
    if root.height == 0 { return 0 }
    var level = try rootLevel(root)
    var node = try node(root.page, level: level, store)
    let lower = RawBytes(lower, or: node.base)
    let upper = RawBytes(upper, or: node.base)
    while level > 0 {
      level -= 1
      let (first, last) = (node.searchBranch(lower), node.searchBranch(upper))
      if first > last { return 0 }
      let child = try self.node(node.child(first), level: level, store)
      if first == last {
        node = child
        continue
      }
      let before = try rank(of: lower, below: child, level, store)
      let other = try self.node(node.child(last), level: level, store)
      let end = node.rows(from: first, to: last) &+ (try rank(of: upper, below: other, level, store))
      return end > before ? end - before : 0
    }
    let (start, end) = (node.searchLeaf(lower).index, node.searchLeaf(upper).index)
    return end > start ? UInt64(end - start) : 0
  }

  /// The n-th row's key and value, from 0; nil past the end. The key is put together in `buffer`.
  static func nth(
    _ root: TreeRoot, _ store: PageStore, _ n: UInt64, key buffer: ByteBuffer
  ) throws(StorageError) -> ValueReference? {
    if root.height == 0 || n >= root.count { return nil }
    var level = try rootLevel(root)
    var node = try node(root.page, level: level, store)
    var page = root.page
    var rest = n
    while level > 0 {
      level -= 1
      guard let child = node.child(holding: &rest) else {
        throw damaged(page, "has fewer rows below it than it should")
      }
      page = node.child(child)
      node = try self.node(page, level: level, store)
    }
    guard rest < node.count else { throw damaged(page, "has fewer rows than it should") }
    buffer.removeAll()
    node.appendKey(Int(rest), to: buffer)
    return node.value(Int(rest))
  }
}

extension Node {
  /// The child that holds the row of this ordinal below this branch; the ordinal becomes that below the child.
  func child(holding ordinal: inout UInt64) -> Int? {
    for child in 0...count {
      let rows = rows(below: child)
      if ordinal < rows { return child }
      ordinal -= rows
    }
    return nil
  }
}
