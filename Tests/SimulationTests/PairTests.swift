import Testing
import UpkeepStorage
import UpkeepTesting

/// Every sequence of two operations of a dozen kinds and more, with power loss at each change from the first of them
/// to the end.
@Suite struct PairTests {
  /// What a program may do next, by name.
  static let operations: [(name: String, step: Step)] = [
    ("insert", .commit([Workload.put(40, 1)])),
    ("replace", .commit([Workload.put(3, 2), Workload.put(4, 2, 300)])),
    ("long value", .commit([Workload.put(5, 3, 6000)])),
    ("long value goes", .commit([Workload.put(2, 4, 10)])),
    ("delete", .commit([.delete(tree: 0, key: Workload.key(1)), .delete(tree: 0, key: Workload.key(7))])),
    ("delete range", .commit([.deleteRange(tree: 0, from: Workload.key(2), to: Workload.key(11))])),
    ("create tree", .commit([.createTree(2), Workload.put(1, 5, tree: 2)])),
    ("drop tree", .commit([.dropTree(1), .createTree(1), Workload.put(9, 6, tree: 1)])),
    (
      "savepoint",
      .commit([Workload.put(6, 7), .rolledBack([Workload.put(6, 8), Workload.put(50, 8, 900)])])
    ),
    ("scratch tree", .commit([.scratch(20), Workload.put(8, 9)])),
    (
      "group",
      .group([[Workload.put(0, 10)], [Workload.put(41, 11)], [.delete(tree: 0, key: Workload.key(0))]])
    ),
    ("bulk", .commit((0..<30).map { Workload.put($0, $0 + 12, 400) })),
    ("checkpoint", .checkpoint),
    ("checkpoint and commit", .checkpointDuring(call: 1, [Workload.put(42, 13)])),
    ("compact", .compact),
    ("reopen", .reopen),
  ]

  private static let before: [Step] = [
    .commit(
      (0..<12).map { Workload.put($0, $0 + 20) } + [Workload.put(2, 21, 5000), .createTree(1)]
        + (0..<6).map { Workload.put($0, $0, tree: 1) })
  ]

  static func workload(_ first: Int, _ second: Int) -> Workload {
    var steps = before
    // A tree that is made twice, as a pair may ask for, has another number the second time.
    for (place, number) in [first, second].enumerated() {
      guard place == 1, first == second, case .commit(let changes) = operations[number].step,
        case .createTree? = changes.first
      else {
        steps.append(operations[number].step)
        continue
      }
      steps.append(.commit([.createTree(3), Workload.put(1, 5, tree: 3)]))
    }
    return Workload(
      "\(operations[first].name), \(operations[second].name)",
      options: Workload.options(checkpointLogSize: 9000), steps)
  }

  @Test(arguments: operations.indices)
  func everyPair(_ first: Int) {
    let start = Settings.now()
    var count = 0
    for second in Self.operations.indices {
      let harness = Harness<EngineStore>("pair", Self.workload(first, second))
      harness.crashEverywhere(after: Self.before)
      for failure in harness.failures { Issue.record("\(failure)") }
      count += harness.stateCount
    }
    let seconds = Settings.now() - start
    print(
      "pairs with \(Self.operations[first].name): \(count) states, \(Int(Double(count) / seconds)) a second")
    if Settings.replay == nil, Settings.scale >= 1 { #expect(count > 2000) }
  }
}
