/// Reads the parts of a key, in order. The bytes may be anything: what cannot be a key is an error.
package struct KeyReader {
  package let key: UnsafeRawBufferPointer
  package private(set) var offset: Int

  package init(_ key: UnsafeRawBufferPointer, from offset: Int = 0) {
    self.key = key
    self.offset = offset
  }

  package var isAtEnd: Bool { offset == key.count }

  /// The bytes from here on: behind the parts of an index key, the primary key of the row.
  package var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: key[offset...]) }

  static func corrupt(_ reason: String) -> UpkeepError { .corrupt("a key", reason) }

  // MARK: Passing over

  /// Passes over one part.
  package mutating func skip(_ part: KeyPart) throws(UpkeepError) {
    if let count = part.fixedByteCount { return try advance(by: count) }
    let flip: UInt8 = part.isDescending ? 0xFF : 0
    switch part.type {
    case .any:
      try skipAny(flip)
    case .text, .blob, .json:
      if part.isNullable, try !present(flip) { return }
      try skipEscaped(flip)
    case .integer, .real, .timestamp, .boolean, .uuid:
      if try present(flip) { try advance(by: part.type == .uuid ? 16 : part.type == .boolean ? 1 : 8) }
    }
  }

  private mutating func advance(by count: Int) throws(UpkeepError) {
    guard count <= key.count - offset else { throw Self.corrupt("it ends too early") }
    offset += count
  }

  private mutating func byte(_ flip: UInt8) throws(UpkeepError) -> UInt8 {
    guard offset < key.count else { throw Self.corrupt("it ends too early") }
    offset += 1
    return key[offset - 1] ^ flip
  }

  private mutating func present(_ flip: UInt8) throws(UpkeepError) -> Bool {
    switch try byte(flip) {
    case KeyCodec.Tag.null: return false
    case KeyCodec.Tag.present: return true
    case let other: throw Self.corrupt("byte \(other) where NULL or a value is marked")
    }
  }

  private mutating func skipEscaped(_ flip: UInt8) throws(UpkeepError) {
    let bytes = rest
    guard let length = TextBytes.firstIndex(of: KeyCodec.Tag.end ^ flip, in: bytes) else {
      throw Self.corrupt("a text or blob in it has no end")
    }
    offset += length + 1
  }

  private mutating func skipAny(_ flip: UInt8) throws(UpkeepError) {
    switch try byte(flip) {
    case KeyCodec.Tag.null: return
    case KeyCodec.Tag.number: _ = try number(flip)
    case KeyCodec.Tag.timestamp: try advance(by: 8)
    case KeyCodec.Tag.uuid: try advance(by: 16)
    case KeyCodec.Tag.text, KeyCodec.Tag.blob: try skipEscaped(flip)
    case let other: throw Self.corrupt("an unknown kind of value, \(other)")
    }
  }

  // MARK: Reading

  /// Reads one part. A NOCASE part gives folded text; a number of an ANY part gives an integer where it is one.
  package mutating func value(_ part: KeyPart) throws(UpkeepError) -> Value {
    let flip: UInt8 = part.isDescending ? 0xFF : 0
    if part.type == .any { return try any(flip) }
    if part.isNullable, try !present(flip) { return .null }
    switch part.type {
    case .any, .integer:
      return .integer(try integer(flip))
    case .timestamp:
      return .timestamp(Timestamp(microseconds: try integer(flip)))
    case .real:
      let real = KeyCodec.real(ofOrderedBits: try word(flip))
      if real.isNaN { throw Self.corrupt("it holds a NaN") }
      return .real(real)
    case .boolean:
      switch try byte(flip) {
      case 0: return .boolean(false)
      case 1: return .boolean(true)
      case let other: throw Self.corrupt("byte \(other) where a BOOLEAN is")
      }
    case .uuid:
      return .uuid(UUIDValue(high: try word(flip), low: try word(flip)))
    case .text:
      return .text(String(decoding: try unescaped(flip), as: UTF8.self))
    case .json:
      return .json(String(decoding: try unescaped(flip), as: UTF8.self))
    case .blob:
      return .blob(try unescaped(flip))
    }
  }

  private mutating func word(_ flip: UInt8) throws(UpkeepError) -> UInt64 {
    try advance(by: 8)
    let bits = UInt64(bigEndian: key.loadUnaligned(fromByteOffset: offset - 8, as: UInt64.self))
    return flip == 0 ? bits : ~bits
  }

  mutating func integer(_ flip: UInt8) throws(UpkeepError) -> Int64 {
    Int64(bitPattern: try word(flip) ^ (1 << 63))
  }

  private mutating func any(_ flip: UInt8) throws(UpkeepError) -> Value {
    switch try byte(flip) {
    case KeyCodec.Tag.null: return .null
    case KeyCodec.Tag.number: return try number(flip)
    case KeyCodec.Tag.timestamp: return .timestamp(Timestamp(microseconds: try integer(flip)))
    case KeyCodec.Tag.uuid: return .uuid(UUIDValue(high: try word(flip), low: try word(flip)))
    case KeyCodec.Tag.text: return .text(String(decoding: try unescaped(flip), as: UTF8.self))
    case KeyCodec.Tag.blob: return .blob(try unescaped(flip))
    case let other: throw Self.corrupt("an unknown kind of value, \(other)")
    }
  }

  private mutating func number(_ flip: UInt8) throws(UpkeepError) -> Value {
    let nearest = KeyCodec.real(ofOrderedBits: try word(flip))
    if nearest.isNaN { throw Self.corrupt("it holds a NaN") }
    if abs(nearest) < KeyCodec.exactLimit {
      return Int64(exactly: nearest).map { .integer($0) } ?? .real(nearest)
    }
    try advance(by: 2)
    let mask: UInt16 = flip == 0 ? 0 : 0xFFFF
    let stored = UInt16(bigEndian: key.loadUnaligned(fromByteOffset: offset - 2, as: UInt16.self)) ^ mask
    let distance = Int64(stored) - 0x8000
    if nearest == 0x1p63 && distance < 0 { return .integer(Int64.min &+ distance) }
    guard let whole = Int64(exactly: nearest) else { return .real(nearest) }
    let (sum, overflow) = whole.addingReportingOverflow(distance)
    if overflow { throw Self.corrupt("an integer out of range") }
    return .integer(sum)
  }

  /// The bytes of a text or blob as they lie in the key, without the end mark, and whether they are just as
  /// written: ascending and without an escape.
  mutating func escaped(_ flip: UInt8) throws(UpkeepError) -> (bytes: UnsafeRawBufferPointer, isPlain: Bool) {
    let start = offset
    try skipEscaped(flip)
    let bytes = UnsafeRawBufferPointer(rebasing: key[start..<(offset - 1)])
    let isPlain = flip == 0 && TextBytes.firstIndex(of: KeyCodec.Tag.escape, in: bytes) == nil
    return (bytes, isPlain)
  }

  mutating func unescaped(_ flip: UInt8) throws(UpkeepError) -> [UInt8] {
    let (bytes, isPlain) = try escaped(flip)
    if isPlain { return Array(bytes) }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var position = 0
    while position < bytes.count {
      let byte = bytes[position] ^ flip
      position += 1
      guard byte == KeyCodec.Tag.escape else {
        result.append(byte)
        continue
      }
      guard position < bytes.count else { throw Self.corrupt("an escape without its byte") }
      switch bytes[position] ^ flip {
      case KeyCodec.Tag.escapedZero: result.append(0)
      case KeyCodec.Tag.escapedOne: result.append(1)
      default: throw Self.corrupt("an unknown escape")
      }
      position += 1
    }
    return result
  }
}

extension KeyCodec {
  /// Passes over one part of a key.
  package static func skip(
    _ part: KeyPart, in key: UnsafeRawBufferPointer, at offset: inout Int
  ) throws(UpkeepError) {
    var reader = KeyReader(key, from: offset)
    try reader.skip(part)
    offset = reader.offset
  }

  /// Reads one part of a key.
  package static func decode(
    _ part: KeyPart, in key: UnsafeRawBufferPointer, at offset: inout Int
  ) throws(UpkeepError) -> Value {
    var reader = KeyReader(key, from: offset)
    let value = try reader.value(part)
    offset = reader.offset
    return value
  }
}
