/// An open store: ordered byte keys and values in many trees, in transactions. The front door of the engine.
package final class Storage: Sendable {
  let core: StorageCore

  init(_ core: StorageCore) { self.core = core }

  /// Opens a store, and makes it if it does not exist and the options say so.
  package static func open(
    _ path: String, fileSystem: any FileSystem, options: StorageOptions
  ) throws(StorageError) -> Storage {
    try options.check()
    let folder = StoreFolder(fileSystem)
    return Storage(try StorageOpening(path: path, folder: folder, options: options).open())
  }

  /// A store without a file.
  package static func inMemory(options: StorageOptions) throws(StorageError) -> Storage {
    try options.check()
    let superblock = Superblock(
      generation: 1, databaseID: .random(), pageSize: options.pageSize, segmentSize: options.segmentSize,
      isClean: true)
    var roots = RootsArray(pageSize: options.pageSize)
    roots.set(.catalog, .empty)
    let first = Version(
      number: 0, roots: roots, nextTreeID: TreeID.firstOfUsers.rawValue, logEnd: LogPosition(0), logChain: 0)
    return Storage(
      StorageCore(
        path: "", options: options, pages: PageStore(pageSize: options.pageSize, source: nil), first: first,
        folder: nil, data: nil, superblock: superblock))
  }

  deinit {
    // A store that was not closed is left as a crash would leave it; its lock goes with its file.
  }

  /// A snapshot of the newest visible version. It takes no lock.
  package func beginRead() throws(StorageError) -> ReadTransaction {
    if core.isClosed { throw .closed }
    return try ReadTransaction(reading: core)
  }

  /// Waits for the writer's turn and opens a write transaction.
  ///
  /// - Throws: `nestedWrite` inside a write of the same thread; `busy` if the turn did not come in time.
  package func beginWrite() throws(StorageError) -> WriteTransaction {
    if core.options.isReadOnly { throw .readOnly }
    try core.turn.take(waiting: core.options.writerWait)
    do throws(StorageError) {
      if core.isClosed { throw .closed }
      try core.latch?.check()
      return WriteTransaction(core, isLogging: core.isDurable)
    } catch {
      core.turn.giveBack()
      throw error
    }
  }

  /// The second half of a commit: returns when the transaction is as durable as the store promises, and visible.
  package func wait(for ticket: CommitTicket) throws(StorageError) {
    try core.wait(for: ticket)
    core.tendAfterCommit()
  }

  /// Writes what was committed since the last checkpoint to the data file. No effect where nothing was.
  package func checkpoint() throws(StorageError) {
    guard core.isDurable, !core.options.isReadOnly else { return }
    try core.checkpoint()
  }

  /// Moves what lies at the end of the data file into free space before it, and cuts the file, as far as that goes;
  /// reads and writes go on. What open snapshots need stays where it is.
  ///
  /// - Parameter progress: told of the pages that were moved, and may stop it: the file is then as the last round left it.
  package func compact(progress: PageProgress? = nil) throws(StorageError) {
    if core.isClosed { throw .closed }
    guard core.isDurable else { return }
    if core.options.isReadOnly { throw .readOnly }
    try core.latch?.check()
    try core.compact(progress: progress)
  }

  /// Walks everything and tells what is wrong; empty if nothing is.
  package func verify(progress: PageProgress? = nil) throws(StorageError) -> [String] {
    if core.isClosed { throw .closed }
    if core.options.isReadOnly { return try IntegrityCheck(core, progress: progress).run() }
    try core.turn.take()
    defer { core.turn.giveBack() }
    // What nobody could make durable is not looked at, but known to the check.
    if core.latch?.failure == nil { try core.wait(for: CommitTicket(version: core.commits.newest.number)) }
    return try core.checkpoints.lock.withLock { () throws(StorageError) in
      try IntegrityCheck(core, progress: progress).run()
    }
  }

  /// What the store is made of, at this moment.
  package func statistics() throws(StorageError) -> StorageStatistics {
    if core.isClosed { throw .closed }
    var result = StorageStatistics()
    result.pageSize = core.pages.pageSize
    result.version = core.versions.visibleNumber
    result.pageCount = core.pages.usedPageCount
    if let data = core.data {
      let (end, free) = data.free.withLock { ($0.endUnit, $0.freeUnits) }
      result.fileSize = end * UInt64(Extent.unitSize)
      result.freeBytes = free * UInt64(Extent.unitSize)
    }
    let cache = core.pages.pool.figures
    result.cachedPages = cache.frameCount
    result.cacheLimit = core.pages.pool.isBounded ? core.pages.pool.limit : nil
    let log = core.log
    result.logSize = log?.fileSize ?? 0
    result.logBytesWritten = log?.bytesWritten ?? 0
    result.checkpointCount = core.checkpointCount.load(ordering: .relaxed)
    result.pagesWritten = core.pagesWritten.load(ordering: .relaxed)
    return result
  }

  /// Closes the store: a last checkpoint, marked clean, then the log is removed. Calling it again does nothing.
  ///
  /// After an earlier failure it only lets the files go: the next opening recovers.
  ///
  /// - Throws: `snapshotsOpen` while snapshots are open; nothing was closed then.
  package func close() throws(StorageError) {
    core.reclaimBeforeClose()
    try core.turn.take()
    defer { core.turn.giveBack() }
    guard !core.isClosed else { return }
    // The store's own threads hold snapshots too.
    core.checkpoints.stop()
    let open = core.versions.pinnedCount
    #if UPKEEP_PLANTS
      if Plant.isOn(.closesUnderSnapshots) { return try core.close() }
    #endif
    guard open == 0 else { throw .snapshotsOpen(open) }
    try core.close()
  }
}

