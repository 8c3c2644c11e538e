/// Builds a tree from entries in ascending key order, bottom up: every node but the last of its level is full, and
/// each is written once.
///
/// ```
/// entry → leaf filler, full → page → branch filler of level 1, full → page → branch filler of level 2 …
/// ```
/// Nothing refers to the pages before `finish` gives the root: whoever gives up on the way rolls the transaction
/// back to before it began. A page is written in the moment in which it is made, so that it may be spilled at
/// any time.
final class TreeBuilder {
  private let edits: PageEdits
  private let store: PageStore
  private let pageSize: Int
  private let leaf: NodeFiller
  /// The branches in the making, by level from 1 on, and what stands before the next child of each.
  private var branches: [(filler: NodeFiller, separator: ByteBuffer)] = []
  private let reference = ByteBuffer(capacity: OverflowValue.longestReference)
  private var root = TreeRoot.empty
  private let longestKey: Int
  private let longestInline: Int

  init(edits: PageEdits) {
    self.edits = edits
    store = edits.store
    pageSize = store.pageSize
    leaf = NodeFiller(level: 0, pageSize: pageSize)
    longestKey = TreeLimits.maxKeyLength(pageSize: pageSize)
    longestInline = TreeLimits.maxInlineValue(pageSize: pageSize)
  }

  /// Adds an entry behind all others.
  ///
  /// - Throws: `badOption` for a key that is not above the one before.
  func add(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(StorageError) {
    guard key.count <= longestKey else { throw .keyTooLong(byteCount: key.count, limit: longestKey) }
    guard value.count <= TreeLimits.maximumValueLength else {
      throw .valueTooLong(byteCount: value.count, limit: TreeLimits.maximumValueLength)
    }
    let somewhere = UnsafeRawPointer(reference.base)
    let key = RawBytes(key, or: somewhere)
    let last = RawBytes(start: leaf.lastKey.base, count: leaf.lastKey.count)
    let common = key.commonLength(last)
    if root.count > 0 {
      let ascends = common < key.count && (common == last.count || key.byte(common) > last.byte(common))
      guard ascends else { throw .badOption("the entries that fill a tree must ascend") }
    }
    if store.pool.isCrowded { try edits.makeRoom?() }
    var stored = RawBytes(value, or: somewhere)
    let isOverflow = stored.count > longestInline
    if isOverflow {
      try OverflowValue.write(stored, edits, reference: reference)
      stored = RawBytes(start: reference.base, count: reference.count)
      root.overflowPages &+= UInt64(OverflowValue.pageCount(stored, pageSize: pageSize))
    }
    if !leaf.add(key, common: common, stored: stored, isOverflow: isOverflow) {
      let page = try write(leaf)
      // As short as tells the two nodes apart.
      try list(page.id, rows: page.rows, before: RawBytes(start: key.start, count: common + 1), at: 0)
      guard leaf.add(key, common: 0, stored: stored, isOverflow: isOverflow) else {
        throw .badOption("an entry does not fit into a page")
      }
    }
    root.count &+= 1
  }

  /// Writes what is left, and gives the tree.
  func finish() throws(StorageError) -> TreeRoot {
    guard root.count > 0 else { return .empty }
    var page = try write(leaf)
    var level = 0
    // Listing the last node of a level may begin a level above.
    while level < branches.count {
      try list(page.id, rows: page.rows, before: RawBytes(start: reference.base, count: 0), at: level)
      page = try write(branches[level].filler)
      level += 1
    }
    root.page = page.id
    root.height = level + 1
    return root
  }

  private func write(_ filler: NodeFiller) throws(StorageError) -> (id: PageID, rows: UInt64) {
    let rows = filler.rows
    let page = try edits.allocate(filler.level == 0 ? .leaf : .branch)
    filler.write(to: page.base)
    return (page.id, rows)
  }

  /// Lists a node that is written in the branch above it; `next` is the separator between it and the node after it.
  private func list(
    _ child: PageID, rows: UInt64, before next: RawBytes, at index: Int
  ) throws(StorageError) {
    if index == branches.count {
      guard index + 1 < NodeLayout.maximumHeight else { throw .badOption("the tree is too high") }
      branches.append((NodeFiller(level: index + 1, pageSize: pageSize), ByteBuffer()))
    }
    let (filler, separator) = branches[index]
    if filler.firstChild == .none {
      filler.begin(with: child, rows: rows)
    } else {
      let key = RawBytes(start: separator.base, count: separator.count)
      if !filler.add(separator: key, child: child, rows: rows) {
        // The branch is full: the separator before the child goes up, and the child begins the next branch.
        let page = try write(filler)
        try list(page.id, rows: page.rows, before: key, at: index + 1)
        filler.begin(with: child, rows: rows)
      }
    }
    separator.removeAll()
    separator.append(next.buffer)
  }
}
