import Foundation
import Upkeep

/// One line on the terminal that says how far a load has come: rows, rate, and time left where the feed's
/// size is known. Gone when the load is over.
final class ProgressBar {
  private let totalBytes: Int?
  private let clock = ContinuousClock()
  private let began: ContinuousClock.Instant
  private var lastShown: ContinuousClock.Instant?
  private let output = Output(STDERR_FILENO)

  /// A bar for a feed of this size, or nil where nobody would see it.
  init?(totalBytes: Int?, isQuiet: Bool) {
    guard !isQuiet, isatty(STDERR_FILENO) == 1 else { return nil }
    self.totalBytes = totalBytes
    began = clock.now
  }

  func show(_ progress: FeedProgress) {
    let now = clock.now
    if let lastShown, now - lastShown < .milliseconds(100) { return }
    lastShown = now
    output.write("\r\u{1B}[K" + Self.line(progress, of: totalBytes, after: Figures.inSeconds(now - began)))
    output.flush()
  }

  func clear() {
    guard lastShown != nil else { return }
    output.write("\r\u{1B}[K")
    output.flush()
  }

  /// The line in words: `[######····]  60 %  16,384 rows, 310,000 rows/s, 2 s left`.
  static func line(_ progress: FeedProgress, of totalBytes: Int?, after seconds: Double) -> String {
    var text = ""
    let share = totalBytes.flatMap { $0 > 0 ? min(1, Double(progress.bytes) / Double($0)) : nil }
    if let share {
      let filled = Int(share * 20)
      text = "[" + String(repeating: "#", count: filled) + String(repeating: "·", count: 20 - filled) + "] "
      text += "\(Int(share * 100)) %  "
    }
    text += "\(Figures.grouped(progress.rows)) rows"
    guard seconds > 0.2 else { return text }
    text += ", \(Figures.grouped(Int(Double(progress.rows) / seconds))) rows/s"
    if let share, share > 0.01 { text += ", \(Int((seconds / share - seconds).rounded(.up))) s left" }
    return text
  }
}
