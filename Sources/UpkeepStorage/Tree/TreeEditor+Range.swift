// Ranges of rows that go. Rows are told by their ordinals, which the counts in the branches give without a look at
// leaves: what lies inside the range goes as whole subtrees, and only the nodes at its two edges are edited.

extension TreeEditor {
  /// Removes every row with a key at or above `lower` and below `upper`; how many there were. The time is that of the
  /// two edges and of the branches above what goes, unless long values have to be found in the leaves.
  func deleteRange(
    _ lower: UnsafeRawBufferPointer?, _ upper: UnsafeRawBufferPointer?
  ) throws(StorageError) -> UInt64 {
    guard root.height > 0 else { return 0 }
    try enter()
    defer { leave() }
    try flush()
    // The bounds may lie in a page that goes.
    let (lower, upper) = (lower.map(copied), upper.map(copied))
    let first = if let lower { try TreeReader.rank(root, store, lower.bytes) } else { UInt64(0) }
    let end = if let upper { try TreeReader.rank(root, store, upper.bytes) } else { root.count }
    guard end > first else { return 0 }
    let removed = end - first
    // Room may be made on the way, when the path is gone already.
    dropFinger()
    run = 0
    lastInsert = -2
    if removed >= root.count {
      try retireAll(root.page, level: try TreeReader.rootLevel(root))
      reset(to: .empty)
      return removed
    }
    root.page = try cut(root.page, level: try TreeReader.rootLevel(root), from: first, to: end)
    root.count -= removed
    try renew()
    try shortenRoot()
    for bound in [lower, upper] { if let bound { try joinSmall(along: bound) } }
    return removed
  }

  private func copied(_ bytes: UnsafeRawBufferPointer) -> ByteBuffer {
    let copy = ByteBuffer(capacity: bytes.count)
    copy.append(bytes)
    return copy
  }

  /// Gives up every page. The tree is empty then.
  func dropAll() throws(StorageError) {
    if root.height > 0 {
      try enter()
      defer { leave() }
      // Room may be made on the way, when the path is gone already.
      dropFinger()
      try retireAll(root.page, level: try TreeReader.rootLevel(root))
    }
    reset(to: .empty)
  }

  /// Leaves are read only if some of them may own overflow pages. Recursion is bounded by the level.
  private func retireAll(_ page: PageID, level: Int) throws(StorageError) {
    if level == 0 {
      if root.overflowPages > 0 {
        let node = try TreeReader.node(page, level: 0, store)
        for i in 0..<node.count { try retireOverflow(of: node.value(i)) }
      }
    } else {
      // What was read for one child need not stay for the next.
      let count = try TreeReader.node(page, level: level, store).count
      for child in 0...count {
        if level > 1 || root.overflowPages > 0 { try renew() }
        try retireAll(try TreeReader.node(page, level: level, store).child(child), level: level - 1)
      }
    }
    try edits.retireUnread(page)
  }

  // MARK: What goes by and by

  /// How many of the first rows have about so many pages, as far as the branches on the way to the first one tell.
  func rowsOfFirst(pages: Int) throws(StorageError) -> UInt64 {
    guard root.height > 1 else { return root.count }
    try enter()
    defer { leave() }
    var page = root.page
    for level in stride(from: try TreeReader.rootLevel(root), to: 1, by: -1) {
      page = try TreeReader.node(page, level: level, store).child(0)
    }
    let node = try TreeReader.node(page, level: 1, store)
    let children = UInt64(node.count + 1)
    let rowsOfLeaf = max(node.rows(from: 0, to: node.count + 1) / children, 1)
    let allPages = root.count / rowsOfLeaf + root.overflowPages + 1
    guard allPages > UInt64(pages) else { return root.count }
    return max(root.count / max(allPages / UInt64(max(pages, 1)), 1), 1)
  }

  /// Removes the first rows, or all there are. What stays need not be well filled, for it is about to go too.
  func removeFirst(_ rows: UInt64) throws(StorageError) {
    guard root.height > 0, rows > 0 else { return }
    try enter()
    defer { leave() }
    dropFinger()
    if rows >= root.count {
      try retireAll(root.page, level: try TreeReader.rootLevel(root))
      return reset(to: .empty)
    }
    root.page = try cut(root.page, level: try TreeReader.rootLevel(root), from: 0, to: rows)
    root.count -= rows
    try renew()
    try shortenRoot()
  }

