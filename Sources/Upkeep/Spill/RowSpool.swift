internal import UpkeepStorage

/// Rows one after the other, kept until they are read again: in memory while they are few, else in a file without a name.
/// They outlive a transaction, and need none.
final class RowSpool<V: SpilledValue> {
  /// Bytes that go to the file at once, and come from it.
  private static var blockCount: Int { 1 << 18 }

  private let limit: Int
  private let files: TemporaryFiles?
  /// What the statement may keep, where its rows cannot leave memory.
  private let memory: QueryMemory?
  @exclusivity(unchecked) private var rows: [[V]] = []
  @exclusivity(unchecked) private var byteCount = 0
  private(set) var count = 0
  private var file: TemporaryFile?
  private var fileEnd: UInt64 = 0
  /// Rows that are to go to the file next, each with its length before it.
  private lazy var block = ByteBuffer()

  /// - Parameters:
  ///   - limit: bytes that may be kept in memory.
  ///   - files: nil in a store that keeps everything in memory.
  init(limit: Int, files: TemporaryFiles?) {
    self.limit = limit
    self.files = files
    memory = nil
  }

  /// For rows that a query keeps.
  init(_ memory: QueryMemory) {
    limit = memory.limit / 4
    files = memory.files
    self.memory = memory.files == nil ? memory : nil
  }

  deinit { memory?.give(byteCount) }

  var isEmpty: Bool { count == 0 }

  func append(_ row: [V]) throws(UpkeepError) {
    count += 1
    if file != nil { return try write(row) }
    rows.append(row)
    let own = row.rowByteCount
    byteCount &+= own
    if let memory {
      memory.take(own)
      try memory.requireRoom()
    } else if byteCount > limit {
      try leaveMemory()
    }
  }

  /// Forgets its rows.
  ///
  /// - Returns: false if it cannot be used again, because they are in a file.
  func removeAll() -> Bool {
    if file != nil { return false }
    rows.removeAll(keepingCapacity: true)
    memory?.give(byteCount)
    (count, byteCount) = (0, 0)
    return true
  }

  private func leaveMemory() throws(UpkeepError) {
    guard let files else { return }
    file = try storing { () throws(StorageError) in try files.make() }
    for row in rows { try write(row) }
    rows = []
  }

  private func write(_ row: [V]) throws(UpkeepError) {
    let start = block.count
    block.append(littleEndian: UInt32(0))
    block.spill(row)
    let length = UInt32(truncatingIfNeeded: block.count - start - 4)
    (block.base + start).storeBytes(of: length.littleEndian, as: UInt32.self)
    if block.count >= Self.blockCount { try flush() }
  }

  /// All rows are there: what is yet to be written to the file is. To be called before a commit, so that a full disk is an
  /// error of the statement and not of whoever reads its rows.
  func finish() throws(UpkeepError) { try flush() }

  private func flush() throws(UpkeepError) {
    guard let file, block.count > 0 else { return }
    let block = block
    let end = fileEnd
    try storing { () throws(StorageError) in try file.write(block.bytes, at: end) }
    fileEnd += UInt64(block.count)
    block.removeAll()
  }

  /// Calls `body` with each row, in the order in which they came.
  func forEach(_ body: ([V]) throws(UpkeepError) -> Void) throws(UpkeepError) {
    _ = try walk { row throws(UpkeepError) in
      try body(row)
      return true
    }
  }

  /// Calls `body` with each row, in the order in which they came, until it wants no more.
  ///
  /// - Returns: false if `body` wanted no more.
  func walk(_ body: ([V]) throws(UpkeepError) -> Bool) throws(UpkeepError) -> Bool {
    guard let file else {
      for row in rows { guard try body(row) else { return false } }
      return true
    }
    try flush()
    let buffer = ByteBuffer(capacity: Self.blockCount)
    var offset: UInt64 = 0
    while offset < fileEnd {
      try fill(buffer, from: file, at: offset, Self.blockCount)
      var place = 0
      while let row = Self.row(in: buffer, at: place) {
        var reader = SpilledBytes(row)
        guard try body(try reader.row()) else { return false }
        place += 4 + row.count
      }
      if place == 0 {
        // One row is longer than a block.
        guard buffer.count >= 4 else { throw Self.damaged }
        let length = Int(UInt32(littleEndian: buffer.bytes.loadUnaligned(as: UInt32.self)))
        try fill(buffer, from: file, at: offset, 4 + length)
        guard let row = Self.row(in: buffer, at: 0) else { throw Self.damaged }
        var reader = SpilledBytes(row)
        guard try body(try reader.row()) else { return false }
        place = 4 + length
      }
      offset += UInt64(place)
    }
    return true
  }

  private static var damaged: UpkeepError {
    .corrupt("what a statement put aside", "it is not what was written")
  }

  private static func row(in buffer: ByteBuffer, at place: Int) -> UnsafeRawBufferPointer? {
    guard place + 4 <= buffer.count else { return nil }
    let bytes = buffer.bytes
    let length = Int(
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
    guard place + 4 + length <= bytes.count else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[(place + 4)..<(place + 4 + length)])
  }

  private func fill(
    _ buffer: ByteBuffer, from file: TemporaryFile, at offset: UInt64, _ count: Int
  ) throws(UpkeepError) {
    buffer.removeAll()
    let place = UnsafeMutableRawBufferPointer(start: buffer.extend(by: count), count: count)
    let read = try storing { () throws(StorageError) in try file.read(into: place, at: offset) }
    buffer.truncate(to: read)
  }
}
