import Foundation
import Testing
import UpkeepTestSupport

@testable import UpkeepStorage

@Suite("Checkpoints and syncs on the store's own threads")
struct BackgroundTests {
  private func options(_ change: (inout StorageOptions) -> Void = { _ in }) -> StorageOptions {
    var options = StorageOptions()
    options.mostPagesWithoutLog = 0
    options.pageSize = 1024
    options.segmentSize = 16384
    options.checkpointLogSize = 20_000
    options.durability = .none
    change(&options)
    return options
  }

  private func put(_ storage: Storage, _ key: String, _ value: String) throws {
    let transaction = try storage.beginWrite()
    try transaction.put(.catalog, key, value)
    try transaction.commit()
  }

  private func commitMany(_ storage: Storage, _ count: Int, _ name: String = "key") throws {
    for number in 0..<count { try put(storage, "\(name) \(number)", String(repeating: "v", count: 80)) }
  }

  @Test("Commits go on while a checkpoint waits for the disk, and what it wrote is found again")
  func commitsGoOn() throws {
    let disk = MemoryFileSystem()
    let gate = GatedFileSystem(disk, suffix: "db")
    let storage = try Storage.open("db", fileSystem: gate, options: options())
    try commitMany(storage, 10)
    gate.close()
    let checkpoint = Running { try storage.checkpoint() }
    gate.waitForSyncs(1)
    try commitMany(storage, 30, "meanwhile")
    #expect(!checkpoint.isOver)
    gate.open()
    try checkpoint.value()
    #expect(try storage.verify() == [])
    try storage.close()
    let again = try Storage.open("db", fileSystem: disk, options: options())
    let snapshot = try again.beginRead()
    #expect(try snapshot.count(.catalog) == 40)
    snapshot.end()
    try again.close()
  }

  @Test("A page that a reader can see is found although a checkpoint since no longer has it")
  func readersKeepPages() throws {
    let disk = MemoryFileSystem()
    var storage = try Storage.open("db", fileSystem: disk, options: options())
    try commitMany(storage, 200)
    try storage.close()
    // Opened again, nothing is in memory but what is read.
    storage = try Storage.open("db", fileSystem: disk, options: options())
    let snapshot = try storage.beginRead()
    let writer = try storage.beginWrite()
    _ = try writer.deleteRange(.catalog, from: nil, to: nil)
    try writer.commit()
    for _ in 0..<3 {
      try commitMany(storage, 50, "new")
      try storage.checkpoint()
    }
    let cursor = try snapshot.cursor(.catalog)
    var found = 0
    var isThere = try cursor.first()
    while isThere {
      #expect(cursor.key.starts(with: Array("key ".utf8)))
      #expect(try cursor.value().count == 80)
      found += 1
      isThere = try cursor.next()
    }
    #expect(found == 200)
    #expect(try storage.verify() == [])
    snapshot.end()
    try commitMany(storage, 1, "last")
    #expect(try storage.verify() == [])
    try storage.close()
  }

  @Test("A growing log is followed by checkpoints that nobody asked for")
  func checkpointsCome() throws {
    let storage = try Storage.open("db", fileSystem: MemoryFileSystem(), options: options())
    try commitMany(storage, 5000)
    #expect(try storage.statistics().checkpointCount > 0)
    #expect(try storage.verify() == [])
    try storage.close()
  }

  @Test("With an interval a commit returns at once, and its sync follows by itself")
  func intervals() throws {
    let gate = GatedFileSystem(MemoryFileSystem(), suffix: "-wal-new")
    let storage = try Storage.open(
      "db", fileSystem: gate, options: options { $0.durability = .interval(.milliseconds(1)) })
    try put(storage, "a", "1")
    gate.close()
    // A sync of the first commit may be under way; these are visible without one.
    try put(storage, "b", "2")
    let snapshot = try storage.beginRead()
    #expect(try snapshot.text(.catalog, "b") == "2")
    snapshot.end()
    gate.waitForSyncs(1)
    gate.open()
    try storage.close()
  }

  @Test("Readers, writers and checkpoints at once", arguments: [StorageOptions.Durability.full, .none])
  func allAtOnce(_ durability: StorageOptions.Durability) throws {
    let storage = try Storage.open(
      "db", fileSystem: MemoryFileSystem(), options: options { $0.durability = durability })
    // Each commit adds one to every counter of its writer, so that every snapshot must find them equal.
    let writers = (0..<4).map { writer in
      Running {
        for round in 1...200 {
          let transaction = try storage.beginWrite()
          for counter in 0..<5 { try transaction.put(.catalog, "\(writer)/\(counter)", "\(round)") }
          try transaction.commit()
        }
      }
    }
    let readers = (0..<3).map { _ in
      Running { () -> Int in
        var snapshots = 0
        var isDone = false
        while !isDone {
          let snapshot = try storage.beginRead()
          defer { snapshot.end() }
          isDone = true
          for writer in 0..<4 {
            let values = try (0..<5).map { try snapshot.text(.catalog, "\(writer)/\($0)") }
            #expect(Set(values).count == 1, "half a transaction: \(values)")
            if values.first != "200" { isDone = false }
          }
          snapshots += 1
        }
        return snapshots
      }
    }
    for writer in writers { try writer.value() }
    for reader in readers { #expect(try reader.value() > 0) }
    #expect(try storage.verify() == [])
    try storage.close()
  }
}
