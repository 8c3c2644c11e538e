/// Values made to fit a column's type, without loss or not at all.
///
/// | to        | from                                                                                       |
/// | INTEGER   | whole REALs within 64 bits, BOOLEAN as 0 and 1, TEXT that is exactly such a number             |
/// | REAL      | INTEGERs that a REAL holds exactly, BOOLEAN, TEXT that is a number                             |
/// | TEXT      | numbers, BOOLEAN, TIMESTAMP, UUID, JSON as they print                                          |
/// | BLOB      | UUID as its 16 bytes                                                                           |
/// | BOOLEAN   | 0 and 1, TEXT true, false, t, f, yes, no, on, off, 1, 0 in any case                            |
/// | TIMESTAMP | TEXT of RFC 3339 or its SQL form, INTEGER microseconds since 1970                              |
/// | UUID      | TEXT with or without hyphens, BLOB of 16 bytes                                                 |
/// | JSON      | TEXT that is JSON, numbers, BOOLEAN                                                            |
/// | ANY       | everything as it is                                                                            |
///
/// NaN becomes NULL and -0.0 becomes 0.0 everywhere.
package enum Coercion {
  /// The value as the column holds it. NULL stays NULL: whether it may is another question.
  package static func coerce(_ value: Value, to column: ColumnSchema) throws(UpkeepError) -> Value {
    if let fitting = coerce(value, to: column.type) { return fitting }
    throw mismatch(value, column.type, table: column.table, column: column.name)
  }

  /// The same without a schema.
  package static func coerce(
    _ value: Value, to type: ValueType, table: String, column: String
  ) throws(UpkeepError) -> Value {
    if let fitting = coerce(value, to: type) { return fitting }
    throw mismatch(value, type, table: table, column: column)
  }

  static func mismatch(_ value: Value, _ type: ValueType, table: String, column: String) -> UpkeepError {
    var error = UpkeepError(
      .typeMismatch,
      "\(table).\(column) is \(type.name) and cannot hold \(value.literalText) without loss; \(type.advice)")
    // What computing with whole numbers gives beyond them.
    if case .real(let real) = value, type == .integer, abs(real) >= 0x1p63 { error.code = .overflow }
    error.table = table
    error.column = column
    error.value = value.literalText
    return error
  }

  /// The value as the type holds it; nil if it cannot.
  package static func coerce(_ value: Value, to type: ValueType) -> Value? {
    switch (type, value) {
    case (.integer, .integer), (.text, .text), (.blob, .blob), (.boolean, .boolean), (.timestamp, .timestamp),
      (.uuid, .uuid), (.json, .json), (_, .null):
      return value
    case (_, .real(let real)) where real.isNaN:
      return .null
    case (.real, .real(let real)), (.any, .real(let real)):
      return real == 0 ? .real(0) : value
    case (.any, _):
      return value
    case (_, .text(var text)):
      return text.withUTF8 { parse(UnsafeRawBufferPointer($0), as: type) }
    case (.integer, .real(let real)):
      return Int64(exactly: real).map { .integer($0) }
    case (.real, .integer(let integer)):
      return Double(exactly: integer).map { .real($0) }
    case (.integer, .boolean(let boolean)):
      return .integer(boolean ? 1 : 0)
    case (.real, .boolean(let boolean)):
      return .real(boolean ? 1 : 0)
    case (.text, .integer), (.text, .real), (.text, .boolean), (.text, .timestamp), (.text, .uuid),
      (.text, .json):
      return value.text.map { .text($0) }
    case (.boolean, .integer(let integer)):
      return integer == 0 ? .boolean(false) : integer == 1 ? .boolean(true) : nil
    case (.boolean, .real(let real)):
      return real == 0 ? .boolean(false) : real == 1 ? .boolean(true) : nil
    case (.timestamp, .integer(let integer)):
      return .timestamp(Timestamp(microseconds: integer))
    case (.timestamp, .real(let real)):
      return Int64(exactly: real).map { .timestamp(Timestamp(microseconds: $0)) }
    case (.uuid, .blob(let bytes)):
      return bytes.withUnsafeBytes { uuid(ofBytes: $0) }
    case (.blob, .uuid(let uuid)):
      return .blob(uuid.bytes)
    case (.json, .integer), (.json, .boolean):
      return .json(value.jsonText)
    case (.json, .real(let real)):
      return real.isFinite ? .json(value.jsonText) : nil
    default:
      return nil
    }
  }

  /// The value that a text stands for in a column of the type, as in a feed; nil if it stands for none. Numbers are
  /// read where the bytes lie.
  package static func parse(_ text: UnsafeRawBufferPointer, as type: ValueType) -> Value? {
    switch type {
    case .text, .any:
      return .text(TextBytes.string(text))
    case .integer:
      switch NumberParser.number(text) {
      case .integer(let integer): return .integer(integer)
      // A real would lose the last digits of a great number.
      case .real: return NumberParser.wholeNumber(text).map { .integer($0) }
      case nil: return nil
      }
    case .real:
      switch NumberParser.number(text) {
      case .real(let real): return .real(real == 0 ? 0 : real)
      case .integer(let integer): return .real(Double(integer))
      case nil: return infinity(text)
      }
    case .boolean:
      return boolean(text)
    case .timestamp:
      return Timestamp(text: NumberParser.trimmed(text)).map { .timestamp($0) }
    case .uuid:
      return uuid(ofText: NumberParser.trimmed(text))
    case .json:
      return JSONText.isValid(text) ? .json(TextBytes.string(text)) : nil
    case .blob:
      return blob(ofLiteral: text)
    }
  }

  /// As `parse(_:as:)`, with an error that names table, column and value.
  package static func parse(
    _ text: UnsafeRawBufferPointer, to column: ColumnSchema
  ) throws(UpkeepError) -> Value {
    if let value = parse(text, as: column.type) { return value }
    throw mismatch(.text(TextBytes.string(text)), column.type, table: column.table, column: column.name)
  }

  private static func equals(_ text: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    guard text.count == word.utf8CodeUnitCount else { return false }
    for position in 0..<text.count where TextBytes.folded(text[position]) != word.utf8Start[position] {
      return false
    }
    return true
  }

  private static func infinity(_ text: UnsafeRawBufferPointer) -> Value? {
    let text = NumberParser.trimmed(text)
    if equals(text, "inf") || equals(text, "+inf") || equals(text, "infinity") { return .real(.infinity) }
    if equals(text, "-inf") || equals(text, "-infinity") { return .real(-.infinity) }
    return nil
  }

  private static func boolean(_ text: UnsafeRawBufferPointer) -> Value? {
    let text = NumberParser.trimmed(text)
    for word: StaticString in ["true", "1", "t", "yes", "on", "y"] where equals(text, word) {
      return .boolean(true)
    }
    for word: StaticString in ["false", "0", "f", "no", "off", "n"] where equals(text, word) {
      return .boolean(false)
    }
    return nil
  }

  private static func uuid(ofBytes bytes: UnsafeRawBufferPointer) -> Value? {
    guard bytes.count == 16 else { return nil }
    return .uuid(
      UUIDValue(
        high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
        low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))))
  }

  private static func uuid(ofText text: UnsafeRawBufferPointer) -> Value? {
    guard text.count == 36 || text.count == 32 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    var count = 0
    for (position, byte) in text.enumerated() {
      if text.count == 36, [8, 13, 18, 23].contains(position) {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = NumberParser.hexDigit(byte) else { return nil }
      if count < 16 {
        halves.0 = halves.0 << 4 | UInt64(digit)
      } else {
        halves.1 = halves.1 << 4 | UInt64(digit)
      }
      count += 1
    }
    return .uuid(UUIDValue(high: halves.0, low: halves.1))
  }

  /// A blob as it prints, `x'ab12'`, so that what was written out can be read in. Other text is no blob.
  private static func blob(ofLiteral text: UnsafeRawBufferPointer) -> Value? {
    guard text.count >= 3, text.count % 2 == 1, TextBytes.folded(text[0]) == UInt8(ascii: "x"),
      text[1] == UInt8(ascii: "'"), text[text.count - 1] == UInt8(ascii: "'")
    else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity((text.count - 3) / 2)
    for position in stride(from: 2, to: text.count - 1, by: 2) {
      guard let high = NumberParser.hexDigit(text[position]),
        let low = NumberParser.hexDigit(text[position + 1])
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return .blob(bytes)
  }
}

extension ValueType {
  /// The type's name in SQL.
  public var name: String {
    switch self {
    case .any: "ANY"
    case .integer: "INTEGER"
    case .real: "REAL"
    case .text: "TEXT"
    case .blob: "BLOB"
    case .boolean: "BOOLEAN"
    case .timestamp: "TIMESTAMP"
    case .uuid: "UUID"
    case .json: "JSON"
    }
  }

  /// What to give a column of the type, in the advice of an error.
  fileprivate var advice: String {
    switch self {
    case .any: "give another value"
    case .integer: "give a whole number of at most 64 bits"
    case .real: "give a number that 64-bit floating point holds exactly"
    case .text: "give text, or CAST the value AS TEXT"
    case .blob: "give bytes, as x'00ff'"
    case .boolean: "give TRUE or FALSE"
    case .timestamp: "give a time, as '2026-01-31 12:30:00Z'"
    case .uuid: "give a UUID, as '00112233-4455-6677-8899-aabbccddeeff'"
    case .json: "give JSON text"
    }
  }
}
