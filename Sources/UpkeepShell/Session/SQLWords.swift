import Upkeep

/// The words and signs of a text that may be unfinished; strings and comments left out, names without their quotes.
struct SQLWords {
  /// Within what the text ends.
  enum Ending {
    case plain
    /// A string or a comment.
    case literal
    /// A name in double quotes.
    case name
  }

  private(set) var words: [String] = []
  private(set) var ending = Ending.plain

  static func continuesWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_" || character == "$"
  }

  init(_ text: String) {
    var rest = Substring(text)
    while let first = rest.first {
      if first.isWhitespace {
        rest.removeFirst()
      } else if first == "'" || first == "\"" {
        take(quotedBy: first, from: &rest)
      } else if rest.hasPrefix("--") {
        skip(to: "\n", in: &rest)
      } else if rest.hasPrefix("/*") {
        skip(to: "*/", in: &rest)
      } else if Self.continuesWord(first) {
        let word = rest.prefix(while: Self.continuesWord)
        words.append(String(word))
        rest.removeFirst(word.count)
      } else {
        words.append(String(rest.removeFirst()))
      }
    }
  }

  /// Whether these words, in lower case, stand one after the other, in any case.
  func has(_ sought: String...) -> Bool {
    words.indices.contains { start in
      words[start...].prefix(sought.count).map { Names.folded($0) } == sought
    }
  }

  private mutating func take(quotedBy quote: Character, from rest: inout Substring) {
    rest.removeFirst()
    guard let end = rest.firstIndex(of: quote) else {
      ending = quote == "'" ? .literal : .name
      rest = ""
      return
    }
    if quote == "\"" { words.append(String(rest[..<end])) } else { words.append("''") }
    rest = rest[end...].dropFirst()
  }

  private mutating func skip(to mark: String, in rest: inout Substring) {
    guard let end = rest.firstRange(of: mark) else {
      ending = .literal
      rest = ""
      return
    }
    rest = rest[end.upperBound...]
  }
}
