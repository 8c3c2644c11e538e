import Upkeep

/// What the tokens of literals stand for.
extension Parser {
  /// Takes a number. One too great for INTEGER is REAL, as in SQLite.
  mutating func number(negative: Bool) throws(SyntaxError) -> Value {
    let token = try advance()
    let bytes = source.bytes[token.range]
    if bytes.count > 2, bytes[token.start + 1] | 0x20 == UInt8(ascii: "x") {
      return .integer(try hexadecimal(token, negative: negative))
    }
    if token.kind == .integer {
      var magnitude: UInt64 = 0
      var overflows = false
      for byte in bytes {
        let (product, tooGreat) = magnitude.multipliedReportingOverflow(by: 10)
        let (sum, tooGreatStill) = product.addingReportingOverflow(UInt64(byte &- 0x30))
        if tooGreat || tooGreatStill { overflows = true }
        magnitude = sum
      }
      let limit = UInt64(Int64.max) + (negative ? 1 : 0)
      if !overflows, magnitude <= limit {
        return .integer(negative ? 0 &- Int64(truncatingIfNeeded: magnitude) : Int64(magnitude))
      }
    }
    guard let value = Double(String(decoding: bytes, as: UTF8.self)) else {
      throw source.error(.syntax, "\(describe(token)) is not a number", at: token.start)
    }
    return .real(negative ? -value : value)
  }

  /// `0x…` is a pattern of 64 bits.
  private func hexadecimal(_ token: Token, negative: Bool) throws(SyntaxError) -> Int64 {
    let digits = source.bytes[(token.start + 2)..<token.end].drop { $0 == UInt8(ascii: "0") }
    guard digits.count <= 16 else {
      throw source.error(.overflow, "a hexadecimal number has at most 16 digits", at: token.start)
    }
    var bits: UInt64 = 0
    for digit in digits { bits = bits << 4 | UInt64(Self.hexValue(digit)) }
    let value = Int64(bitPattern: bits)
    return negative ? 0 &- value : value
  }

  static func hexValue(_ digit: UInt8) -> UInt8 {
    digit < 0x3A ? digit &- 0x30 : (digit | 0x20) &- 0x61 &+ 10
  }

  /// The bytes of `x'…'`.
  func blob(_ token: Token) throws(SyntaxError) -> [UInt8] {
    let digits = source.bytes[(token.start + 2)..<(token.end - 1)]
    guard digits.count.isMultiple(of: 2) else {
      throw source.error(
        .syntax, "a blob has two hexadecimal digits for each byte; this one has \(digits.count)",
        at: token.start)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    var index = digits.startIndex
    while index < digits.endIndex {
      let (high, low) = (digits[index], digits[index + 1])
      guard Lexer.isHexDigit(high), Lexer.isHexDigit(low) else {
        throw source.error(.syntax, "a blob is written in hexadecimal digits, 0-9 and a-f", at: index)
      }
      bytes.append(Self.hexValue(high) << 4 | Self.hexValue(low))
      index += 2
    }
    return bytes
  }

  /// `TIMESTAMP '…'`, `UUID '…'`, `JSON '…'`
  mutating func typedLiteral() throws(SyntaxError) -> Value {
    let word = try advance()
    let string = try advance()
    let text = try unquoted(string)
    let type: ValueType = word.keyword == .timestamp ? .timestamp : word.keyword == .uuid ? .uuid : .json
    return try TypedLiteral.value(of: text, as: type, at: string.start, in: source)
  }
}
