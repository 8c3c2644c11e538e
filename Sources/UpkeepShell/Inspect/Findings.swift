/// What a check found.
enum Findings {
  /// `ok`, or each problem on its line.
  static func text(_ problems: [String]) -> String {
    problems.isEmpty ? "ok\n" : problems.map { $0 + "\n" }.joined()
  }
}