  // MARK: Cutting

  /// What a range takes from a branch.
  private struct BranchCut {
    /// Children that go, from this one on.
    var firstWhole = 0
    var whole: [PageID] = []
    /// Children that stay with fewer rows: one at each edge at most.
    var edges: [(child: Int, page: PageID, first: UInt64, end: UInt64)] = []
  }

  /// Removes the rows from `first` up to `end`, counted below the node, which keeps others. Between two children
  /// nothing that was looked up stays in use; the tree is whole again when the root was cut.
  ///
  /// - Returns: the id that the node has then.
  private func cut(
    _ page: PageID, level: Int, from first: UInt64, to end: UInt64
  ) throws(StorageError) -> PageID {
    try renew()
    if level == 0 { return try cutLeaf(page, from: first, to: end) }
    var plan = try plan(page, level: level, from: first, to: end)
    for child in plan.whole {
      try renew()
      try retireAll(child, level: level - 1)
    }
    for i in plan.edges.indices {
      let edge = plan.edges[i]
      plan.edges[i].page = try cut(edge.page, level: level - 1, from: edge.first, to: edge.end)
    }
    try renew()
    let (id, base) = try edits.edit(page)
    let node = MutableNode(base, pageSize)
    for edge in plan.edges {
      node.setChild(edge.child, edge.page)
      node.setRows(below: edge.child, node.view.rows(below: edge.child) &- (edge.end - edge.first))
    }
    node.removeChildren(from: plan.firstWhole, to: plan.firstWhole + plan.whole.count)
    return id
  }

  private func cutLeaf(_ page: PageID, from first: UInt64, to end: UInt64) throws(StorageError) -> PageID {
    let node = try TreeReader.node(page, level: 0, store)
    guard first < end, end <= node.count, end - first < node.count else {
      throw damaged(page, "has other rows than its parent counts")
    }
    if root.overflowPages > 0 {
      for i in Int(first)..<Int(end) { try retireOverflow(of: node.value(i)) }
    }
    let (id, base) = try edits.edit(page)
    MutableNode(base, pageSize).removeEntries(from: Int(first), to: Int(end))
    return id
  }

  private func plan(
    _ page: PageID, level: Int, from first: UInt64, to end: UInt64
  ) throws(StorageError) -> BranchCut {
    let node = try TreeReader.node(page, level: level, store)
    var plan = BranchCut()
    var at: UInt64 = 0
    for child in 0...node.count {
      let next = at &+ node.rows(below: child)
      let (from, to) = (max(first, at), min(end, next))
      if from < to {
        if from == at, to == next {
          if plan.whole.isEmpty { plan.firstWhole = child }
          guard child == plan.firstWhole + plan.whole.count else {
            throw damaged(page, "has a child without rows")
          }
          plan.whole.append(node.child(child))
        } else {
          plan.edges.append((child, node.child(child), from - at, to - at))
        }
      }
      at = next
    }
    guard at >= end, plan.whole.count <= node.count else {
      throw damaged(page, "has fewer rows below it than it should")
    }
    return plan
  }

  /// Joins what has become small on the path to a key with its neighbours, from the root down: a branch that was left
  /// with a single child gets it neighbours thereby.
  private func joinSmall(along key: ByteBuffer) throws(StorageError) {
    var level = root.height - 2
    while level >= 0, root.height > 1 {
      try renew()
      try descend(to: RawBytes(start: UnsafeRawPointer(key.base), count: key.count))
      let depth = root.height - 1 - level
      if depth > 0, isSmall(depth) {
        try own(depth)
        try joinNeighbour(depth)
      }
      level -= 1
    }
    dropFinger()
  }
}

extension MutableNode {
  /// Takes away the children from `first` up to `end`, but never all. Their range goes to the child before them, or
  /// behind them where there is none before.
  func removeChildren(from first: Int, to end: Int) {
    guard end > first, end - first <= view.count else { return }
    if first > 0 { return removeEntries(from: first - 1, to: end - 1) }
    let next = view.child(end)
    let rows = view.rows(below: end)
    removeEntries(from: 0, to: end)
    setChild(0, next)
    setRows(below: 0, rows)
  }
}
