internal import UpkeepStorage

/// Records in the order of their keys, in a file, found by key: the least key of every kilobyte is in memory (of more where
/// the file is so large that these keys would be many), and a filter tells of most keys that are not there that they are
/// not.
///
/// Its life: records are appended in order; `finish`; then it is read.
final class SortedRun {
  /// Where some records begin whose first key is in `fenceKeys`.
  private struct Fence {
    let keyOffset: Int
    let keyCount: Int
    let offset: UInt64
    /// How many records are before.
    let number: Int
  }

  /// How many fences there are at most.
  private static let mostFences = 1 << 16

  private let file: SpillFile
  private let filter: KeyFilter
  private var fenceKeys = ByteBuffer()
  private var fences: [Fence] = []
  private let lastKey = ByteBuffer(capacity: 32)
  private(set) var count = 0
  /// Bytes between two fences at least.
  private var spacing: UInt64 = 1 << 10
  private lazy var reader = SpillReader(file, 0..<file.end, blockCount: Int(spacing) * 2)

  /// - Parameter filterByteCount: memory for the filter.
  init(_ file: SpillFile, filterByteCount: Int) {
    self.file = file
    filter = KeyFilter(byteCount: filterByteCount)
  }

  func append(_ key: UnsafeRawBufferPointer, _ row: UnsafeRawBufferPointer) throws(UpkeepError) {
    let isNew = count == 0 || !Bytes.equal(key, lastKey.bytes)
    if isNew {
      // Records of one key have one fence before them, so that all of them are behind it.
      if fences.last.map({ file.end - $0.offset >= spacing }) ?? true {
        if fences.count == Self.mostFences { thin() }
        fences.append(
          Fence(keyOffset: fenceKeys.count, keyCount: key.count, offset: file.end, number: count))
        fenceKeys.append(key)
      }
      filter.insert(ByteKeyTable.hash(key))
      lastKey.removeAll()
      lastKey.append(key)
    }
    try file.append(key, row)
    count += 1
  }

  /// Leaves every second fence out.
  private func thin() {
    let (before, keys) = (fences, fenceKeys)
    fences = []
    fenceKeys = ByteBuffer()
    for (number, fence) in before.enumerated() where number % 2 == 0 {
      let key = UnsafeRawBufferPointer(start: keys.base + fence.keyOffset, count: fence.keyCount)
      fences.append(
        Fence(
          keyOffset: fenceKeys.count, keyCount: key.count, offset: fence.offset, number: fence.number))
      fenceKeys.append(key)
    }
    spacing *= 2
  }

  func finish() throws(UpkeepError) { try file.flush() }

  /// All records, for merging.
  func readAll(blockCount: Int) -> SpillReader { SpillReader(file, 0..<file.end, blockCount: blockCount) }

  func contains(_ key: UnsafeRawBufferPointer, hash: UInt64) throws(UpkeepError) -> Bool {
    var isFound = false
    _ = try forEach(key, hash: hash) { _, _ throws(UpkeepError) in
      isFound = true
      return false
    }
    return isFound
  }

  /// Calls `body` with the number and the bytes of each record with this key, until it wants no more.
  ///
  /// - Returns: false if `body` wanted no more.
  func forEach(
    _ key: UnsafeRawBufferPointer, hash: UInt64,
    _ body: (Int, UnsafeRawBufferPointer) throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    guard filter.mayHave(hash), let fence = fence(of: key) else { return true }
    var number = fence.number
    reader.move(to: fence.offset)
    while try reader.next() {
      let order = Bytes.compare(reader.key, key)
      if order > 0 { return true }
      if order == 0, try !body(number, reader.row) { return false }
      number += 1
    }
    return true
  }

  /// The last fence whose key is not greater.
  private func fence(of key: UnsafeRawBufferPointer) -> Fence? {
    var low = 0
    var high = fences.count
    while low < high {
      let middle = (low + high) / 2
      let fence = fences[middle]
      let own = UnsafeRawBufferPointer(start: fenceKeys.base + fence.keyOffset, count: fence.keyCount)
      if Bytes.compare(own, key) <= 0 { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : fences[low - 1]
  }
}

/// Tells of most keys that it was not given that it was not (a Bloom filter of two bits a key).
final class KeyFilter {
  private let words: UnsafeMutablePointer<UInt64>
  private let mask: UInt64

  init(byteCount: Int) {
    var count = 8
    while count * 2 <= byteCount / 8 { count *= 2 }
    words = .allocate(capacity: count)
    words.initialize(repeating: 0, count: count)
    mask = UInt64(count) - 1
  }

  deinit { words.deallocate() }

  func insert(_ hash: UInt64) {
    words[Int(hash & mask)] |= Self.bits(hash)
  }

  func mayHave(_ hash: UInt64) -> Bool {
    let bits = Self.bits(hash)
    return words[Int(hash & mask)] & bits == bits
  }

  /// Both bits in one word, so that a look meets one line of memory.
  private static func bits(_ hash: UInt64) -> UInt64 { 1 << (hash >> 58) | 1 << (hash >> 52 & 63) }
}
