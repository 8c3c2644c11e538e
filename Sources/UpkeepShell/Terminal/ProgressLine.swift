import Upkeep

/// One line on the terminal that says how far something has come: how much, how fast, and the time left where the whole
/// is known. It comes only when something takes a while, and is gone when that is over.
final class ProgressLine {
  private let clock = ContinuousClock()
  private let began: ContinuousClock.Instant
  private var lastShown: ContinuousClock.Instant?
  private let output: Output
  private let patience: Duration

  /// A line, or nil where nobody would see it.
  convenience init?(isQuiet: Bool) {
    guard !isQuiet, isatty(STDERR_FILENO) == 1 else { return nil }
    self.init(Output(STDERR_FILENO), patience: .milliseconds(300))
  }

  /// - Parameter patience: for how long nothing is shown; afterwards it is drawn anew three times in that time.
  init(_ output: Output, patience: Duration) {
    self.output = output
    self.patience = patience
    began = clock.now
  }

  /// A watch that shows what it is told of.
  func watch(_ watch: StatementWatch) {
    watch.progress = { [self] progress in
      let share = progress.total.flatMap { $0 > 0 ? Double(progress.done) / Double($0) : nil }
      show(progress.done, progress.unit.rawValue, share: share)
    }
  }

  func show(_ count: Int, _ unit: String, share: Double?) {
    let now = clock.now
    guard now - (lastShown ?? began) >= (lastShown == nil ? patience : patience / 3) else { return }
    lastShown = now
    let text = Self.text(count, unit, share: share, after: Figures.inSeconds(now - began))
    output.write("\r\u{1B}[K" + text)
    output.flush()
  }

  func clear() {
    guard lastShown != nil else { return }
    output.write("\r\u{1B}[K")
    output.flush()
  }

  /// The line in words: `[######····]  60 %  16,384 rows, 310,000 rows/s, 2 s left`.
  static func text(_ count: Int, _ unit: String, share: Double?, after seconds: Double) -> String {
    var text = ""
    let share = share.map { min(1, max(0, $0)) }
    if let share { text = "\(Figures.bar(share, cells: 20)) \(Int(share * 100)) %  " }
    text += "\(Figures.grouped(count)) \(unit)"
    guard seconds > 0.2 else { return text }
    text += ", \(Figures.grouped(Int(Double(count) / seconds))) \(unit)/s"
    if let share, share > 0.01 { text += ", \(Int((seconds / share - seconds).rounded(.up))) s left" }
    return text
  }
}
