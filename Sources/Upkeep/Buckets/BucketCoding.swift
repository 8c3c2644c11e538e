/// A type of keys or values of buckets.
public protocol BucketCoded {
  /// The name of the type, which is stored with a bucket and looked at when it is used again: `text`, `integer`. A type of
  /// your own is named as in Swift unless it says otherwise.
  static var bucketType: String { get }
}

extension BucketCoded {
  /// The type's name in Swift.
  public static var bucketType: String { String(describing: Self.self) }
}

/// A type whose values are keys of a bucket: as bytes that sort as the values do.
public protocol BucketKey: BucketCoded {
  /// Appends the bytes.
  func appendBucketKey(to bytes: inout [UInt8])
  /// The value of these bytes; nil if they are not of this type.
  init?(bucketKey bytes: UnsafeRawBufferPointer)
  /// How many bytes each key has; nil, which is the default, where they differ.
  static var bucketKeySize: Int? { get }
}

extension BucketKey {
  /// Keys of different lengths.
  public static var bucketKeySize: Int? { nil }
}

/// A type whose values are values of a bucket.
public protocol BucketValue: BucketCoded {
  /// Appends the bytes.
  func appendBucketValue(to bytes: inout [UInt8])
  /// The value of these bytes; nil if they are not of this type.
  init?(bucketValue bytes: UnsafeRawBufferPointer)
}

/// Enumerations and their like are what their raw values are.
extension BucketKey where Self: RawRepresentable, RawValue: BucketKey {
  /// That of the raw values.
  public static var bucketKeySize: Int? { RawValue.bucketKeySize }
  /// Appends the bytes of the raw value.
  public func appendBucketKey(to bytes: inout [UInt8]) { rawValue.appendBucketKey(to: &bytes) }
  /// The value whose raw value has these bytes.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) {
    guard let raw = RawValue(bucketKey: bytes) else { return nil }
    self.init(rawValue: raw)
  }
}

/// Enumerations and their like are what their raw values are.
extension BucketValue where Self: RawRepresentable, RawValue: BucketValue {
  /// Appends the bytes of the raw value.
  public func appendBucketValue(to bytes: inout [UInt8]) { rawValue.appendBucketValue(to: &bytes) }
  /// The value whose raw value has these bytes.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) {
    guard let raw = RawValue(bucketValue: bytes) else { return nil }
    self.init(rawValue: raw)
  }
}

/// Bytes as they are.
extension [UInt8]: BucketCoded, BucketKey, BucketValue {
  /// `bytes`
  public static var bucketType: String { "bytes" }
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
  /// `text`
  public static var bucketType: String { "text" }
  /// Appends the text in UTF-8.
  public func appendBucketKey(to bytes: inout [UInt8]) { bytes += utf8 }
  /// The text in these bytes, nil if they are not UTF-8.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) { self.init(validating: bytes, as: UTF8.self) }
  /// Appends the text in UTF-8.
  public func appendBucketValue(to bytes: inout [UInt8]) { bytes += utf8 }
  /// The text in these bytes, nil if they are not UTF-8.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) { self.init(validating: bytes, as: UTF8.self) }
}

/// Words of eight bytes: as keys big-endian, in the order of the values; as values little-endian.
private enum Word {
  static func append(bigEndian word: UInt64, to bytes: inout [UInt8]) {
    Swift.withUnsafeBytes(of: word.bigEndian) { bytes += $0 }
  }

  static func append(littleEndian word: UInt64, to bytes: inout [UInt8]) {
    Swift.withUnsafeBytes(of: word.littleEndian) { bytes += $0 }
  }

  static func bigEndian(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
    bytes.count == 8 ? UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) : nil
  }

  static func littleEndian(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
    bytes.count == 8 ? UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) : nil
  }

  static let sign: UInt64 = 1 << 63
}

/// Eight bytes: as a key big-endian with the sign bit flipped, as a value little-endian.
extension Int64: BucketKey, BucketValue {
  /// `integer`
  public static var bucketType: String { "integer" }
  /// Eight.
  public static var bucketKeySize: Int? { 8 }
  /// Appends eight bytes that sort as the numbers do.
  public func appendBucketKey(to bytes: inout [UInt8]) {
    Word.append(bigEndian: UInt64(bitPattern: self) ^ Word.sign, to: &bytes)
  }
  /// The number in these bytes, nil if they are not eight.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) {
    guard let word = Word.bigEndian(bytes) else { return nil }
    self.init(bitPattern: word ^ Word.sign)
  }
  /// Appends eight bytes, the least significant first.
  public func appendBucketValue(to bytes: inout [UInt8]) {
    Word.append(littleEndian: UInt64(bitPattern: self), to: &bytes)
  }
  /// The number in these bytes, nil if they are not eight.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) {
    guard let word = Word.littleEndian(bytes) else { return nil }
    self.init(bitPattern: word)
  }
}

/// The same bytes as `Int64`.
extension Int: BucketKey, BucketValue {
  /// `integer`
  public static var bucketType: String { "integer" }
  /// Eight.
  public static var bucketKeySize: Int? { 8 }
  /// Appends eight bytes that sort as the numbers do.
  public func appendBucketKey(to bytes: inout [UInt8]) { Int64(self).appendBucketKey(to: &bytes) }
  /// The number in these bytes, nil if they are not eight.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) {
    guard let number = Int64(bucketKey: bytes) else { return nil }
    self.init(exactly: number)
  }
  /// Appends eight bytes, the least significant first.
  public func appendBucketValue(to bytes: inout [UInt8]) { Int64(self).appendBucketValue(to: &bytes) }
  /// The number in these bytes, nil if they are not eight.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) {
    guard let number = Int64(bucketValue: bytes) else { return nil }
    self.init(exactly: number)
  }
}

