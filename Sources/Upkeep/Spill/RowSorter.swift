internal import UpkeepStorage

/// Puts rows in order by keys made of bytes; with a limit it keeps only the first so many.
///
/// Rows with equal keys stay in the order in which they came. Keys and rows lie as bytes in one run of memory. When the
/// statement's memory is used up they go, sorted, into a file, and the sorted runs are merged at the end.
final class RowSorter {
  private struct Run {
    let file: SpillFile
    let range: Range<UInt64>
  }

  /// More runs than these are first merged into one.
  private static let mostRuns = 64
  private static let mergeBlock = 1 << 16

  private let memory: QueryMemory
  /// At most so many rows are kept; nil for all.
  private let most: Int?
  /// A key, four bytes that tell how long the row is, the row; and so on.
  @exclusivity(unchecked) private var arena = ByteBuffer()
  @exclusivity(unchecked) private var keys: [SortedKey] = []
  /// The order of arrival.
  @exclusivity(unchecked) private var nextNumber: UInt32 = 0
  private var runs: [Run] = []
  private var file: SpillFile?
  private let sorter = KeySorter()
  /// What is counted in `memory`.
  @exclusivity(unchecked) private var counted = 0
  /// Where `most` rows are known: the key of the last of them. A row that comes now with this key or a greater one is
  /// not among the first so many.
  private let last = ByteBuffer(capacity: 32)
  @exclusivity(unchecked) private var lastHead: UInt64 = 0
  @exclusivity(unchecked) private var hasLast = false

  init(most: Int?, _ memory: QueryMemory) {
    self.most = most
    self.memory = memory
  }

  deinit { memory.give(counted) }

  /// Whether a row with this key, coming now, would be kept. Ask before making the row.
  @inline(__always)
  func accepts(_ key: UnsafeRawBufferPointer) -> Bool {
    if !hasLast { return true }
    let head = SortedKey.head(of: key)
    if head != lastHead { return head < lastHead }
    return Bytes.compare(key, last.bytes) < 0
  }

  /// Whether a row whose key begins so may be accepted.
  @inline(__always)
  func mayAccept(_ beginning: UnsafeRawBufferPointer) -> Bool {
    if !hasLast || beginning.count < 8 { return true }
    return SortedKey.head(of: beginning) <= lastHead
  }

  /// The same of the first eight bytes.
  @inline(__always)
  func mayAccept(head: UInt64) -> Bool { !hasLast || head <= lastHead }

  /// Takes a row that was accepted.
  func add(_ key: UnsafeRawBufferPointer, _ row: [some SpilledValue]) throws(UpkeepError) {
    try add(key) { $0.spill(row) }
  }

  /// The same with a row that `write` appends, as `spill` of its values would.
  @inline(__always)
  func add(
    _ key: UnsafeRawBufferPointer, _ write: (ByteBuffer) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let arena = arena
    let offset = arena.count
    let start = offset + key.count
    arena.append(key)
    _ = arena.extend(by: 4)
    do throws(UpkeepError) {
      try write(arena)
    } catch {
      arena.truncate(to: offset)
      throw error
    }
    let count = arena.count - start - 4
    guard count < 1 << 31 else {
      arena.truncate(to: offset)
      throw UpkeepError(.limit, "a row of \(count) bytes is too long to be sorted")
    }
    let base = arena.base
    (base + start).storeBytes(of: UInt32(truncatingIfNeeded: count).littleEndian, as: UInt32.self)
    let lying = UnsafeRawBufferPointer(start: base + offset, count: key.count)
    keys.append(SortedKey(lying, offset: offset, number: nextNumber))
    nextNumber += 1
    if let most, most < 1 << 30, keys.count >= max(2 * most, 64) { cut() }
    let own = self.arena.count + keys.count * 64
    if own - counted >= memory.grain || own < counted {
      memory.take(own - counted)
      counted = own
    }
    if memory.isTooMuch(counted) { try spill() }
  }

  /// Sorts what is in memory, and lets go of all but the first so many.
  private func cut() {
    sorter.sort(&keys, UnsafeRawPointer(arena.base))
    guard let most, keys.count > most else { return }
    keys.removeSubrange(most...)
    let kept = ByteBuffer(capacity: arena.count / 2)
    for number in keys.indices {
      let key = keys[number]
      let start = UnsafeRawPointer(arena.base) + key.offset
      let offset = kept.count
      let row = Self.row(key, UnsafeRawPointer(arena.base))
      kept.append(UnsafeRawBufferPointer(start: start, count: Int(key.count) + 4 + row.count))
      let lying = UnsafeRawBufferPointer(start: kept.base + offset, count: Int(key.count))
      keys[number] = SortedKey(lying, offset: offset, number: UInt32(number))
    }
    nextNumber = UInt32(most)
    arena = kept
    if let end = keys.last { noteLast(end.bytes(UnsafeRawPointer(arena.base))) }
  }

