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
    let place = block.extend(by: Self.headCount + key.count + row.count)
    place.storeBytes(of: UInt32(truncatingIfNeeded: key.count).littleEndian, as: UInt32.self)
    place.storeBytes(of: UInt32(truncatingIfNeeded: row.count).littleEndian, toByteOffset: 4, as: UInt32.self)
    if let start = key.baseAddress { (place + Self.headCount).copyMemory(from: start, byteCount: key.count) }
    if let start = row.baseAddress {
      (place + Self.headCount + key.count).copyMemory(from: start, byteCount: row.count)
    }
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
  /// Where the buffer's bytes are, and how many.
  @exclusivity(unchecked) private var base: UnsafeRawPointer
  @exclusivity(unchecked) private var count = 0
  /// Bytes that are read at once.
  private let blockCount: Int
  /// Where in the file the buffer begins.
  @exclusivity(unchecked) private var bufferStart: UInt64 = 0
  /// Where the next record begins, and where the last ends.
  @exclusivity(unchecked) private var position: UInt64
  private let end: UInt64

  /// The record that it stands on; valid until the next step.
  @exclusivity(unchecked) private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
  @exclusivity(unchecked) private(set) var row = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The first eight bytes of the key.
  @exclusivity(unchecked) private(set) var head: UInt64 = 0

  init(_ file: SpillFile, _ range: Range<UInt64>, blockCount: Int) {
    self.file = file
    self.blockCount = blockCount
    base = UnsafeRawPointer(buffer.base)
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
    let start = base + place + SpillFile.headCount
    key = UnsafeRawBufferPointer(start: start, count: keyCount)
    row = UnsafeRawBufferPointer(start: start + keyCount, count: rowCount)
    head = SortedKey.head(of: key)
    position += UInt64(count)
    return true
  }

  private func word(_ place: Int) -> UInt32 {
    base.loadUnaligned(fromByteOffset: place, as: UInt32.self)
  }

  /// Where in the buffer the next record is, of which so many bytes are wanted.
  @inline(__always)
  private func need(_ wanted: Int) throws(UpkeepError) -> Int {
    if position >= bufferStart, position + UInt64(wanted) <= bufferStart + UInt64(count) {
      return Int(position - bufferStart)
    }
    try fill(wanted)
    return 0
  }

  /// Lets the buffer begin with the next record.
  @inline(never)
  private func fill(_ needed: Int) throws(UpkeepError) {
    let wanted = Int(min(UInt64(max(blockCount, needed)), end - position))
    count = 0
    try file.read(wanted, at: position, into: buffer)
    (base, count) = (UnsafeRawPointer(buffer.base), buffer.count)
    bufferStart = position
    guard count >= needed else { throw SpillFile.damaged }
  }
}

/// Several sorted parts of files as one. Of equal keys those of an earlier part come first.
final class SpillMerge {
  /// A part by its number, with the first eight bytes of the key that it stands on: mostly they tell which is before.
  private struct Standing {
    var head: UInt64
    let part: Int
  }

  private let parts: [SpillReader]
  /// The parts that are not at their ends, the one with the least key on top.
  private let heap: UnsafeMutablePointer<Standing>
  @exclusivity(unchecked) private var count = 0
  /// The part on top; nil if none is left.
  @exclusivity(unchecked) private var top: SpillReader?
  @exclusivity(unchecked) private var topNumber = -1
  @exclusivity(unchecked) private var isBegun = false

  init(_ parts: [SpillReader]) throws(UpkeepError) {
    self.parts = parts
    heap = .allocate(capacity: max(1, parts.count))
    for number in parts.indices where try parts[number].next() {
      (heap + count).initialize(to: Standing(head: parts[number].head, part: number))
      count += 1
    }
    for place in (0..<count).reversed() { sink(from: place) }
    noteTop()
  }

  deinit { heap.deallocate() }

  private static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

  var key: UnsafeRawBufferPointer { top?.key ?? Self.nothing }
  var row: UnsafeRawBufferPointer { top?.row ?? Self.nothing }

  func next() throws(UpkeepError) -> Bool {
    if !isBegun {
      isBegun = true
      return count > 0
    }
    guard let top else { return false }
    if try top.next() {
      heap[0].head = top.head
    } else {
      count -= 1
      heap[0] = heap[count]
    }
    if count > 1 { sink(from: 0) }
    noteTop()
    return count > 0
  }

  @inline(__always)
  private func noteTop() {
    if count > 0 && heap[0].part == topNumber { return }
    topNumber = count > 0 ? heap[0].part : -1
    top = count > 0 ? parts[topNumber] : nil
  }

  @inline(__always)
  private func isBefore(_ a: Standing, _ b: Standing) -> Bool {
    a.head != b.head ? a.head < b.head : isBeforeByKey(a.part, b.part)
  }

  @inline(never)
  private func isBeforeByKey(_ a: Int, _ b: Int) -> Bool {
    let order = Bytes.compare(parts[a].key, parts[b].key)
    return order != 0 ? order < 0 : a < b
  }

  private func sink(from start: Int) {
    let sinking = heap[start]
    var place = start
    while true {
      var child = 2 &* place &+ 1
      if child >= count { break }
      if child &+ 1 < count, isBefore(heap[child &+ 1], heap[child]) { child &+= 1 }
      guard isBefore(heap[child], sinking) else { break }
      heap[place] = heap[child]
      place = child
    }
    heap[place] = sinking
  }
}
