internal import UpkeepStorage

/// Rows that wait for a sweep over their table: encoded as they would be stored, with their index keys.
///
/// One arena holds the bytes of all rows, for each: the primary key, the value, then for each index the row's key
/// there, if it has an entry.
final class SweepBuffer {
  struct Row {
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

  let arena = ByteBuffer(capacity: 512)
  private let sorter = KeySorter()
  /// In input order.
  @exclusivity(unchecked) private(set) var rows: [Row] = []
  /// The rows by primary key, those of one key in input order. In order after `sort`.
  @exclusivity(unchecked) private(set) var keys: [SortedKey] = []
  /// For each index the keys of the rows that have an entry in it; each belongs to the row of its number in `rows`.
  @exclusivity(unchecked) private var claims: [[SortedKey]]
  /// For each unique index the rows whose keys others may have too.
  @exclusivity(unchecked) private var shared: [Set<UInt32>]
  /// Whether the claims are in order.
  private var claimsAreSorted = false
  /// The greatest id of the rows that may be inserted.
  @exclusivity(unchecked) private(set) var greatestID: Int64?
  @exclusivity(unchecked) private var isSorted = true
  private(set) var hasDuplicates = false
  private var chosen: [SortedKey] = []
  /// Whether every row may be inserted as it is.
  @exclusivity(unchecked) private(set) var isSound = true

  /// - Parameters:
  ///   - byteCount: what all that waits may take at most: the more, the more rows of a large table lie on one leaf.
  ///   - share: the part of that which this one of several buffers may take.
  init(indexCount: Int, byteCount: Int, share: Int) {
    claims = Array(repeating: [], count: indexCount)
    shared = Array(repeating: [], count: indexCount)
    mostBytes = byteCount / share
    mostRows = Self.mostRows / share
    bytesPerRow =
      MemoryLayout<Row>.stride + 2 * MemoryLayout<SortedKey>.stride
      + indexCount * 2 * MemoryLayout<SortedKey>.stride
  }

  var isEmpty: Bool { rows.isEmpty }
  var isFull: Bool { arena.count + rows.count * bytesPerRow > mostBytes || rows.count >= mostRows }

  private let mostBytes: Int
  private let mostRows: Int
  /// What a row takes besides its bytes: itself, its keys, and their places while they are sorted.
  private let bytesPerRow: Int
  private static let mostRows = 1 << 17

  func removeAll() {
    arena.removeAll()
    rows.removeAll(keepingCapacity: true)
    keys.removeAll(keepingCapacity: true)
    for index in claims.indices {
      claims[index].removeAll(keepingCapacity: true)
      shared[index].removeAll()
    }
    claimsAreSorted = false
    greatestID = nil
    isSorted = true
    hasDuplicates = false
    isSound = true
  }

  /// Adds a row whose bytes are at the end of the arena.
  @inline(__always)
  func append(_ row: Row) {
    let key = SortedKey(self.key(row), offset: row.offset, number: UInt32(truncatingIfNeeded: rows.count))
    if isSorted, let last = keys.last, last.head >= key.head {
      isSorted =
        last.head == key.head && Bytes.compare(last.bytes(arena.base), key.bytes(arena.base)) < 0
    }
    if !row.isSound { isSound = false }
    rows.append(row)
    keys.append(key)
  }

  /// Adds a key of the row that is appended next: the arena's bytes from `offset` on.
  ///
  /// - Parameter isShared: whether the index is unique and others may have the key nevertheless.
  @inline(__always)
  func claim(inIndex index: Int, from offset: Int, isShared: Bool) {
    let bytes = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(arena.base) + offset, count: arena.count - offset)
    let number = UInt32(truncatingIfNeeded: rows.count)
    claims[index].append(SortedKey(bytes, offset: offset, number: number))
    if isShared { shared[index].insert(number) }
  }

  /// Takes back keys of a row that is not appended after all.
  func forgetClaims() {
    let number = UInt32(truncatingIfNeeded: rows.count)
    for index in claims.indices where claims[index].last?.number == number {
      claims[index].removeLast()
      shared[index].remove(number)
    }
  }

  @inline(__always)
  func note(id: Int64) { greatestID = max(greatestID ?? id, id) }

  @inline(__always)
  func key(_ row: Row) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: UnsafeRawPointer(arena.base) + row.offset, count: Int(row.keyCount))
  }

  @inline(__always)
  func value(_ row: Row) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: UnsafeRawPointer(arena.base) + row.offset + Int(row.keyCount), count: Int(row.valueCount))
  }

  /// Puts `keys` in order, and looks whether some are equal.
  func sort() {
    if isSorted { return }
    let base = UnsafeRawPointer(arena.base)
    sorter.sort(&keys, base)
    hasDuplicates = zip(keys, keys.dropFirst()).contains { $0.equals($1, base) }
    isSorted = true
  }

  /// Puts the keys in the indexes in order too, which else happens when they are asked for. No row may be added then.
  func sortClaims() {
    for index in claims.indices { sorter.sort(&claims[index], UnsafeRawPointer(arena.base)) }
    claimsAreSorted = true
  }

  /// The keys in an index of the rows that `isInserted` names, in order, and of which rows they are keys that others
  /// may have too.
  func entries(
    inIndex index: Int, of isInserted: [Bool]
  ) -> (keys: [SortedKey], shared: Set<UInt32>) {
    chosen.removeAll(keepingCapacity: true)
    for key in claims[index] where isInserted[Int(key.number)] { chosen.append(key) }
    if !claimsAreSorted { sorter.sort(&chosen, UnsafeRawPointer(arena.base)) }
    return (chosen, shared[index])
  }
}
