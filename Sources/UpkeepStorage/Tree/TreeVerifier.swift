/// Walks a whole tree and checks what must hold of it.
///
/// 1. Every node is valid in itself, and of its parent's level minus one.
/// 2. Every key lies at or above the separator before its node and below the one after it.
/// 3. A branch's row counts are those of the leaves below; the root's count is that of all.
/// 4. Every long value is complete; the root's overflow pages are those of all long values.
/// 5. No page is reached twice. Whether it was reached before, also from other trees, the caller says.
///
/// Nothing that the bytes say is believed without a bound, so a walk of a damaged tree ends.
struct TreeVerifier {
  private let store: PageStore
  private let reader: PageReader?
  private let visit: (PageID) -> Bool
  private var problems: [String] = []
  private var overflowPages: UInt64 = 0
  private static let limit = 100

  /// - Parameters:
  ///   - reader: whose operations the looks at pages are, a short one for each; none in a store in memory.
  ///   - visit: called with each page reached; false if it was reached before.
  /// - Returns: what is wrong, each naming page and reason; empty if nothing is.
  static func verify(
    _ root: TreeRoot, _ store: PageStore, _ reader: PageReader? = nil, visit: (PageID) -> Bool
  ) -> [String] {
    withoutActuallyEscaping(visit) { visit in
      var verifier = TreeVerifier(store: store, reader: reader, visit: visit)
      verifier.checkTree(root)
      return verifier.problems
    }
  }

  private init(store: PageStore, reader: PageReader?, visit: @escaping (PageID) -> Bool) {
    self.store = store
    self.reader = reader
    self.visit = visit
  }

  /// An error as what a check finds: of damage the reason, as its place is said already.
  private static func words(_ error: StorageError) -> String {
    switch error {
    case .corrupt(_, _, let reason): reason
    default: "\(error)"
    }
  }

  private mutating func report(_ page: PageID, _ reason: String) {
    if problems.count < Self.limit { problems.append("\(page): \(reason)") }
  }

  private mutating func checkTree(_ root: TreeRoot) {
    if root.height == 0 {
      if root != .empty { problems.append("an empty tree has a root, rows or overflow pages") }
      return
    }
    guard root.page != .none, root.height <= NodeLayout.maximumHeight else {
      return report(root.page, "is the root of a tree of height \(root.height)")
    }
    let rows = check(root.page, level: root.height - 1, from: nil, to: nil)
    if let rows, rows != root.count { report(root.page, "has \(rows) rows below it, not \(root.count)") }
    if rows != nil, overflowPages != root.overflowPages {
      report(root.page, "has \(overflowPages) overflow pages below it, not \(root.overflowPages)")
    }
  }

  /// The rows below a node whose keys must lie in the range; nil if they could not be counted.
  private mutating func check(_ page: PageID, level: Int, from lower: [UInt8]?, to upper: [UInt8]?) -> UInt64?
  {
    guard visit(page) else {
      report(page, "is reached twice")
      return nil
    }
    // A copy: the walk below it is long.
    let copy = UnsafeMutableRawPointer.allocate(byteCount: store.pageSize, alignment: 64)
    defer { copy.deallocate() }
    do throws(StorageError) {
      reader?.enter()
      defer { reader?.leave() }
      copy.copyMemory(from: try store.page(page), byteCount: store.pageSize)
    } catch {
      report(page, "cannot be read: \(Self.words(error))")
      return nil
    }
    let node = Node(copy)
    if let problem = NodeValidation.validateInMemory(node.base, pageSize: store.pageSize) {
      report(page, problem)
      return nil
    }
    guard node.level == level else {
      report(page, "is of level \(node.level) where level \(level) belongs")
      return nil
    }
    checkRange(page, node, from: lower, to: upper)
    if level == 0 {
      checkValues(page, node)
      return UInt64(node.count)
    }
    var total: UInt64? = 0
    for child in 0...node.count {
      let below = check(
        node.child(child), level: level - 1,
        from: child == 0 ? lower : key(node, child - 1), to: child == node.count ? upper : key(node, child))
      if let below, below != node.rows(below: child) {
        report(page, "says \(node.rows(below: child)) rows are below child \(child), not \(below)")
      }
      if let below, let sum = total { total = sum &+ below } else { total = nil }
    }
    return total
  }

  private func key(_ node: Node, _ i: Int) -> [UInt8] {
    let buffer = ByteBuffer()
    node.appendKey(i, to: buffer)
    return Array(buffer.bytes)
  }

  /// Keys ascend, so the first and the last speak for all. Separators may equal the lower bound's, keys too.
  private mutating func checkRange(_ page: PageID, _ node: Node, from lower: [UInt8]?, to upper: [UInt8]?) {
    guard node.count > 0 else { return }
    let front = node.front
    if let lower {
      let below = lower.withUnsafeBytes { node.compare(0, RawBytes($0, or: node.base), front: front) < 0 }
      if below { report(page, "has a key below its separator") }
    }
    if let upper {
      let above = upper.withUnsafeBytes {
        node.compare(node.count - 1, RawBytes($0, or: node.base), front: front) >= 0
      }
      if above { report(page, "has a key at or above the next separator") }
    }
  }

  private mutating func checkValues(_ page: PageID, _ node: Node) {
    for i in 0..<node.count {
      let value = node.value(i)
      guard value.isOverflow else { continue }
      var visited: [PageID] = []
      do throws(StorageError) {
        let (store, reader) = (store, reader)
        try OverflowValue.forEachPage(value.stored, store, reader) { (id, bytes) throws(StorageError) in
          try OverflowValue.check(id, store, reader, bytes: bytes)
          visited.append(id)
        }
      } catch {
        report(page, "value \(i) cannot be read: \(Self.words(error))")
      }
      for id in visited where !visit(id) { report(id, "is reached twice") }
      overflowPages += UInt64(visited.count)
    }
  }
}
