/// A program that nobody wrote, and everything that is tried with it.
struct ProgramRun: Sendable {
  enum Program: Sendable, Hashable, CustomStringConvertible {
    /// Made by chance.
    case random(seed: UInt64)
    /// Three operations in a row, by number.
    case triple(Int)

    var description: String {
      switch self {
      case .random(let seed): "random \(seed)"
      case .triple(let number): "three operations, \(number)"
      }
    }
  }

  let program: Program
  let stateCount: Int
  let failures: [String]

  init(_ program: Program) {
    self.program = program
    switch program {
    case .random(let seed):
      let workload = Workload.random(seed: seed)
      let crash = Harness<EngineStore>("crash", workload)
      crash.crashEverywhere()
      let fault = Harness<EngineStore>("fault", workload)
      // Other calls with each seed; all of them in a replay.
      fault.failEverywhere(
        every: Settings.replay == nil ? 7 : 1, from: Settings.replay == nil ? Int(seed % 7) : 0)
      stateCount = crash.stateCount + fault.stateCount
      failures = crash.failures + fault.failures
    case .triple(let number):
      let places = Sequences.triple(number)
      let harness = Harness<EngineStore>("triple", Sequences.workload(places))
      // Power that goes in one of the first two is what the pairs try.
      harness.crashEverywhere(after: Sequences.before + Sequences.steps(Array(places.dropLast())))
      stateCount = harness.stateCount
      failures = harness.failures
    }
  }
}