extension StorageCore {
  fileprivate func close() throws(StorageError) {
    try checkpoints.lock.withLock { () throws(StorageError) in
      isClosed = true
      guard let data, !options.isReadOnly else { return }
      defer { try? data.file.unlock() }
      try latch?.check()
      if log != nil {
        try commits.waitUntilVisible(commits.newest.number) { log }
        versions.releaseUnseen()
        try endLog()
        try compactAtEnd(sparing: 16)
      } else if hasCommitted {
        try compactAtEnd(sparing: 4)
      }
    }
  }

  /// After a clean end: what is free in the middle of the file goes to its end, and is cut off. Each round is a
  /// checkpoint, clean like the last one. A full disk is no reason for a close to fail that has been made already.
  private func compactAtEnd(sparing share: UInt64) throws(StorageError) {
    guard let data else { return }
    do throws(StorageError) {
      try compactInRounds(sparing: share) { reach throws(StorageError) in
        try writeCheckpoint(of: commits.newest, for: .cleanEnd, moving: reach)
      }
    } catch {
      guard case .full = error else { throw error }
    }
    if try data.file.size() > superblock.fileSize { try data.file.truncate(to: superblock.fileSize) }
  }

  /// A clean superblock in both slots, then the log goes, then the file's free end (rule 17). Called with the
  /// writer's turn and the checkpoint's lock.
  func endLog() throws(StorageError) {
    guard let data, let folder else { return }
    #if UPKEEP_PLANTS
      if Plant.isOn(.removesLogFirst), try folder.status(logPath) != nil {
        try folder.remove(logPath)
        try folder.syncDirectory(of: logPath)
      }
    #endif
    try writeCheckpoint(of: commits.newest, for: .cleanEnd, moving: .nothing)
    log = nil
    if try folder.status(logPath) != nil {
      try folder.remove(logPath)
      try folder.syncDirectory(of: logPath)
    }
    if try data.file.size() > superblock.fileSize { try data.file.truncate(to: superblock.fileSize) }
  }
}

extension StorageOptions {
  func check() throws(StorageError) {
    guard Self.isValidPageSize(pageSize) else {
      throw .badOption("a page size of \(pageSize): it must be a power of two from 512 to 65,536")
    }
    guard Self.isValidSegmentSize(segmentSize) else {
      throw .badOption(
        "a log segment of \(segmentSize) bytes: it must be a multiple of 4096 from 16,384 to 1 GiB")
    }
  }
}

extension Storage {
  /// Nil for a store in memory.
  package var temporaryFiles: TemporaryFiles? { core.temporaryFiles }
  /// Bytes that what a statement keeps of its rows may take in memory.
  package var spillByteCount: Int { core.options.spillByteCount }
}
