import Foundation
import Synchronization
import Testing

@testable import UpkeepStorage

/// Databases many times larger than their cache. Every value says what it must be, so that bytes of a frame that
/// went to another page are noticed wherever they are looked at.
struct SmallCacheTests {
  static let pageSize = 1024
  static let frames = 24

  final class Database {
    let folder: URL
    private(set) var storage: Storage
    let tree: TreeID
    private let options: StorageOptions

    init(frames: Int = SmallCacheTests.frames, _ change: (inout StorageOptions) -> Void = { _ in }) throws {
      folder = FileManager.default.temporaryDirectory.appending(path: "upkeep-\(UUID())")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      var options = StorageOptions()
      options.pageSize = SmallCacheTests.pageSize
      options.cacheSize = frames * SmallCacheTests.pageSize
      options.segmentSize = 16384
      options.durability = .none
      change(&options)
      self.options = options
      storage = try Self.open(folder, options)
      let transaction = try storage.beginWrite()
      tree = try transaction.createTree()
      try transaction.commit()
    }

    private static func open(_ folder: URL, _ options: StorageOptions) throws -> Storage {
      try Storage.open(
        folder.appending(path: "a.upkeep").path, fileSystem: DiskFileSystem(), options: options)
    }

    /// Lets go of the store as the end of its process would, and opens it again.
    func reopenUnclosed(frames: Int? = nil) throws {
      storage = try Storage.inMemory(options: StorageOptions())
      var options = options
      if let frames { options.cacheSize = frames * SmallCacheTests.pageSize }
      storage = try Self.open(folder, options)
    }

    /// Whether every row is there, of the round that `round` says, and no other.
    func check(_ read: ReadTransaction, rows: UInt64, _ round: (UInt64) -> UInt64) throws -> Bool {
      let cursor = try read.cursor(tree)
      var isThere = try cursor.first()
      for row in 0..<rows {
        guard isThere, SmallCacheTests.row(cursor.key) == row,
          SmallCacheTests.round(of: try cursor.value(), row: row) == round(row)
        else { return false }
        isThere = try cursor.next()
      }
      return !isThere
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var figures: FramePool.Figures { storage.core.pages.pool.figures }

    func fill(_ rows: Range<UInt64>, round: UInt64) throws {
      let transaction = try storage.beginWrite()
      for row in rows { try put(row, round: round, transaction) }
      try transaction.commit()
    }

    func put(_ row: UInt64, round: UInt64, _ transaction: WriteTransaction) throws {
      let value = SmallCacheTests.value(row, round: round)
      try withUnsafeBytes(of: row.bigEndian) { key in
        try value.withUnsafeBytes { try transaction.put(tree, key, $0) }
      }
    }
  }

