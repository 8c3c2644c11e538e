import Testing
import UpkeepTesting

/// Programs made by chance, each with power loss everywhere and calls that fail. `make soak` goes on with them for as
/// long as it is told, from where it last stopped.
@Suite struct RandomWorkloadTests {
  /// A replay names its program.
  static let seeds: [UInt64] = {
    if let replay = Settings.replay, let name = replay.split(separator: "/").dropFirst().first,
      name.hasPrefix("random "), let seed = UInt64(name.dropFirst("random ".count))
    {
      return [seed]
    }
    return (0..<12).map { Settings.seed &* 1000 &+ $0 }
  }()

  @Test(arguments: seeds)
  func powerLossAndFailures(_ seed: UInt64) {
    let run = RandomRun(seed: seed)
    print("random \(seed): \(run.stateCount) states")
    for failure in run.failures { Issue.record("\(failure)") }
    if Settings.replay == nil, run.failures.isEmpty { #expect(run.stateCount > 0) }
  }
}

/// One program made by chance, and everything that is tried with it.
struct RandomRun: Sendable {
  let seed: UInt64
  let stateCount: Int
  let failures: [String]

  init(seed: UInt64) {
    self.seed = seed
    let workload = Workload.random(seed: seed)
    let crash = Harness<EngineStore>("crash", workload)
    crash.crashEverywhere()
    let fault = Harness<EngineStore>("fault", workload)
    // Other calls with each seed; all of them in a replay.
    fault.failEverywhere(
      every: Settings.replay == nil ? 7 : 1, from: Settings.replay == nil ? Int(seed % 7) : 0)
    stateCount = crash.stateCount + fault.stateCount
    failures = crash.failures + fault.failures
  }
}
