import Testing
import UpkeepTesting

@testable import UpkeepStorage

/// Free space in the middle of the file goes to its end, and is cut off; nothing that anybody can see changes.
@Suite struct CompactionTests {
  private static let path = "db"

  private func key(_ i: Int) -> [UInt8] { Array("key-\(1_000_000 + i)".utf8) }

  private func value(_ i: Int, _ round: Int) -> [UInt8] {
    var random = SeededGenerator(seed: UInt64(i * 16 + round))
    return random.bytes(60) + [UInt8](repeating: UInt8(i & 0x7f), count: 60)
  }

  private func options(_ change: (inout StorageOptions) -> Void = { _ in }) -> StorageOptions {
    var options = StorageOptions()
    options.pageSize = 2048
    options.segmentSize = 64 << 10
    options.durability = .none
    options.checkpointsInBackground = false
    change(&options)
    return options
  }

  private func put(_ storage: Storage, _ rows: some Sequence<Int>, round: Int) throws {
    let transaction = try storage.beginWrite()
    for i in rows {
      try key(i).withUnsafeBytes { k in
        try value(i, round).withUnsafeBytes { try transaction.put(.catalog, k, $0) }
      }
    }
    try transaction.commit()
  }

  private func delete(_ storage: Storage, _ rows: some Sequence<Int>) throws {
    let transaction = try storage.beginWrite()
    for i in rows { _ = try key(i).withUnsafeBytes { try transaction.delete(.catalog, $0) } }
    try transaction.commit()
  }

  private func expect(_ storage: Storage, _ rows: [Int: Int], _ line: Int = #line) throws {
    let read = try storage.beginRead()
    defer { read.end() }
    #expect(try read.count(.catalog) == UInt64(rows.count), "line \(line)")
    for (i, round) in rows {
      let found = try key(i).withUnsafeBytes { try read.get(.catalog, $0).map { Array($0) } }
      guard found == value(i, round) else {
        Issue.record("row \(i) is not what was put, line \(line)")
        return
      }
    }
  }

  private func size(_ system: MemoryFileSystem) throws -> UInt64 {
    try system.status(Self.path)?.size ?? 0
  }

  /// Bytes that the extents in use take, with the fixed zones.
  private func least(_ storage: Storage) throws -> UInt64 {
    let data = try #require(storage.core.data)
    return data.free.withLock { $0.leastEnd } * 512
  }

  @Test func closingAfterRandomDeletesCutsTheFile() throws {
    let system = MemoryFileSystem()
    var random = SeededGenerator(seed: 5)
    let storage = try Storage.open(Self.path, fileSystem: system, options: options())
    var rows: [Int: Int] = [:]
    for i in (0..<6000) { rows[i] = 1 }
    try put(storage, 0..<6000, round: 1)
    try storage.checkpoint()
    let full = try size(system)
    let gone = (0..<6000).filter { _ in random.oneIn(2) }
    try delete(storage, gone)
    for i in gone { rows[i] = nil }
    try storage.close()
    let left = try size(system)
    #expect(left < full * 3 / 4, "\(left) of \(full) bytes")
    let again = try Storage.open(Self.path, fileSystem: system, options: options())
    #expect(try again.verify() == [])
    #expect(try left <= least(again) * 17 / 16 + 4096)
    try expect(again, rows)
    try again.close()
    #expect(try size(system) == left, "a close that has nothing to do changes nothing")
  }

  @Test func churnThenCloseLeavesLittleFree() throws {
    let system = MemoryFileSystem()
    var random = SeededGenerator(seed: 9)
    let storage = try Storage.open(
      Self.path, fileSystem: system, options: options { $0.checkpointLogSize = 64 << 10 })
    var rows: [Int: Int] = [:]
    for i in 0..<4000 { rows[i] = 1 }
    try put(storage, 0..<4000, round: 1)
    for round in 2..<12 {
      let changed = (0..<400).map { _ in random.below(4000) }
      try put(storage, changed, round: round)
      for i in changed { rows[i] = round }
    }
    try storage.close()
    let again = try Storage.open(Self.path, fileSystem: system, options: options())
    #expect(try again.verify() == [])
    let (size, least) = (try size(system), try least(again))
    #expect(size <= least * 9 / 8, "\(size) bytes where \(least) are needed")
    try expect(again, rows)
  }

  /// Pages that only an ended snapshot could see keep nothing in use at close, though no commit came after its end.
  @Test func whatEndedSnapshotsSawGoesAtClose() throws {
    let system = MemoryFileSystem()
    let storage = try Storage.open(Self.path, fileSystem: system, options: options())
    try put(storage, 0..<4000, round: 1)
    try storage.checkpoint()
    let snapshot = try storage.beginRead()
    try put(storage, 0..<4000, round: 2)
    try storage.checkpoint()
    snapshot.end()
    try storage.close()
    let again = try Storage.open(Self.path, fileSystem: system, options: options())
    let (size, least) = (try size(system), try least(again))
    #expect(size <= least * 17 / 16 + 4096, "\(size) bytes where \(least) are needed")
    try expect(again, Dictionary(uniqueKeysWithValues: (0..<4000).map { ($0, 2) }))
  }

