/// The bytes of a source as they are at hand: the record that is read lies in them whole, however long it is.
final class FeedBuffer {
  /// The longest record: a field of the longest kind with every byte escaped by another, and room for others.
  static let recordLimit = 160 << 20

  private let source: any ByteSource
  @exclusivity(unchecked) private(set) var base: UnsafeMutablePointer<UInt8>
  @exclusivity(unchecked) private var capacity: Int
  /// How many bytes are at hand.
  @exclusivity(unchecked) private(set) var filled = 0
  /// What lies before is done with.
  @exclusivity(unchecked) private(set) var start = 0
  @exclusivity(unchecked) private(set) var sourceHasEnded = false
  /// How many bytes of the source lie before `start`.
  @exclusivity(unchecked) private(set) var bytesRead = 0

  init(_ source: any ByteSource, size: Int) {
    self.source = source
    capacity = max(size, 64)
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  /// Goes on behind bytes that are done with.
  func drop(_ count: Int) {
    start += count
    bytesRead += count
  }

  /// Reads on until twice as much is at hand, so that looking at it again from its start costs no more than reading it.
  ///
  /// - Returns: false if the record is longer than any may be.
  func fill() throws(UpkeepError) -> Bool {
    let kept = filled - start
    guard kept <= Self.recordLimit else { return false }
    if start > 0 {
      base.update(from: base + start, count: kept)
      start = 0
      filled = kept
    }
    if filled * 2 > capacity {
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
      larger.update(from: base, count: filled)
      base.deallocate()
      base = larger
      capacity *= 2
    }
    while !sourceHasEnded && filled < max(kept * 2, 1) { try readMore() }
    return true
  }

  private func readMore() throws(UpkeepError) {
    let room = UnsafeMutableRawBufferPointer(start: base + filled, count: capacity - filled)
    let count = try source.read(into: room)
    if count == 0 { sourceHasEnded = true }
    filled += count
  }

  /// Passes over a byte-order mark at the start of the source; one of UTF-16 is an error.
  func passOverByteOrderMark() throws(UpkeepError) {
    while filled < 3 && !sourceHasEnded { try readMore() }
    if filled >= 2, (base[0], base[1]) == (0xFE, 0xFF) || (base[0], base[1]) == (0xFF, 0xFE) {
      throw UpkeepError.badLine(1, "the file is UTF-16; convert it to UTF-8")
    }
    if filled >= 3, (base[0], base[1], base[2]) == (0xEF, 0xBB, 0xBF) { drop(3) }
  }
}
