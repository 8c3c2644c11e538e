/// What a token is.
package enum TokenKind: UInt8, Sendable {
  /// A bare word: a name or a keyword.
  case word
  /// `"x"`, `[x]` or `` `x` ``: always a name.
  case quotedName
  case string, blob, integer, real, parameter
  /// The end of the text.
  case endOfText
  case semicolon, comma, dot, leftParen, rightParen
  case plus, minus, star, slash, percent
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  case concatenate, ampersand, pipe, tilde, shiftLeft, shiftRight, arrow

  /// How the symbol is written, for messages.
  var symbol: String? {
    switch self {
    case .semicolon: ";"
    case .comma: ","
    case .dot: "."
    case .leftParen: "("
    case .rightParen: ")"
    case .star: "*"
    case .equal: "="
    default: nil
    }
  }
}

/// One token: its kind and the bytes it stands on. What it means is read from the text when it is needed.
package struct Token: Sendable {
  package var kind: TokenKind
  /// The keyword that a bare word may be. Whether it is one, its place decides.
  package var keyword: Keyword?
  package var start: Int
  package var end: Int

  package var range: Range<Int> { start..<end }
}
