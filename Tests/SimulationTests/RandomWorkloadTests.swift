import Testing

extension StateTests {
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
      return (0..<16).map { Settings.seed &* 1000 &+ $0 }
    }()

    @Test(arguments: seeds)
    func powerLossAndFailures(_ seed: UInt64) {
      let run = ProgramRun(.random(seed: seed))
      Tally.states.add(run.stateCount)
      print("random \(seed): \(run.stateCount) states")
      for failure in run.failures { Issue.record("\(failure)") }
      if Settings.replay == nil, run.failures.isEmpty { #expect(run.stateCount > 0) }
    }
  }
}
