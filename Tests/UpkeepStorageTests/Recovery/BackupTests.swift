import Testing
import UpkeepTesting

@testable import UpkeepStorage

/// A backup is what a snapshot saw, complete or not there at all.
@Suite struct BackupTests {
  private static let path = "db"
  private static let target = "copy"

  private func options() -> StorageOptions {
    var options = StorageOptions()
    options.pageSize = 1024
    options.segmentSize = 64 << 10
    options.durability = .none
    options.checkpointsInBackground = false
    options.cacheSize = 32 * 1024
    return options
  }

  private func key(_ i: Int) -> [UInt8] { Array("key-\(10_000 + i)".utf8) }

  private func value(_ i: Int, _ round: Int) -> [UInt8] {
    var random = SeededGenerator(seed: UInt64(i * 8 + round))
    return random.bytes(i % 50 == 0 ? 20_000 : i % 20 == 0 ? 1500 : 60)
  }

  private func put(_ storage: Storage, _ tree: TreeID, _ rows: some Sequence<Int>, round: Int) throws {
    let transaction = try storage.beginWrite()
    for i in rows {
      try key(i).withUnsafeBytes { k in
        try value(i, round).withUnsafeBytes { try transaction.put(tree, k, $0) }
      }
    }
    try transaction.commit()
  }

  private func filled(_ system: any FileSystem, rows: Int = 1000) throws -> (Storage, TreeID) {
    let storage = try Storage.open(Self.path, fileSystem: system, options: options())
    let transaction = try storage.beginWrite()
    _ = try transaction.createTree()
    let tree = try transaction.createTree()
    try transaction.commit()
    try put(storage, tree, 0..<rows, round: 1)
    try storage.checkpoint()
    // Some of it only in the log and in memory.
    try put(storage, tree, 100..<200, round: 2)
    return (storage, tree)
  }

  private func content(_ storage: Storage, _ tree: TreeID) throws -> [[UInt8]: [UInt8]] {
    let read = try storage.beginRead()
    defer { read.end() }
    var result: [[UInt8]: [UInt8]] = [:]
    let cursor = try read.cursor(tree)
    while try cursor.next() { result[Array(cursor.key)] = Array(try cursor.value()) }
    return result
  }

  @Test func theBackupHasWhatWasVisible() throws {
    let system = MemoryFileSystem()
    let (storage, tree) = try filled(system)
    let before = try content(storage, tree)
    try storage.backup(to: Self.target, fileSystem: system)
    try put(storage, tree, 0..<300, round: 3)
    #expect(try system.status(Self.target + "-wal") == nil)
    #expect(try system.status(Self.target + "-new") == nil)
    let copy = try Storage.open(Self.target, fileSystem: system, options: options())
    #expect(try copy.verify() == [])
    #expect(try content(copy, tree) == before)
    #expect(copy.core.superblock.databaseID != storage.core.superblock.databaseID)
    let free = try #require(copy.core.data).free.withLock { ($0.freeUnits, $0.endUnit) }
    #expect(free.0 * 20 <= free.1, "the copy is compact")
    // It is a store like any other, with ids of its own to go on with.
    let transaction = try copy.beginWrite()
    #expect(try transaction.createTree() > tree)
    try transaction.commit()
    try put(copy, tree, 0..<1000, round: 4)
    #expect(try copy.verify() == [])
    try copy.close()
    #expect(try storage.verify() == [])
    try storage.close()
  }

  @Test func storesInMemoryAndReadOnlyOnesAreBackedUpToo() throws {
    let system = MemoryFileSystem()
    let memory = try Storage.inMemory(options: options())
    try put(memory, .catalog, 0..<300, round: 1)
    try memory.backup(to: Self.target, fileSystem: system)
    var readOnly = options()
    readOnly.isReadOnly = true
    let copy = try Storage.open(Self.target, fileSystem: system, options: readOnly)
    #expect(try content(copy, .catalog) == content(memory, .catalog))
    try copy.backup(to: "second", fileSystem: system)
    let second = try Storage.open("second", fileSystem: system, options: options())
    #expect(try second.verify() == [])
    #expect(try content(second, .catalog) == content(memory, .catalog))
  }

  @Test func nothingThatIsThereIsTouched() throws {
    let system = MemoryFileSystem()
    let (storage, _) = try filled(system, rows: 50)
    let text = Array("not ours".utf8)
    for name in [Self.target, Self.target + "-wal", Self.target + "-new"] {
      let file = try system.open(name, .createNew)
      try text.withUnsafeBytes { try file.write($0, at: 0) }
      if name == Self.target + "-new" {
        // Another name is taken.
        try storage.backup(to: Self.target, fileSystem: system)
        try system.remove(Self.target)
      } else {
        #expect(throws: StorageError.self) { try storage.backup(to: Self.target, fileSystem: system) }
      }
      var found = [UInt8](repeating: 0, count: 100)
      let count = try found.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
      #expect(Array(found[..<count]) == text)
      #expect(try system.status(name) != nil)
      try system.remove(name)
    }
    #expect(throws: StorageError.self) { try storage.backup(to: Self.path, fileSystem: system) }
    try storage.backup(to: Self.target, fileSystem: system)
    #expect(try storage.verify() == [])
  }

