import CPlatform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A leaf or a branch, for reading. The page was validated when it came from disk, so its offsets are trusted.
///
/// A branch of `count` separators has `count + 1` children: child 0 holds what is below separator 0, child `i + 1`
/// what is at or above separator `i`.
struct Node {
  let base: UnsafeRawPointer

  @inline(__always)
  init(_ base: UnsafeRawPointer) { self.base = base }

  @inline(__always)
  func load16(_ offset: Int) -> Int {
    Int(UInt16(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }

  @inline(__always)
  func load32(_ offset: Int) -> Int {
    Int(UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }

  @inline(__always)
  var kind: UInt8 { base.load(as: UInt8.self) }
  /// Entries of a leaf, separators of a branch.
  @inline(__always)
  var count: Int { load16(NodeLayout.count) }
  /// 0 for a leaf. Validation ties it to the page's kind, so that a descent need not touch the page header.
  @inline(__always)
  var level: Int { load16(NodeLayout.level) }
  @inline(__always)
  var prefixLength: Int { load16(NodeLayout.prefixLength) }
  @inline(__always)
  var heapStart: Int { load32(NodeLayout.heapStart) }
  @inline(__always)
  var garbage: Int { load32(NodeLayout.garbage) }
  @inline(__always)
  var prefix: UnsafeRawPointer { base + NodeLayout.prefix }

  @inline(__always)
  var headsOffset: Int { NodeLayout.prefix &+ ((prefixLength &+ 3) & ~3) }
  @inline(__always)
  var slotsOffset: Int { headsOffset &+ 4 &* count }
  /// Where the free bytes begin.
  @inline(__always)
  var slotsEnd: Int { headsOffset &+ 8 &* count }
  /// Bytes in use: what a compacted node has.
  @inline(__always)
  func usedBytes(pageSize: Int) -> Int { slotsEnd &+ pageSize &- heapStart &- garbage }

  @inline(__always)
  func slot(_ i: Int) -> Slot {
    Slot(
      word: UInt32(littleEndian: base.loadUnaligned(fromByteOffset: slotsOffset &+ 4 &* i, as: UInt32.self)))
  }

  /// Bytes before a cell's suffix.
  @inline(__always)
  var front: Int { level == 0 ? NodeLayout.leafFront : NodeLayout.branchFront }
}

/// Where an entry's cell is, and how long its key is past the node's prefix.
struct Slot {
  let word: UInt32

  @inline(__always)
  init(word: UInt32) { self.word = word }

  @inline(__always)
  init(offset: Int, suffixLength: Int) {
    word = UInt32(truncatingIfNeeded: offset) | UInt32(truncatingIfNeeded: suffixLength) << 16
  }

  @inline(__always)
  var offset: Int { Int(word & 0xFFFF) }
  @inline(__always)
  var suffixLength: Int { Int(word >> 16) }
}

extension Node {
  /// Asks for what a search looks at first, all at once: a search that asks for one line of memory after the other
  /// waits for each of them. The node's header, its prefix and most heads of a leaf lie in these lines.
  @inline(__always)
  func prefetch() {
    for line in 1...10 { upkeep_prefetch(base + 64 &* line) }
  }
}

// MARK: - Leaves

extension Node {
  @inline(__always)
  func leafFront(_ slot: Slot) -> UInt16 {
    UInt16(littleEndian: base.loadUnaligned(fromByteOffset: slot.offset, as: UInt16.self))
  }

  @inline(__always)
  func leafCellSize(_ slot: Slot) -> Int {
    NodeLayout.leafFront &+ slot.suffixLength &+ Int(leafFront(slot) & ~NodeLayout.overflowBit)
  }

  @inline(__always)
  func value(_ i: Int) -> ValueReference { value(in: slot(i)) }

  @inline(__always)
  func value(in slot: Slot) -> ValueReference {
    let front = leafFront(slot)
    let start = base + (slot.offset &+ NodeLayout.leafFront &+ slot.suffixLength)
    return ValueReference(
      stored: RawBytes(start: start, count: Int(front & ~NodeLayout.overflowBit)),
      isOverflow: front & NodeLayout.overflowBit != 0)
  }
}

// MARK: - Branches

extension Node {
  @inline(__always)
  func childPlace(_ child: Int) -> Int {
    child == 0 ? NodeLayout.firstChild : slot(child &- 1).offset
  }

  @inline(__always)
  func child(_ child: Int) -> PageID {
    let word = base.loadUnaligned(fromByteOffset: childPlace(child), as: UInt64.self)
    return PageID(rawValue: UInt64(littleEndian: word))
  }

  @inline(__always)
  func rows(below child: Int) -> UInt64 {
    UInt64(littleEndian: base.loadUnaligned(fromByteOffset: childPlace(child) &+ 8, as: UInt64.self))
  }

  /// Rows below the children from `first` up to but not including `end`.
  func rows(from first: Int, to end: Int) -> UInt64 {
    var sum: UInt64 = 0
    for child in first..<end { sum &+= rows(below: child) }
    return sum
  }

  /// Rows below this branch.
  var totalRows: UInt64 { rows(from: 0, to: count + 1) }
}

// MARK: - Searching

/// A place among the entries of a node.
struct NodePosition {
  var index: Int
  var isFound: Bool
}

extension Node {
  /// The first four bytes of a key's suffix, as a number that orders as they do; zeros where it is shorter.
  @inline(__always)
  static func head(_ suffix: UnsafeRawPointer, _ count: Int) -> UInt32 {
    if count >= 4 { return UInt32(bigEndian: suffix.loadUnaligned(as: UInt32.self)) }
    var head: UInt32 = 0
    if count > 0 { head = UInt32(suffix.load(as: UInt8.self)) << 24 }
    if count > 1 { head |= UInt32(suffix.load(fromByteOffset: 1, as: UInt8.self)) << 16 }
    if count > 2 { head |= UInt32(suffix.load(fromByteOffset: 2, as: UInt8.self)) << 8 }
    return head
  }

  @inline(__always)
  func head(_ i: Int, _ headsOffset: Int) -> UInt32 {
    UInt32(bigEndian: base.loadUnaligned(fromByteOffset: headsOffset &+ 4 &* i, as: UInt32.self))
  }

  /// How the key stands to the node's prefix: 0 if it begins with it, below 0 if it is below every entry.
  @inline(__always)
  func comparePrefix(_ key: RawBytes) -> Int {
    let length = prefixLength
    if length == 0 { return 0 }
    if length <= 8 && key.count >= 8 {
      // Heads or cells follow the prefix: eight bytes can be read wherever it ends.
      let unused = UInt64(64 &- 8 &* length)
      let own = UInt64(bigEndian: prefix.loadUnaligned(as: UInt64.self)) &>> unused
      let other = UInt64(bigEndian: key.start.loadUnaligned(as: UInt64.self)) &>> unused
      return other == own ? 0 : other < own ? -1 : 1
    }
    let order = Int(memcmp(key.start, prefix, min(length, key.count)))
    return order == 0 && key.count < length ? -1 : order
  }

  /// How entry `i` stands to a suffix that has the same head.
  @inline(__always)
  func compareTail(_ i: Int, _ suffix: RawBytes, front: Int) -> Int {
    let slot = slot(i)
    let length = slot.suffixLength
    // Heads pad with zeros: where one of the two ends within the head, it is a prefix of the other or equal.
    if length <= 4 || suffix.count <= 4 { return length &- suffix.count }
    let order = memcmp(
      base + (slot.offset &+ front &+ 4), suffix.start + 4, min(length, suffix.count) &- 4)
    return order != 0 ? Int(order) : length &- suffix.count
  }

  /// The first entry at or above `key`, among those from `low` up to `high`; entries outside are known to be outside.
  @inline(__always)
  func search(_ key: RawBytes, front: Int, from low: Int, to high: Int) -> NodePosition {
    let side = comparePrefix(key)
    if side != 0 { return NodePosition(index: side < 0 ? low : high, isFound: false) }
    let suffix = key.dropFirst(prefixLength)
    let head = Node.head(suffix.start, suffix.count)
    let heads = headsOffset
    var low = firstHead(notBelow: head, heads, from: low, to: high)
    guard low < high, self.head(low, heads) == head else { return NodePosition(index: low, isFound: false) }
    let order = compareTail(low, suffix, front: front)
    if order >= 0 { return NodePosition(index: low, isFound: order == 0) }
    low &+= 1
    guard low < high, self.head(low, heads) == head else { return NodePosition(index: low, isFound: false) }
    return search(suffix, head, heads, front: front, from: low, to: high)
  }

  /// Among entries of which several have the head that the suffix has.
  @inline(never)
  private func search(
    _ suffix: RawBytes, _ head: UInt32, _ heads: Int, front: Int, from low: Int, to high: Int
  ) -> NodePosition {
    var low = low
    var high = head == .max ? high : firstHead(notBelow: head &+ 1, heads, from: low, to: high)
    while low < high {
      let middle = (low &+ high) &>> 1
      let order = compareTail(middle, suffix, front: front)
      if order == 0 { return NodePosition(index: middle, isFound: true) }
      if order < 0 { low = middle &+ 1 } else { high = middle }
    }
    return NodePosition(index: low, isFound: false)
  }

  /// The first entry from `low` up to `high` whose head is at or above `head`; `high` if there is none.
  ///
  /// It halves without a branch on what it finds, which no processor could foretell.
  @inline(__always)
  private func firstHead(notBelow head: UInt32, _ heads: Int, from low: Int, to high: Int) -> Int {
    var start = base + (heads &+ 4 &* low)
    var count = high &- low
    let head = Int(head)
    while count > 16 { halve(&start, &count, head) }
    // The slot that will be wanted is in this line or the next: it comes while the search goes on.
    upkeep_prefetch(start + 4 &* self.count)
    while count > 1 { halve(&start, &count, head) }
    if count == 1 {
      let found = UInt32(bigEndian: start.loadUnaligned(as: UInt32.self))
      start += 4 & ((Int(found) &- head) &>> 63)
    }
    return ((start - base) &- heads) &>> 2
  }

  /// Keeps that half of `count` heads in which the first at or above `head` is, or after which it begins.
  @inline(__always)
  private func halve(_ start: inout UnsafeRawPointer, _ count: inout Int, _ head: Int) {
    let half = count &>> 1
    let found = UInt32(bigEndian: start.loadUnaligned(fromByteOffset: 4 &* (half &- 1), as: UInt32.self))
    // All ones if it is below, else zero.
    let isBelow = (Int(found) &- head) &>> 63
    start += (4 &* half) & isBelow
    count &-= half
  }

  @inline(__always)
  func searchLeaf(_ key: RawBytes) -> NodePosition {
    search(key, front: NodeLayout.leafFront, from: 0, to: count)
  }

  /// The child that holds `key` if it is anywhere.
  @inline(__always)
  func searchBranch(_ key: RawBytes) -> Int {
    let position = search(key, front: NodeLayout.branchFront, from: 0, to: count)
    return position.isFound ? position.index &+ 1 : position.index
  }

  /// How entry `i` stands to `key`.
  @inline(__always)
  func compare(_ i: Int, _ key: RawBytes, front: Int) -> Int {
    let order = comparePrefix(key)
    if order != 0 { return -order }
    let suffix = key.dropFirst(prefixLength)
    let own = head(i, headsOffset)
    let head = Node.head(suffix.start, suffix.count)
    if own != head { return own < head ? -1 : 1 }
    return compareTail(i, suffix, front: front)
  }

  /// Appends the whole key of entry `i`.
  func appendKey(_ i: Int, to buffer: ByteBuffer) {
    let slot = slot(i)
    buffer.append(UnsafeRawBufferPointer(start: prefix, count: prefixLength))
    buffer.append(UnsafeRawBufferPointer(start: base + (slot.offset + front), count: slot.suffixLength))
  }
}
