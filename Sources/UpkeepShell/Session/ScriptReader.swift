import UpkeepSQL

/// Cuts what comes in into statements and dot commands, as they become complete.
///
/// A dot command stands alone on a line that begins between statements; so does one of psql's that begin
/// with a backslash. All else is statements, each as soon as its `;` is there.
struct ScriptReader {
  enum Piece {
    case statement(StatementSplitter.Piece)
    case dotCommand(String)
  }

  private var splitter = StatementSplitter()
  /// What has come and is not with the splitter.
  private var bytes: [UInt8] = []
  private var position = 0
  /// How many bytes behind the position are known to be blanks of a line of which no more has come.
  private var blankCount = 0
  private var isAtLineStart = true
  private var hasEnded = false

  /// Whether a statement has begun and not ended.
  var isInStatement: Bool { !splitter.isBlank }

  /// Whether a statement has begun, and what comes next is neither in quotes nor in a comment.
  var isWithinCode: Bool { !splitter.isBlank && splitter.isWithinCode }

  /// Whether what has come would be pieces without a rest.
  var endsWhole: Bool {
    var rest = self
    while rest.next() != nil {}
    return !rest.isInStatement
  }

  mutating func feed(_ more: some Sequence<UInt8>) {
    bytes.removeFirst(position)
    position = 0
    bytes.append(contentsOf: more)
  }

  /// Says that nothing more will come: what is left is then a statement without its `;`.
  mutating func end() { hasEnded = true }

  /// The next piece that is complete.
  mutating func next() -> Piece? {
    while true {
      if let statement = splitter.next() { return .statement(statement) }
      guard position < bytes.count else { break }
      let start = position + blankCount
      let lineEnd = bytes[start...].firstIndex(of: 10)
      if isAtLineStart && splitter.isBlank {
        let first = bytes[start..<(lineEnd ?? bytes.count)].first { $0 != 32 && $0 != 9 }
        if first == UInt8(ascii: ".") || first == UInt8(ascii: "\\") {
          guard let end = lineEnd ?? (hasEnded ? bytes.count : nil) else { return nil }
          let text = String(decoding: bytes[position..<end], as: UTF8.self)
          // The splitter gets the line's end, so that it counts lines as the script has them.
          position = end
          blankCount = 0
          isAtLineStart = false
          return .dotCommand(text)
        }
        // Blanks alone do not say yet what the line is.
        if first == nil && lineEnd == nil && !hasEnded {
          blankCount = bytes.count - position
          return nil
        }
      }
      let end = lineEnd.map { $0 + 1 } ?? bytes.count
      splitter.append(bytes[position..<end])
      position = end
      blankCount = 0
      isAtLineStart = lineEnd != nil
    }
    return hasEnded ? splitter.finish().map { .statement($0) } : nil
  }
}
