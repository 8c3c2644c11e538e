/// How a statement begins, as far as that decides where it ends: CREATE TRIGGER ends with the `;` behind an END that
/// follows a `;`, any other statement with its first `;`.
struct StatementHead: Sendable {
  private enum State: UInt8 {
    case start, afterExplain, afterCreate
    /// No trigger.
    case other
    /// Within the statements of a trigger, behind the `;` of one, and behind the END that follows that.
    case trigger, afterSemicolon, afterEnd
  }

  private var state = State.start
  /// The word that is being read, in lower case: its last eight letters.
  private var word: UInt64 = 0
  private var length = 0

  /// Takes a byte that is no blank, outside of quotes and comments.
  mutating func take(_ byte: UInt8) {
    if state == .other { return }
    let letter = byte | 0x20
    guard
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) || byte == UInt8(ascii: "_") || byte >= 0x80
    else { return takeSign() }
    word = word << 8 | UInt64(letter)
    length += 1
  }

  /// Takes a blank: a word before it is whole.
  mutating func takeBlank() {
    if length > 0 { endWord() }
  }

  /// Takes what is no word: a sign, a number, something in quotes.
  mutating func takeSign() {
    if length > 0 { endWord() }
    switch state {
    case .start, .afterExplain, .afterCreate: state = .other
    case .afterSemicolon, .afterEnd: state = .trigger
    case .other, .trigger: break
    }
  }

  /// Whether a `;` that comes now ends the statement.
  mutating func ends() -> Bool {
    if length > 0 { endWord() }
    switch state {
    case .trigger, .afterSemicolon:
      state = .afterSemicolon
      return false
    default: return true
    }
  }

  private mutating func endWord() {
    defer {
      word = 0
      length = 0
    }
    switch state {
    case .start where isWord("explain"): state = .afterExplain
    case .start where isWord("create"), .afterExplain where isWord("create"): state = .afterCreate
    // EXPLAIN QUERY PLAN CREATE …
    case .afterExplain where isWord("query") || isWord("plan"): break
    case .afterCreate where isWord("temp") || isWord("temporary"): break
    case .afterCreate where isWord("trigger"): state = .trigger
    case .afterSemicolon where isWord("end"): state = .afterEnd
    case .trigger, .afterSemicolon, .afterEnd: state = .trigger
    case .start, .afterExplain, .afterCreate: state = .other
    case .other: break
    }
  }

  private func isWord(_ text: StaticString) -> Bool {
    guard length == text.utf8CodeUnitCount else { return false }
    let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    return bytes.reduce(0 as UInt64) { $0 << 8 | UInt64($1) } == word
  }
}
