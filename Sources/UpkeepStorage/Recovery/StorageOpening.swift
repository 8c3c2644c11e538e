#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Opens a store: takes the lock, chooses a superblock, loads the map, replays the log.
///
/// It decides before it writes: nothing on disk changes until everything that is needed was read and verified.
struct StorageOpening {
  let path: String
  let folder: StoreFolder
  let options: StorageOptions

  private var logPath: String { path + "-wal" }

  /// Opens the store, after waiting for its lock for as long as the options say.
  func open() throws(StorageError) -> StorageCore {
    var patience = Patience(options.clock, atMost: options.lockWait)
    while true {
      do throws(StorageError) { return try openAtOnce() } catch {
        guard case .locked = error, patience.waitsForAnotherTry() else { throw error }
      }
    }
  }

  private func openAtOnce() throws(StorageError) -> StorageCore {
    // Some tries: a file may be made, or replaced, between looking and locking (rule 19).
    for _ in 0..<16 {
      if try folder.status(path) == nil {
        guard options.createsIfMissing, !options.isReadOnly else {
          throw .io(FileError(.open, path: path, code: ENOENT))
        }
        guard try folder.status(logPath) == nil else {
          // Another process may have made both between the two looks.
          if try folder.status(path) != nil { continue }
          throw .logMismatch(
            file: logPath,
            reason: "there is a log but no database \(path): bring the database back, or move the log away")
        }
        try create()
      }
      let file: StoreFile
      do throws(StorageError) {
        file = try folder.open(path, options.isReadOnly ? .readOnly : .readWrite)
      } catch {
        if case .io(let cause) = error, cause.code == ENOENT, options.createsIfMissing { continue }
        if case .io(let cause) = error, cause.code == EINVAL {
          throw .notADatabase(file: path, reason: "it is no regular file")
        }
        throw error
      }
      do throws(StorageError) { try file.lock() } catch {
        if case .locked = error { throw .locked(file: path, pid: DataFile.readOwner(of: file)) }
        throw error
      }
      #if UPKEEP_PLANTS
        if Plant.isOn(.skipsIdentityCheck) { return try open(file) }
      #endif
      guard try folder.status(path)?.identity == file.identity() else { continue }
      return try open(file)
    }
    throw .locked(file: path, pid: nil)
  }

  // MARK: Creation

  /// Makes an empty database, unless somebody else is quicker.
  private func create() throws(StorageError) {
    let superblock = Superblock(
      generation: 1, databaseID: .random(), pageSize: options.pageSize, segmentSize: options.segmentSize,
      isClean: true)
    _ = try NewDatabase(path: path, folder: folder).make { file throws(StorageError) in
      let data = DataFile(file: file, pageSize: superblock.pageSize, databaseID: superblock.databaseID)
      try file.allocate(0..<superblock.fileSize, .spare)
      try data.writeSlot(0, superblock)
      try data.writeSlot(1, superblock)
    }
  }

  // MARK: Opening

  private func open(_ file: StoreFile) throws(StorageError) -> StorageCore {
    let (superblock, slot) = try chooseSuperblock(file)
    let data = DataFile(
      file: file, pageSize: superblock.pageSize, databaseID: superblock.databaseID,
      mapCacheSize: options.mapCacheSize)
    try loadMaps(data, superblock)
    let core = try makeCore(data, superblock)

    let log = try openLog(superblock)
    guard let log else {
      guard !options.isReadOnly else { return core }
      #if UPKEEP_PLANTS
        if Plant.isOn(.trustsCleanSuperblock) { return core }
      #endif
      // A clean end may be one that failed: compaction after the log was removed. Then one slot is ahead, and
      // perhaps only in the system's cache (rule 15).
      if try !isMirrored(superblock, in: 1 - slot, file) { try writeAgain(superblock, slot, data) }
      try data.writeOwner(pid: getpid())
      return core
    }
    // Rule 15: nothing is acknowledged, and no extent used again, before what was only read is written again. A
    // replay larger than the memory uses extents on its way.
    core.prepareToSpill = { () throws(StorageError) in
      #if UPKEEP_PLANTS
        if Plant.isOn(.trustsSuperblockRead) { return }
      #endif
      try writeAgain(superblock, slot, data)
    }
    let replayed = try replay(log, in: core)
    guard !options.isReadOnly else { return core }
    try core.beginSpilling()
    try data.writeOwner(pid: getpid())
    if try !goOn(with: log, after: replayed, in: core) { try core.endLog() }
    return core
  }

