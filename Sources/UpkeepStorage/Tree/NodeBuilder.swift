#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// An entry on its way into a node. Its bytes lie elsewhere: in the copy of a node, or with the caller.
struct PlannedEntry {
  /// The key is these two runs, one after the other.
  var prefix: RawBytes
  var suffix: RawBytes
  /// A leaf's length word, or a branch's child.
  var front: UInt64
  /// A branch's rows below the child.
  var rows: UInt64
  /// A leaf's value or overflow reference.
  var stored: RawBytes
  /// What the entries before this one cost in a node without a prefix.
  var costBefore: Int

  var keyLength: Int { prefix.count + suffix.count }
}

/// Lists the entries of one or two nodes, with what is to be added, and writes runs of them into pages.
///
/// The nodes are copied first, so that a page may be written over what it held. The one way in which a node
/// gets a new prefix (always the longest), loses its garbage, splits or merges.
final class NodeBuilder {
  let pageSize: Int
  private let copies: UnsafeMutableRawPointer
  private let entries: UnsafeMutablePointer<PlannedEntry>
  private let capacity: Int
  private(set) var count = 0
  private var cost = 0
  private var front = 0

  init(pageSize: Int) {
    self.pageSize = pageSize
    copies = .allocate(byteCount: 2 * pageSize, alignment: 16)
    capacity = 2 * (pageSize / (NodeLayout.bytesPerEntry + NodeLayout.leafFront)) + 4
    entries = .allocate(capacity: capacity)
  }

  deinit {
    copies.deallocate()
    entries.deallocate()
  }

  /// Starts a list for nodes of this level.
  func start(level: Int) {
    count = 0
    cost = 0
    front = level == 0 ? NodeLayout.leafFront : NodeLayout.branchFront
  }

  /// A copy of a node that stays while its page is written to.
  func copy(_ node: Node, second: Bool = false) -> Node {
    let place = copies + (second ? pageSize : 0)
    place.copyMemory(from: node.base, byteCount: pageSize)
    return Node(place)
  }

  private func add(_ entry: PlannedEntry) {
    guard count < capacity else { return }
    (entries + count).initialize(to: entry)
    entries[count].costBefore = cost
    cost += NodeLayout.bytesPerEntry + front + entry.keyLength + entry.stored.count
    count += 1
  }

  func add(key: RawBytes, stored: RawBytes, isOverflow: Bool) {
    add(prefix: RawBytes(start: key.start, count: 0), suffix: key, stored: stored, isOverflow: isOverflow)
  }

  func add(prefix: RawBytes, suffix: RawBytes, stored: RawBytes, isOverflow: Bool) {
    add(
      PlannedEntry(
        prefix: prefix, suffix: suffix,
        front: UInt64(stored.count) | (isOverflow ? UInt64(NodeLayout.overflowBit) : 0), rows: 0,
        stored: stored, costBefore: 0))
  }

  func add(separator: RawBytes, under prefix: RawBytes, child: PageID, rows: UInt64) {
    add(
      PlannedEntry(
        prefix: prefix, suffix: separator, front: child.rawValue, rows: rows,
        stored: RawBytes(start: separator.start, count: 0), costBefore: 0))
  }

