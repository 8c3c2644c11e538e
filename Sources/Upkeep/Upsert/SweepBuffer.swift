internal import UpkeepStorage

/// Rows that wait for a sweep over their table: encoded as they would be stored, with their index keys.
///
/// One arena holds the bytes of all rows, for each: the primary key, the value, then for each index a byte for the
/// state of the key (0: no entry), its length in two bytes, and the key.
final class SweepBuffer {
  struct Row {
    /// The first bytes of the primary key: most comparisons need no more.
    let head: UInt64
    let offset: Int
    let keyCount: UInt32
    let valueCount: UInt32
    /// The number of the input row.
    let index: UInt32
    /// Whether the row may be inserted as it is: NOT NULL and CHECK hold.
    let isSound: Bool
    /// Which columns the row gives, a bit for each.
    let given: UInt64
  }

  /// A key that an inserted row claims, to be put into a unique index.
  struct Claim {
    let head: UInt64
    let offset: Int
    let count: UInt32
    let row: UInt32
  }

  let arena = ByteBuffer(capacity: 512)
  private(set) var rows: [Row] = []
  private var isSorted = true
  private(set) var hasDuplicates = false

  var isEmpty: Bool { rows.isEmpty }
  var isFull: Bool { arena.count > Self.mostBytes || rows.count >= Self.mostRows }

  /// What waits at most: the more, the more rows of a large table lie on one leaf.
  private static let mostBytes = 32 << 20
  private static let mostRows = 1 << 18

  func removeAll() {
    arena.removeAll()
    rows.removeAll(keepingCapacity: true)
    isSorted = true
    hasDuplicates = false
  }

  func append(_ row: Row) {
    if let last = rows.last, isSorted, last.head >= row.head {
      isSorted = last.head == row.head && Bytes.compare(key(last), key(row)) < 0
    }
    rows.append(row)
  }

  @inline(__always)
  func key(_ row: Row) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: UnsafeRawPointer(arena.base) + row.offset, count: Int(row.keyCount))
  }

  @inline(__always)
  func value(_ row: Row) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: UnsafeRawPointer(arena.base) + row.offset + Int(row.keyCount), count: Int(row.valueCount))
  }

  /// Where the first index key of a row begins.
  @inline(__always)
  func indexKeys(_ row: Row) -> Int { row.offset + Int(row.keyCount) + Int(row.valueCount) }

  static func head(of key: UnsafeRawBufferPointer) -> UInt64 {
    if key.count >= 8 { return UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)) }
    var head: UInt64 = 0
    for byte in key { head = head << 8 | UInt64(byte) }
    return key.count == 0 ? 0 : head << (8 * UInt64(8 - key.count))
  }

  /// Puts the rows in key order, rows of one key in input order.
  func sort() {
    if isSorted { return }
    let base = UnsafeRawPointer(arena.base)
    rows.sort { a, b in
      if a.head != b.head { return a.head < b.head }
      let left = UnsafeRawBufferPointer(start: base + a.offset, count: Int(a.keyCount))
      let right = UnsafeRawBufferPointer(start: base + b.offset, count: Int(b.keyCount))
      let order = Bytes.compare(left, right)
      return order == 0 ? a.index < b.index : order < 0
    }
    for position in rows.indices.dropFirst() where rows[position].head == rows[position - 1].head {
      if Bytes.equal(key(rows[position]), key(rows[position - 1])) {
        hasDuplicates = true
        break
      }
    }
    isSorted = true
  }

  /// The same rows in the order in which they came.
  func sortByInput() { rows.sort { $0.index < $1.index } }

  static func sort(_ claims: inout [Claim], _ base: UnsafeRawPointer) {
    claims.sort { a, b in
      if a.head != b.head { return a.head < b.head }
      let left = UnsafeRawBufferPointer(start: base + a.offset, count: Int(a.count))
      let right = UnsafeRawBufferPointer(start: base + b.offset, count: Int(b.count))
      let order = Bytes.compare(left, right)
      return order == 0 ? a.row < b.row : order < 0
    }
  }
}
