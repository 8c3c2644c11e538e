import Upkeep

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Cuts a text into tokens, one at a time, and never looks back: the time it takes is linear in the text.
package struct Lexer: Sendable {
  package let source: SourceText
  /// Where the next token, or the blanks before it, begin.
  package var offset: Int

  package init(_ source: SourceText) {
    self.source = source
    // A byte order mark says nothing about the text.
    self.offset = source.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The longest string or blob.
  static let longestToken = 64 << 20
  /// The longest name, number and parameter.
  static let longestWord = 1_000

  /// The byte at an offset; 0 past the end. A NUL in the text is told apart by comparing with the length.
  @inline(__always)
  private func byte(_ index: Int) -> UInt8 { index < source.bytes.count ? source.bytes[index] : 0 }

  /// The next token; at the end of the text `.endOfText`, again and again.
  package mutating func next() throws(SyntaxError) -> Token {
    try skipBlanks()
    let start = offset
    guard start < source.bytes.count else {
      return Token(kind: .endOfText, keyword: nil, start: start, end: start)
    }
    let first = source.bytes[start]
    if Self.startsWord(first) {
      if first | 0x20 == UInt8(ascii: "x"), byte(start + 1) == UInt8(ascii: "'") { return try blob() }
      return try word()
    }
    if Self.isDigit(first) || (first == UInt8(ascii: ".") && Self.isDigit(byte(start + 1))) {
      return try number()
    }
    switch first {
    case UInt8(ascii: "'"): return try quoted(.string, end: first)
    case UInt8(ascii: "\""), UInt8(ascii: "`"): return try quoted(.quotedName, end: first)
    case UInt8(ascii: "["): return try quoted(.quotedName, end: UInt8(ascii: "]"))
    case UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "$"): return try parameter()
    default: return try symbol()
    }
  }

  // MARK: - Blanks and comments

  private mutating func skipBlanks() throws(SyntaxError) {
    while offset < source.bytes.count {
      switch source.bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D:
        offset += 1
      case UInt8(ascii: "-") where byte(offset + 1) == UInt8(ascii: "-"):
        offset = find(UInt8(ascii: "\n"), from: offset + 2) ?? source.bytes.count
      case UInt8(ascii: "/") where byte(offset + 1) == UInt8(ascii: "*"):
        var from = offset + 2
        while true {
          guard let star = find(UInt8(ascii: "*"), from: from) else {
            throw source.error(.syntax, "this comment has no end; expected */", at: offset)
          }
          from = star + 1
          if byte(from) == UInt8(ascii: "/") { break }
        }
        offset = from + 1
      default: return
      }
    }
  }

  /// The first such byte at or after an offset.
  private func find(_ wanted: UInt8, from start: Int) -> Int? {
    source.bytes.withUnsafeBytes { buffer -> Int? in
      guard start < buffer.count, let base = buffer.baseAddress else { return nil }
      guard let hit = memchr(base + start, Int32(wanted), buffer.count - start) else { return nil }
      return UnsafeRawPointer(hit) - base
    }
  }

  // MARK: - Words, strings, numbers

  private mutating func word() throws(SyntaxError) -> Token {
    let start = offset
    var isASCII = true
    while offset < source.bytes.count, Self.continuesWord(source.bytes[offset]) {
      if source.bytes[offset] >= 0x80 { isASCII = false }
      offset += 1
      guard offset - start <= Self.longestWord else {
        throw source.error(.limit, "a name is at most \(Self.longestWord) bytes long", at: start)
      }
    }
    if !isASCII { try checkLetters(start..<offset) }
    let keyword = isASCII ? Keyword.find(source.bytes[start..<offset]) : nil
    return Token(kind: .word, keyword: keyword, start: start, end: offset)
  }

  /// Letters, digits and marks of any script may stand in a bare name; blanks and typographic signs that
  /// look like others may not.
  private func checkLetters(_ range: Range<Int>) throws(SyntaxError) {
    guard let text = String(validating: source.bytes[range], as: UTF8.self) else {
      throw source.error(.syntax, "the text is not UTF-8 here", at: range.lowerBound)
    }
    var place = range.lowerBound
    for scalar in text.unicodeScalars {
      let isSign = (0x2000...0x206F).contains(scalar.value) || (0xD800...0xF8FF).contains(scalar.value)
      if isSign || scalar.properties.isWhitespace || scalar.value == 0xFEFF || scalar.value == 0xAD {
        let isQuote = (0x2018...0x201F).contains(scalar.value)
        let code = "U+" + String(scalar.value, radix: 16, uppercase: true)
        throw source.error(
          .syntax,
          isQuote
            ? "found the typographic quote \(scalar); write ' around a string and \" around a name"
            : "found the character \(code), which stands for nothing here", at: place)
      }
      place += UTF8.width(scalar)
    }
  }

  /// A text between quotes, in which a doubled quote stands for one.
  private mutating func quoted(_ kind: TokenKind, end: UInt8) throws(SyntaxError) -> Token {
    let start = offset
    var from = start + 1
    while true {
      guard let close = find(end, from: from) else {
        let what = kind == .string ? "string" : "quoted name"
        throw source.error(
          .syntax, "this \(what) has no end; expected \(Character(UnicodeScalar(end)))", at: start)
      }
      from = close + 1
      if end == UInt8(ascii: "]") || byte(from) != end { break }
      from += 1
    }
    let longest = kind == .string ? Self.longestToken : Self.longestWord
    guard from - start - 2 <= longest else {
      let what = kind == .string ? "a string is at most 64 MB" : "a name is at most \(longest) bytes"
      throw source.error(.limit, "\(what) long", at: start)
    }
    offset = from
    return Token(kind: kind, keyword: nil, start: start, end: from)
  }

  /// `x'ab12'`
  private mutating func blob() throws(SyntaxError) -> Token {
    let start = offset
    guard let close = find(UInt8(ascii: "'"), from: start + 2) else {
      throw source.error(.syntax, "this blob has no end; expected '", at: start)
    }
    guard close - start - 2 <= 2 * Self.longestToken else {
      throw source.error(.limit, "a blob is at most 64 MB long", at: start)
    }
    offset = close + 1
    return Token(kind: .blob, keyword: nil, start: start, end: offset)
  }

  /// `12`, `0x1F`, `1.5`, `.5`, `1e-3`
  private mutating func number() throws(SyntaxError) -> Token {
    let start = offset
    var kind = TokenKind.integer
    if source.bytes[start] == UInt8(ascii: "0"), byte(start + 1) | 0x20 == UInt8(ascii: "x") {
      offset += 2
      try skipDigits(from: start, Self.isHexDigit)
      guard offset > start + 2 else {
        throw source.error(.syntax, "0x is followed by hexadecimal digits", at: start)
      }
    } else {
      try skipDigits(from: start, Self.isDigit)
      if byte(offset) == UInt8(ascii: ".") {
        kind = .real
        offset += 1
        try skipDigits(from: start, Self.isDigit)
      }
      if byte(offset) | 0x20 == UInt8(ascii: "e") {
        let sign = byte(offset + 1) == UInt8(ascii: "+") || byte(offset + 1) == UInt8(ascii: "-")
        if Self.isDigit(byte(offset + (sign ? 2 : 1))) {
          kind = .real
          offset += sign ? 2 : 1
          try skipDigits(from: start, Self.isDigit)
        }
      }
    }
    if offset < source.bytes.count, Self.continuesWord(source.bytes[offset]) {
      while offset < source.bytes.count, offset - start < 40, Self.continuesWord(source.bytes[offset]) {
        offset += 1
      }
      throw source.error(.syntax, "\(source.text(start..<offset)) is not a number", at: start)
    }
    return Token(kind: kind, keyword: nil, start: start, end: offset)
  }

  private mutating func skipDigits(from start: Int, _ isDigit: (UInt8) -> Bool) throws(SyntaxError) {
    while offset < source.bytes.count, isDigit(source.bytes[offset]) {
      offset += 1
      guard offset - start <= Self.longestWord else {
        throw source.error(.limit, "a number has at most \(Self.longestWord) digits", at: start)
      }
    }
  }

  /// `?`, `?1`, `:name`, `@name`, `$name`
  private mutating func parameter() throws(SyntaxError) -> Token {
    let start = offset
    let isNumbered = source.bytes[start] == UInt8(ascii: "?")
    offset += 1
    while offset < source.bytes.count, offset - start <= Self.longestWord {
      let byte = source.bytes[offset]
      guard isNumbered ? Self.isDigit(byte) : Self.continuesWord(byte) else { break }
      offset += 1
    }
    guard offset - start <= Self.longestWord else {
      throw source.error(.limit, "a parameter is at most \(Self.longestWord) bytes long", at: start)
    }
    guard isNumbered || offset > start + 1 else {
      throw source.error(
        .syntax, "\(source.text(start..<offset)) is followed by the name of a parameter", at: start)
    }
    return Token(kind: .parameter, keyword: nil, start: start, end: offset)
  }

  // MARK: - Symbols

  private mutating func symbol() throws(SyntaxError) -> Token {
    let start = offset
    let second = byte(start + 1)
    let (kind, length): (TokenKind, Int)
    switch source.bytes[start] {
    case UInt8(ascii: ";"): (kind, length) = (.semicolon, 1)
    case UInt8(ascii: ","): (kind, length) = (.comma, 1)
    case UInt8(ascii: "."): (kind, length) = (.dot, 1)
    case UInt8(ascii: "("): (kind, length) = (.leftParen, 1)
    case UInt8(ascii: ")"): (kind, length) = (.rightParen, 1)
    case UInt8(ascii: "+"): (kind, length) = (.plus, 1)
    case UInt8(ascii: "-"):
      let third = byte(start + 2) == UInt8(ascii: ">")
      (kind, length) = second == UInt8(ascii: ">") ? (.arrow, third ? 3 : 2) : (.minus, 1)
    case UInt8(ascii: "*"): (kind, length) = (.star, 1)
    case UInt8(ascii: "/"): (kind, length) = (.slash, 1)
    case UInt8(ascii: "%"): (kind, length) = (.percent, 1)
    case UInt8(ascii: "&"): (kind, length) = (.ampersand, 1)
    case UInt8(ascii: "~"): (kind, length) = (.tilde, 1)
    case UInt8(ascii: "="): (kind, length) = (.equal, second == UInt8(ascii: "=") ? 2 : 1)
    case UInt8(ascii: "|"):
      (kind, length) = second == UInt8(ascii: "|") ? (.concatenate, 2) : (.pipe, 1)
    case UInt8(ascii: "<"):
      switch second {
      case UInt8(ascii: "="): (kind, length) = (.lessOrEqual, 2)
      case UInt8(ascii: ">"): (kind, length) = (.notEqual, 2)
      case UInt8(ascii: "<"): (kind, length) = (.shiftLeft, 2)
      default: (kind, length) = (.less, 1)
      }
    case UInt8(ascii: ">"):
      switch second {
      case UInt8(ascii: "="): (kind, length) = (.greaterOrEqual, 2)
      case UInt8(ascii: ">"): (kind, length) = (.shiftRight, 2)
      default: (kind, length) = (.greater, 1)
      }
    case UInt8(ascii: "!") where second == UInt8(ascii: "="): (kind, length) = (.notEqual, 2)
    case let other:
      let code =
        other < 0x20 || other == 0x7F
        ? "the control character \(other)" : "the character \(Character(UnicodeScalar(other)))"
      throw source.error(.syntax, "found \(code), which stands for nothing in a statement", at: start)
    }
    offset = start + length
    return Token(kind: kind, keyword: nil, start: start, end: offset)
  }

  // MARK: - Kinds of bytes

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  static func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 0x61 < 6 }

  @inline(__always)
  static func startsWord(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "_") || byte >= 0x80
  }

  @inline(__always)
  static func continuesWord(_ byte: UInt8) -> Bool {
    startsWord(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
  }
}
