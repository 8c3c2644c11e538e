@_exported public import UpkeepStorage

/// A database: tables and buckets in one file, or in memory.
///
/// ```swift
/// let store = try Store("feeds.upkeep")
/// try store.write { tx in
///   try tx.upsert(["icao": "EGLL", "name": "Heathrow"], into: "airport")
/// }
/// let heathrow = try store.read { try $0.find("airport", "EGLL") }
/// ```
///
/// One transaction writes at a time, any number read; readers and the writer do not wait for one another.
/// A `Store` may be shared by threads and tasks.
public final class Store: Sendable {
  /// Where the store is; nil for one in memory.
  public let path: String?
  let storage: Storage
  let cache = SchemaCache()
  let plans = PlanCache()
  /// What was read of the texts of statements.
  package let texts = TextCache()
  let taskWriter: TaskWriter
  let temporaryOwners = TemporaryOwners()
  let fileSystem: any FileSystem
  private let snapshots = SnapshotPool()

  /// Opens a store, and makes it if nothing is there.
  ///
  /// - Parameters:
  ///   - fileSystem: what the store lies on; the machine's disk unless said.
  /// - Throws: `locked` while another process has it open, `notADatabase`, `corrupt`, `io`.
  public init(
    _ path: String, _ options: StoreOptions = StoreOptions(), fileSystem: (any FileSystem)? = nil
  ) throws(UpkeepError) {
    self.path = path
    let disk = fileSystem ?? DiskFileSystem()
    self.fileSystem = disk
    storage = try storing { () throws(StorageError) in
      try Storage.open(path, fileSystem: disk, options: options.storage)
    }
    taskWriter = TaskWriter(storage)
  }

  private init(storage: Storage) {
    path = nil
    fileSystem = DiskFileSystem()
    self.storage = storage
    taskWriter = TaskWriter(storage)
  }

  /// A store without a file: the same engine, gone when the last reference is.
  public static func inMemory(_ options: StoreOptions = StoreOptions()) throws(UpkeepError) -> Store {
    Store(storage: try storing { () throws(StorageError) in try Storage.inMemory(options: options.storage) })
  }

  /// Runs `body` on the store as it is now, whatever is written meanwhile.
  ///
  /// The snapshot is of use within `body` only. A `read` inside a `write` sees the store without that
  /// write's changes.
  @discardableResult
  @inlinable
  public func read<T>(_ body: (Snapshot) throws -> T) throws -> T {
    let snapshot = try beginSnapshot()
    do {
      let result = try body(snapshot)
      try snapshot.requireWholeWalks()
      end(snapshot)
      return result
    } catch {
      end(snapshot)
      throw named(error)
    }
  }

  @usableFromInline
  func beginSnapshot() throws(UpkeepError) -> Snapshot {
    guard let snapshot = snapshots.take() else { return Snapshot(try beginRead()) }
    try snapshot.scope.reopen()
    return snapshot
  }

  /// Ends a snapshot, and keeps it for the next if nobody else does: what a closure let escape is never opened again.
  @usableFromInline
  func end(_ snapshot: consuming Snapshot) {
    var snapshot = snapshot
    if snapshot.endForReuse() && isKnownUniquelyReferenced(&snapshot) { snapshots.give(snapshot) }
  }

  @usableFromInline
  func named(_ error: any Error) -> any Error {
    guard let error = error as? UpkeepError else { return error }
    return error.naming(path)
  }

  /// Runs `body` with the right to write, after waiting for the writer's turn, and makes what it did last:
  /// all of it if `body` returns, nothing if it throws.
  ///
  /// - Throws: what `body` throws; `misuse` for a write within a write; errors of the commit.
  @discardableResult
  public func write<T>(_ body: (Transaction) throws -> T) throws -> T {
    let scope = try beginWrite()
    do {
      let result = try body(Transaction(scope, plans: plans))
      if let failure = scope.walkFailure { throw failure }
      try scope.commit()
      return result
    } catch {
      // Nobody hears of a failure before what it rests on is durable.
      try scope.abandon()
      if let error = error as? UpkeepError { throw error.naming(path) }
      throw error
    }
  }

  /// Writes all that the log holds into the pages, so that the log is empty and the next opening is quick.
  public func checkpoint() throws(UpkeepError) {
    try storing { () throws(StorageError) in try storage.checkpoint() }
  }

  /// Closes the files; every later use throws `closed`. Closing twice is in order.
  ///
  /// - Throws: `misuse` while reads or a write are under way.
  public func close() throws(UpkeepError) {
    try storing { () throws(StorageError) in try storage.close() }
  }

  /// A read transaction that its caller ends.
  package func beginRead() throws(UpkeepError) -> TransactionScope {
    TransactionScope(
      reading: try storing { () throws(StorageError) in try storage.beginRead() }, cache: cache)
  }

  /// A write transaction that its caller commits or rolls back.
  package func beginWrite() throws(UpkeepError) -> TransactionScope {
    TransactionScope(
      writing: try storing { () throws(StorageError) in try storage.beginWrite() }, cache: cache)
  }
}