  /// The row, the round, and bytes that follow from both; every hundredth row's value is a long one.
  static func value(_ row: UInt64, round: UInt64) -> [UInt8] {
    let count = row % 100 == 7 ? 6000 : 40 + Int(row % 30)
    var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: row &* 31 &+ round), count: count)
    bytes.withUnsafeMutableBytes {
      $0.storeBytes(of: row, as: UInt64.self)
      $0.storeBytes(of: round, toByteOffset: 8, as: UInt64.self)
    }
    return bytes
  }

  /// The round that a value is of, or nil if it is not what it should be.
  static func round(of value: UnsafeRawBufferPointer, row: UInt64) -> UInt64? {
    guard value.count >= 16, value.loadUnaligned(as: UInt64.self) == row else { return nil }
    let round = value.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    let expected = Self.value(row, round: round)
    guard value.count == expected.count, let base = value.baseAddress else { return nil }
    return expected.withUnsafeBytes { $0.baseAddress.map { memcmp($0, base, value.count) } } == 0
      ? round : nil
  }

  static func row(_ key: UnsafeRawBufferPointer) -> UInt64 {
    UInt64(bigEndian: key.loadUnaligned(as: UInt64.self))
  }

  @Test func whatGrowsWithTheFileStaysOnDisk() throws {
    let database = try Database { $0.checkpointsInBackground = false }
    let data = try #require(database.storage.core.data)
    for start in stride(from: UInt64(0), to: 20_000, by: 500) {
      try database.fill(start..<start + 500, round: 1)
      if start % 2000 == 0 { try database.storage.checkpoint() }
      #expect(data.maps.withLock { $0.pages.leafCount } <= data.mostMapLeaves)
    }
    try database.storage.checkpoint()
    let figures = try database.storage.statistics()
    let fanOut = (Self.pageSize - PageStore.headerSize) / MapEntry.byteCount
    #expect(
      figures.pageCount > 4 * UInt64(data.mostMapLeaves * fanOut), "the map is far larger than what is kept")
    let read = try database.storage.beginRead()
    for step in UInt64(0)..<3000 {
      let row = step &* 2_654_435_761 % 20_000
      let value = try withUnsafeBytes(of: row.bigEndian) { try read.get(database.tree, $0) }
      #expect(value.flatMap { Self.round(of: $0, row: row) } == 1)
      #expect(data.maps.withLock { $0.pages.leafCount } <= data.mostMapLeaves)
    }
    read.end()
    #expect(data.maps.withLock { $0.spilled.isEmpty && $0.graves.isEmpty })
    #expect(data.free.withLock { $0.byteCount } <= Int(figures.fileSize / 4096) + 64)
    #expect(database.figures.frameCount <= Self.frames + 16)
    #expect(try database.storage.verify() == [])
  }

  @Test func tenTimesTheCacheIsReadWithinIt() throws {
    let database = try Database()
    let rows: UInt64 = 4000
    for start in stride(from: 0, to: rows, by: 50) {
      try database.fill(start..<start + 50, round: 1)
      try database.storage.checkpoint()
    }
    let pages = try database.storage.statistics().pageCount
    #expect(pages > 10 * UInt64(Self.frames))
    let read = try database.storage.beginRead()
    for step in 0..<rows {
      let row = step &* 2_654_435_761 % rows
      let value = try withUnsafeBytes(of: row.bigEndian) { try read.get(database.tree, $0) }
      #expect(value.flatMap { Self.round(of: $0, row: row) } == 1)
    }
    let cursor = try read.cursor(database.tree)
    var isThere = try cursor.first()
    var row: UInt64 = 0
    while isThere {
      #expect(Self.row(cursor.key) == row)
      #expect(Self.round(of: try cursor.value(), row: row) == 1)
      row += 1
      isThere = try cursor.next()
    }
    #expect(row == rows)
    isThere = try cursor.last()
    while isThere {
      row -= 1
      #expect(Self.row(cursor.key) == row)
      isThere = try cursor.previous()
    }
    #expect(row == 0)
    read.end()
    #expect(try database.storage.verify() == [])
    let figures = database.figures
    #expect(figures.evictions > 10 * UInt64(Self.frames))
    #expect(figures.frameCount <= Self.frames)
    try database.storage.close()
  }

  @Test func moreCursorsThanCellsRest() throws {
    let database = try Database()
    try database.fill(0..<3000, round: 1)
    try database.storage.checkpoint()
    let read = try database.storage.beginRead()
    var cursors: [(TreeCursor, UInt64)] = []
    for i in 0..<40 {
      let cursor = try read.cursor(database.tree)
      #expect(try cursor.seek(ordinal: UInt64(i * 70)))
      cursors.append((cursor, UInt64(i * 70)))
    }
    for step in 0..<60 {
      for (i, (cursor, row)) in cursors.enumerated() {
        #expect(Self.row(cursor.key) == row)
        #expect(Self.round(of: try cursor.value(), row: row) == 1)
        if step % 7 == 6 {
          #expect(try cursor.seek(ordinal: UInt64(i * 70)))
          cursors[i].1 = UInt64(i * 70)
        } else {
          #expect(try cursor.next())
          cursors[i].1 += 1
        }
      }
    }
  }

  @Test func aWriterFindsItsWayWhilePagesGo() throws {
    let database = try Database()
    try database.fill(0..<3000, round: 1)
    try database.storage.checkpoint()
    let transaction = try database.storage.beginWrite()
    // Its finger rests on pages of the base, which reads of its own push out.
    for row in stride(from: UInt64(0), to: 3000, by: 3) {
      let value = try withUnsafeBytes(of: row.bigEndian) { try transaction.get(database.tree, $0) }
      #expect(value.flatMap { Self.round(of: $0, row: row) } == 1)
      let cursor = try transaction.cursor(database.tree)
      #expect(try cursor.seek(ordinal: (row &* 7919) % 3000))
      _ = try cursor.value()
      if row % 9 == 0 { try database.put(row, round: 2, transaction) }
    }
    try transaction.commit()
    let read = try database.storage.beginRead()
    for row in stride(from: UInt64(0), to: 3000, by: 3) {
      let value = try withUnsafeBytes(of: row.bigEndian) { try read.get(database.tree, $0) }
      #expect(value.flatMap { Self.round(of: $0, row: row) } == (row % 9 == 0 ? 2 : 1))
    }
    read.end()
    #expect(try database.storage.verify() == [])
  }

  /// Runs `body` on so many threads at once, and returns when all are done.
  static func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for i in 0..<count {
      group.enter()
      Thread.detachNewThread {
        body(i)
        group.leave()
      }
    }
    group.wait()
  }

  /// What the threads of a test tell one another.
  final class Board: Sendable {
    let isDone = Atomic<Bool>(false)
    let problems = Mutex<[String]>([])
    func report(_ text: String) { problems.withLock { if $0.count < 20 { $0.append(text) } } }
  }

  /// Readers with resting cursors, and a writer that checkpoints, share a few frames. Each snapshot must show each
  /// row of one round, which its newest commit wrote, and not change while it is open.
  @Test func readersAndAWriterShareAFewFrames() throws {
    let database = try Database()
    let rows: UInt64 = 600
    try database.fill(0..<rows, round: 1)
    let (storage, tree) = (database.storage, database.tree)
    let readers = 3
    let rounds: UInt64 = 30
    let board = Board()

    Self.inParallel(readers + 1) { thread in
      do {
        if thread == readers {
          defer { board.isDone.store(true, ordering: .releasing) }
          for round in 2...rounds {
            let transaction = try storage.beginWrite()
            for row in 0..<rows {
              let value = Self.value(row, round: round)
              try withUnsafeBytes(of: row.bigEndian) { key in
                try value.withUnsafeBytes { try transaction.put(tree, key, $0) }
              }
            }
            try transaction.commit()
            try storage.checkpoint()
          }
          return
        }
        var state = UInt64(thread) &* 77
        repeat {
          let read = try storage.beginRead()
          defer { read.end() }
          var round: UInt64?
          var cursors: [TreeCursor] = []
          for _ in 0..<20 {
            let cursor = try read.cursor(tree)
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            guard try cursor.seek(ordinal: (state >> 33) % rows) else {
              return board.report("a row is missing")
            }
            cursors.append(cursor)
          }
          for _ in 0..<5 {
            for cursor in cursors {
              let row = Self.row(cursor.key)
              let found = Self.round(of: try cursor.value(), row: row)
              if found == nil { board.report("row \(row) is damaged") }
              if round == nil { round = found }
              if found != round { board.report("row \(row) is of round \(found ?? 0), not \(round ?? 0)") }
              let other = (row &* 31) % rows
              let value = try withUnsafeBytes(of: other.bigEndian) { try read.get(tree, $0) }
              if value.flatMap({ Self.round(of: $0, row: other) }) != round {
                board.report("get of \(other)")
              }
              if try !cursor.next() { _ = try cursor.first() }
            }
          }
        } while !board.isDone.load(ordering: .acquiring)
      } catch {
        board.report("thread \(thread): \(error)")
        board.isDone.store(true, ordering: .releasing)
      }
    }
    #expect(board.problems.withLock { $0 } == [])
    #expect(try storage.verify() == [])
    #expect(database.figures.evictions > 0)
  }
}
