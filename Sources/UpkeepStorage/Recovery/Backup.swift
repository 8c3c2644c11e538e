/// Writes one version to a new database's file, page by page, while writes go on.
///
/// 1. The version is that of a snapshot, which keeps its pages. A page is copied in a short operation if it is in
///    memory; else it is read from disk past the cache, so that a backup does not fill the cache with what nobody asked
///    for.
/// 2. Page ids stay as they are. Everything is encoded anew, for a checksum is seeded with the database's id and the new
///    file is another database: the logs of one are not taken for those of the other.
/// 3. The file is compact, its superblock clean, in both slots, and there is no log.
struct Backup {
  private let read: ReadTransaction
  private let core: StorageCore
  private let data: DataFile
  private let writer: ExtentWriter
  private var map: PageMap
  private var roots: PageMap
  private let progress: PageProgress?
  private var copied: UInt64 = 0

  /// - Parameter file: empty, to be filled.
  init(of read: ReadTransaction, into file: StoreFile, progress: PageProgress? = nil) {
    self.progress = progress
    self.read = read
    core = read.core
    let pageSize = core.pages.pageSize
    data = DataFile(file: file, pageSize: pageSize, databaseID: .random())
    writer = ExtentWriter(data, version: read.version)
    map = PageMap(pageSize: pageSize, mark: 0)
    roots = PageMap(pageSize: pageSize, mark: PageMap.rootsMark)
  }

  mutating func write() throws(StorageError) {
    try data.file.allocate(0..<FreeSpace.firstUnit * UInt64(Extent.unitSize), .spare)
    for (_, root) in read.base.roots.trees where root.height > 0 {
      try copy(root.page, level: try TreeReader.rootLevel(root))
    }
    for (i, chunk) in read.base.roots.chunks.enumerated() {
      guard let chunk, chunk.roots.contains(where: { $0 != nil }) else { continue }
      // What is left of dropped trees stays behind.
      let kept = RootsArray.Chunk(chunk.roots)
      try roots.set(UInt64(i), try writer.store(kept, at: i), PageMap.unread)
    }
    try writer.storeChanges(&map, &roots, PageMap.unread)
    try writer.finish()
    let superblock = makeSuperblock()
    // The file is as long as its superblock says.
    let last = [UInt8](repeating: 0, count: Extent.unitSize)
    if try data.file.size() < superblock.fileSize {
      try last.borrowed { bytes throws(StorageError) in
        try data.file.write(bytes, at: superblock.fileSize - UInt64(bytes.count), .spare)
      }
    }
    // A slot is written when all that it names is durable, though nobody can find it before the file has its name.
    try data.file.sync(.data)
    for slot in 0...1 {
      #if UPKEEP_PLANTS
        if slot == 1, Plant.isOn(.backupHasOneSlot) { continue }
      #endif
      try data.writeSlot(slot, superblock)
    }
    #if UPKEEP_PLANTS
      Plant.skipSync(.backupSkipsSync)
    #endif
  }

  private func makeSuperblock() -> Superblock {
    var superblock = Superblock(
      generation: 1, databaseID: data.codec.databaseID, pageSize: core.pages.pageSize,
      segmentSize: core.options.segmentSize, isClean: true)
    superblock.version = read.version
    superblock.nextTreeID = read.base.nextTreeID
    superblock.nextPageID = UInt64(max(map.count, 1))
    superblock.mapLevels = map.levelCount
    superblock.mapRoot = map.root
    superblock.rootsLevels = roots.levelCount
    superblock.rootsRoot = roots.root
    superblock.rootsCount = UInt64(roots.count)
    let end = data.free.withLock { free in
      free.trimEnd()
      return max(free.endUnit, map.leastUnits)
    }
    superblock.fileSize = end * UInt64(Extent.unitSize)
    return superblock
  }

