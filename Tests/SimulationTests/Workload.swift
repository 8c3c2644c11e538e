import UpkeepStorage
import UpkeepTesting

typealias Bytes = [UInt8]

/// What a store holds: entries by tree. Tree 0 is there from the start; others are made and dropped.
struct StoreState: Equatable {
  var trees: [Int: [Bytes: Bytes]] = [0: [:]]
}

/// One change of a transaction.
enum Change {
  case put(tree: Int, key: Bytes, value: Bytes)
  case delete(tree: Int, key: Bytes)
  case deleteRange(tree: Int, from: Bytes, to: Bytes)
  case createTree(Int)
  case dropTree(Int)
  /// Done and taken back.
  case rolledBack([Change])

  func apply(to state: inout StoreState) {
    switch self {
    case .put(let tree, let key, let value): state.trees[tree]?[key] = value
    case .delete(let tree, let key): state.trees[tree]?[key] = nil
    case .deleteRange(let tree, let lower, let upper):
      state.trees[tree] = state.trees[tree]?.filter {
        $0.key.lexicographicallyPrecedes(lower) || !$0.key.lexicographicallyPrecedes(upper)
      }
    case .createTree(let tree): state.trees[tree] = [:]
    case .dropTree(let tree): state.trees[tree] = nil
    case .rolledBack: break
    }
  }
}

/// What a program does with a store, one step after the other.
enum Step {
  case commit([Change])
  case checkpoint
  /// What lies at the end of the file moves down.
  case compact
  case reopen
}

/// A program, and what the store must hold after each of its commits.
struct Workload: CustomStringConvertible, Sendable {
  let name: String
  let steps: [Step]
  let options: StorageOptions
  /// `states[k]` is what the store holds after k commits.
  let states: [StoreState]

  init(_ name: String, options: StorageOptions, _ steps: [Step]) {
    self.name = name
    self.steps = steps
    self.options = options
    var state = StoreState()
    var states = [state]
    for case .commit(let changes) in steps {
      for change in changes { change.apply(to: &state) }
      states.append(state)
    }
    self.states = states
  }

  var description: String { name }

  static func named(_ name: String) -> Workload? { all.first { $0.name == name } }
}

extension Change: Sendable {}
extension Step: Sendable {}
extension StoreState: Sendable {}

extension Workload {
  static let all: [Workload] = [
    puts, transactions, deletes, checkpoints, segments, longValues, trees, savepoints, unsynced, reopening,
    largeTransaction, compaction,
  ]

  static func options(
    pageSize: Int = 1024, _ durability: StorageOptions.Durability = .full
  ) -> StorageOptions {
    var options = StorageOptions()
    options.pageSize = pageSize
    options.segmentSize = 16384
    options.durability = durability
    options.checkpointsInBackground = false
    return options
  }

  static func key(_ number: Int) -> Bytes { Array("key-\(number / 10)\(number % 10)".utf8) }

  static func value(_ seed: Int, _ count: Int) -> Bytes {
    var chance = SeededGenerator(seed: UInt64(seed))
    // Half of it compresses.
    return chance.bytes(count / 2) + Bytes(repeating: UInt8(seed & 0x7f), count: count - count / 2)
  }

  private static func put(_ number: Int, _ seed: Int, _ count: Int = 60, tree: Int = 0) -> Change {
    .put(tree: tree, key: key(number), value: value(seed, count))
  }

  static let puts = Workload("puts", options: options(), (0..<10).map { .commit([put($0 % 7, $0)]) })

  static let transactions = Workload(
    "transactions", options: options(),
    (0..<7).map { i in .commit((0..<9).map { put((i * 5 + $0 * 3) % 40, i * 100 + $0) }) })

  static let deletes = Workload(
    "deletes", options: options(),
    [
      .commit((0..<40).map { put($0, $0) }),
      .commit([.delete(tree: 0, key: key(3)), put(4, 104), .delete(tree: 0, key: key(39))]),
      .commit([.deleteRange(tree: 0, from: key(10), to: key(30))]),
      .checkpoint,
      .commit([put(12, 112), .deleteRange(tree: 0, from: key(0), to: key(8)), put(2, 102)]),
      .commit([.deleteRange(tree: 0, from: key(0), to: key(99))]),
      .commit([put(1, 201)]),
    ])

