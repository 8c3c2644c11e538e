import Testing

extension StateTests {
  /// Whatever a power loss leaves, at whatever moment it comes, the store opens by itself, is sound, has every
  /// acknowledged commit and no half of one.
  @Suite struct CrashTests {
    @Test(arguments: Workload.all)
    func powerLossAtEveryChange(_ workload: Workload) {
      let start = Settings.now()
      let harness = Harness<EngineStore>("crash", workload)
      harness.crashEverywhere(atLeast: 4600)
      report(harness, start, atLeast: Int(4600 * Settings.scale))
    }
  }
}

func report<Store>(_ harness: Harness<Store>, _ start: Double, _ tally: Tally = .states, atLeast: Int = 0) {
  let seconds = Settings.now() - start
  tally.add(harness.stateCount)
  let rate = seconds > 0 ? Int(Double(harness.stateCount) / seconds) : 0
  print("\(harness.kind), \(harness.workload): \(harness.stateCount) states, \(rate) a second")
  for failure in harness.failures { Issue.record("\(failure)") }
  if Settings.replay == nil, harness.failures.isEmpty {
    #expect(harness.stateCount >= atLeast, "fewer states than promised")
  }
}
