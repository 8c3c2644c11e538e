import Testing

extension StateTests {
  /// Every sequence of two operations of a dozen kinds and more, with power loss at each change from the first of them
  /// to the end. `make soak` does the same with three.
  @Suite struct PairTests {
    @Test(arguments: Sequences.operations.indices)
    func everyPair(_ first: Int) {
      let start = Settings.now()
      var count = 0
      for second in Sequences.operations.indices {
        let harness = Harness<EngineStore>("pair", Sequences.workload([first, second]))
        harness.crashEverywhere(after: Sequences.before)
        for failure in harness.failures { Issue.record("\(failure)") }
        count += harness.stateCount
      }
      Tally.states.add(count)
      let seconds = Settings.now() - start
      print(
        "pairs with \(Sequences.operations[first].name): \(count) states, \(Int(Double(count) / seconds)) a second"
      )
      if Settings.replay == nil, Settings.scale >= 1 { #expect(count > 2000) }
    }
  }
}
