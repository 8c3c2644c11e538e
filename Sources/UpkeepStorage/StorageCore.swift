/// The state that the rooms of a store share. Everything that changes here changes under the writer's turn;
/// what readers use (`pages`, `versions`) guards itself.
final class StorageCore: @unchecked Sendable {
  let path: String
  let options: StorageOptions
  let turn = WriterTurn()
  let pages: PageStore
  let versions: VersionSet
  /// Nil for a store in memory.
  let folder: StoreFolder?
  let data: DataFile?

  /// The newest superblock that is durable.
  var superblock: Superblock
  /// The roots that it holds.
  var durableRoots: RootsArray
  /// Free extents.
  var free: FreeSpace
  /// The log, from the first commit on.
  var log: LogWriter?
  /// What the versions after the superblock's brought and gave up, oldest first.
  var changes: [VersionChange] = []
  var isClosed = false
  let stamps = EditStamps()
  /// The operations of the open write transaction; there is one at a time, so they share a buffer.
  let logBuffer = ByteBuffer(capacity: 4096)
  /// Counters for statistics.
  var checkpointCount = 0
  var pagesWritten: UInt64 = 0

  init(
    path: String, options: StorageOptions, pages: PageStore, first: Version, folder: StoreFolder?,
    data: DataFile?,
    superblock: Superblock, free: FreeSpace
  ) {
    self.path = path
    self.options = options
    self.pages = pages
    self.folder = folder
    self.data = data
    self.superblock = superblock
    self.free = free
    durableRoots = first.roots
    versions = VersionSet(first, pages: pages)
  }

  var isDurable: Bool { data != nil }
  var latch: FailureLatch? { folder?.latch }
  var logPath: String { path + "-wal" }

  /// Makes sure that there is a log, before the first commit after opening: the log and its name durable first,
  /// then a superblock that needs it (rule 17).
  func beginLog() throws(StorageError) {
    guard log == nil, let folder, let data else { return }
    let made = try LogWriter.make(path: logPath, in: folder, continuing: superblock)
    var next = superblock
    next.generation += 1
    next.isClean = false
    next.logSalt = made.salt
    next.logPosition = made.end
    next.logChain = made.chain
    let first = Int(next.generation % 2)
    for slot in [first, 1 - first] {
      try data.writeSlot(slot, next)
      try data.file.sync(.data)
    }
    superblock = next
    log = made
    // The visible version has a place in the new log now: its beginning.
    let visible = versions.visible
    versions.publish(
      Version(
        number: visible.number, roots: visible.roots, nextTreeID: visible.nextTreeID, logEnd: made.end,
        logChain: made.chain), retired: [])
  }
}