  /// A node and all below it. Recursion is bounded by the level.
  private mutating func copy(_ page: PageID, level: Int) throws(StorageError) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: core.pages.pageSize, alignment: 64)
    defer { bytes.deallocate() }
    guard let base = bytes.baseAddress else { return }
    try load(page, into: bytes)
    let node = Node(base)
    guard node.level == level else { throw damaged(page, "is of another level than its parent says") }
    NodeLayout.prepareForDisk(base, pageSize: bytes.count)
    try store(page, base)
    if level > 0 {
      for child in 0...node.count { try copy(node.child(child), level: level - 1) }
      return
    }
    for i in 0..<node.count {
      let value = node.value(i)
      guard value.isOverflow else { continue }
      var parts: [PageID] = []
      try OverflowValue.forEachPage(value.stored, core.pages, read) { (id, _) throws(StorageError) in
        parts.append(id)
      }
      for part in parts { try copyPart(part) }
    }
  }

  /// A page of a long value.
  private mutating func copyPart(_ page: PageID) throws(StorageError) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: core.pages.pageSize, alignment: 64)
    defer { bytes.deallocate() }
    guard let base = bytes.baseAddress else { return }
    try load(page, into: bytes)
    guard base.load(as: UInt8.self) == PageKind.overflow.rawValue else {
      throw damaged(page, "is no part of a long value")
    }
    try store(page, base)
  }

  private func load(_ page: PageID, into bytes: UnsafeMutableRawBufferPointer) throws(StorageError) {
    guard page != .none, page.rawValue < PageTable.limit else { throw damaged(page, "is no page") }
    read.enter()
    let frame = core.pages.table.frame(page)
    if let frame { bytes.baseAddress?.copyMemory(from: frame, byteCount: bytes.count) }
    read.leave()
    if frame != nil { return }
    guard let source = core.data else { throw damaged(page, "is not there") }
    try source.requireKnown(page)
    try source.read(page, into: bytes)
  }

  private mutating func store(_ page: PageID, _ base: UnsafeMutableRawPointer) throws(StorageError) {
    guard try map.entry(page.rawValue, PageMap.unread).isNone else { throw damaged(page, "is reached twice") }
    try map.set(page.rawValue, try writer.store(base, identity: page.rawValue), PageMap.unread)
    copied += 1
    if copied & 255 == 0 { try progress?(copied, core.pages.usedPageCount) }
  }
}

extension Array where Element == UInt8 {
  /// `withUnsafeBytes` with a typed error.
  fileprivate func borrowed(
    _ body: (UnsafeRawBufferPointer) throws(StorageError) -> Void
  ) throws(StorageError) {
    let result: Result<Void, StorageError> = withUnsafeBytes { bytes in
      do throws(StorageError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    try result.get()
  }
}

extension Storage {
  /// Writes what is visible now to a new database at `path`, compact, while reads and writes go on. Nothing stands there
  /// before the backup is complete and durable.
  ///
  /// - Parameter fileSystem: where `path` is. Its failures are none of the store's.
  /// - Throws: `io` with the code for a name that is taken where something stands at `path` already; `logMismatch` where a
  ///   log lies beside it.
  package func backup(
    to path: String, fileSystem: any FileSystem, progress: PageProgress? = nil
  ) throws(StorageError) {
    let folder = StoreFolder(fileSystem)
    let taken = FileError(.rename, path: path, code: SystemErrorCode.exists)
    let read = try beginRead()
    defer { read.end() }
    // Tries: what a crash left under the other name is cleared away first.
    for _ in 0..<4 {
      guard try folder.status(path) == nil else { throw .io(taken) }
      guard try folder.status(path + "-wal") == nil else {
        throw .logMismatch(
          file: path + "-wal", reason: "a log lies where a backup is to be made: move it away")
      }
      let isMade = try NewDatabase(path: path, folder: folder).make { file throws(StorageError) in
        var backup = Backup(of: read, into: file, progress: progress)
        try backup.write()
      }
      if isMade { return }
    }
    throw .locked(file: path, pid: nil)
  }
}
