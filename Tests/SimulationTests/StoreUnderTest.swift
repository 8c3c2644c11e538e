import UpkeepStorage
import UpkeepTesting

/// What the harness needs of a store: the engine has it, and so do the deliberately broken ones that prove the
/// harness.
protocol StoreUnderTest {
  static func open(on disk: SimulatedFileSystem, _ options: StorageOptions) throws -> Self
  func commit(_ changes: [Change]) throws
  /// Puts all of these in line, then waits for one after the other.
  func commitGroup(_ transactions: [[Change]], acknowledged: () -> Void) throws
  func state() throws -> StoreState
  func problems() throws -> [String]
  func checkpoint() throws
  func compact() throws
  /// A checkpoint during which, before its call number `call`, another thread commits.
  func checkpoint(
    on disk: SimulatedFileSystem, before call: Int, committing changes: [Change], acknowledged: () -> Void
  ) throws
  func close() throws
}

extension StoreUnderTest {
  func commitGroup(_ transactions: [[Change]], acknowledged: () -> Void) throws {
    for changes in transactions {
      try commit(changes)
      acknowledged()
    }
  }

  func checkpoint(
    on disk: SimulatedFileSystem, before call: Int, committing changes: [Change], acknowledged: () -> Void
  ) throws {
    try commit(changes)
    acknowledged()
    try checkpoint()
  }
}

/// The engine. Which tree stands for which number of the workload is kept in the catalog's tree.
final class EngineStore: StoreUnderTest {
  static let path = "db"
  let storage: Storage

  init(_ storage: Storage) { self.storage = storage }

  static func open(on disk: SimulatedFileSystem, _ options: StorageOptions) throws -> EngineStore {
    EngineStore(try Storage.open(path, fileSystem: disk, options: options))
  }

  func commit(_ changes: [Change]) throws {
    try storage.wait(for: try commitLater(changes))
  }

  private func commitLater(_ changes: [Change]) throws -> CommitTicket {
    let transaction = try storage.beginWrite()
    do {
      for change in changes { try apply(change, transaction) }
      return try transaction.commitLater()
    } catch {
      transaction.rollback()
      throw error
    }
  }

  func commitGroup(_ transactions: [[Change]], acknowledged: () -> Void) throws {
    let tickets = try transactions.map { try commitLater($0) }
    for ticket in tickets {
      try storage.wait(for: ticket)
      acknowledged()
    }
  }

  func checkpoint(
    on disk: SimulatedFileSystem, before call: Int, committing changes: [Change], acknowledged: () -> Void
  ) throws {
    let storage = storage
    let other = Outcome()
    disk.interrupt(before: call) { other.run { try EngineStore(storage).commit(changes) } }
    let end = Result { try storage.checkpoint() }
    disk.interrupt(before: .max) {}
    // A checkpoint with fewer calls: then the other came just after it.
    if other.result == nil { other.run { try commit(changes) } }
    try other.result?.get()
    acknowledged()
    try end.get()
  }

  /// What came of work done within somebody else's call.
  private final class Outcome: @unchecked Sendable {
    var result: Result<Void, any Error>?
    func run(_ body: () throws -> Void) { result = Result(catching: body) }
  }

  private func apply(_ change: Change, _ transaction: WriteTransaction) throws {
    switch change {
    case .put(let tree, let key, let value):
      let id = try treeID(tree, transaction)
      try key.withUnsafeBytes { k in try value.withUnsafeBytes { v in try transaction.put(id, k, v) } }
    case .delete(let tree, let key):
      let id = try treeID(tree, transaction)
      _ = try key.withUnsafeBytes { try transaction.delete(id, $0) }
    case .deleteRange(let tree, let lower, let upper):
      let id = try treeID(tree, transaction)
      _ = try lower.withUnsafeBytes { l in
        try upper.withUnsafeBytes { u in try transaction.deleteRange(id, from: l, to: u) }
      }
    case .createTree(let tree):
      let id = try transaction.createTree()
      try Self.name(tree).withUnsafeBytes { k in
        try withUnsafeBytes(of: id.rawValue.bigEndian) { try transaction.put(.catalog, k, $0) }
      }
    case .dropTree(let tree):
      try transaction.dropTree(try treeID(tree, transaction))
      _ = try Self.name(tree).withUnsafeBytes { try transaction.delete(.catalog, $0) }
    case .scratch(let count):
      let scratch = try transaction.createScratchTree()
      for number in 0..<count {
        try Workload.key(number).withUnsafeBytes { k in try transaction.put(scratch, k, k) }
      }
    case .rolledBack(let changes):
      let savepoint = try transaction.savepoint()
      for change in changes { try apply(change, transaction) }
      try transaction.rollback(to: savepoint)
    }
  }

  private static func name(_ tree: Int) -> Bytes { Array("~tree \(tree)".utf8) }

  private func treeID(_ tree: Int, _ transaction: ReadTransaction) throws -> TreeID {
    guard tree > 0 else { return .catalog }
    let raw = try Self.name(tree).withUnsafeBytes { try transaction.get(.catalog, $0) }
    guard let raw, raw.count == 8 else { throw HarnessError.wrong("tree \(tree) has no entry") }
    return TreeID(rawValue: UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)))
  }

  func state() throws -> StoreState {
    let transaction = try storage.beginRead()
    defer { transaction.end() }
    return try state(in: transaction)
  }

  /// What a snapshot shows.
  func state(in transaction: ReadTransaction) throws -> StoreState {
    var state = StoreState()
    let entries = try read(.catalog, transaction)
    for (key, value) in entries {
      guard key.starts(with: Array("~tree ".utf8)) else {
        state.trees[0]?[key] = value
        continue
      }
      guard let tree = Int(String(decoding: key.dropFirst(6), as: UTF8.self)), value.count == 8 else {
        throw HarnessError.wrong("a strange entry in the catalog")
      }
      let id = TreeID(rawValue: value.reduce(0) { $0 << 8 | UInt64($1) })
      state.trees[tree] = try read(id, transaction)
    }
    return state
  }

  private func read(_ tree: TreeID, _ transaction: ReadTransaction) throws -> [Bytes: Bytes] {
    var result: [Bytes: Bytes] = [:]
    let cursor = try transaction.cursor(tree)
    var isThere = try cursor.first()
    while isThere {
      result[Array(cursor.key)] = Array(try cursor.value())
      isThere = try cursor.next()
      if result.count > 100_000 { throw HarnessError.wrong("a cursor without end") }
    }
    let count = try transaction.count(tree)
    if count != UInt64(result.count) {
      throw HarnessError.wrong("\(tree) counts \(count) and gives \(result.count) entries")
    }
    return result
  }

  func problems() throws -> [String] { try storage.verify() }
  func checkpoint() throws { try storage.checkpoint() }
  func compact() throws { try storage.compact() }
  func close() throws { try storage.close() }
}

enum HarnessError: Error {
  case wrong(String)
}
