import Upkeep
import UpkeepSQL

/// A place in a script, shown as the line with a caret under it.
struct TextPlace {
  var file: String?
  /// In the script, from 1.
  var line: Int
  var column: Int
  /// The line, with what stands in it before and behind the statement, and where in it the caret goes, from 1.
  var source: String?
  var caret: Int

  /// Where an error stands; the statement was read with the line numbers of its script.
  init?(_ error: UpkeepError, in statement: StatementSplitter.Piece, file: String?) {
    guard let line = error.line, let column = error.textColumn else { return nil }
    self.file = file
    self.line = line
    let isFirst = line == statement.line
    let lead = isFirst ? String(decoding: statement.lead, as: UTF8.self) : ""
    // What stands before is known to be so many characters, or only to be so many bytes.
    let isKnown = statement.lead.count == statement.column - 1
    self.column = column + (isFirst ? isKnown ? lead.count : statement.column - 1 : 0)
    caret = lead.count + column
    let trail = line == statement.lastLine ? String(decoding: statement.trail, as: UTF8.self) : ""
    source = error.sourceLine.map { lead + $0 + trail }
  }

  /// The place in words, the line and the caret; a long line is cut around the place.
  func shown(_ paint: Paint = Paint()) -> String {
    var text = "  "
    if let file { text += "\(file), " }
    text += "line \(line), column \(column)\n"
    guard let source else { return text }
    let characters = Array(source.filter { $0 != "\r" && $0 != "\n" && $0 != "\r\n" })
    let first = max(0, min(caret - 1, characters.count) - 60)
    let shown = characters[first..<min(characters.count, first + 120)].map { $0 == "\t" ? " " : $0 }
    let beforeCaret = String(shown.prefix(max(0, caret - 1 - first)))
    text += "  \(String(shown))\n"
    text += "  " + String(repeating: " ", count: DisplayWidth.of(beforeCaret)) + paint("^", .green) + "\n"
    return text
  }
}