  private func noteLast(_ key: UnsafeRawBufferPointer) {
    if hasLast, Bytes.compare(last.bytes, key) <= 0 { return }
    last.removeAll()
    last.append(key)
    lastHead = SortedKey.head(of: key)
    hasLast = true
  }

  /// The bytes of a key's row, which lie behind it.
  @inline(__always)
  fileprivate static func row(_ key: SortedKey, _ base: UnsafeRawPointer) -> UnsafeRawBufferPointer {
    let place = base + key.offset + Int(key.count)
    return UnsafeRawBufferPointer(
      start: place + 4, count: Int(UInt32(littleEndian: place.loadUnaligned(as: UInt32.self))))
  }

  private func spill() throws(UpkeepError) {
    guard !keys.isEmpty else { return }
    cut()
    let file: SpillFile
    if let known = self.file { file = known } else { file = try memory.makeFile() }
    self.file = file
    let start = file.end
    let base = UnsafeRawPointer(arena.base)
    for key in keys { try file.append(key.bytes(base), Self.row(key, base)) }
    if let most, keys.count >= most, let end = keys.last { noteLast(end.bytes(UnsafeRawPointer(arena.base))) }
    runs.append(Run(file: file, range: start..<file.end))
    arena.removeAll(keepingCapacity: 1 << 16)
    keys.removeAll(keepingCapacity: keys.count < 1 << 14)
    nextNumber = 0
    memory.give(counted)
    counted = 0
    if runs.count >= Self.mostRuns { try mergeRuns() }
  }

  private func merged() throws(UpkeepError) -> SpillMerge {
    try file?.flush()
    return try SpillMerge(runs.map { SpillReader($0.file, $0.range, blockCount: Self.mergeBlock) })
  }

  private func mergeRuns() throws(UpkeepError) {
    let merge = try merged()
    let new = try memory.makeFile()
    var left = most ?? .max
    while left > 0, try merge.next() {
      try new.append(merge.key, merge.row)
      left -= 1
    }
    runs = [Run(file: new, range: 0..<new.end)]
    file = new
  }

  /// The rows in order. Nothing can be added any more.
  func finish() throws(UpkeepError) -> SortedRows {
    if runs.isEmpty {
      cut()
      return SortedRows(keys, arena, holding: self)
    }
    try spill()
    return SortedRows(try merged(), holding: self)
  }
}

/// Rows in the order of their keys, one at a time.
final class SortedRows {
  private let keys: [SortedKey]
  /// Where keys and rows lie, in the arena.
  private let base: UnsafeRawPointer
  private let arena: ByteBuffer
  private let merge: SpillMerge?
  /// Keeps the count of the memory that the rows take, and their file.
  private let sorter: RowSorter
  @exclusivity(unchecked) private var place = -1
  /// The key of the row, and the row; valid until the next step.
  @exclusivity(unchecked) private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
  @exclusivity(unchecked) private(set) var bytes = UnsafeRawBufferPointer(start: nil, count: 0)

  fileprivate init(_ keys: [SortedKey], _ arena: ByteBuffer, holding sorter: RowSorter) {
    self.keys = keys
    self.arena = arena
    base = UnsafeRawPointer(arena.base)
    self.sorter = sorter
    merge = nil
  }

  fileprivate init(_ merge: SpillMerge, holding sorter: RowSorter) {
    keys = []
    arena = ByteBuffer(capacity: 16)
    base = UnsafeRawPointer(arena.base)
    self.sorter = sorter
    self.merge = merge
  }

  func next() throws(UpkeepError) -> Bool {
    if let merge {
      guard try merge.next() else { return false }
      (key, bytes) = (merge.key, merge.row)
      return true
    }
    place += 1
    guard place < keys.count else { return false }
    key = keys[place].bytes(base)
    bytes = RowSorter.row(keys[place], base)
    return true
  }

  func row<V: SpilledValue>(_ type: V.Type = V.self) throws(UpkeepError) -> [V] {
    var reader = SpilledBytes(bytes)
    return try reader.row()
  }
}
