/// All figures of a run, by row and contender.
public struct Results: Sendable {
  /// Who is measured, in order; the first is the one that ratios are about.
  public let names: [String]
  /// Whom the first ratio is against.
  public let main: String
  /// The best of whom the second ratio is against.
  public let peers: [String]
  /// The rows, in the order in which they were first measured.
  public private(set) var rows: [Row] = []
  private var figures: [Row: [String: Measurement]] = [:]
  private var reasons: [Row: [String: String]] = [:]

  /// Nothing measured yet.
  public init(names: [String], main: String, peers: [String]) {
    self.names = names
    self.main = main
    self.peers = peers
  }

  /// Adds a round's figure.
  public mutating func add(_ figure: Double, to row: Row, of name: String) {
    if figures[row] == nil {
      figures[row] = [:]
      rows.append(row)
    }
    figures[row]?[name, default: Measurement()].add(figure)
  }

  /// Remembers why a contender has no figure in a row.
  public mutating func leaveOut(_ row: Row, of name: String, because reason: String) {
    reasons[row, default: [:]][name] = reason
  }

  /// What was measured.
  public func measurement(_ row: Row, _ name: String) -> Measurement? { figures[row]?[name] }
  /// Why there is nothing.
  public func reason(_ row: Row, _ name: String) -> String? { reasons[row]?[name] }

  /// How many times as good the first contender's median is as the main peer's.
  public func ratio(_ row: Row) -> Double? { ratio(row, against: [main]) }
  /// How many times as good it is as the best other peer's.
  public func peerRatio(_ row: Row) -> Double? { ratio(row, against: peers) }

  private func ratio(_ row: Row, against others: [String]) -> Double? {
    guard let first = names.first, let own = figures[row]?[first]?.median else { return nil }
    return others.compactMap { name in
      figures[row]?[name].flatMap { row.ratio(own: own, other: $0.median) }
    }.min()
  }
}
