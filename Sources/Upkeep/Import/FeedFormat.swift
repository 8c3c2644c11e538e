/// What the text of a feed is.
package enum FeedFormat: String, Sendable, CaseIterable {
  /// Comma-separated, a line of names first.
  case csv
  /// Tab-separated, a line of names first.
  case tsv
  /// One array of objects.
  case json
  /// One object a line.
  case jsonl

  /// How fields are separated, where they are.
  package var separator: UInt8? {
    switch self {
    case .csv: UInt8(ascii: ",")
    case .tsv: 9
    case .json, .jsonl: nil
    }
  }
}
