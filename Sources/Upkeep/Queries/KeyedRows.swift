internal import UpkeepStorage

/// Rows in memory, found by what they are joined by: whole numbers as long as all keys are such, else the bytes of keys.
final class KeyedRows {
  private let memory: QueryMemory
  private let rows = RowArena()
  /// The keys of the rows: by one of the two.
  private(set) var numbers: NumberTable?
  private let bytes = ByteKeyTable()
  /// For each key its first row and its last; for each row the next with its key, and its key or -1.
  @exclusivity(unchecked) private var firsts: [Int] = []
  private var lasts: [Int] = []
  @exclusivity(unchecked) private var nexts: [Int] = []
  private var entries: [Int] = []
  private var counted = 0

  /// - Parameter isWhole: whether keys may be whole numbers.
  init(_ memory: QueryMemory, isWhole: Bool) {
    self.memory = memory
    numbers = isWhole ? NumberTable() : nil
  }

  deinit { memory.give(counted) }

  var count: Int { rows.count }
  var isTooMuch: Bool { memory.isTooMuch(counted) }
  /// Where the rows are, once all of them are kept.
  var places: RowArena.Places { rows.places }

  // MARK: Finding

  /// The first row with a key; -1 if there is none.
  func first(_ key: UnsafeRawBufferPointer) -> Int { bytes.find(key).map { firsts[$0] } ?? -1 }

  /// A way to rows by whole numbers, once all of them are kept; nil if they are found by bytes. It is the only one then.
  func makeProbe() -> RowProbe? {
    guard let numbers else { return nil }
    defer { (firsts, lasts, nexts, entries) = ([], [], [], []) }
    return RowProbe(rows, numbers, firsts: firsts, nexts: nexts)
  }

  /// The next row with the key of this one; -1 after the last.
  @inline(__always)
  func next(_ number: Int) -> Int { nexts[number] }

  // MARK: Keeping

  /// - Parameter key: nil for a row that is found by none.
  func append(_ row: [Value], _ key: UnsafeRawBufferPointer?) {
    if key != nil { leaveNumbers() }
    count(row, key.map { 24 + $0.count } ?? 0)
    keep(row, key.map { bytes.insert($0) })
  }

  /// Keeps a row by a whole number, of rows that are found by such.
  func append(_ row: [Value], _ key: Int64, in numbers: NumberTable) {
    count(row, 0)
    keep(row, numbers.insert(key))
  }

  /// - Parameter keyCount: bytes that are kept of the key besides 80 in which numbers have room.
  private func count(_ row: [Value], _ keyCount: Int) {
    let own = row.reduce(80 + keyCount) { $0 + MemoryLayout<Value>.stride + $1.ownByteCount }
    counted += own
    memory.take(own)
  }

  private func keep(_ row: [Value], _ entry: Int?) {
    let number = rows.count
    rows.append(row)
    nexts.append(-1)
    guard let entry else { return entries.append(-1) }
    entries.append(entry)
    if entry == firsts.count {
      firsts.append(number)
      lasts.append(number)
    } else {
      nexts[lasts[entry]] = number
      lasts[entry] = number
    }
  }

  /// From now on rows are found by bytes: a key is no whole number.
  private func leaveNumbers() {
    guard let numbers else { return }
    let key = ByteBuffer(capacity: 16)
    for number in numbers.keys {
      key.removeAll()
      KeyCodec.appendAny(Scalar(number), to: key)
      _ = bytes.insert(key.bytes)
    }
    self.numbers = nil
  }

  /// Hands all rows over, by the bytes of their keys; those without one have an empty key, which is nobody's.
  func moveAll(to sorter: RowSorter) throws(UpkeepError) {
    leaveNumbers()
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    memory.give(counted)
    counted = 0
    for (number, entry) in entries.enumerated() {
      try sorter.add(entry < 0 ? nothing : bytes.bytes(entry), rows.values(number))
    }
    rows.removeAll()
  }
}
