import Testing

/// The harness finds what it is for: a store that keeps its promises passes, and each mistake is caught.
@Suite struct CanaryTests {
  /// Puts and deletes, which is all that a toy does; some larger than a sector.
  static let workload = Workload(
    "toy", options: Workload.options(),
    (0..<12).map { i in
      .commit((0..<4).map { .put(tree: 0, key: Workload.key(i * 3 + $0), value: Workload.value(i, 400)) })
    })

  private func failures(_ mistake: Mistake) -> [String] {
    ToyStore.$mistake.withValue(mistake) {
      let crash = Harness<ToyStore>("canary", Self.workload)
      crash.crashEverywhere()
      let fault = Harness<ToyStore>("canary", Self.workload)
      fault.failEverywhere()
      return crash.failures + fault.failures
    }
  }

  @Test func aStoreThatKeepsItsPromisesPasses() {
    #expect(failures(.none) == [])
  }

  @Test(arguments: Mistake.allCases.filter { $0 != .none })
  func everyMistakeIsCaught(_ mistake: Mistake) {
    #expect(!failures(mistake).isEmpty)
  }
}
