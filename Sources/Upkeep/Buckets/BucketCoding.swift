/// A type whose values are keys of a bucket: as bytes that sort as the values do.
public protocol BucketKey {
  /// Appends the bytes.
  func appendBucketKey(to bytes: inout [UInt8])
  /// The value of these bytes; nil if they are not of this type.
  init?(bucketKey bytes: UnsafeRawBufferPointer)
}

/// A type whose values are values of a bucket.
public protocol BucketValue {
  /// Appends the bytes.
  func appendBucketValue(to bytes: inout [UInt8])
  /// The value of these bytes; nil if they are not of this type.
  init?(bucketValue bytes: UnsafeRawBufferPointer)
}

/// Bytes as they are.
extension [UInt8]: BucketKey, BucketValue {
  /// Appends the bytes themselves.
  public func appendBucketKey(to bytes: inout [UInt8]) { bytes += self }
  /// A copy of the bytes.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) { self.init(bytes) }
  /// Appends the bytes themselves.
  public func appendBucketValue(to bytes: inout [UInt8]) { bytes += self }
  /// A copy of the bytes.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) { self.init(bytes) }
}

/// UTF-8.
extension String: BucketKey, BucketValue {
  /// Appends the text in UTF-8.
  public func appendBucketKey(to bytes: inout [UInt8]) { bytes += utf8 }
  /// The text in these bytes, nil if they are not UTF-8.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) { self.init(validating: bytes, as: UTF8.self) }
  /// Appends the text in UTF-8.
  public func appendBucketValue(to bytes: inout [UInt8]) { bytes += utf8 }
  /// The text in these bytes, nil if they are not UTF-8.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) { self.init(validating: bytes, as: UTF8.self) }
}

/// Eight bytes: as a key big-endian with the sign bit flipped, as a value little-endian.
extension Int64: BucketKey, BucketValue {
  /// Appends eight bytes that sort as the numbers do.
  public func appendBucketKey(to bytes: inout [UInt8]) {
    Swift.withUnsafeBytes(of: (UInt64(bitPattern: self) ^ 1 << 63).bigEndian) { bytes += $0 }
  }
  /// The number in these bytes, nil if they are not eight.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 8 else { return nil }
    self.init(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) ^ 1 << 63)
  }
  /// Appends eight bytes, the least significant first.
  public func appendBucketValue(to bytes: inout [UInt8]) {
    Swift.withUnsafeBytes(of: littleEndian) { bytes += $0 }
  }
  /// The number in these bytes, nil if they are not eight.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 8 else { return nil }
    self.init(littleEndian: bytes.loadUnaligned(as: Int64.self))
  }
}