  /// Goes on with the log, where writing the pages that it changed would take long: the next checkpoint does that.
  private func goOn(
    with log: LogReader, after replayed: LogReader.Replayed, in core: StorageCore
  ) throws(StorageError) -> Bool {
    let pages = core.commits.changes(through: replayed.version).reduce(0) { $0 + $1.born.count }
    guard pages > options.mostPagesAtOpening, let segments = replayed.segments, !segments.isEmpty,
      !core.superblock.isClean, replayed.version > core.superblock.version
    else { return false }
    do throws(StorageError) {
      core.log = try LogWriter(
        file: log.file, after: replayed, in: segments, continuing: core.superblock)
      return true
    } catch {
      // Without room for a segment more it ends as a short one does.
      guard case .full = error else { throw error }
      return false
    }
  }

  /// Writes what was read to the slot that it was read from, then to the other, each with a sync.
  private func writeAgain(_ superblock: Superblock, _ slot: Int, _ data: DataFile) throws(StorageError) {
    for slot in [slot, 1 - slot] {
      try data.writeSlot(slot, superblock)
      try data.file.sync(.data)
    }
  }

  private func isMirrored(
    _ superblock: Superblock, in slot: Int, _ file: StoreFile
  ) throws(StorageError) -> Bool {
    guard case .valid(let other) = try DataFile.readSlot(slot, of: file) else { return false }
    return other == superblock
  }

  /// Rule 16.
  private func chooseSuperblock(_ file: StoreFile) throws(StorageError) -> (Superblock, slot: Int) {
    var chosen: (Superblock, slot: Int)?
    var damage: String?
    for slot in 0...1 {
      switch try DataFile.readSlot(slot, of: file) {
      case .valid(let block):
        if let best = chosen, !isBetter(block, than: best.0) { continue }
        if let best = chosen, best.0.databaseID != block.databaseID {
          throw .corrupt(file: path, place: "superblock", reason: "its two copies are of two databases")
        }
        chosen = (block, slot)
      case .damaged(let reason):
        damage = reason
      case .unknown(let reason):
        throw .notADatabase(file: path, reason: "it needs a newer release (\(reason))")
      case .foreign:
        break
      }
    }
    if let chosen { return chosen }
    if let damage { throw .corrupt(file: path, place: "superblock", reason: damage) }
    throw .notADatabase(file: path, reason: "it has no superblock")
  }

  private func isBetter(_ block: Superblock, than best: Superblock) -> Bool {
    #if UPKEEP_PLANTS
      if Plant.isOn(.choosesOlderSuperblock) { return block.generation < best.generation }
    #endif
    return block.generation > best.generation
  }

  private func loadMaps(_ data: DataFile, _ superblock: Superblock) throws(StorageError) {
    let size = try data.file.size()
    // Every page takes at least a unit of the file: no count on disk makes us allocate more than that.
    let most = size / UInt64(Extent.unitSize) + 1
    var pages = PageMap(pageSize: superblock.pageSize, mark: 0)
    var roots = PageMap(pageSize: superblock.pageSize, mark: PageMap.rootsMark)
    func corrupt(_ reason: String) -> StorageError {
      .corrupt(file: path, place: "superblock", reason: reason)
    }
    // Ids that are free count in the map too: it may be sparser than the file, but not without end.
    guard superblock.nextPageID <= PageTable.limit,
      superblock.nextPageID <= max(most * UInt64(pages.fanOut), PageMap.freeCount),
      superblock.rootsCount <= most * UInt64(roots.fanOut)
    else { throw corrupt("it counts more pages than the file holds") }
    let pageCount = superblock.mapLevels == 0 ? 0 : superblock.nextPageID
    guard pages.fanOut >= 2 else { throw corrupt("pages too small") }
    do throws(StorageError) {
      try pages.load(
        root: superblock.mapRoot, levelCount: superblock.mapLevels, count: pageCount, limit: pageCount,
        data.readMapPage)
      try roots.load(
        root: superblock.rootsRoot, levelCount: superblock.rootsLevels, count: superblock.rootsCount,
        limit: superblock.rootsCount, data.readMapPage)
    } catch {
      if case .corrupt(let file, let place, let reason) = error, file.isEmpty {
        throw .corrupt(file: path, place: place, reason: reason)
      }
      throw error
    }
    data.maps.withLock {
      $0.pages = pages
      $0.roots = roots
    }
  }