  /// Adds entries of a node that stays as it is until the list is written: a copy.
  func add(_ node: Node, from first: Int, to end: Int) {
    let prefix = RawBytes(start: node.prefix, count: node.prefixLength)
    let isLeaf = front == NodeLayout.leafFront
    for i in first..<end {
      let slot = node.slot(i)
      let cell = node.base + slot.offset
      let suffix = RawBytes(start: cell + front, count: slot.suffixLength)
      if isLeaf {
        let word = node.leafFront(slot)
        let stored = RawBytes(
          start: suffix.start + suffix.count, count: Int(word & ~NodeLayout.overflowBit))
        add(
          PlannedEntry(
            prefix: prefix, suffix: suffix, front: UInt64(word), rows: 0, stored: stored, costBefore: 0))
      } else {
        let child = UInt64(littleEndian: cell.loadUnaligned(as: UInt64.self))
        let rows = UInt64(littleEndian: cell.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        add(separator: suffix, under: prefix, child: PageID(rawValue: child), rows: rows)
      }
    }
  }

  /// The child and rows of a planned separator.
  func child(_ i: Int) -> (page: PageID, rows: UInt64) {
    (PageID(rawValue: entries[i].front), entries[i].rows)
  }

  /// Rows below the children that separators `first` up to `end` lead to.
  func rows(from first: Int, to end: Int) -> UInt64 {
    var sum: UInt64 = 0
    for i in first..<end { sum &+= entries[i].rows }
    return sum
  }

  /// Appends the key of an entry, its first `length` bytes at most.
  func appendKey(_ i: Int, to buffer: ByteBuffer, length: Int = .max) {
    let entry = entries[i]
    let n = min(length, entry.prefix.count)
    buffer.append(RawBytes(start: entry.prefix.start, count: n).buffer)
    buffer.append(RawBytes(start: entry.suffix.start, count: min(length - n, entry.suffix.count)).buffer)
  }

  /// How many bytes the keys of two entries have in common from their start.
  func commonLength(_ i: Int, _ j: Int) -> Int {
    let a = entries[i]
    let b = entries[j]
    let limit = min(a.keyLength, b.keyLength)
    var n = 0
    if a.prefix.start == b.prefix.start && a.prefix.count == b.prefix.count { n = a.prefix.count }
    while n < limit {
      // The rest of whichever run each key is in.
      let x = n < a.prefix.count ? a.prefix.dropFirst(n) : a.suffix.dropFirst(n - a.prefix.count)
      let y = n < b.prefix.count ? b.prefix.dropFirst(n) : b.suffix.dropFirst(n - b.prefix.count)
      let run = min(x.count, y.count)
      var k = 0
      while k < run
        && x.start.load(fromByteOffset: k, as: UInt8.self) == y.start.load(fromByteOffset: k, as: UInt8.self)
      {
        k += 1
      }
      n += k
      if k < run { break }
    }
    return n
  }

  private func prefixLength(_ first: Int, _ end: Int) -> Int {
    end > first ? commonLength(first, end - 1) : 0
  }

  private func costBefore(_ i: Int) -> Int { i < count ? entries[i].costBefore : cost }

  /// Bytes of a node of the entries from `first` up to `end`, page header included.
  func size(_ first: Int, _ end: Int) -> Int {
    let prefix = prefixLength(first, end)
    return NodeLayout.prefix + (prefix + 3) & ~3 + costBefore(end) - costBefore(first) - (end - first)
      * prefix
  }

  func fits(_ first: Int, _ end: Int) -> Bool { size(first, end) <= pageSize }

  /// Where to cut the list in two: entries below the cut go left. A branch gives its entry at the cut to its
  /// parent. The wished place is taken where both parts fit, else the one nearest the middle by bytes.
  func cut(wished: Int?) -> Int? {
    let lifted = front == NodeLayout.branchFront ? 1 : 0
    let range = 1..<max(count - lifted, 1)
    func works(_ at: Int) -> Bool {
      range.contains(at) && fits(0, at) && fits(at + lifted, count)
    }
    if let wished, works(wished) { return wished }
    var middle = range.lowerBound
    var high = range.upperBound
    while middle < high {
      let at = (middle + high) / 2
      if entries[at].costBefore < cost / 2 { middle = at + 1 } else { high = at }
    }
    for distance in 0...count {
      if works(middle - distance) { return middle - distance }
      if works(middle + distance) { return middle + distance }
    }
    return nil
  }

  /// Writes a node of the entries from `first` up to `end`; page header and kind stay as they are.
  func write(_ first: Int, _ end: Int, level: Int, to base: UnsafeMutableRawPointer) {
    let prefixLength = prefixLength(first, end)
    let heads = NodeLayout.prefix + (prefixLength + 3) & ~3
    let slots = heads + 4 * (end - first)
    let slotsEnd = slots + 4 * (end - first)
    memset(base + PageStore.headerSize, 0, heads - PageStore.headerSize)
    let node = MutableNode(base, pageSize)
    if end > first {
      let key = entries[first]
      let n = min(prefixLength, key.prefix.count)
      memcpy(base + NodeLayout.prefix, key.prefix.start, n)
      memcpy(base + (NodeLayout.prefix + n), key.suffix.start, prefixLength - n)
    }
    var offset = pageSize
    for i in first..<end {
      let entry = entries[i]
      let suffixLength = entry.keyLength - prefixLength
      offset -= front + suffixLength + entry.stored.count
      if level == 0 {
        node.store16(Int(entry.front), offset)
      } else {
        node.store64(entry.front, offset)
        node.store64(entry.rows, offset + 8)
      }
      let suffix = base + (offset + front)
      if prefixLength >= entry.prefix.count {
        memcpy(suffix, entry.suffix.start + (prefixLength - entry.prefix.count), suffixLength)
      } else {
        let n = entry.prefix.count - prefixLength
        memcpy(suffix, entry.prefix.start + prefixLength, n)
        memcpy(suffix + n, entry.suffix.start, entry.suffix.count)
      }
      memcpy(suffix + suffixLength, entry.stored.start, entry.stored.count)
      let head = Node.head(suffix, suffixLength)
      base.storeBytes(of: head.bigEndian, toByteOffset: heads + 4 * (i - first), as: UInt32.self)
      let slot = Slot(offset: offset, suffixLength: suffixLength)
      base.storeBytes(of: slot.word.littleEndian, toByteOffset: slots + 4 * (i - first), as: UInt32.self)
    }
    memset(base + slotsEnd, 0, offset - slotsEnd)
    node.store16(end - first, NodeLayout.count)
    node.store16(level, NodeLayout.level)
    node.store16(prefixLength, NodeLayout.prefixLength)
    node.store32(offset, NodeLayout.heapStart)
  }
}
