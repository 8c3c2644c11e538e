import Upkeep

/// How far a load has come: rows, rate, and time left where the feed's size is known.
final class ProgressBar {
  private let totalBytes: Int?
  private let line: ProgressLine

  /// A bar for a feed of this size, or nil where nobody would see it.
  init?(totalBytes: Int?, isQuiet: Bool) {
    guard let line = ProgressLine(isQuiet: isQuiet) else { return nil }
    self.totalBytes = totalBytes
    self.line = line
  }

  func show(_ progress: FeedProgress) {
    line.show(progress.rows, "rows", share: Self.share(progress, of: totalBytes))
  }

  func clear() { line.clear() }

  /// The line in words.
  static func line(_ progress: FeedProgress, of totalBytes: Int?, after seconds: Double) -> String {
    ProgressLine.text(progress.rows, "rows", share: share(progress, of: totalBytes), after: seconds)
  }

  private static func share(_ progress: FeedProgress, of totalBytes: Int?) -> Double? {
    totalBytes.flatMap { $0 > 0 ? Double(progress.bytes) / Double($0) : nil }
  }
}
