import Testing

extension StateTests {
  /// Every call that a store makes may fail. It says so clearly, loses nothing that was acknowledged, and opens again;
  /// a sync that failed is never trusted afterwards, not even by a reopening.
  @Suite struct FaultTests {
    @Test(arguments: Workload.all)
    func everyCallFailing(_ workload: Workload) {
      let start = Settings.now()
      let harness = Harness<EngineStore>("fault", workload)
      harness.failEverywhere()
      report(harness, start)
    }
  }
}
