#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// One node at a time, filled with entries in ascending order until the next does not fit.
///
/// Bytes are copied: of each key what it does not share with the first key of the node. The node's prefix is
/// never longer than that, so that what is copied for a node is hardly more than the node holds.
final class NodeFiller {
  let level: Int
  private let pageSize: Int
  private let builder: NodeBuilder
  private let bytes: UnsafeMutableRawPointer
  private var used = 0
  private let front: Int
  /// What all keys of the node begin with, in bytes.
  private var prefixLength = 0
  /// What the entries cost in a node without a prefix.
  private var cost = 0
  /// The key that was added last, in this node or the one before.
  let lastKey = ByteBuffer()
  private(set) var count = 0
  /// A branch's child below its first separator, and the rows there.
  private(set) var firstChild = PageID.none
  private var firstRows: UInt64 = 0
  /// Rows below a branch.
  private var rowsBelow: UInt64 = 0

  init(level: Int, pageSize: Int) {
    self.level = level
    self.pageSize = pageSize
    builder = NodeBuilder(pageSize: pageSize)
    bytes = .allocate(byteCount: pageSize + TreeLimits.maxKeyLength(pageSize: pageSize), alignment: 16)
    front = level == 0 ? NodeLayout.leafFront : NodeLayout.branchFront
    builder.start(level: level)
  }

  deinit { bytes.deallocate() }

  var rows: UInt64 { level == 0 ? UInt64(count) : rowsBelow }

  /// Starts a branch.
  func begin(with child: PageID, rows: UInt64) {
    firstChild = child
    firstRows = rows
    rowsBelow = rows
  }

  /// Adds a leaf's entry behind the others; false, with nothing changed, if it does not fit.
  ///
  /// - Parameter common: bytes that the key has in common with `lastKey`.
  func add(_ key: RawBytes, common: Int, stored: RawBytes, isOverflow: Bool) -> Bool {
    guard let (prefix, suffix) = take(key, common: common, storedCount: stored.count) else { return false }
    let place = bytes + used
    memcpy(place, stored.start, stored.count)
    used += stored.count
    builder.add(
      prefix: prefix, suffix: suffix, stored: RawBytes(start: place, count: stored.count),
      isOverflow: isOverflow)
    return true
  }

  /// Adds a separator and the child right of it; false, with nothing changed, if it does not fit.
  func add(separator: RawBytes, child: PageID, rows: UInt64) -> Bool {
    let common = separator.commonLength(RawBytes(start: lastKey.base, count: lastKey.count))
    guard let (prefix, suffix) = take(separator, common: common, storedCount: 0) else { return false }
    builder.add(separator: suffix, under: prefix, child: child, rows: rows)
    rowsBelow &+= rows
    return true
  }

  /// Room for an entry's cell, and copies of its key's parts: what the first key of the node has as well, and the rest.
  private func take(_ key: RawBytes, common: Int, storedCount: Int) -> (RawBytes, RawBytes)? {
    let prefix = count == 0 ? key.count : min(prefixLength, common)
    let newCost = cost + NodeLayout.bytesPerEntry + front + key.count + storedCount
    let size = NodeLayout.prefix + (prefix + 3) & ~3 + newCost - (count + 1) * prefix
    guard size <= pageSize else { return nil }
    let shared = count == 0 ? 0 : prefix
    let suffix = key.dropFirst(shared)
    let place = bytes + used
    memcpy(place, suffix.start, suffix.count)
    used += suffix.count
    prefixLength = prefix
    cost = newCost
    count += 1
    lastKey.removeAll()
    lastKey.append(key.buffer)
    // The first key of the node lies where the bytes begin.
    return (RawBytes(start: bytes, count: shared), RawBytes(start: place, count: suffix.count))
  }

  /// Writes the node and begins an empty one.
  func write(to base: UnsafeMutableRawPointer) {
    builder.write(0, builder.count, level: level, to: base)
    if level > 0 {
      let node = MutableNode(base, pageSize)
      node.setChild(0, firstChild)
      node.setRows(below: 0, firstRows)
    }
    builder.start(level: level)
    used = 0
    count = 0
    cost = 0
    prefixLength = 0
    firstChild = .none
    rowsBelow = 0
  }
}

extension RawBytes {
  /// How many bytes both have in common from their start.
  func commonLength(_ other: RawBytes) -> Int {
    let limit = min(count, other.count)
    var n = 0
    while n &+ 8 <= limit {
      let a = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: n, as: UInt64.self))
      let b = UInt64(littleEndian: other.start.loadUnaligned(fromByteOffset: n, as: UInt64.self))
      if a != b { return n &+ (a ^ b).trailingZeroBitCount &>> 3 }
      n &+= 8
    }
    while n < limit, byte(n) == other.byte(n) { n &+= 1 }
    return n
  }

  @inline(__always)
  func byte(_ i: Int) -> UInt8 { start.load(fromByteOffset: i, as: UInt8.self) }
}
