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

  // MARK: Nodes

  func isSmall(_ depth: Int) -> Bool {
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
  func shortenRoot() throws(StorageError) {
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
  func joinNeighbour(_ depth: Int) throws(StorageError) {
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
