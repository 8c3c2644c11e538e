extension UnsafeRawPointer {
  /// The little-endian integer at a byte offset, wherever it lies. The caller knows that it is in bounds.
  @inline(__always)
  func integer<T: FixedWidthInteger>(_ offset: Int, _ type: T.Type = T.self) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}

extension UnsafeMutableRawPointer {
  /// The little-endian integer at a byte offset.
  @inline(__always)
  func integer<T: FixedWidthInteger>(_ offset: Int, _ type: T.Type = T.self) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// Stores an integer little-endian at a byte offset.
  @inline(__always)
  func setInteger<T: FixedWidthInteger>(_ offset: Int, _ value: T) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }
}

extension UnsafeRawBufferPointer {
  /// The part of the buffer from `offset` on, `count` bytes long; nil where the buffer does not hold it.
  @inline(__always)
  func part(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer? {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else { return nil }
    return UnsafeRawBufferPointer(rebasing: self[offset..<(offset + count)])
  }
}
