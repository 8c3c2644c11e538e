/// An entry that a cursor stands on, where it lies: valid until the cursor moves.
package struct TreeEntry {
  package var key = UnsafeRawBufferPointer(start: nil, count: 0)
  package var value = UnsafeRawBufferPointer(start: nil, count: 0)

  package init() {}
}

/// A place in a tree, and steps from there both ways.
///
/// It reads the tree as it was when the cursor was made: the transaction that makes one over its working tree
/// takes a new edit stamp, so that no page of that tree is edited in place any more.
///
/// It stands on an entry, before the first or after the last. What it hands out is valid until it moves, and no
/// longer than the transaction that made it is open.
///
/// Each move is an operation of its reader (`PageReader`). Between moves only the leaf keeps its frame, by a
/// hazard or as a copy; the branches above it are looked up again by their ids.
package final class TreeCursor {
  private struct Step {
    var page: PageID
    var child: Int
  }

  let store: PageStore
  @exclusivity(unchecked) private var root: TreeRoot
  /// What keeps the pages: the snapshot or the transaction.
  private var keepAlive: AnyObject?
  /// Nil in a store that keeps all its pages in memory.
  @exclusivity(unchecked) private var reader: PageReader?
  /// The reader's cell that keeps the leaf, or else the leaf's copy.
  @exclusivity(unchecked) private var cell: Int?
  private var leafCopy: UnsafeMutableRawPointer?
  /// The branches above the leaf, root first.
  @exclusivity(unchecked) private var path: UnsafeMutablePointer<Step>
  private var pathCapacity: Int
  @exclusivity(unchecked) private var leafLevel: Int
  private var hasLeaf = false
  private var isResting = false

  // The leaf under the cursor, unpacked.
  private var leaf: Node
  private var slots: UnsafeRawPointer
  private var count = 0
  private var index = -1
  /// The entries of the leaf that are below `upper`; all where there is no such bound.
  private var stop = 0

  /// Where steps forward end, and its bytes.
  private var upper: [UInt8]?

  /// The assembled key, and of what.
  private var keyBuffer: UnsafeMutableRawPointer?
  private var prefixInBuffer = false
  private var valueBuffer: ByteBuffer?

  /// - Parameters:
  ///   - reader: whose operations the cursor's moves are; none is needed in a store in memory.
  ///   - keepAlive: held as long as the cursor lives.
  init(
    _ store: PageStore, _ root: TreeRoot, reader: PageReader? = nil, keepAlive: AnyObject?
  ) throws(StorageError) {
    self.store = store
    self.root = root
    self.keepAlive = keepAlive
    leafLevel = root.height == 0 ? 0 : try TreeReader.rootLevel(root)
    self.reader = store.isBounded ? reader : nil
    cell = self.reader?.takeCell()
    pathCapacity = leafLevel + 1
    path = .allocate(capacity: pathCapacity)
    leaf = Node(UnsafeRawPointer(path))
    slots = UnsafeRawPointer(path)
  }

  /// Lets go of the transaction and its tree, and keeps the room that it has. It stands before the first entry of
  /// nothing until it is opened again.
  package func rest() {
    if isResting { return }
    isResting = true
    if let reader, let cell { reader.giveBackCell(cell) }
    (reader, cell, keepAlive) = (nil, nil, nil)
    root = .empty
    leafLevel = 0
    (hasLeaf, prefixInBuffer) = (false, false)
    (count, index, stop) = (0, -1, 0)
    upper = nil
    // One long value must not take memory for as long as the cursor is used again.
    if let valueBuffer, valueBuffer.capacity > 1 << 16 { self.valueBuffer = nil }
  }

  /// Opens a cursor that rests on another tree of its store, as if it were new.
  func open(
    _ root: TreeRoot, reader: PageReader?, keepAlive: AnyObject?
  ) throws(StorageError) {
    rest()
    let level = root.height == 0 ? 0 : try TreeReader.rootLevel(root)
    if level >= pathCapacity {
      path.deallocate()
      pathCapacity = level + 1
      path = .allocate(capacity: pathCapacity)
    }
    leaf = Node(UnsafeRawPointer(path))
    slots = UnsafeRawPointer(path)
    self.root = root
    self.keepAlive = keepAlive
    leafLevel = level
    isResting = false
    self.reader = store.isBounded ? reader : nil
    cell = self.reader?.takeCell()
  }

  deinit {
    if let reader, let cell { reader.giveBackCell(cell) }
    path.deallocate()
    keyBuffer?.deallocate()
    leafCopy?.deallocate()
  }

  /// Has steps forward end before the first entry at or above `upper`: what is at hand is compared once a leaf, not
  /// once an entry. Seeks go where they are told all the same. To be called before the first move.
  package func setUpperBound(_ upper: [UInt8]?) { self.upper = upper }

  // MARK: Moving

  /// To the first entry at or above `key`; false if there is none.
  package func seek(_ key: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
    if try seekInLeaf(key) { return true }
    try begin()
    defer { end() }
    guard try descend(to: key) else { return false }
    if index < count { return true }
    return try enterNextLeaf()
  }

  /// The same, if the entry is among those of the leaf under the cursor: who seeks in order, or nearly so, mostly stays
  /// there.
  private func seekInLeaf(_ key: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
    guard hasLeaf, count > 0, upper == nil else { return false }
    if let reader, reader.isDetached { throw .transactionEnded }
    let key = RawBytes(key, or: UnsafeRawPointer(path))
    guard leaf.compare(count &- 1, key, front: NodeLayout.leafFront) >= 0,
      leaf.compare(0, key, front: NodeLayout.leafFront) <= 0
    else { return false }
    index = leaf.searchLeaf(key).index
    return true
  }

  /// To the last entry below `key`; false if there is none.
  package func seekBefore(_ key: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
    try begin()
    defer { end() }
    guard try descend(to: key) else { return false }
    index -= 1
    if index >= 0 { return true }
    return try enterPreviousLeaf()
  }

  /// To the first entry; false if there is none.
  package func first() throws(StorageError) -> Bool {
    if root.height == 0 { return false }
    try begin()
    defer { end() }
    try descend(from: 0, root.page, toLast: false)
    return true
  }

  /// To the last entry; false if there is none.
  package func last() throws(StorageError) -> Bool {
    if root.height == 0 { return false }
    try begin()
    defer { end() }
    try descend(from: 0, root.page, toLast: true)
    return true
  }

  /// To the following entry; false at the end. From before the first, to the first.
  package func next() throws(StorageError) -> Bool {
    index &+= 1
    if index < stop { return true }
    return try moveToNextLeaf()
  }

  /// To the preceding entry; false at the start. From after the last, to the last.
  package func previous() throws(StorageError) -> Bool {
    if index > 0 {
      index &-= 1
      return true
    }
    return try moveToPreviousLeaf()
  }

  /// To the n-th entry, from 0; false past the end.
  package func seek(ordinal: UInt64) throws(StorageError) -> Bool {
    if root.height == 0 { return false }
    try begin()
    defer { end() }
    if ordinal >= root.count {
      try descend(from: 0, root.page, toLast: true)
      index = count
      return false
    }
    var rest = ordinal
    var page = root.page
    for depth in 0..<leafLevel {
      let node = try TreeReader.node(page, level: leafLevel - depth, store)
      guard let child = node.child(holding: &rest) else {
        throw damaged(page, "has fewer rows below it than it should")
      }
      path[depth] = Step(page: page, child: child)
      page = node.child(child)
    }
    try enter(page)
    guard rest < count else {
      hasLeaf = false
      throw damaged(page, "has fewer rows than it should")
    }
    index = Int(rest)
    return true
  }

  // MARK: Reading

  /// The key, put together if the node keeps a part of it apart. Call only on an entry.
  package var key: UnsafeRawBufferPointer {
    precondition(index >= 0 && index < count, "the cursor stands on no entry")
    let slot = Slot(
      word: UInt32(littleEndian: slots.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self)))
    let suffix = leaf.base + (slot.offset &+ NodeLayout.leafFront)
    let prefixLength = leaf.prefixLength
    if prefixLength == 0 { return UnsafeRawBufferPointer(start: suffix, count: slot.suffixLength) }
    let buffer = keyBuffer ?? makeKeyBuffer()
    if !prefixInBuffer {
      buffer.copyMemory(from: leaf.prefix, byteCount: prefixLength)
      prefixInBuffer = true
    }
    if slot.suffixLength <= 8 && slot.offset &+ NodeLayout.leafFront &+ 8 <= store.pageSize {
      // Most suffixes are short: eight bytes at once, whatever of them is the key's. The buffer has room for that.
      (buffer + prefixLength).storeBytes(of: suffix.loadUnaligned(as: UInt64.self), as: UInt64.self)
    } else {
      (buffer + prefixLength).copyMemory(from: suffix, byteCount: slot.suffixLength)
    }
    return UnsafeRawBufferPointer(start: buffer, count: prefixLength &+ slot.suffixLength)
  }

  /// The value; a long one is read and put together. Call only on an entry.
  package func value() throws(StorageError) -> UnsafeRawBufferPointer {
    precondition(index >= 0 && index < count, "the cursor stands on no entry")
    let slot = Slot(
      word: UInt32(littleEndian: slots.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self)))
    let value = leaf.value(in: slot)
    if !value.isOverflow { return value.stored.buffer }
    let buffer = valueBuffer ?? ByteBuffer()
    valueBuffer = buffer
    return try value.bytes(store, reader, using: buffer)
  }

  /// A step and what it leads to, in one call: `next`, and then key and value.
  package func next(_ entry: inout TreeEntry) throws(StorageError) -> Bool {
    index &+= 1
    if index >= stop, !(try moveToNextLeaf()) { return false }
    entry.key = key
    entry.value = try value()
    return true
  }

  /// Steps to the entry that follows, or stays where it is, and fills a run with that entry and those behind it in its
  /// leaf, as far as the bound allows. Then it stands on the run's last entry.
  ///
  /// - Parameter most: more entries than these are not wanted at once.
  /// - Returns: how many entries there are; 0 at the end.
  package func nextRun(
    _ run: LeafRun, includingCurrent: Bool, most: Int = LeafRun.capacity
  ) throws(StorageError) -> Int {
    if !includingCurrent { index &+= 1 }
    if index >= stop {
      if includingCurrent { return 0 }
      guard try moveToNextLeaf() else { return 0 }
    }
    run.begin(leaf.prefix, leaf.prefixLength)
    let first = index
    let end = min(stop, first &+ min(most, LeafRun.capacity))
    let leaf = leaf
    let slots = slots
    let entries = run.entries
    for number in first..<end {
      let slot = Slot(
        word: UInt32(littleEndian: slots.loadUnaligned(fromByteOffset: 4 &* number, as: UInt32.self)))
      let value = leaf.value(in: slot)
      if value.isOverflow {
        if number > first {
          index = number &- 1
          return number &- first
        }
        // A long value is put together in a buffer, of which there is one.
        let bytes = try self.value()
        (entries).initialize(
          to: LeafRun.Entry(
            suffix: leaf.base + (slot.offset &+ NodeLayout.leafFront), suffixCount: slot.suffixLength,
            value: bytes.baseAddress ?? leaf.base, valueCount: bytes.count))
        return 1
      }
      (entries + (number &- first)).initialize(
        to: LeafRun.Entry(
          suffix: leaf.base + (slot.offset &+ NodeLayout.leafFront), suffixCount: slot.suffixLength,
          value: value.stored.start, valueCount: value.stored.count))
    }
    index = end &- 1
    return end &- first
  }

  var pageSize: Int { store.pageSize }

  private func makeKeyBuffer() -> UnsafeMutableRawPointer {
    // Validation holds every key in a page to the limit.
    let buffer = UnsafeMutableRawPointer.allocate(
      byteCount: TreeLimits.maxKeyLength(pageSize: store.pageSize) + 8, alignment: 16)
    keyBuffer = buffer
    return buffer
  }

  // MARK: Operations

  @inline(__always)
  private func begin() throws(StorageError) {
    guard let reader else { return }
    if reader.isDetached { throw .transactionEnded }
    reader.enter()
  }

  /// Keeps the leaf before the operation ends in which it was found.
  @inline(__always)
  private func end() {
    guard let reader else { return }
    if hasLeaf {
      if let cell { reader.keep(leaf.base, in: cell) } else { copyLeaf() }
    }
    reader.leave()
  }

  private func copyLeaf() {
    let copy = leafCopy ?? UnsafeMutableRawPointer.allocate(byteCount: store.pageSize, alignment: 64)
    leafCopy = copy
    if leaf.base == UnsafeRawPointer(copy) { return }
    copy.copyMemory(from: leaf.base, byteCount: store.pageSize)
    leaf = Node(copy)
    slots = leaf.base + leaf.slotsOffset
  }

  @inline(never)
  private func moveToNextLeaf() throws(StorageError) -> Bool {
    // The bound lies in this leaf.
    if index < count { return false }
    try begin()
    defer { end() }
    return try enterNextLeaf() && index < stop
  }

  @inline(never)
  private func moveToPreviousLeaf() throws(StorageError) -> Bool {
    try begin()
    defer { end() }
    return try enterPreviousLeaf()
  }

  // MARK: Paths

  /// Makes a leaf the one under the cursor; where in it is for the caller to say.
  @inline(__always)
  private func enter(_ page: PageID) throws(StorageError) {
    leaf = try TreeReader.node(page, level: 0, store)
    slots = leaf.base + leaf.slotsOffset
    count = leaf.count
    stop = count
    if let upper, count > 0 { stop = upper.withUnsafeBytes { limit(below: RawBytes($0, or: leaf.base)) } }
    prefixInBuffer = false
    hasLeaf = true
  }

  private func limit(below upper: RawBytes) -> Int {
    if leaf.compare(count &- 1, upper, front: NodeLayout.leafFront) < 0 { return count }
    return leaf.searchLeaf(upper).index
  }

  /// To where `key` is or would be; false in an empty tree.
  private func descend(to key: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
    if root.height == 0 { return false }
    hasLeaf = false
    count = 0
    stop = 0
    let key = RawBytes(key, or: UnsafeRawPointer(path))
    var page = root.page
    for depth in 0..<leafLevel {
      let node = try TreeReader.node(page, level: leafLevel &- depth, store)
      let child = node.searchBranch(key)
      path[depth] = Step(page: page, child: child)
      page = node.child(child)
    }
    try enter(page)
    index = leaf.searchLeaf(key).index
    return true
  }

  /// Down from a page at `depth` to its first or last entry.
  private func descend(from depth: Int, _ page: PageID, toLast: Bool) throws(StorageError) {
    hasLeaf = false
    count = 0
    stop = 0
    var page = page
    for depth in depth..<leafLevel {
      let node = try TreeReader.node(page, level: leafLevel &- depth, store)
      let child = toLast ? node.count : 0
      path[depth] = Step(page: page, child: child)
      page = node.child(child)
    }
    try enter(page)
    index = toLast ? count - 1 : 0
  }

  private func enterNextLeaf() throws(StorageError) -> Bool {
    guard hasLeaf else {
      index = -1
      if root.height == 0 { return false }
      try descend(from: 0, root.page, toLast: false)
      return true
    }
    var depth = leafLevel - 1
    while depth >= 0 {
      let node = try node(depth)
      if path[depth].child < node.count {
        path[depth].child += 1
        try descend(from: depth + 1, node.child(path[depth].child), toLast: false)
        return true
      }
      depth -= 1
    }
    index = count
    return false
  }

  private func enterPreviousLeaf() throws(StorageError) -> Bool {
    guard hasLeaf else {
      index = -1
      return false
    }
    var depth = leafLevel - 1
    while depth >= 0, path[depth].child == 0 { depth -= 1 }
    guard depth >= 0 else {
      index = -1
      return false
    }
    path[depth].child -= 1
    try descend(from: depth + 1, try node(depth).child(path[depth].child), toLast: true)
    return true
  }

  /// The branch at `depth` of the path.
  private func node(_ depth: Int) throws(StorageError) -> Node {
    try TreeReader.node(path[depth].page, level: leafLevel &- depth, store)
  }
}
