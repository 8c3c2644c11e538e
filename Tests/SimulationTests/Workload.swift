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
  /// A new tree, built from so many entries in order.
  case fillTree(Int, count: Int, seed: Int)
  /// Takes all entries out of a tree that was made.
  case emptyTree(Int)
  /// Put in pieces of so many bytes.
  case stream(tree: Int, key: Bytes, value: Bytes, piece: Int)
  /// Done and taken back.
  case rolledBack([Change])
  /// So many entries in a tree that ends with its transaction.
  case scratch(Int)

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
    case .fillTree(let tree, let count, let seed):
      state.trees[tree] = [:]
      for (key, value) in Self.filling(count, seed) { state.trees[tree]?[key] = value }
    case .emptyTree(let tree): state.trees[tree] = [:]
    case .stream(let tree, let key, let value, _): state.trees[tree]?[key] = value
    case .rolledBack, .scratch: break
    }
  }

  /// The entries of a tree that is filled, in order; some of them long.
  static func filling(_ count: Int, _ seed: Int) -> [(key: Bytes, value: Bytes)] {
    (0..<count).map { number in
      (Workload.key(number), Workload.value(seed + number, number % 16 == 5 ? 1500 : 70))
    }
  }
}

/// What a program does with a store, one step after the other.
enum Step {
  case commit([Change])
  /// Commits that are all in line before the first is waited for.
  case group([[Change]])
  case checkpoint
  /// What lies at the end of the file moves down.
  case compact
  /// A copy of what is visible, in a file of its own.
  case backup
  /// A checkpoint, and a commit just before one of its calls, as from another thread. The commit must need no
  /// checkpoint itself.
  case checkpointDuring(call: Int, [Change])
  case reopen

  /// The transactions that it commits, in order.
  var transactions: [[Change]] {
    switch self {
    case .commit(let changes), .checkpointDuring(_, let changes): [changes]
    case .group(let all): all
    case .checkpoint, .compact, .backup, .reopen: []
    }
  }
}

/// A program, and what the store must hold after each of its commits.
struct Workload: CustomStringConvertible, Sendable {
  let name: String
  let steps: [Step]
  let options: StorageOptions
  /// `states[k]` is what the store holds after k commits.
  let states: [StoreState]
  let digests: [Digest]
  /// What each backup holds, as an index of `states`.
  let backups: [Int]

  init(_ name: String, options: StorageOptions, _ steps: [Step]) {
    self.name = name
    self.steps = steps
    self.options = options
    var state = StoreState()
    var states = [state]
    var backups: [Int] = []
    for step in steps {
      if case .backup = step { backups.append(states.count - 1) }
      for changes in step.transactions {
        for change in changes { change.apply(to: &state) }
        states.append(state)
      }
    }
    self.states = states
    digests = states.map(\.digest)
    self.backups = backups
  }

  var description: String { name }

  static func named(_ name: String) -> Workload? { all.first { $0.name == name } }
}

extension Change: Sendable {}
extension Step: Sendable {}
extension StoreState: Sendable {}

extension Workload {
  /// Small pages and segments, so that little data makes much happen; nothing happens in the background.
  static func options(
    pageSize: Int = 1024, _ durability: StorageOptions.Durability = .full,
    checkpointLogSize: Int = 32 << 20, firstCommitHasLog: Bool = true, goesOnWithLog: Bool = false
  ) -> StorageOptions {
    var options = StorageOptions()
    if goesOnWithLog { options.mostPagesAtOpening = 0 }
    if firstCommitHasLog { options.mostPagesWithoutLog = 0 }
    options.pageSize = pageSize
    options.segmentSize = 16384
    options.durability = durability
    options.checkpointsInBackground = false
    options.checkpointLogSize = checkpointLogSize
    return options
  }

  static func key(_ number: Int) -> Bytes { Array("key-\(number / 10)\(number % 10)".utf8) }

  static func value(_ seed: Int, _ count: Int) -> Bytes {
    var chance = SeededGenerator(seed: UInt64(seed))
    // Half of it compresses.
    return chance.bytes(count / 2) + Bytes(repeating: UInt8(seed & 0x7f), count: count - count / 2)
  }

  static func stream(_ number: Int, _ seed: Int, _ count: Int, piece: Int, tree: Int = 0) -> Change {
    .stream(tree: tree, key: key(number), value: value(seed, count), piece: piece)
  }

  static func put(_ number: Int, _ seed: Int, _ count: Int = 60, tree: Int = 0) -> Change {
    .put(tree: tree, key: key(number), value: value(seed, count))
  }
}
