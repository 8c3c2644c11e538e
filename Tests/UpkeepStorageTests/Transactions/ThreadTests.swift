import Foundation
import Testing
import UpkeepTestSupport

@testable import UpkeepStorage

/// Readers, writers, checkpoints and close on real files, all at once: what the thread sanitizer looks at
/// (`make tsan`). Whatever the order, what was acknowledged is there, and every snapshot is whole.
@Suite("Readers, writers, checkpoints and close at once, on real files")
struct ThreadTests {
  private static let counters = 6

  private func options(cacheSize: Int, _ durability: StorageOptions.Durability) -> StorageOptions {
    var options = StorageOptions()
    options.pageSize = 1024
    options.segmentSize = 65_536
    options.checkpointLogSize = 40_000
    options.cacheSize = cacheSize
    options.durability = durability
    return options
  }

  private static func key(_ writer: Int, _ counter: Int) -> String { "\(writer)/counter \(counter)" }

  /// Does something again and again, until the store says that it is closed. How often it was done.
  private static func untilClosed(_ body: () throws -> Void) throws -> Int {
    var count = 0
    var isOpen = true
    while isOpen {
      do {
        try body()
        count += 1
      } catch {
        guard case .closed? = error as? StorageError else { throw error }
        isOpen = false
      }
    }
    return count
  }

  /// Adds one to every counter of its writer. How often that was acknowledged.
  private static func write(_ storage: Storage, _ writer: Int) throws -> Int {
    let filling = String(repeating: "x", count: 120)
    var round = 0
    return try untilClosed {
      let transaction = try storage.beginWrite()
      for counter in 0..<counters {
        try transaction.put(.catalog, key(writer, counter), "\(round + 1)")
        try transaction.put(.catalog, "\(writer)/row \((round * 7 + counter) % 300)", filling)
      }
      try transaction.commit()
      round += 1
    }
  }

  /// Looks at snapshots: the counters of a writer are all the same in each, and the rows are those that are counted.
  /// They end when told to, for a store does not close under a snapshot.
  private static func read(
    _ storage: Storage, _ writers: Int, _ looked: Guarded<Int>, _ isEnding: Guarded<Bool>
  ) throws {
    _ = try untilClosed {
      if isEnding.withLock({ $0 }) { throw StorageError.closed }
      let snapshot = try storage.beginRead()
      defer { snapshot.end() }
      for writer in 0..<writers {
        let values = try (0..<counters).map { try snapshot.text(.catalog, key(writer, $0)) }
        if Set(values).count != 1 { Issue.record("half a transaction: \(values)") }
      }
      let cursor = try snapshot.cursor(.catalog)
      var rows: UInt64 = 0
      var isThere = try cursor.first()
      while isThere {
        rows += 1
        isThere = try cursor.next()
      }
      let counted = try snapshot.count(.catalog)
      if rows != counted { Issue.record("\(rows) rows, and \(counted) counted") }
      looked.withLock { $0 += 1 }
    }
  }

  @Test(arguments: [20_000, 256 << 20], [StorageOptions.Durability.full, .none])
  func allAtOnce(cacheSize: Int, _ durability: StorageOptions.Durability) throws {
    let end = Moment.now.after(Self.duration)
    repeat { try once(cacheSize: cacheSize, durability) } while !end.hasCome
  }

  /// How long each goes on, from the environment; once if that says nothing.
  private static let duration: Duration = {
    let seconds = ProcessInfo.processInfo.environment["UPKEEP_THREAD_SECONDS"].flatMap(Int.init)
    return .seconds(seconds ?? 0)
  }()

  private func once(cacheSize: Int, _ durability: StorageOptions.Durability) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "upkeep-threads-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "db.upkeep").path
    let options = options(cacheSize: cacheSize, durability)
    let storage = try Storage.open(path, fileSystem: DiskFileSystem(), options: options)
    let writers = (0..<3).map { writer in Running { try Self.write(storage, writer) } }
    let looked = Guarded(0)
    let isEnding = Guarded(false)
    let readers = (0..<2).map { _ in Running { try Self.read(storage, 3, looked, isEnding) } }
    let checkpoints = Running {
      var round = 0
      return try Self.untilClosed {
        round += 1
        if round % 8 == 0 { try storage.compact() } else { try storage.checkpoint() }
        sched_yield()
      }
    }
    // Enough was done once the store has this many versions, and they were looked at.
    while try storage.statistics().version < 300 || looked.withLock({ $0 }) < 10 {
      if writers.contains(where: \.isOver) || readers.contains(where: \.isOver) { break }
      sched_yield()
    }
    isEnding.withLock { $0 = true }
    for reader in readers { try reader.value() }
    var isClosed = false
    while !isClosed {
      do {
        try storage.close()
        isClosed = true
      } catch {
        guard case .snapshotsOpen = error else { throw error }
      }
    }
    let acknowledged = try writers.map { try $0.value() }
    _ = try checkpoints.value()

    let again = try Storage.open(path, fileSystem: DiskFileSystem(), options: options)
    let snapshot = try again.beginRead()
    for (writer, count) in acknowledged.enumerated() where count > 0 {
      #expect(try snapshot.text(.catalog, Self.key(writer, 0)) == "\(count)")
    }
    snapshot.end()
    #expect(try again.verify() == [])
    try again.close()
  }
}
