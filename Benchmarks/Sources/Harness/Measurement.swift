#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Seconds on a clock that only goes forward.
public func wallClock() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// What one engine needed for one workload, over all rounds: nanoseconds an operation.
public struct Measurement: Sendable {
  /// Each round's figure, in order.
  public private(set) var rounds: [Double] = []

  /// Nothing measured yet.
  public init() {}

  /// Adds a round.
  public mutating func add(seconds: Double, operations: Int) {
    rounds.append(seconds * 1e9 / Double(max(operations, 1)))
  }

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
}