  private func makeCore(_ data: DataFile, _ superblock: Superblock) throws(StorageError) -> StorageCore {
    let maps = data.maps.withLock { $0 }
    var free = FreeSpace(endUnit: superblock.fileSize / UInt64(Extent.unitSize))
    // What is kept of the file is no larger than the file, whatever its superblock says.
    let end = try data.file.size() / UInt64(Extent.unitSize)
    var isSound = true
    func occupy(_ level: Int, _ index: Int, _ extent: Extent) {
      if extent.end > end || !free.occupy(extent) { isSound = false }
    }
    var unused: [PageID] = []
    var next = 1
    try maps.pages.forEachExtent(data.readMapPage) { level, index, extent in
      occupy(level, index, extent)
      guard level == 0 else { return }
      while next < index {
        unused.append(PageID(rawValue: UInt64(next)))
        next += 1
      }
      next = index + 1
    }
    let count = max(maps.pages.count, 1)
    while next < count {
      unused.append(PageID(rawValue: UInt64(next)))
      next += 1
    }
    try maps.roots.forEachExtent(data.readMapPage, occupy)
    guard isSound else {
      throw .corrupt(file: path, place: "page map", reason: "two pages lie in one place, or beyond the end")
    }
    data.free.withLock { $0 = free }
    let pages = PageStore(pageSize: superblock.pageSize, source: data, cacheSize: options.cacheSize)
    // The lowest is given first.
    pages.restoreIDs(next: PageID(rawValue: UInt64(count)), free: unused.reversed())
    let roots = try loadRoots(data, maps.roots, superblock)
    let first = Version(
      number: superblock.version, roots: roots, nextTreeID: superblock.nextTreeID,
      logEnd: superblock.logPosition, logChain: superblock.logChain)
    var options = options
    options.pageSize = superblock.pageSize
    options.segmentSize = superblock.segmentSize
    return StorageCore(
      path: path, options: options, pages: pages, first: first, folder: folder, data: data,
      superblock: superblock)
  }

  private func loadRoots(
    _ data: DataFile, _ map: PageMap, _ superblock: Superblock
  ) throws(StorageError) -> RootsArray {
    var roots = RootsArray(pageSize: superblock.pageSize)
    let page = UnsafeMutableRawBufferPointer.allocate(byteCount: superblock.pageSize, alignment: 64)
    defer { page.deallocate() }
    for i in 0..<map.count {
      let entry = try map.entry(UInt64(i), data.readMapPage)
      guard !entry.isNone else { continue }
      try data.readExtent(entry, identity: UInt64(i), kind: .roots, place: "roots page \(i)", into: page)
      guard let base = page.baseAddress,
        let chunk = RootsArray.decode(UnsafeRawPointer(base), chunkSize: roots.chunkSize)
      else { throw .corrupt(file: path, place: "roots page \(i)", reason: "a root makes no sense") }
      roots.setChunk(i, chunk)
    }
    // A database that no checkpoint was made of has no roots yet, but a catalog it has.
    if superblock.version == 0, roots.chunks.isEmpty { roots.set(.catalog, .empty) }
    guard roots[.catalog] != nil else {
      throw .corrupt(file: path, place: "roots array", reason: "the catalog's tree is missing")
    }
    return roots
  }

  // MARK: Log

  /// The log to be replayed, or nil if the superblock is clean and there is none.
  private func openLog(_ superblock: Superblock) throws(StorageError) -> LogReader? {
    guard try folder.status(logPath) != nil else {
      guard superblock.isClean else {
        throw .logMismatch(
          file: logPath,
          reason: "the log of \(path) is missing and holds commits that the database does not: bring it back")
      }
      return nil
    }
    let file: StoreFile
    do throws(StorageError) {
      file = try folder.open(logPath, options.isReadOnly ? .readOnly : .readWrite)
    } catch {
      if case .io(let cause) = error, cause.code == EINVAL {
        throw .logMismatch(file: logPath, reason: "it is no regular file")
      }
      throw error
    }
    let log = try LogReader(file: file, superblock: superblock, databasePath: path)
    if log.continuesSuperblock { return log }
    guard superblock.isClean else {
      throw .logMismatch(
        file: logPath, reason: "it does not continue \(path), which needs its own log: bring that back")
    }
    guard log.belongsToDatabase() else {
      throw .logMismatch(file: logPath, reason: "it is no log of \(path): move it away")
    }
    guard try !log.holdsAnyRecord() else {
      throw .corrupt(
        file: path, place: "superblock",
        reason: "the log holds commits of a newer superblock, which is damaged")
    }
    // Made just before a crash: nothing was committed through it.
    if !options.isReadOnly {
      try folder.remove(logPath)
      try folder.syncDirectory(of: logPath)
    }
    return nil
  }

  /// Applies the log by the code that writes run, as one transaction that is not logged again.
  private func replay(
    _ log: LogReader, in core: StorageCore
  ) throws(StorageError) -> LogReader.Replayed {
    try core.turn.take()
    let transaction = WriteTransaction(core, isLogging: false)
    do throws(StorageError) {
      let logPath = logPath
      let replayed = try log.replay(longest: options.checkpointLogSize) {
        (version, operations) throws(StorageError) in
        let reason: String?
        do throws(StorageError) { reason = try LogOperation.replay(operations, in: transaction) } catch {
          switch error {
          case .noSuchTree, .keyTooLong, .valueTooLong: reason = "\(error)"
          default: throw error
          }
        }
        if let reason { throw .corrupt(file: logPath, place: "version \(version)", reason: reason) }
      }
      try transaction.publishReplayed(as: replayed.version, end: replayed.end, chain: replayed.chain)
      return replayed
    } catch {
      transaction.rollback()
      throw error
    }
  }
}