  static let checkpoints = Workload(
    "checkpoints", options: options(pageSize: 512),
    (0..<5).flatMap { i -> [Step] in
      [
        .commit((0..<6).map { put((i * 7 + $0 * 11) % 50, i * 100 + $0) }),
        .commit([put(i, i + 900), .delete(tree: 0, key: key((i * 7) % 50))]),
        .checkpoint,
      ]
    } + [.commit([put(1, 999)])])

  static let segments = Workload(
    "segments", options: options(),
    (0..<26).flatMap { i -> [Step] in
      let commit = Step.commit([put(i % 9, i, 2400)])
      return i % 8 == 7 ? [commit, .checkpoint] : [commit]
    })

  static let longValues = Workload(
    "long values", options: options(),
    [
      .commit([put(1, 1, 5000), put(2, 2, 300)]),
      .commit([put(1, 3, 9000)]),
      .checkpoint,
      .commit([put(1, 4, 100), put(3, 5, 3000)]),
      .commit([.delete(tree: 0, key: key(3)), put(4, 6, 40_000)]),
      .checkpoint,
      .commit([.deleteRange(tree: 0, from: key(0), to: key(9))]),
      .commit([put(5, 7, 2000)]),
    ])

  static let trees = Workload(
    "trees", options: options(),
    [
      .commit([.createTree(1), put(1, 1, tree: 1)]),
      .commit([.createTree(2)] + (0..<20).map { put($0, $0, tree: 2) }),
      .commit([put(3, 33, tree: 1), put(3, 34, 2000, tree: 2)]),
      .checkpoint,
      .commit([.dropTree(2), put(4, 44, tree: 1)]),
      .commit([.createTree(3), put(5, 55, tree: 3), put(0, 10)]),
      .commit([.dropTree(1), .dropTree(3)]),
      .commit([.createTree(4), put(6, 66, tree: 4)]),
    ])

  static let savepoints = Workload(
    "savepoints", options: options(),
    [
      .commit([put(1, 1), .rolledBack([put(2, 2), .delete(tree: 0, key: key(1))]), put(3, 3)]),
      .commit((0..<20).map { put($0, $0 + 50) }),
      .commit([
        put(5, 500), .rolledBack([.deleteRange(tree: 0, from: key(0), to: key(19)), put(5, 501)]),
        .delete(tree: 0, key: key(6)),
        .rolledBack([.createTree(1), put(1, 1, 3000, tree: 1), .rolledBack([put(7, 700)]), put(8, 800)]),
      ]),
      .checkpoint,
      .commit([.rolledBack([put(9, 900)]), put(10, 1000)]),
    ])

  static let unsynced = Workload(
    "unsynced", options: options(.none),
    (0..<4).flatMap { i -> [Step] in
      let commits = (0..<4).map { j in Step.commit([put(i * 4 + j, i * 4 + j, 400), put(j, i, 100)]) }
      return commits + [i == 2 ? .reopen : .checkpoint]
    } + [.commit([put(1, 77)])])

  static let reopening = Workload(
    "reopening", options: options(),
    [
      .reopen, .commit([put(1, 1)]), .reopen, .commit([put(2, 2)]), .commit([put(3, 3, 3000)]), .reopen,
      .reopen, .commit([.deleteRange(tree: 0, from: key(1), to: key(3))]), .checkpoint, .reopen,
      .commit([put(4, 4)]),
    ])

  static let compaction = Workload(
    "compaction", options: options(),
    [
      .commit((0..<40).map { put($0, $0, 2000) }),
      .checkpoint,
      .commit([.deleteRange(tree: 0, from: key(0), to: key(30))]),
      .checkpoint,
      // A step: the pages that are left go to where the others were.
      .commit([put(50, 50)]), .checkpoint,
      .commit((0..<12).map { put($0 * 3, $0 + 70, 900) }),
      .compact,
      .commit([put(2, 200), .deleteRange(tree: 0, from: key(3), to: key(20))]),
      .compact, .compact,
      .commit([.deleteRange(tree: 0, from: key(20), to: key(45)), put(60, 60, 3000)]),
      .reopen,
      .commit([put(61, 61)]),
    ])

  static let largeTransaction = Workload(
    "large transaction", options: options(),
    [
      .commit([put(1, 1)]),
      .commit((0..<30).map { put($0, $0 + 300, 1500) }),
      .commit([put(2, 2)]),
      .checkpoint,
      .commit((0..<30).map { put($0, $0 + 600, 1200) }),
    ])

  private static func options(_ durability: StorageOptions.Durability) -> StorageOptions {
    options(pageSize: 1024, durability)
  }
}
