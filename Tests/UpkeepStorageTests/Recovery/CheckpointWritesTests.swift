import Testing
import UpkeepTesting

@testable import UpkeepStorage

/// Rule 27, seen where the system sees it: what a checkpoint writes of pages comes in runs that begin and end at
/// multiples of 4 KB, and a run is short only where it is the last, or where no longer place is free.
@Suite struct CheckpointWritesTests {
  private static let path = "db"

  private func open(_ disk: SimulatedFileSystem) throws -> Storage {
    var options = StorageOptions()
    options.pageSize = 2048
    options.segmentSize = 64 << 10
    options.durability = .none
    options.checkpointsInBackground = false
    return try Storage.open(Self.path, fileSystem: disk, options: options)
  }

  private func put(_ storage: Storage, _ rows: some Sequence<Int>, round: Int) throws {
    let transaction = try storage.beginWrite()
    for row in rows {
      var chance = SeededGenerator(seed: UInt64(row * 64 + round))
      try Array("key-\(100_000 + row)".utf8).withUnsafeBytes { key in
        try chance.bytes(120).withUnsafeBytes { try transaction.put(.catalog, key, $0) }
      }
    }
    try transaction.commit()
  }

  /// The writes of pages that a checkpoint made.
  private func writes(_ storage: Storage, _ disk: SimulatedFileSystem) throws -> [FileCall] {
    let before = disk.transcript.count
    try storage.checkpoint()
    return disk.transcript[before...].filter {
      $0.operation == .write && $0.path == Self.path && ($0.offset ?? 0) >= 16384
    }
  }

  private func isAligned(_ write: FileCall) -> Bool {
    guard let offset = write.offset, let count = write.count else { return false }
    return offset % 4096 == 0 && count % 4096 == 0
  }

  @Test func aGrowingFileIsWrittenInLongRuns() throws {
    let disk = SimulatedFileSystem()
    disk.keepsTranscript = true
    let storage = try open(disk)
    var longest = 0
    for round in 0..<6 {
      try put(storage, (round * 2000)..<(round * 2000 + 2000), round: round)
      let writes = try writes(storage, disk)
      #expect(!writes.isEmpty)
      for (number, write) in writes.enumerated() {
        #expect(isAligned(write), "round \(round): \(write)")
        if number < writes.count - 1 { #expect(write.count ?? 0 >= 64 << 10, "round \(round): \(write)") }
      }
      longest = max(longest, writes.compactMap(\.count).max() ?? 0)
    }
    #expect(longest >= 200_000, "much is written at once where there is much")
    try storage.close()
  }

  /// More than a quarter of the file is free in small pieces, which are used.
  @Test func scatteredChangesBeginAndEndAtMultiplesOfFourKilobytes() throws {
    let disk = SimulatedFileSystem()
    disk.keepsTranscript = true
    let storage = try open(disk)
    try put(storage, 0..<6000, round: 0)
    try storage.checkpoint()
    var chance = SeededGenerator(seed: 3)
    var shortCount = 0
    for round in 1...20 {
      try put(storage, (0..<60).map { _ in chance.below(6000) }, round: round)
      let writes = try writes(storage, disk)
      #expect(!writes.isEmpty)
      for write in writes { #expect(isAligned(write), "round \(round): \(write)") }
      shortCount += writes.count { $0.count ?? 0 < 64 << 10 }
    }
    #expect(shortCount > 20, "small pieces were used")
    #expect(try storage.verify() == [])
    try storage.close()
  }
}
