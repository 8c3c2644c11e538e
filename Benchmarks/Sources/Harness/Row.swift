/// What a figure counts.
public enum Unit: String, Sendable {
  /// Nanoseconds, of an operation unless the row says otherwise.
  case nanoseconds
  /// Bytes.
  case bytes
  /// How many times something: no unit.
  case times
  /// Operations in a second.
  case perSecond

  /// Whether less of it is better.
  var isBetterSmall: Bool { self != .perSecond }
}

/// A line of the report: one thing that is measured of every engine.
public struct Row: Sendable, Hashable {
  /// What was done.
  public let title: String
  /// What the figures count.
  public let unit: Unit
  /// Whether a larger figure is the better one where the unit alone would say the contrary.
  public let isBetterLarge: Bool
  /// Whether engines are compared in it; otherwise it only tells.
  public let isCompared: Bool
  /// How many times as good as SQLite the first contender is to be; nil where nothing was promised.
  public let aim: Double?
  /// How many times as good as the best other peer it is to be.
  public let peerAim: Double?

  /// A row.
  public init(
    _ title: String, _ unit: Unit = .nanoseconds, isBetterLarge: Bool = false,
    isCompared: Bool = true, aim: Double? = nil, peerAim: Double? = nil
  ) {
    self.isCompared = isCompared
    self.title = title
    self.unit = unit
    self.isBetterLarge = isBetterLarge
    self.aim = aim
    self.peerAim = peerAim
  }

  /// How many times as good `own` is as `other`: above 1 it is better.
  func ratio(own: Double, other: Double) -> Double? {
    guard isCompared, own > 0, other > 0 else { return nil }
    return unit.isBetterSmall && !isBetterLarge ? other / own : own / other
  }

  /// A figure for people.
  func text(_ figure: Double) -> String {
    switch unit {
    case .nanoseconds:
      if figure < 1e3 { return "\(digits(figure)) ns" }
      if figure < 1e6 { return "\(digits(figure / 1e3)) µs" }
      return figure < 1e9 ? "\(digits(figure / 1e6)) ms" : "\(digits(figure / 1e9)) s"
    case .bytes:
      if figure < 1e4 { return "\(digits(figure)) B" }
      return figure < 1e6 ? "\(digits(figure / 1e3)) kB" : "\(digits(figure / 1e6)) MB"
    case .times: return digits(figure)
    case .perSecond: return "\(digits(figure))/s"
    }
  }
}

/// Three digits that count, or all before the point.
public func digits(_ number: Double) -> String {
  let factor: Double = number < 1 ? 1000 : number < 10 ? 100 : number < 100 ? 10 : 1
  let rounded = (number * factor).rounded() / factor
  return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
}
