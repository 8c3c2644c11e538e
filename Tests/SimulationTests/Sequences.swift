import UpkeepStorage

/// Operations of a dozen kinds and more, one after the other in every order: all of two in `make test`, all of three in
/// `make soak`.
enum Sequences {
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

  /// What there is when the first of them comes.
  static let before: [Step] = [
    .commit(
      (0..<12).map { Workload.put($0, $0 + 20) } + [Workload.put(2, 21, 5000), .createTree(1)]
        + (0..<6).map { Workload.put($0, $0, tree: 1) })
  ]

  static var tripleCount: Int { operations.count * operations.count * operations.count }

  /// The operations of a sequence of three, by its number.
  static func triple(_ number: Int) -> [Int] {
    let count = operations.count
    return [number / count / count % count, number / count % count, number % count]
  }

  static func steps(_ places: [Int]) -> [Step] {
    var created = 0
    return places.map { place in
      let step = operations[place].step
      guard case .commit(let changes) = step, case .createTree? = changes.first else { return step }
      // A tree that is made again has another number.
      created += 1
      let tree = 1 + created
      return .commit([.createTree(tree), Workload.put(1, 5, tree: tree)])
    }
  }

  static func workload(_ places: [Int]) -> Workload {
    Workload(
      places.map { operations[$0].name }.joined(separator: ", "),
      options: Workload.options(checkpointLogSize: 9000), before + steps(places))
  }
}
