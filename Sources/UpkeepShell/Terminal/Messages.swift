import Upkeep

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
    "\(fixed(inSeconds(duration), places: 2)) s"
  }

  /// A number with so many places behind the point.
  static func fixed(_ number: Double, places: Int) -> String {
    // The longest has 309 digits before the point.
    var text = [CChar](repeating: 0, count: 400)
    _ = withVaList([Int32(clamping: places), number]) { vsnprintf(&text, text.count, "%.*f", $0) }
    return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
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
    return unit == 0 ? "\(grouped(count)) bytes" : "\(fixed(value, places: 1)) \(units[unit])"
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
