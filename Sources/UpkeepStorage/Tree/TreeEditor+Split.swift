// What happens to a node when an entry does not fit in place: it is written anew, without garbage and with the
// longest prefix, or split in two.

extension TreeEditor {
  /// After this many inserts in a row a sweep is expected to go on, and a split leaves the side that it comes
  /// from full.
  private static let sweep = 8

  /// Writes the finger's leaf anew with an entry more, or with another value in its place; splits it if it does
  /// not fit. The new row is counted already, in `pending`.
  @inline(never)
  func rebuildLeaf(
    at i: Int, replacing: Bool, _ key: RawBytes, _ stored: RawBytes, _ isOverflow: Bool
  ) throws(StorageError) {
    let builder = builder
    let old = builder.copy(leaf)
    let count = old.count
    builder.start(level: 0)
    builder.add(old, from: 0, to: i)
    builder.add(key: key, stored: stored, isOverflow: isOverflow)
    builder.add(old, from: replacing ? i + 1 : i, to: count)
    if builder.fits(0, builder.count) {
      builder.write(0, builder.count, level: 0, to: path[leafDepth].base)
      lastIndex = i
      return
    }
    let wished: Int? =
      if replacing {
        nil
      } else if run >= Self.sweep || (i == count && upperDepth < 0) {
        i
      } else if run <= -Self.sweep || (i == 0 && lowerDepth < 0) {
        i + 1
      } else {
        nil
      }
    guard let cut = builder.cut(wished: wished) else { throw cannotSplit(leafDepth) }
    // From here on the tree's shape changes: counts first, then both halves absolutely.
    try flush()
    let right = try edits.allocate(.leaf)
    builder.write(cut, builder.count, level: 0, to: right.base)
    builder.write(0, cut, level: 0, to: path[leafDepth].base)
    let separator = ByteBuffer(capacity: longestKey)
    builder.appendKey(cut, to: separator, length: builder.commonLength(cut - 1, cut) + 1)
    lastInsert = i < cut ? i : i - cut
    let depth = leafDepth
    dropFinger()
    try insertChild(
      above: depth, separator, right.id, leftRows: UInt64(cut), rightRows: UInt64(builder.count - cut))
  }

  private func cannotSplit(_ depth: Int) -> StorageError {
    damaged(path[depth].page, "cannot be split")
  }

  /// After the node at `depth` of the path was split: lists its new right neighbour in its parent.
  private func insertChild(
    above depth: Int, _ separator: ByteBuffer, _ right: PageID, leftRows: UInt64, rightRows: UInt64
  ) throws(StorageError) {
    #if UPKEEP_PLANTS
      let rightRows = Plant.isOn(.splitForgetsRows) ? 0 : rightRows
    #endif
    let key = RawBytes(start: UnsafeRawPointer(separator.base), count: separator.count)
    guard depth > 0 else {
      return try growRoot(key, right, leftRows: leftRows, rightRows: rightRows)
    }
    let parent = depth - 1
    let child = path[parent].child
    branch(parent).setRows(below: child, leftRows)
    if branch(parent).insert(at: child, separator: key, child: right, rows: rightRows) { return }

    let builder = builder
    let old = builder.copy(branch(parent).view)
    let level = old.level
    builder.start(level: level)
    builder.add(old, from: 0, to: child)
    let none = RawBytes(start: key.start, count: 0)
    builder.add(separator: key, under: none, child: right, rows: rightRows)
    builder.add(old, from: child, to: old.count)
    let first = old.child(0)
    let firstRows = old.rows(below: 0)
    if builder.fits(0, builder.count) {
      builder.write(0, builder.count, level: level, to: path[parent].base)
      setFirstChild(path[parent].base, first, firstRows)
      return
    }
    let wished: Int? =
      if child == old.count && isOnEdge(parent, right: true) {
        builder.count - 2
      } else if child == 0 && isOnEdge(parent, right: false) {
        1
      } else {
        nil
      }
    guard let cut = builder.cut(wished: wished) else { throw cannotSplit(parent) }
    let lifted = ByteBuffer(capacity: longestKey)
    builder.appendKey(cut, to: lifted)
    let page = try edits.allocate(.branch)
    let middle = builder.child(cut)
    builder.write(cut + 1, builder.count, level: level, to: page.base)
    setFirstChild(page.base, middle.page, middle.rows)
    builder.write(0, cut, level: level, to: path[parent].base)
    setFirstChild(path[parent].base, first, firstRows)
    try insertChild(
      above: parent, lifted, page.id, leftRows: firstRows &+ builder.rows(from: 0, to: cut),
      rightRows: builder.rows(from: cut, to: builder.count))
  }

  func setFirstChild(_ base: UnsafeMutableRawPointer, _ child: PageID, _ rows: UInt64) {
    let node = MutableNode(base, pageSize)
    node.setChild(0, child)
    node.setRows(below: 0, rows)
  }

  /// Whether the path down to `depth` keeps to one edge of the tree.
  private func isOnEdge(_ depth: Int, right: Bool) -> Bool {
    for above in 0..<depth {
      let child = path[above].child
      if child != (right ? branch(above).view.count : 0) { return false }
    }
    return true
  }

  /// The root was split: a branch above both halves becomes the root.
  private func growRoot(
    _ separator: RawBytes, _ right: PageID, leftRows: UInt64, rightRows: UInt64
  ) throws(StorageError) {
    guard root.height < NodeLayout.maximumHeight else { throw damaged(root.page, "the tree is too high") }
    let page = try edits.allocate(.branch)
    let none = RawBytes(start: separator.start, count: 0)
    builder.start(level: root.height)
    builder.add(separator: separator, under: none, child: right, rows: rightRows)
    builder.write(0, 1, level: root.height, to: page.base)
    setFirstChild(page.base, root.page, leftRows)
    root.page = page.id
    root.height += 1
  }
}
