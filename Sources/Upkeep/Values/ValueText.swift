extension Value: CustomStringConvertible {
  /// The value as the shell prints it: `3435.0`, `x'ab12'`, `2024-05-01T12:00:00Z`; NULL is nothing.
  public var description: String { text ?? "" }

  /// The value as text, as `||` and CAST AS TEXT see it; nil for NULL. Blobs print as `x'ab12'`.
  package var text: String? {
    switch self {
    case .null: nil
    case .integer(let integer): String(integer)
    case .real(let real): NumberText.text(real)
    case .text(let text): text
    case .json(let text): text
    case .blob(let bytes): "x'" + hexadecimal(bytes) + "'"
    case .boolean(let boolean): boolean ? "true" : "false"
    case .timestamp(let timestamp): timestamp.description
    case .uuid(let uuid): uuid.description
    }
  }

  /// The value as an expression would write it: text in quotes. Long values are cut, for messages.
  package var literalText: String {
    switch self {
    case .null:
      return "NULL"
    case .text(let text), .json(let text):
      let shown = text.count > 60 ? text.prefix(57) + "..." : text[...]
      return "'" + shown.replacing("'", with: "''") + "'"
    case .blob(let bytes) where bytes.count > 30:
      return "x'" + hexadecimal(Array(bytes.prefix(27))) + "...'"
    default:
      return description
    }
  }

  /// The value as JSON: infinity is `9e999`, a blob `{"$blob":"AB12"}`, JSON as it is.
  package var jsonText: String {
    switch self {
    case .null: "null"
    case .integer(let integer): String(integer)
    case .boolean(let boolean): boolean ? "true" : "false"
    case .real(let real):
      real.isInfinite ? (real < 0 ? "-9e999" : "9e999") : NumberText.text(real)
    case .text(let text): JSONText.quoted(text)
    case .json(let text): text
    case .blob(let bytes): "{\"$blob\":\"" + hexadecimal(bytes, digits: "0123456789ABCDEF") + "\"}"
    case .timestamp(let timestamp): "\"" + timestamp.description + "\""
    case .uuid(let uuid): "\"" + uuid.description + "\""
    }
  }
}

/// Bytes as hexadecimal digits.
func hexadecimal(_ bytes: some Collection<UInt8>, digits: StaticString = "0123456789abcdef") -> String {
  String(unsafeUninitializedCapacity: bytes.count * 2) { place in
    var position = 0
    for byte in bytes {
      place[position] = digits.utf8Start[Int(byte >> 4)]
      place[position + 1] = digits.utf8Start[Int(byte & 15)]
      position += 2
    }
    return position
  }
}

extension UUIDValue: CustomStringConvertible {
  /// `123e4567-e89b-12d3-a456-426614174000`
  public var description: String {
    let digits = Array(hexadecimal(bytes).utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for (position, digit) in digits.enumerated() {
      if position == 8 || position == 12 || position == 16 || position == 20 { text.append(0x2D) }
      text.append(digit)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The sixteen bytes.
  var bytes: [UInt8] {
    withUnsafeBytes(of: high.bigEndian, Array.init) + withUnsafeBytes(of: low.bigEndian, Array.init)
  }
}

/// REAL as text: the fewest digits that give the number back, always with a decimal point, an exponent where SQLite
/// writes one (below 1e-4 and from 1e15 on).
enum NumberText {
  static func text(_ real: Double) -> String {
    if real.isNaN { return "NULL" }
    if real.isInfinite { return real < 0 ? "-Inf" : "Inf" }
    if real == 0 { return "0.0" }
    let shortest = real.description
    let magnitude = abs(real)
    if magnitude >= 1e-4 && magnitude < 1e15 { return shortest }
    return withExponent(shortest)
  }

  /// Writes the digits of a number as `1.5e+20`.
  private static func withExponent(_ shortest: String) -> String {
    var digits: [UInt8] = []
    var exponent = 0
    var pointAt: Int?
    var isNegative = false
    let bytes = Array(shortest.utf8)
    for (position, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "-") {
        isNegative = true
      } else if byte == UInt8(ascii: ".") {
        pointAt = digits.count
      } else if byte == UInt8(ascii: "e") {
        exponent = Int(String(decoding: bytes[(position + 1)...], as: UTF8.self)) ?? 0
        break
      } else {
        digits.append(byte)
      }
    }
    exponent += (pointAt ?? digits.count) - 1
    let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(leadingZeros)
    exponent -= leadingZeros
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    let first = String(decoding: digits.prefix(1), as: UTF8.self)
    let others = digits.count > 1 ? String(decoding: digits.dropFirst(), as: UTF8.self) : "0"
    let size = abs(exponent)
    return (isNegative ? "-" : "") + first + "." + others + "e" + (exponent < 0 ? "-" : "+")
      + (size < 10 ? "0" : "") + String(size)
  }
}