/// Eight bytes: as a key big-endian, as a value little-endian.
extension UInt64: BucketKey, BucketValue {
  /// `unsigned`
  public static var bucketType: String { "unsigned" }
  /// Eight.
  public static var bucketKeySize: Int? { 8 }
  /// Appends eight bytes that sort as the numbers do.
  public func appendBucketKey(to bytes: inout [UInt8]) { Word.append(bigEndian: self, to: &bytes) }
  /// The number in these bytes, nil if they are not eight.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) {
    guard let word = Word.bigEndian(bytes) else { return nil }
    self = word
  }
  /// Appends eight bytes, the least significant first.
  public func appendBucketValue(to bytes: inout [UInt8]) { Word.append(littleEndian: self, to: &bytes) }
  /// The number in these bytes, nil if they are not eight.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) {
    guard let word = Word.littleEndian(bytes) else { return nil }
    self = word
  }
}

/// Eight bytes: as a key big-endian with the sign bit flipped, or all bits of a negative number, as a value little-endian.
/// As keys the two zeros are one; what is no number comes behind all others, or before them with a sign.
extension Double: BucketKey, BucketValue {
  /// `real`
  public static var bucketType: String { "real" }
  /// Eight.
  public static var bucketKeySize: Int? { 8 }
  /// Appends eight bytes that sort as the numbers do.
  public func appendBucketKey(to bytes: inout [UInt8]) {
    let bits = self == 0 ? 0 : bitPattern
    Word.append(bigEndian: bits & Word.sign == 0 ? bits ^ Word.sign : ~bits, to: &bytes)
  }
  /// The number in these bytes, nil if they are not eight.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) {
    guard let word = Word.bigEndian(bytes) else { return nil }
    self.init(bitPattern: word & Word.sign == 0 ? ~word : word ^ Word.sign)
  }
  /// Appends eight bytes, the least significant first.
  public func appendBucketValue(to bytes: inout [UInt8]) { Word.append(littleEndian: bitPattern, to: &bytes) }
  /// The number in these bytes, nil if they are not eight.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) {
    guard let word = Word.littleEndian(bytes) else { return nil }
    self.init(bitPattern: word)
  }
}

/// One byte, 0 or 1.
extension Bool: BucketCoded, BucketKey, BucketValue {
  /// `boolean`
  public static var bucketType: String { "boolean" }
  /// One.
  public static var bucketKeySize: Int? { 1 }
  /// Appends 0 or 1.
  public func appendBucketKey(to bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
  /// What the byte says, nil if it is not one of 0 and 1.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 1, bytes[0] <= 1 else { return nil }
    self = bytes[0] == 1
  }
  /// Appends 0 or 1.
  public func appendBucketValue(to bytes: inout [UInt8]) { appendBucketKey(to: &bytes) }
  /// What the byte says, nil if it is not one of 0 and 1.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) { self.init(bucketKey: bytes) }
}

/// Its sixteen bytes.
extension UUIDValue: BucketKey, BucketValue {
  /// `uuid`
  public static var bucketType: String { "uuid" }
  /// Sixteen.
  public static var bucketKeySize: Int? { 16 }
  /// Appends the sixteen bytes.
  public func appendBucketKey(to bytes: inout [UInt8]) {
    Word.append(bigEndian: high, to: &bytes)
    Word.append(bigEndian: low, to: &bytes)
  }
  /// The UUID in these bytes, nil if they are not sixteen.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 16, let high = Word.bigEndian(.init(rebasing: bytes[..<8])),
      let low = Word.bigEndian(.init(rebasing: bytes[8...]))
    else { return nil }
    self.init(high: high, low: low)
  }
  /// Appends the sixteen bytes.
  public func appendBucketValue(to bytes: inout [UInt8]) { appendBucketKey(to: &bytes) }
  /// The UUID in these bytes, nil if they are not sixteen.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) { self.init(bucketKey: bytes) }
}

/// Its microseconds, as `Int64`.
extension Timestamp: BucketKey, BucketValue {
  /// `timestamp`
  public static var bucketType: String { "timestamp" }
  /// Eight.
  public static var bucketKeySize: Int? { 8 }
  /// Appends eight bytes that sort as the moments do.
  public func appendBucketKey(to bytes: inout [UInt8]) { microseconds.appendBucketKey(to: &bytes) }
  /// The moment in these bytes, nil if they are not eight.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) {
    guard let number = Int64(bucketKey: bytes) else { return nil }
    self.init(microseconds: number)
  }
  /// Appends eight bytes, the least significant first.
  public func appendBucketValue(to bytes: inout [UInt8]) { microseconds.appendBucketValue(to: &bytes) }
  /// The moment in these bytes, nil if they are not eight.
  public init?(bucketValue bytes: UnsafeRawBufferPointer) {
    guard let number = Int64(bucketValue: bytes) else { return nil }
    self.init(microseconds: number)
  }
}