  /// Writes go on while a backup is under way: here between each two of its writes.
  @Test func writesGoOnMeanwhile() throws {
    let system = MemoryFileSystem()
    let (storage, tree) = try filled(system)
    let before = try content(storage, tree)
    let gate = InterruptedFileSystem(MemoryFileSystem())
    var round = 3
    gate.beforeWrite = {
      round += 1
      // The writer's turn is not the backup's.
      try? put(storage, tree, (0..<1000).filter { $0 % 7 == round % 7 }, round: round % 8)
      try? storage.checkpoint()
      if round % 3 == 0 { try? storage.compact() }
    }
    try storage.backup(to: Self.target, fileSystem: gate)
    #expect(round > 4)
    gate.beforeWrite = {}
    let copy = try Storage.open(Self.target, fileSystem: gate, options: options())
    #expect(try copy.verify() == [])
    #expect(try content(copy, tree) == before)
    #expect(try storage.verify() == [])
  }

  /// Power loss and failures at every call of a backup: its name names a complete copy or nothing, and the source is
  /// as it was.
  @Test func everyCallOfABackupFailing() throws {
    let source = MemoryFileSystem()
    let (storage, tree) = try filled(source, rows: 120)
    let before = try content(storage, tree)
    let faults: [(FaultPlan.Fault, FaultPlan.CountedCalls)] = [
      (.powerLoss, .changes), (.error(5), .all), (.error(28), .changes), (.partialWrite(28), .only([.write])),
      (.syncDropsPages, .only([.sync])), (.syncKeepsPages, .only([.sync])),
    ]
    for (fault, counted) in faults {
      var call = 0
      while call < 400 {
        defer { call += 1 }
        let disk = SimulatedFileSystem(seed: UInt64(call + 1))
        disk.plan(FaultPlan(fault, at: call, of: counted))
        let isMade = (try? storage.backup(to: Self.target, fileSystem: disk)) != nil
        let wasHit = disk.faultCount > 0
        disk.plan(nil)
        let survivors: [Survival] = [.nothing, .everything, .namesAndSizes, .random(seed: UInt64(call))]
        // After a power loss no process of that boot goes on.
        var isPowerLoss = false
        if case .powerLoss = fault { isPowerLoss = true }
        let alive = isPowerLoss && wasHit ? [] : [disk.anotherProcess()]
        for survivor in alive + survivors.map({ disk.survivor($0) }) {
          guard try survivor.status(Self.target) != nil else {
            #expect(!isMade, "a backup that was told to be complete is not there")
            continue
          }
          let copy = try Storage.open(Self.target, fileSystem: survivor, options: options())
          #expect(try copy.verify() == [])
          #expect(try content(copy, tree) == before)
        }
        // What was left under the other name is no hindrance.
        let again = disk.survivor(.everything)
        if try again.status(Self.target) == nil {
          try storage.backup(to: Self.target, fileSystem: again)
          #expect(try again.status(Self.target) != nil)
        }
        if isMade, !wasHit { break }
      }
    }
    #expect(try storage.verify() == [])
    try put(storage, tree, 0..<10, round: 5)
    try storage.close()
  }

  @Test func aDamagedSourceGivesNoBackup() throws {
    let system = MemoryFileSystem()
    let (storage, tree) = try filled(system)
    try storage.close()
    let again = try Storage.open(Self.path, fileSystem: system, options: options())
    var place = Extent(start: 0, count: 0)
    let data = try #require(again.core.data)
    try data.maps.withLock({ $0.pages }).forEachExtent(data.readMapPage) { level, _, extent in
      if level == 0 { place = max(place, extent) { $0.start < $1.start } }
    }
    let file = try system.open(Self.path, .readWrite)
    try [1, 2, 3, 4].withUnsafeBytes { try file.write($0, at: place.byteOffset + 70) }
    #expect(throws: StorageError.self) { try again.backup(to: Self.target, fileSystem: system) }
    #expect(try system.status(Self.target) == nil)
    #expect(try system.status(Self.target + "-new") == nil)
    _ = tree
  }
}

private func max(_ a: Extent, _ b: Extent, _ isLess: (Extent, Extent) -> Bool) -> Extent {
  isLess(a, b) ? b : a
}

/// Runs something before each write.
private final class InterruptedFileSystem: FileSystem, @unchecked Sendable {
  private let base: any FileSystem
  var beforeWrite: () -> Void = {}

  init(_ base: any FileSystem) { self.base = base }

  func open(_ path: String, _ mode: FileOpenMode) throws(FileError) -> any File {
    InterruptedFile(try base.open(path, mode), self)
  }
  func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }
  func renameExclusively(_ path: String, to newPath: String) throws(FileError) {
    try base.renameExclusively(path, to: newPath)
  }
  func remove(_ path: String) throws(FileError) { try base.remove(path) }
  func syncDirectory(of path: String) throws(FileError) { try base.syncDirectory(of: path) }

  private final class InterruptedFile: File, @unchecked Sendable {
    private let base: any File
    private let system: InterruptedFileSystem
    var path: String { base.path }

    init(_ base: any File, _ system: InterruptedFileSystem) {
      self.base = base
      self.system = system
    }

    func identity() throws(FileError) -> FileIdentity { try base.identity() }
    func size() throws(FileError) -> UInt64 { try base.size() }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
      try base.read(into: buffer, at: offset)
    }
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
      system.beforeWrite()
      try base.write(bytes, at: offset)
    }
    func allocate(_ range: Range<UInt64>) throws(FileError) { try base.allocate(range) }
    func truncate(to size: UInt64) throws(FileError) { try base.truncate(to: size) }
    func sync(_ kind: FileSync) throws(FileError) { try base.sync(kind) }
    func tryLock() throws(FileError) -> Bool { try base.tryLock() }
    func unlock() throws(FileError) { try base.unlock() }
  }
}
