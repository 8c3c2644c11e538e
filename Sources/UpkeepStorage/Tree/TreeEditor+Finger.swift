// The path to the leaf that was last used: finding keys from it, making it editable, keeping counts right.

extension TreeEditor {
  /// An operation of the writer begins. In a store in memory this does nothing.
  @inline(__always)
  func enter() throws(StorageError) {
    guard let line = store.writerLine else { return }
    if store.pool.isCrowded { try edits.makeRoom?() }
    line.enter()
    if hasFinger, line.now != fingerEpoch { lookOver(line.now) }
  }

  @inline(__always)
  func leave() { store.writerLine?.leave() }

  /// Frames were taken from pages since: the finger goes if one of its own was.
  @inline(never)
  private func lookOver(_ now: UInt) {
    for depth in 0..<root.height
    where store.table.frame(path[depth].page) != path[depth].base {
      // Then the leaf is not owned, so nothing is pending.
      dropFinger()
      return
    }
    fingerEpoch = now
  }

  /// Within an operation: what was found so far may go. Only what is looked up again by its id is to be used.
  func renew() throws(StorageError) {
    guard store.writerLine != nil else { return }
    leave()
    try enter()
  }

  @inline(__always)
  var leafDepth: Int { root.height &- 1 }

  /// The finger's leaf.
  @inline(__always)
  var leaf: Node { Node(path[leafDepth].base) }

  /// The same, once it is owned.
  @inline(__always)
  var mutableLeaf: MutableNode { MutableNode(path[leafDepth].base, pageSize) }

  @inline(__always)
  func branch(_ depth: Int) -> MutableNode { MutableNode(path[depth].base, pageSize) }

  /// Where a key is, or would be, in the leaf that the finger then is at. Call with a tree that is not empty.
  @inline(__always)
  func locate(_ key: RawBytes) throws(StorageError) -> NodePosition {
    let position: NodePosition
    if hasFinger, let near = locateNear(key) {
      position = near
    } else {
      try descend(to: key)
      position = leaf.searchLeaf(key)
    }
    lastIndex = position.index
    return position
  }

  /// The place of a key that belongs to the finger's leaf; nil if it does not.
  @inline(__always)
  private func locateNear(_ key: RawBytes) -> NodePosition? {
    let leaf = leaf
    let count = leaf.count
    let last = min(lastIndex, count &- 1)
    if last < 0 { return nil }
    let front = NodeLayout.leafFront
    let order = leaf.compare(last, key, front: front)
    if order == 0 { return NodePosition(index: last, isFound: true) }
    if order > 0 {
      guard lowerDepth < 0 || isAtOrAboveLower(key) else { return nil }
      return leaf.search(key, front: front, from: 0, to: last)
    }
    guard upperDepth < 0 || isBelowUpper(key) else { return nil }
    // The next key of a sweep is mostly the next entry, or lies right before it.
    let next = last &+ 1
    if next == count { return NodePosition(index: next, isFound: false) }
    let nextOrder = leaf.compare(next, key, front: front)
    if nextOrder >= 0 { return NodePosition(index: next, isFound: nextOrder == 0) }
    return leaf.search(key, front: front, from: next &+ 1, to: count)
  }

  @inline(__always)
  private func isAtOrAboveLower(_ key: RawBytes) -> Bool {
    let step = path[lowerDepth]
    return Node(step.base).compare(step.child &- 1, key, front: NodeLayout.branchFront) <= 0
  }

  @inline(__always)
  private func isBelowUpper(_ key: RawBytes) -> Bool {
    let step = path[upperDepth]
    return Node(step.base).compare(step.child, key, front: NodeLayout.branchFront) > 0
  }

  /// Puts the finger on the leaf where a key belongs.
  @inline(never)
  func descend(to key: RawBytes) throws(StorageError) {
    #if UPKEEP_PLANTS
      let forgotten = Plant.isOn(.countsNotFlushed) ? pending : 0
      pending -= forgotten
      defer { pending += forgotten }
    #endif
    try flush()
    hasFinger = false
    // Asked before the pages are looked up: what is taken away afterwards shows.
    let epoch = store.writerLine?.now ?? 0
    let leafLevel = try TreeReader.rootLevel(root)
    var lower = -1
    var upper = -1
    var page = root.page
    for depth in 0..<leafLevel {
      let node = try TreeReader.node(page, level: leafLevel &- depth, store)
      let child = node.searchBranch(key)
      if child > 0 { lower = depth }
      if child < node.count { upper = depth }
      path[depth] = Step(page: page, base: UnsafeMutableRawPointer(mutating: node.base), child: child)
      page = node.child(child)
    }
    let node = try TreeReader.node(page, level: 0, store)
    path[leafLevel] = Step(page: page, base: UnsafeMutableRawPointer(mutating: node.base), child: 0)
    lowerDepth = lower
    upperDepth = upper
    hasFinger = true
    fingerEpoch = epoch
  }

  /// Forgets the path. Call with nothing pending, or when it no longer matters.
  func dropFinger() {
    hasFinger = false
    pending = 0
    lastIndex = 0
  }

  /// Makes the leaf editable, and by invariant 1 every branch above it.
  @inline(__always)
  func ownLeaf() throws(StorageError) { try own(leafDepth) }

  /// Makes the node at `depth` of the path editable, and all above it.
  @inline(__always)
  func own(_ depth: Int) throws(StorageError) {
    let page = path[depth].page
    let (id, base) = try edits.edit(page)
    if id == page { return }
    path[depth].page = id
    path[depth].base = base
    try relink(depth, id)
  }

  /// Tells the branches above that the node at `depth` has a new id.
  @inline(never)
  private func relink(_ depth: Int, _ id: PageID) throws(StorageError) {
    var child = id
    var depth = depth
    while depth > 0 {
      depth -= 1
      let old = path[depth].page
      let (id, base) = try edits.edit(old)
      path[depth].page = id
      path[depth].base = base
      branch(depth).setChild(path[depth].child, child)
      if id == old { return }
      child = id
    }
    root.page = child
  }

  /// Brings the row counts on the finger's path up to date. To be called before anything else reads the tree's
  /// counts: before a savepoint, a cursor, a count or the commit (rule 21).
  @inline(__always)
  func flush() throws(StorageError) {
    if pending != 0 { try flushPending() }
  }

  @inline(never)
  private func flushPending() throws(StorageError) {
    let delta = pending
    pending = 0
    guard leafDepth > 0 else { return }
    try own(leafDepth - 1)
    for depth in 0..<leafDepth { branch(depth).addRows(below: path[depth].child, delta) }
  }
}
