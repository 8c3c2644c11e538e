/// The one source of chance in tests: the same seed gives the same choices.
///
/// Print the seed where a test fails; giving it back replays the failure.
public struct SeededGenerator: RandomNumberGenerator {
  /// What gives the same choices again.
  public let seed: UInt64
  private var state: UInt64

  /// A generator with this seed.
  public init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  /// A generator with a seed that nobody chose.
  public static func random() -> SeededGenerator { SeededGenerator(seed: .random(in: 0 ... .max)) }

  /// SplitMix64.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from 0 below `limit`.
  public mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }

  /// True once in `count` times.
  public mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

  /// One of the choices, which are not empty.
  public mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}
