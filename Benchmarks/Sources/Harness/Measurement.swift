/// What one engine needed for one row, over all rounds.
public struct Measurement: Sendable {
  /// Each round's figure, in order.
  public private(set) var rounds: [Double] = []

  /// Nothing measured yet.
  public init() {}

  /// Adds a round.
  public mutating func add(_ figure: Double) { rounds.append(figure) }

  /// The smallest figure.
  public var least: Double { rounds.min() ?? 0 }
  /// The largest figure.
  public var most: Double { rounds.max() ?? 0 }
  /// The middle figure.
  public var median: Double {
    guard !rounds.isEmpty else { return 0 }
    let sorted = rounds.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
  /// Whether the rounds lie so far apart that their median says little: by more than a third of it.
  public var isNoisy: Bool { rounds.count > 1 && most - least > median / 3 }
}