  /// Pages that are a little larger than the holes that others left: blocks are cleared at
  /// the end.
  @Test func holesThatNothingFitsAreCleared() throws {
    let system = MemoryFileSystem()
    var random = SeededGenerator(seed: 11)
    let storage = try Storage.open(
      Self.path, fileSystem: system, options: options { $0.pageSize = 8192 })
    // Pages of about 9 units, between which 7 stay free where each takes two times 4 KB.
    var rows: [Int: Int] = [:]
    for i in 0..<200_000 { rows[i] = 1 }
    try put(storage, 0..<200_000, round: 1)
    try storage.checkpoint()
    for round in 2..<30 {
      let changed = (0..<600).map { _ in random.below(200_000) }
      try put(storage, changed, round: round % 16)
      for i in changed { rows[i] = round % 16 }
      try storage.checkpoint()
    }
    try storage.close()
    let again = try Storage.open(Self.path, fileSystem: system, options: options { $0.pageSize = 8192 })
    let (size, least) = (try size(system), try least(again))
    #expect(size <= least * 9 / 8, "\(size) bytes where \(least) are needed")
    #expect(try again.verify() == [])
    try expect(again, rows)
  }

  /// Steps move what lies at the end into long free runs, and the file is cut while the store is open.
  @Test func checkpointsMoveALittle() throws {
    let system = MemoryFileSystem()
    let storage = try Storage.open(Self.path, fileSystem: system, options: options())
    try put(storage, 0..<8000, round: 1)
    try storage.checkpoint()
    let full = try size(system)
    // The first three quarters go: what is left lies at the end.
    try delete(storage, 0..<6000)
    try storage.checkpoint()
    for round in 2..<5 {
      try put(storage, 7999..<8000, round: round)
      try storage.checkpoint()
      #expect(try storage.verify() == [])
    }
    #expect(try size(system) < full / 2)
    var rows: [Int: Int] = [:]
    for i in 6000..<8000 { rows[i] = i == 7999 ? 4 : 1 }
    try expect(storage, rows)
  }

  /// A snapshot that is open while everything moves reads what it saw, also pages that are not in memory.
  @Test func snapshotsSeeThroughMoves() throws {
    let system = MemoryFileSystem()
    let small = options { $0.cacheSize = 32 * 2048 }
    let storage = try Storage.open(Self.path, fileSystem: system, options: small)
    try put(storage, 0..<5000, round: 1)
    try storage.checkpoint()
    let old = try storage.beginRead()
    try delete(storage, 0..<2500)
    try put(storage, 3000..<4000, round: 2)
    try storage.checkpoint()
    let before = try size(system)
    try storage.compact()
    for i in stride(from: 0, to: 5000, by: 7) {
      let found = try key(i).withUnsafeBytes { try old.get(.catalog, $0).map { Array($0) } }
      #expect(found == value(i, 1))
    }
    #expect(try storage.verify() == [])
    old.end()
    try put(storage, [0], round: 3)
    try storage.compact()
    #expect(try size(system) < before)
    #expect(try storage.verify() == [])
    let (size, least) = (try size(system), try least(storage))
    #expect(size <= least * 17 / 16 + 8192, "\(size) bytes where \(least) are needed")
    var rows: [Int: Int] = [0: 3]
    for i in 2500..<5000 { rows[i] = (3000..<4000).contains(i) ? 2 : 1 }
    try expect(storage, rows)
  }

  /// After recovery there is no log until the first commit: a compaction then must leave a store that needs none.
  @Test func compactingWithoutALogNeedsNone() throws {
    let system = MemoryFileSystem()
    do {
      let storage = try Storage.open(Self.path, fileSystem: system, options: options())
      try put(storage, 0..<3000, round: 1)
      try storage.checkpoint()
      try delete(storage, 0..<2500)
      // Not closed: the lock goes with it.
    }
    var rows: [Int: Int] = [:]
    for i in 2500..<3000 { rows[i] = 1 }
    do {
      let recovered = try Storage.open(Self.path, fileSystem: system, options: options())
      #expect(recovered.core.log == nil)
      let before = try size(system)
      try recovered.compact()
      #expect(try size(system) < before / 2)
      #expect(try recovered.verify() == [])
      #expect(try system.status(Self.path + "-wal") == nil)
    }
    do {
      let again = try Storage.open(Self.path, fileSystem: system, options: options())
      try expect(again, rows)
      try put(again, 0..<10, round: 2)
    }
    for i in 0..<10 { rows[i] = 2 }
    let last = try Storage.open(Self.path, fileSystem: system, options: options())
    #expect(try last.verify() == [])
    try expect(last, rows)
  }

  /// What rotted is not signed again: it stays where it is, is found by whoever reads it, and keeps nobody from closing.
  @Test func rottenPagesAreNotMoved() throws {
    let system = MemoryFileSystem()
    let storage = try Storage.open(Self.path, fileSystem: system, options: options())
    try put(storage, 0..<3000, round: 1)
    try storage.close()
    let again = try Storage.open(Self.path, fileSystem: system, options: options())
    try delete(again, 0..<2000)
    try again.checkpoint()
    let data = try #require(again.core.data)
    // The page that lies last is the first to move.
    var last = Extent(start: 0, count: 1)
    try data.maps.withLock({ $0.pages }).forEachExtent(data.readMapPage) { level, _, extent in
      if level == 0, extent.start > last.start { last = extent }
    }
    let file = try system.open(Self.path, .readWrite)
    try [UInt8](repeating: 0x5A, count: 8).withUnsafeBytes { try file.write($0, at: last.byteOffset + 100) }
    try again.close()
    let broken = try Storage.open(Self.path, fileSystem: system, options: options())
    let problems = try broken.verify()
    #expect(!problems.isEmpty)
    #expect(problems.contains { $0.contains("the checksum does not match") })
  }
}
