/// Looks at the bytes of a feed, eight at a time where nothing special is among them.
package enum FeedText {
  private static let lowBits: UInt64 = 0x0101_0101_0101_0101
  private static let highBits: UInt64 = 0x8080_8080_8080_8080

  /// Eight copies of a byte.
  @inline(__always) static func pattern(_ byte: UInt8) -> UInt64 { UInt64(byte) &* lowBits }

  /// The eight bytes at `p`, the first one lowest.
  @inline(__always) static func word(_ p: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self))
  }

  /// Marks where `word` has the pattern's byte: the lowest mark is right, those above it may not be.
  @inline(__always) static func marks(_ word: UInt64, _ pattern: UInt64) -> UInt64 {
    let difference = word ^ pattern
    return (difference &- lowBits) & ~difference & highBits
  }

  /// What keeps bytes from being text.
  package enum Flaw: Sendable {
    /// A NUL byte.
    case nul
    /// A sequence that is not UTF-8.
    case notUTF8
  }

  /// The first reason why the bytes are not text, or nil if they are UTF-8 without NUL.
  package static func flaw(in bytes: UnsafeBufferPointer<UInt8>) -> Flaw? {
    guard var p = bytes.baseAddress else { return nil }
    let end = p + bytes.count
    while p < end {
      if end - p >= 8 {
        let eight = word(p)
        if (eight | (eight &- lowBits)) & highBits == 0 {
          p += 8
          continue
        }
      }
      let count = sequenceLength(p, end)
      if count == 0 { return p.pointee == 0 ? .nul : .notUTF8 }
      p += count
    }
    return nil
  }

  /// The length of the well-formed sequence at `p` (Unicode, table 3-7); 0 if there is none or it is NUL.
  @inline(__always)
  private static func sequenceLength(_ p: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
    let first = p.pointee
    let left = end - p
    switch first {
    case 0x01...0x7F: return 1
    case 0xC2...0xDF: return left >= 2 && isTail(p[1]) ? 2 : 0
    case 0xE0...0xEF:
      guard left >= 3, isTail(p[1]), isTail(p[2]) else { return 0 }
      if first == 0xE0 && p[1] < 0xA0 { return 0 }
      if first == 0xED && p[1] > 0x9F { return 0 }
      return 3
    case 0xF0...0xF4:
      guard left >= 4, isTail(p[1]), isTail(p[2]), isTail(p[3]) else { return 0 }
      if first == 0xF0 && p[1] < 0x90 { return 0 }
      if first == 0xF4 && p[1] > 0x8F { return 0 }
      return 4
    default: return 0
    }
  }

  @inline(__always) private static func isTail(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
