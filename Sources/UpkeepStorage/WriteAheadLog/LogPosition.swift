/// A place in the log: the segment's sequence number times the segment size, plus the offset in it. It only grows.
struct LogPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
  let rawValue: UInt64

  init(_ rawValue: UInt64) { self.rawValue = rawValue }

  init(sequence: UInt64, offset: Int, segmentSize: Int) {
    rawValue = sequence * UInt64(segmentSize) + UInt64(offset)
  }

  func sequence(segmentSize: Int) -> UInt64 { rawValue / UInt64(segmentSize) }
  func offset(segmentSize: Int) -> Int { Int(rawValue % UInt64(segmentSize)) }

  static func < (a: LogPosition, b: LogPosition) -> Bool { a.rawValue < b.rawValue }

  var description: String { "log position \(rawValue)" }
}
