package import UpkeepStorage

/// Values as bytes whose order is the values' order. The format is told byte by byte in `Docs/FileFormat.md`.
///
///     nullable part    00 for NULL, 01 before any other value; parts that are never NULL have no such byte
///     INTEGER          8 bytes, big-endian, sign bit flipped             TIMESTAMP likewise
///     REAL             8 bytes, big-endian, sign bit flipped; a negative number has all bits flipped
///     BOOLEAN          00 or 01
///     UUID             16 bytes
///     TEXT BLOB JSON   the bytes, 00 written as 01 01 and 01 as 01 02, then 00
///     ANY              00 NULL · 10 number · 18 timestamp · 20 text, JSON · 28 UUID · 30 blob, then the value
///     descending       every byte of the part complemented, that of NULL too
package enum KeyCodec {
  /// The longest key of a table or index.
  package static let longestKey = 1900

  enum Tag {
    static let null: UInt8 = 0x00
    static let present: UInt8 = 0x01
    static let number: UInt8 = 0x10
    static let timestamp: UInt8 = 0x18
    static let text: UInt8 = 0x20
    static let uuid: UInt8 = 0x28
    static let blob: UInt8 = 0x30
    static let end: UInt8 = 0x00
    static let escape: UInt8 = 0x01
    static let escapedZero: UInt8 = 0x01
    static let escapedOne: UInt8 = 0x02
  }

  /// At and above this magnitude a number of an ANY part is followed by what a REAL cannot hold of it.
  static let exactLimit = 9_007_199_254_740_992.0  // 2^53

  /// Appends one part of a key.
  ///
  /// - Throws: `typeMismatch` for a value that is not of the part's type, `notNullViolation` for NULL (or NaN)
  ///   in a part that has no room for it.
  package static func append(
    _ value: Value, type: ValueType, collation: Collation = .binary, isDescending: Bool = false,
    isNullable: Bool,
    to buffer: ByteBuffer
  ) throws(UpkeepError) {
    try append(
      value, KeyPart(type, collation: collation, isDescending: isDescending, isNullable: isNullable),
      to: buffer)
  }

  /// Appends one part of a key.
  package static func append(_ value: Value, _ part: KeyPart, to buffer: ByteBuffer) throws(UpkeepError) {
    let start = buffer.count
    switch (part.type, value) {
    case (.any, _):
      appendAny(value, part.collation, to: buffer)
    case (_, .null):
      try appendNull(part, to: buffer)
    case (.integer, .integer(let integer)):
      appendPresent(part, to: buffer)
      appendInteger(integer, to: buffer)
    case (.text, .text(let text)):
      appendPresent(part, to: buffer)
      appendText(text, part.collation, to: buffer)
    case (.real, .real(let real)):
      if real.isNaN {
        try appendNull(part, to: buffer)
      } else {
        appendPresent(part, to: buffer)
        buffer.append(bigEndian: orderedBits(real))
      }
    case (.blob, .blob(let bytes)):
      appendPresent(part, to: buffer)
      bytes.withUnsafeBytes { appendEscaped($0, to: buffer) }
    case (.boolean, .boolean(let boolean)):
      appendPresent(part, to: buffer)
      buffer.append(boolean ? 1 : 0)
    case (.timestamp, .timestamp(let timestamp)):
      appendPresent(part, to: buffer)
      appendInteger(timestamp.microseconds, to: buffer)
    case (.uuid, .uuid(let uuid)):
      appendPresent(part, to: buffer)
      buffer.append(bigEndian: uuid.high)
      buffer.append(bigEndian: uuid.low)
    case (.json, .json(let text)):
      appendPresent(part, to: buffer)
      appendText(text, .binary, to: buffer)
    default:
      var error = UpkeepError(
        .typeMismatch, "a key of type \(part.type.name) cannot hold \(value.literalText)")
      error.value = value.literalText
      throw error
    }
    if part.isDescending { complement(buffer, from: start) }
  }

  /// Turns a prefix into the least key above all keys that begin with it.
  ///
  /// - Returns: false if there is none, because the prefix is empty or all `FF`.
  package static func makeSuccessor(of prefix: ByteBuffer) -> Bool {
    while prefix.count > 0 {
      let last = prefix.base + (prefix.count - 1)
      let byte = last.load(as: UInt8.self)
      if byte < 0xFF {
        last.storeBytes(of: byte + 1, as: UInt8.self)
        return true
      }
      prefix.truncate(to: prefix.count - 1)
    }
    return false
  }

  // MARK: The pieces

  private static func appendNull(_ part: KeyPart, to buffer: ByteBuffer) throws(UpkeepError) {
    guard part.isNullable else {
      throw UpkeepError(.notNullViolation, "NULL in a key that cannot hold it")
    }
    buffer.append(Tag.null)
  }

  @inline(__always)
  private static func appendPresent(_ part: KeyPart, to buffer: ByteBuffer) {
    if part.isNullable { buffer.append(Tag.present) }
  }

  @inline(__always)
  static func appendInteger(_ integer: Int64, to buffer: ByteBuffer) {
    buffer.append(bigEndian: UInt64(bitPattern: integer) ^ (1 << 63))
  }

  /// The bits of a number, of which a greater one is that of a greater number; -0 is 0.
  @inline(__always)
  static func orderedBits(_ real: Double) -> UInt64 {
    let bits = (real == 0 ? 0.0 : real).bitPattern
    return bits >> 63 == 0 ? bits | (1 << 63) : ~bits
  }

  @inline(__always)
  static func real(ofOrderedBits bits: UInt64) -> Double {
    Double(bitPattern: bits >> 63 == 1 ? bits & ~(1 << 63) : ~bits)
  }

  private static func appendAny(_ value: Value, _ collation: Collation, to buffer: ByteBuffer) {
    switch value {
    case .null:
      buffer.append(Tag.null)
    case .integer(let integer):
      appendNumber(integer: integer, to: buffer)
    case .boolean(let boolean):
      appendNumber(integer: boolean ? 1 : 0, to: buffer)
    case .real(let real):
      if real.isNaN {
        buffer.append(Tag.null)
      } else {
        buffer.append(Tag.number)
        buffer.append(bigEndian: orderedBits(real))
        if abs(real) >= exactLimit { buffer.append(bigEndian: UInt16(0x8000)) }
      }
    case .timestamp(let timestamp):
      buffer.append(Tag.timestamp)
      appendInteger(timestamp.microseconds, to: buffer)
    case .text(let text):
      buffer.append(Tag.text)
      appendText(text, collation, to: buffer)
    case .json(let text):
      buffer.append(Tag.text)
      appendText(text, collation, to: buffer)
    case .uuid(let uuid):
      buffer.append(Tag.uuid)
      buffer.append(bigEndian: uuid.high)
      buffer.append(bigEndian: uuid.low)
    case .blob(let bytes):
      buffer.append(Tag.blob)
      bytes.withUnsafeBytes { appendEscaped($0, to: buffer) }
    }
  }

  /// A number or NULL as a part of type ANY. Not of `other`.
  @inline(__always)
  static func appendAny(_ scalar: Scalar, to buffer: ByteBuffer) {
    switch scalar.kind {
    case .integer: appendNumber(integer: scalar.integer, to: buffer)
    case .real:
      let real = scalar.real
      if abs(real) >= exactLimit { return appendAny(.real(real), .binary, to: buffer) }
      let place = buffer.extend(by: 9)
      place.storeBytes(of: Tag.number, as: UInt8.self)
      place.storeBytes(of: orderedBits(real).bigEndian, toByteOffset: 1, as: UInt64.self)
    case .null, .other: buffer.append(Tag.null)
    }
  }

  /// The first eight bytes of a number as a part of type ANY, as a word; nil for what is none.
  @inline(__always)
  static func head(_ scalar: Scalar) -> UInt64? {
    switch scalar.kind {
    case .integer, .real: UInt64(Tag.number) << 56 | orderedBits(scalar.asReal) >> 8
    case .null, .other: nil
    }
  }

  /// The bytes of a text as a part of type ANY.
  @inline(__always)
  static func appendAny(text: UnsafeRawBufferPointer, _ collation: Collation, to buffer: ByteBuffer) {
    buffer.append(Tag.text)
    let start = buffer.count
    appendEscaped(text, to: buffer)
    if collation == .nocase { TextBytes.fold(buffer.base + start, count: buffer.count - start) }
  }

  /// An integer as the nearest REAL, and from 2^53 on how far it lies from that.
  private static func appendNumber(integer: Int64, to buffer: ByteBuffer) {
    let nearest = Double(integer)
    buffer.append(Tag.number)
    buffer.append(bigEndian: orderedBits(nearest))
    if abs(nearest) >= exactLimit {
      // 2^63 is the one nearest REAL that is no Int64; subtracting it wraps to the right difference.
      let whole = nearest == 0x1p63 ? Int64.min : Int64(nearest)
      let distance = integer &- whole
      buffer.append(bigEndian: UInt16(truncatingIfNeeded: distance + 0x8000))
    }
  }

  private static func appendText(_ text: String, _ collation: Collation, to buffer: ByteBuffer) {
    var text = text
    let start = buffer.count
    text.withUTF8 { appendEscaped(UnsafeRawBufferPointer($0), to: buffer) }
    if collation == .nocase { TextBytes.fold(buffer.base + start, count: buffer.count - start) }
  }

  /// Appends bytes so that none of them is 00, then 00: shorter comes before longer, and parts can be skipped.
  static func appendEscaped(_ bytes: UnsafeRawBufferPointer, to buffer: ByteBuffer) {
    if needsEscape(bytes) { return appendEscapedSlowly(bytes, to: buffer) }
    let place = buffer.extend(by: bytes.count + 1)
    if let start = bytes.baseAddress { place.copyMemory(from: start, byteCount: bytes.count) }
    place.storeBytes(of: Tag.end, toByteOffset: bytes.count, as: UInt8.self)
  }

  /// Whether one of the bytes is 00 or 01, eight at a time.
  private static func needsEscape(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var offset = 0
    while offset + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      // A byte less than 2 borrows into its own top bit, which was not set before. A borrow from below can only
      // make this true where such a byte is below.
      if (word &- 0x0202_0202_0202_0202) & ~word & 0x8080_8080_8080_8080 != 0 { return true }
      offset += 8
    }
    while offset < bytes.count {
      if bytes[offset] <= Tag.escape { return true }
      offset += 1
    }
    return false
  }

  private static func appendEscapedSlowly(_ bytes: UnsafeRawBufferPointer, to buffer: ByteBuffer) {
    for byte in bytes {
      if byte <= Tag.escape {
        buffer.append(Tag.escape)
        buffer.append(byte == 0 ? Tag.escapedZero : Tag.escapedOne)
      } else {
        buffer.append(byte)
      }
    }
    buffer.append(Tag.end)
  }

  static func complement(_ buffer: ByteBuffer, from start: Int) {
    for offset in start..<buffer.count {
      let place = buffer.base + offset
      place.storeBytes(of: ~place.load(as: UInt8.self), as: UInt8.self)
    }
  }
}
