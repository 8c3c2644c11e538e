import Synchronization
import Testing

/// Counts what the tests of one suite tried together.
final class Tally: Sendable, CustomStringConvertible {
  /// States that a store was in when the power went, the process ended or a call failed, each opened and judged.
  static let states = Tally("states of the simulated disk")
  /// States of files with damage in them.
  static let damage = Tally("damaged files")
  /// Steps of random histories, each with its answer compared with the model's.
  static let steps = Tally("steps of random histories")

  let description: String
  private let count = Atomic<Int>(0)

  private init(_ description: String) { self.description = description }

  var value: Int { count.load(ordering: .relaxed) }
  func add(_ number: Int) { count.add(number, ordering: .relaxed) }
}

/// Holds a suite to what it promises to try: when its last test is over, the tally must have reached the number. It is
/// what was tried that counts, so that a test which is left out, or tries less, is missed.
///
/// A run that was told to leave tests out (`make test FILTER=…`) only prints how many there were.
struct TriesAtLeast: SuiteTrait, TestScoping {
  let number: Int
  let tally: Tally

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let start = Settings.now()
    try await function()
    print("\(tally.value) \(tally) in \(Int(Settings.now() - start)) s")
    guard Settings.isWholeRun else { return }
    #expect(tally.value >= number, "fewer \(tally) than promised")
  }
}

extension Trait where Self == TriesAtLeast {
  static func tries(atLeast number: Int, _ tally: Tally) -> Self { Self(number: number, tally: tally) }
}

/// Power loss, ended processes and failing calls, over programs that were written, paired or made by chance.
@Suite("States of the simulated disk", .tries(atLeast: 200_000, .states)) enum StateTests {}
