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
  /// That of its state.
  func digest() throws -> Digest
  func problems() throws -> [String]
  func checkpoint() throws
  func compact() throws
  /// Copies what is visible to a file of its own on the same disk.
  func backUp(_ number: Int, on disk: SimulatedFileSystem) throws
  /// What a copy holds; nil if it is not there.
  static func backup(_ number: Int, on disk: SimulatedFileSystem, _ options: StorageOptions) throws
    -> StoreState?
  /// A checkpoint during which, before its call number `call`, another thread commits.
  func checkpoint(
    on disk: SimulatedFileSystem, before call: Int, committing changes: [Change], acknowledged: () -> Void
  ) throws
  func close() throws
}

extension StoreUnderTest {
  func digest() throws -> Digest { try state().digest }

  func backUp(_ number: Int, on disk: SimulatedFileSystem) throws {
    throw HarnessError.wrong("it makes no backups")
  }

  static func backup(_ number: Int, on disk: SimulatedFileSystem, _ options: StorageOptions) throws
    -> StoreState?
  {
    nil
  }

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
    case .fillTree(let tree, let count, let seed):
      try apply(.createTree(tree), transaction)
      guard let filling = try transaction.fill(try treeID(tree, transaction)) else {
        throw HarnessError.wrong("a new tree has entries")
      }
      for (key, value) in Change.filling(count, seed) {
        try key.withUnsafeBytes { key in try value.withUnsafeBytes { try filling.put(key, $0) } }
      }
      try filling.finish()
    case .emptyTree(let tree):
      _ = try transaction.deleteRange(try treeID(tree, transaction), from: nil, to: nil)
    case .stream(let tree, let key, let value, let piece):
      let writer = try key.withUnsafeBytes { try transaction.putting(try treeID(tree, transaction), $0) }
      for start in stride(from: 0, to: value.count, by: piece) {
        try value[start..<min(start + piece, value.count)].withUnsafeBytes { try writer.append($0) }
      }
      try writer.finish()
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
    try forEachTree(in: transaction) { tree, id in
      state.trees[tree] = state.trees[tree] ?? [:]
      try forEachEntry(of: tree, id, in: transaction) { key, value in
        state.trees[tree]?[Array(key)] = Array(value)
      }
    }
    return state
  }

  func digest() throws -> Digest {
    let transaction = try storage.beginRead()
    defer { transaction.end() }
    var digest = Digest()
    try forEachTree(in: transaction) { tree, id in
      digest.add(tree: tree)
      try forEachEntry(of: tree, id, in: transaction) { digest.add(tree: tree, $0, $1) }
    }
    return digest
  }

  private func forEachTree(in transaction: ReadTransaction, _ body: (Int, TreeID) throws -> Void) throws {
    try body(0, .catalog)
    let cursor = try transaction.cursor(.catalog)
    var isThere = try Self.treeMark.withUnsafeBytes { try cursor.seek($0) }
    while isThere, let tree = Self.tree(cursor.key) {
      let value = try cursor.value()
      guard value.count == 8 else { throw HarnessError.wrong("a strange entry in the catalog") }
      try body(tree, TreeID(rawValue: UInt64(bigEndian: value.loadUnaligned(as: UInt64.self))))
      isThere = try cursor.next()
    }
  }

  private static let treeMark = Array("~tree ".utf8)

  /// The tree that an entry of the catalog names, if it is one that names a tree.
  private static func tree(_ key: UnsafeRawBufferPointer) -> Int? {
    key.starts(with: treeMark) ? Int(String(decoding: key.dropFirst(treeMark.count), as: UTF8.self)) : nil
  }

  private func forEachEntry(
    of tree: Int, _ id: TreeID, in transaction: ReadTransaction,
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
  ) throws {
    let cursor = try transaction.cursor(id)
    var found: UInt64 = 0
    var isThere = try cursor.first()
    while isThere {
      if tree > 0 || Self.tree(cursor.key) == nil { body(cursor.key, try cursor.value()) }
      found += 1
      isThere = try cursor.next()
      if found > 100_000 { throw HarnessError.wrong("a cursor without end") }
    }
    let count = try transaction.count(id)
    if count != found { throw HarnessError.wrong("\(id) counts \(count) and gives \(found) entries") }
  }

  func problems() throws -> [String] { try storage.verify() }
  func checkpoint() throws { try storage.checkpoint() }
  func compact() throws { try storage.compact() }

  private static func backupPath(_ number: Int) -> String { "backup-\(number)" }

  func backUp(_ number: Int, on disk: SimulatedFileSystem) throws {
    try storage.backup(to: Self.backupPath(number), fileSystem: disk)
  }

  static func backup(_ number: Int, on disk: SimulatedFileSystem, _ options: StorageOptions) throws
    -> StoreState?
  {
    let path = backupPath(number)
    guard try disk.status(path) != nil else { return nil }
    var options = options
    options.isReadOnly = true
    let store = EngineStore(try Storage.open(path, fileSystem: disk, options: options))
    if let problem = try store.problems().first { throw HarnessError.wrong("\(path): \(problem)") }
    defer { try? store.close() }
    return try store.state()
  }

  func close() throws { try storage.close() }
}

enum HarnessError: Error {
  case wrong(String)
}
