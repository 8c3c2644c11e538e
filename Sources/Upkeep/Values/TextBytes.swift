#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Text as bytes: comparing and folding without making strings.
enum TextBytes {
  /// Less than, equal to or greater than zero, as the first is to the second.
  @inline(__always)
  static func compare(
    _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, _ collation: Collation = .binary
  ) -> Int {
    if collation == .nocase { return compareFolded(a, b) }
    let common = min(a.count, b.count)
    if common > 0, let left = a.baseAddress, let right = b.baseAddress {
      let order = memcmp(left, right, common)
      if order != 0 { return Int(order) }
    }
    return a.count - b.count
  }

  @inline(__always)
  static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard a.count == b.count else { return false }
    guard let left = a.baseAddress, let right = b.baseAddress else { return true }
    return memcmp(left, right, a.count) == 0
  }

  static func compareFolded(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    for position in 0..<min(a.count, b.count) {
      let left = folded(a[position])
      let right = folded(b[position])
      if left != right { return Int(left) - Int(right) }
    }
    return a.count - b.count
  }

  /// An ASCII letter in lower case, any other byte as it is.
  @inline(__always)
  static func folded(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  static func fold(_ start: UnsafeMutableRawPointer, count: Int) {
    for offset in 0..<count {
      let byte = start.load(fromByteOffset: offset, as: UInt8.self)
      start.storeBytes(of: folded(byte), toByteOffset: offset, as: UInt8.self)
    }
  }

  static func firstIndex(of byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress, let found = memchr(start, Int32(byte), bytes.count) else {
      return nil
    }
    return UnsafeRawPointer(found) - start
  }

  /// A string of bytes that should be UTF-8; what is not becomes the replacement character.
  @inline(__always)
  static func string(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
}
