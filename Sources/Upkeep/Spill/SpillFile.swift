internal import UpkeepStorage

/// Records of a key and a row's bytes in a file without a name, one behind the other.
///
///     bytes of the key, 4 · bytes of the row, 4 · key · row
final class SpillFile {
  /// Bytes that go to the file at once.
  private static let blockCount = 1 << 16
  static let headCount = 8

  private let file: TemporaryFile
  /// Records that are to go to the file next.
  private let block = ByteBuffer()
  private var written: UInt64 = 0

  init(_ file: TemporaryFile) { self.file = file }

  /// Where the next record begins.
  var end: UInt64 { written + UInt64(block.count) }

  static var damaged: UpkeepError { .corrupt("what a statement put aside", "it is not what was written") }

  func append(_ key: UnsafeRawBufferPointer, _ row: UnsafeRawBufferPointer) throws(UpkeepError) {
    block.append(littleEndian: UInt32(truncatingIfNeeded: key.count))
    block.append(littleEndian: UInt32(truncatingIfNeeded: row.count))
    block.append(key)
    block.append(row)
    if block.count >= Self.blockCount { try flush() }
  }

  /// To be called before records are read.
  func flush() throws(UpkeepError) {
    guard block.count > 0 else { return }
    let (block, file, place) = (block, file, written)
    try storing { () throws(StorageError) in try file.write(block.bytes, at: place) }
    written += UInt64(block.count)
    block.removeAll(keepingCapacity: 2 * Self.blockCount)
  }

  /// Fills a buffer from a place of the file, as far as there is something.
  func read(_ count: Int, at offset: UInt64, into buffer: ByteBuffer) throws(UpkeepError) {
    buffer.removeAll()
    let place = UnsafeMutableRawBufferPointer(start: buffer.extend(by: count), count: count)
    let file = file
    let read = try storing { () throws(StorageError) in try file.read(into: place, at: offset) }
    buffer.truncate(to: read)
  }
}

/// Reads the records of a part of a file in order.
final class SpillReader {
  private let file: SpillFile
  private let buffer = ByteBuffer()
  /// Bytes that are read at once.
  private let blockCount: Int
  /// Where in the file the buffer begins.
  private var bufferStart: UInt64 = 0
  /// Where the next record begins, and where the last ends.
  private var position: UInt64
  private let end: UInt64

  /// The record that it stands on; valid until the next step.
  private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var row = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The first eight bytes of the key.
  private(set) var head: UInt64 = 0

  init(_ file: SpillFile, _ range: Range<UInt64>, blockCount: Int) {
    self.file = file
    self.blockCount = blockCount
    position = range.lowerBound
    end = range.upperBound
  }

  /// Goes to a record.
  func move(to offset: UInt64) { position = offset }

  func next() throws(UpkeepError) -> Bool {
    guard position < end else { return false }
    var place = try need(SpillFile.headCount)
    let keyCount = Int(UInt32(littleEndian: word(place)))
    let rowCount = Int(UInt32(littleEndian: word(place + 4)))
    let count = SpillFile.headCount + keyCount + rowCount
    guard UInt64(count) <= end - position else { throw SpillFile.damaged }
    place = try need(count)
    let start = UnsafeRawPointer(buffer.base) + place + SpillFile.headCount
    key = UnsafeRawBufferPointer(start: start, count: keyCount)
    row = UnsafeRawBufferPointer(start: start + keyCount, count: rowCount)
    head = SortedKey.head(of: key)
    position += UInt64(count)
    return true
  }

  private func word(_ place: Int) -> UInt32 {
    buffer.bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
  }

  /// Where in the buffer the next record is, of which so many bytes are wanted.
  private func need(_ count: Int) throws(UpkeepError) -> Int {
    if position >= bufferStart, position + UInt64(count) <= bufferStart + UInt64(buffer.count) {
      return Int(position - bufferStart)
    }
    let wanted = Int(min(UInt64(max(blockCount, count)), end - position))
    try file.read(wanted, at: position, into: buffer)
    bufferStart = position
    guard buffer.count >= count else { throw SpillFile.damaged }
    return 0
  }
}

/// Several sorted parts of files as one. Of equal keys those of an earlier part come first.
final class SpillMerge {
  private let parts: [SpillReader]
  /// The parts that are not at their ends, the one with the least key on top.
  private var heap: [Int] = []
  private var isBegun = false

  init(_ parts: [SpillReader]) throws(UpkeepError) {
    self.parts = parts
    for number in parts.indices where try parts[number].next() { heap.append(number) }
    for number in heap.indices.reversed() { sink(from: number) }
  }

  var key: UnsafeRawBufferPointer { parts[heap[0]].key }
  var row: UnsafeRawBufferPointer { parts[heap[0]].row }

  func next() throws(UpkeepError) -> Bool {
    if !isBegun {
      isBegun = true
      return !heap.isEmpty
    }
    guard let top = heap.first else { return false }
    if try !parts[top].next() {
      heap[0] = heap[heap.count - 1]
      heap.removeLast()
    }
    if heap.count > 1 { sink(from: 0) }
    return !heap.isEmpty
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    let (left, right) = (parts[a], parts[b])
    if left.head != right.head { return left.head < right.head }
    let order = Bytes.compare(left.key, right.key)
    return order != 0 ? order < 0 : a < b
  }

  private func sink(from start: Int) {
    var parent = start
    while true {
      var first = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if isBefore(heap[child], heap[first]) { first = child }
      }
      if first == parent { return }
      heap.swapAt(parent, first)
      parent = first
    }
  }
}
