// Rows that go, and what that does to nodes: an empty one leaves its parent, a small one joins a neighbour.
//
// Neighbours lend each other nothing. A node below a quarter joins one of them whenever both together fill at most
// three quarters, so a small node has neighbours that are at least half full. Lending would put other separators
// into the parents, which may shrink their prefixes and so split them: a delete could need more pages.

extension TreeEditor {
  /// Removes rows of the finger's leaf.
  func removeRows(from first: Int, to end: Int) throws(StorageError) {
    if root.overflowPages > 0 {
      for i in first..<end { try retireOverflow(of: leaf.value(i)) }
    }
    root.count &-= UInt64(end - first)
    pending &-= end - first
    run = 0
    lastInsert = -2
    if end - first == leaf.count {
      // The leaf goes as a whole and need not be copied for that.
      try flush()
      try removeNode(leafDepth)
      return
    }
    try ownLeaf()
    mutableLeaf.removeEntries(from: first, to: end)
    lastIndex = first
    if isSmall(leafDepth) {
      try flush()
      try joinNeighbour(leafDepth)
    }
  }

  /// Removes every row with a key at or above `lower` and below `upper`; how many there were.
  func deleteRange(
    _ lower: UnsafeRawBufferPointer?, _ upper: UnsafeRawBufferPointer?
  ) throws(StorageError) -> UInt64 {
    if lower == nil, upper == nil {
      let count = root.count
      try dropAll()
      return count
    }
    try enter()
    defer { leave() }
    var removed: UInt64 = 0
    let somewhere = UnsafeRawPointer(path)
    var start = RawBytes(lower ?? UnsafeRawBufferPointer(start: nil, count: 0), or: somewhere)
    let limit = upper.map { RawBytes($0, or: somewhere) }
    let separator = ByteBuffer(capacity: longestKey)
    while root.height > 0 {
      try renew()
      let first = try locate(start).index
      let count = leaf.count
      if first == count {
        // What follows, if anything does, begins in the next leaf, at or above the separator before it.
        guard upperDepth >= 0 else { break }
        separator.removeAll()
        branch(upperDepth).view.appendKey(path[upperDepth].child, to: separator)
        start = RawBytes(start: UnsafeRawPointer(separator.base), count: separator.count)
        continue
      }
      let end = limit.map { leaf.searchLeaf($0).index } ?? count
      guard end > first else { break }
      removed += UInt64(end - first)
      try removeRows(from: first, to: end)
      if end < count { break }
    }
    return removed
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

  // MARK: Nodes

  private func isSmall(_ depth: Int) -> Bool {
    let content = Node(path[depth].base).usedBytes(pageSize: pageSize) - NodeLayout.prefix
    return content < (pageSize - NodeLayout.prefix) / 4
  }

  /// Takes an empty node out of its parent, and the parent out of its own if it then is empty too.
  private func removeNode(_ depth: Int) throws(StorageError) {
    var depth = depth
    edits.retire(path[depth].page)
    while depth > 0 {
      let parent = depth - 1
      if branch(parent).view.count == 0 {
        // Its only child went.
        edits.retire(path[parent].page)
        depth = parent
        continue
      }
      dropFinger()
      try own(parent)
      branch(parent).removeChild(path[parent].child)
      try settle(parent)
      return
    }
    root.page = .none
    root.height = 0
    dropFinger()
  }

  /// After a child left the branch at `depth`: shortens the tree at the root, or joins branches.
  private func settle(_ depth: Int) throws(StorageError) {
    if depth == 0 {
      try shortenRoot()
    } else if isSmall(depth) {
      try joinNeighbour(depth)
    }
  }

  /// A root with a single child gives way to it.
  private func shortenRoot() throws(StorageError) {
    while root.height > 1 {
      let node = try TreeReader.node(root.page, level: root.height - 1, store)
      guard node.count == 0 else { return }
      let child = node.child(0)
      edits.retire(root.page)
      root.page = child
      root.height -= 1
    }
  }

  /// Joins the small node at `depth`, which is owned, with a neighbour below the same parent, if they fit.
  /// Nothing is pending.
  private func joinNeighbour(_ depth: Int) throws(StorageError) {
    guard depth > 0 else { return }
    let parent = depth - 1
    let child = path[parent].child
    let count = branch(parent).view.count
    if child < count, try join(parent, left: child) { return }
    if child > 0 { _ = try join(parent, left: child - 1) }
  }

  /// Joins children `left` and `left + 1` of the branch at `parent`, which is owned; false if they do not fit.
  private func join(_ parent: Int, left: Int) throws(StorageError) -> Bool {
    let node = branch(parent).view
    let level = node.level - 1
    let leftPage = node.child(left)
    let rightPage = node.child(left + 1)
    let leftNode = try TreeReader.node(leftPage, level: level, store)
    let rightNode = try TreeReader.node(rightPage, level: level, store)
    // A first guess without looking at the entries: prefixes only make it too small, by little.
    let limit = NodeLayout.prefix + (pageSize - NodeLayout.prefix) * 3 / 4
    let together = leftNode.usedBytes(pageSize: pageSize) + rightNode.usedBytes(pageSize: pageSize)
    guard together - 2 * NodeLayout.prefix - leftNode.prefixLength - rightNode.prefixLength <= limit else {
      return false
    }

    let builder = builder
    let oldLeft = builder.copy(leftNode)
    let oldRight = builder.copy(rightNode, second: true)
    builder.start(level: level)
    builder.add(oldLeft, from: 0, to: oldLeft.count)
    if level > 0 {
      let slot = node.slot(left)
      let suffix = RawBytes(
        start: node.base + (slot.offset + NodeLayout.branchFront), count: slot.suffixLength)
      let prefix = RawBytes(start: node.prefix, count: node.prefixLength)
      builder.add(separator: suffix, under: prefix, child: oldRight.child(0), rows: oldRight.rows(below: 0))
    }
    builder.add(oldRight, from: 0, to: oldRight.count)
    guard builder.size(0, builder.count) <= limit else { return false }

    dropFinger()
    let (id, base) = try edits.edit(leftPage)
    builder.write(0, builder.count, level: level, to: base)
    if level > 0 { setFirstChild(base, oldLeft.child(0), oldLeft.rows(below: 0)) }
    edits.retire(rightPage)
    let rows = node.rows(below: left) &+ node.rows(below: left + 1)
    let owner = branch(parent)
    owner.setChild(left, id)
    owner.setRows(below: left, rows)
    owner.removeEntries(from: left, to: left + 1)
    try settle(parent)
    return true
  }
}
