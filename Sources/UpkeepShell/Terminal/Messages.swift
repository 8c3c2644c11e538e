import Foundation
import Upkeep
import UpkeepSQL

/// What is said besides results: errors, notices, what a change did. On standard error, unless errors were
/// asked for among the results.
final class Messages {
  private let results: Output
  private let errors: Output
  /// Errors go to standard output as JSON lines.
  var showsErrorsAmongResults = false
  var isQuiet = false

  init(results: Output, errors: Output) {
    self.results = results
    self.errors = errors
  }

  /// An error, and where in a text it stands.
  func error(_ message: String, code: UpkeepError.Code, place: TextPlace? = nil) {
    if showsErrorsAmongResults {
      results.write("{\"$error\":\(JSONText.quoted(message)),\"code\":\(JSONText.quoted(code.rawValue))}\n")
      results.flush()
      return
    }
    results.flush()
    errors.write("\(errors.paint("error:", .red)) \(message)\n")
    if let place { errors.write(place.shown(errors.paint)) }
    errors.flush()
  }

  /// Something worth telling that is no error.
  func notice(_ text: String) {
    if !isQuiet { line("\(errors.paint("notice:", .yellow)) \(text)") }
  }

  /// Something on the side, such as how long it took.
  func aside(_ text: String) { line(errors.paint(text, .dim)) }

  /// A line on standard error.
  func line(_ text: String) {
    results.flush()
    errors.write(text + "\n")
    errors.flush()
  }
}

/// A place in a script, shown as the line with a caret under it.
struct TextPlace {
  var file: String?
  /// In the script, from 1.
  var line: Int
  var column: Int
  /// The line, as far as it belongs to the statement, and where in it the caret goes, from 1.
  var source: String?
  var caret: Int

  /// Where an error stands; the statement was read with the line numbers of its script.
  init?(_ error: UpkeepError, in statement: StatementSplitter.Piece, file: String?) {
    guard let line = error.line, let column = error.textColumn else { return nil }
    self.file = file
    self.line = line
    self.column = line == statement.line ? statement.column - 1 + column : column
    caret = column
    source = error.sourceLine
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

/// Numbers and times as the shell writes them.
enum Figures {
  /// A count with separators: `12,729`.
  static func grouped(_ number: Int) -> String {
    var result = ""
    for (index, digit) in String(number.magnitude).reversed().enumerated() {
      if index > 0 && index % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return (number < 0 ? "-" : "") + String(result.reversed())
  }

  /// A time in seconds with two places: `0.31 s`.
  static func seconds(_ duration: Duration) -> String {
    String(format: "%.2f s", inSeconds(duration))
  }

  static func inSeconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }

  /// How much of a whole: `[######····]`.
  static func bar(_ share: Double, cells: Int) -> String {
    let filled = min(cells, max(0, Int(share * Double(cells))))
    return "[" + String(repeating: "#", count: filled) + String(repeating: "·", count: cells - filled) + "]"
  }

  /// A share as `83 %`.
  static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

  /// A number of things: `1 page`, `1,204 pages`.
  static func count(_ number: Int, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }

  /// Bytes in a unit that fits: `1.5 MB`.
  static func bytes(_ count: Int) -> String {
    let units = ["bytes", "KB", "MB", "GB", "TB"]
    var value = Double(count)
    var unit = 0
    while value >= 1024 && unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(grouped(count)) bytes" : String(format: "%.1f ", value) + units[unit]
  }

  /// The counts of a statement: `653 inserted, 12,729 updated`.
  static func counts(_ summary: StatementSummary) -> String {
    summary.counts.map { "\(grouped($0.count)) \($0.kind.rawValue)" }.joined(separator: ", ")
  }
}

extension Messages {
  /// Tells of an error that ends a command.
  ///
  /// - Returns: the status with which the command ends.
  func end(with error: any Error) -> ExitStatus {
    let code = (error as? UpkeepError)?.code ?? (error as? ShellError)?.code
    let message = (error as? UpkeepError)?.message ?? (error as? ShellError)?.message ?? "\(error)"
    self.error(message, code: code ?? .misuse)
    return code.map { ExitStatus($0) } ?? .failure
  }
}
