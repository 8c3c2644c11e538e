import Upkeep

/// What the grammar asked for at one token in vain.
struct Expected: Sendable {
  private var keywords: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  private var kinds: UInt64 = 0
  /// An operator could have stood here.
  var afterOperand = false

  mutating func insert(_ keyword: Keyword) {
    let bit = UInt64(1) << (keyword.rawValue & 63)
    switch keyword.rawValue >> 6 {
    case 0: keywords.0 |= bit
    case 1: keywords.1 |= bit
    case 2: keywords.2 |= bit
    default: keywords.3 |= bit
    }
  }

  mutating func insert(_ kind: TokenKind) { kinds |= 1 << UInt64(kind.rawValue) }

  private func contains(_ keyword: Keyword) -> Bool {
    let word =
      switch keyword.rawValue >> 6 {
      case 0: keywords.0
      case 1: keywords.1
      case 2: keywords.2
      default: keywords.3
      }
    return word >> (UInt64(keyword.rawValue) & 63) & 1 == 1
  }

  /// The keywords asked for, as declared.
  var words: [Keyword] { Keyword.allCases.filter { contains($0) } }

  /// The keywords that would make sense here, those of operators among them.
  var candidates: [Keyword] {
    words + (afterOperand ? [.and, .or, .not, .in, .is, .like, .between, .collate] : [])
  }

  /// What was asked for, as messages list it.
  var descriptions: [String] {
    let symbols: [TokenKind] = [.leftParen, .rightParen, .comma, .dot, .equal, .star, .semicolon]
    return words.map(\.text) + symbols.filter { kinds >> UInt64($0.rawValue) & 1 == 1 }.compactMap(\.symbol)
  }
}

extension Parser {
  /// The most things that a message lists as expected.
  private static let longestList = 7

  /// How a message names a token.
  func describe(_ token: Token) -> String {
    if token.kind == .endOfText { return "the end of the text" }
    let longest = 40
    let text = source.text(token.start..<min(token.end, token.start + longest))
    // A message is one line.
    let line = text.prefix { !$0.isNewline }
    return token.end - token.start > longest || line.count < text.count ? "\(line)…" : text
  }

  /// The error for a current token that nothing in the grammar takes. `label` adds what has no keyword:
  /// "a name", "an expression".
  func unexpected(_ label: String? = nil) -> SyntaxError {
    if let slip = mistypedAlias() { return slip }
    var wanted = expected.descriptions
    if let label { wanted.insert(label, at: 0) }
    var message = "found \(describe(token))"
    if let last = wanted.last, wanted.count <= Self.longestList {
      let list = wanted.count == 1 ? last : "\(wanted.dropLast().joined(separator: ", ")) or \(last)"
      message += ", expected \(list)"
    } else {
      message += ", which has no place here"
    }
    if token.kind == .string, token.start == lastEnd {
      message += "; within a string a quote is written twice, as in 'it''s'"
    }
    if let meant = nearestKeyword(to: token, among: expected.candidates) {
      message += "; did you mean \(meant.text)?"
    }
    return source.error(.syntax, message, at: token.start)
  }

  /// `SELECT * FORM t`: FORM was taken for an alias, and what follows made no sense.
  private func mistypedAlias() -> SyntaxError? {
    guard let alias = lastBareAlias, alias.end == lastEnd,
      let meant = nearestKeyword(to: alias, among: expected.candidates)
    else { return nil }
    return source.error(
      .syntax, "found \(describe(alias)), expected \(meant.text); did you mean \(meant.text)?",
      at: alias.start)
  }

  private func nearestKeyword(to token: Token, among candidates: [Keyword]) -> Keyword? {
    guard token.kind == .word else { return nil }
    return Keyword.nearest(to: source.text(token.range), among: candidates)
  }

  /// The error for a token that should have been a name.
  func noName(_ what: String) -> SyntaxError {
    if token.kind == .word, let keyword = token.keyword, keyword.isReserved {
      let written = source.text(token.range)
      return source.error(
        .syntax,
        "found \(written), expected \(what); to use this reserved word as a name, write \"\(written)\"",
        at: token.start)
    }
    if token.kind == .string {
      return source.error(
        .syntax, "found a string, expected \(what); names are written bare or in double quotes",
        at: token.start)
    }
    return unexpected(what)
  }

  /// The refusal of something that SQL has and Upkeep has not.
  func unsupported(_ what: String, hint: String? = nil, at offset: Int? = nil) -> SyntaxError {
    let advice = hint.map { "; \($0)" } ?? ""
    return source.error(.unsupported, "\(what) is not supported yet\(advice)", at: offset ?? token.start)
  }

  /// Refuses the current token if it is one of these keywords.
  func refuse(_ keywords: Keyword...) throws(SyntaxError) {
    guard let keyword = token.keyword, keywords.contains(keyword) else { return }
    throw unsupported(keyword.text)
  }
}
