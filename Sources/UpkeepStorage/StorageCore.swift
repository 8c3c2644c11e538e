import Synchronization

/// The state that the rooms of a store share.
///
/// Who may change what:
/// 1. Under the writer's turn: `commits.newest`, `log` (with the checkpoint's lock held too), `logBuffer`, `stamps`,
///    `hasCommitted`.
/// 2. With the checkpoint's lock held: `superblock`, `durableRoots`.
/// 3. By anybody, for they guard themselves: `pages`, `versions`, `commits`, `data`.
/// Locks are taken in this order: the turn, the checkpoint's lock, any other, of which nobody holds two but
/// that pages are freed with the versions' lock held.
final class StorageCore: @unchecked Sendable {
  let path: String
  let options: StorageOptions
  let turn = WriterTurn()
  let pages: PageStore
  let versions: VersionSet
  let commits: CommitQueue
  let checkpoints = CheckpointSchedule()
  /// Nil for a store in memory.
  let folder: StoreFolder?
  let data: DataFile?

  /// The newest superblock that is durable.
  var superblock: Superblock {
    didSet {
      durableGeneration.store(superblock.generation, ordering: .releasing)
      checkpointedTo.store(superblock.logPosition.rawValue, ordering: .releasing)
    }
  }
  /// Its generation, and where the log goes on from it, for everybody.
  let durableGeneration: Atomic<UInt64>
  let checkpointedTo: Atomic<UInt64>
  /// The roots that it holds.
  var durableRoots: RootsArray
  private let currentLog = Guarded<LogWriter?>(nil)
  /// The log, from the first commit on.
  var log: LogWriter? {
    get { currentLog.withLock { $0 } }
    set { currentLog.withLock { $0 = newValue } }
  }
  /// Whether a log was begun or a commit made without one since the store was opened. Used under the writer's turn.
  var hasCommitted = false
  private let closed = Atomic<Bool>(false)
  var isClosed: Bool {
    get { closed.load(ordering: .acquiring) }
    set { closed.store(newValue, ordering: .releasing) }
  }
  let stamps = EditStamps()
  /// What recovery has to do before any extent is used again (rule 15), while it has not been done.
  var prepareToSpill: (() throws(StorageError) -> Void)?
  /// The operations of the open write transaction; there is one at a time, so they share a buffer.
  let logBuffer = ByteBuffer(capacity: 4096)
  /// Counters for statistics.
  let checkpointCount = Atomic<Int>(0)
  let pagesWritten = Atomic<UInt64>(0)

  init(
    path: String, options: StorageOptions, pages: PageStore, first: Version, folder: StoreFolder?,
    data: DataFile?, superblock: Superblock
  ) {
    self.path = path
    self.options = options
    self.pages = pages
    self.folder = folder
    self.data = data
    self.superblock = superblock
    durableGeneration = Atomic(superblock.generation)
    checkpointedTo = Atomic(superblock.logPosition.rawValue)
    // A database that no checkpoint was made of yet has no roots on disk, not even the catalog's.
    durableRoots = superblock.rootsCount == 0 ? RootsArray(pageSize: options.pageSize) : first.roots
    versions = VersionSet(first, pages: pages)
    commits = CommitQueue(first, versions: versions)
  }

  deinit { checkpoints.stop() }

  var isDurable: Bool { data != nil }
  var latch: FailureLatch? { folder?.latch }
  var logPath: String { path + "-wal" }

  /// Makes sure that there is a log, before the first commit after opening: the log and its name durable first,
  /// then a superblock that needs it (rule 17). Called under the writer's turn.
  func beginLog() throws(StorageError) {
    guard log == nil else { return }
    try checkpoints.lock.withLock { () throws(StorageError) in try makeLog() }
  }

  private func makeLog() throws(StorageError) {
    guard let folder, let data else { return }
    let made = try LogWriter.make(path: logPath, in: folder, continuing: superblock)
    var next = superblock
    next.generation += 1
    next.isClean = false
    #if UPKEEP_PLANTS
      if Plant.isOn(.keepsCleanFlag) { next.isClean = true }
    #endif
    next.logSalt = made.salt
    next.logPosition = made.end
    next.logChain = made.chain
    let first = Int(next.generation % 2)
    try data.writeSlot(first, next)
    try data.file.sync(.data)
    superblock = next
    log = made
    hasCommitted = true
    // The other slot needs no sync of its own: should this one rot, that one is of the generation that the log
    // names, and the log's records tell that a newer one was.
    if let failure = mirror(next, in: 1 - first, isSynced: false) { throw failure }
    // The visible version has a place in the new log now: its beginning.
    let visible = commits.newest
    let again = Version(
      number: visible.number, roots: visible.roots, nextTreeID: visible.nextTreeID, logEnd: made.end,
      logChain: made.chain)
    commits.publish(
      PendingVersion(version: again, change: VersionChange(number: again.number, born: [], retired: [])),
      isLogged: false)
  }
}

extension StorageCore {
  /// Nil for a store in memory, which keeps everything there.
  var temporaryFiles: TemporaryFiles? { folder.map { TemporaryFiles($0.fileSystem, beside: path) } }
}
