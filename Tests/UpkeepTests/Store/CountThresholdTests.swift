import Testing
import Upkeep

/// What operations cost in calls and bytes at the file seam. The figures do not wobble; a rise is a change of design
/// and belongs into Docs/Performance.md and here. Times are the benchmarks' matter.
struct CountThresholdTests {
  private static func row(_ id: Int, edition: Int = 0) -> RowInput {
    [
      "id": .integer(Int64(id)), "email": .text("person.\(id)@example.com"),
      "name": .text("Person \(id) of the \(id % 97)th department"),
      "score": .real(Double(id % 1000 + edition)),
      "updated_at": .integer(Int64(1_700_000_000 + id)),
    ]
  }

  private static func makeStore(
    _ durability: StoreOptions.Durability, _ counting: CountingFileSystem
  ) throws -> Store {
    let store = try Store("t.upkeep", StoreOptions { $0.durability = durability }, fileSystem: counting)
    try store.write { tx in
      try tx.createTable(
        TableDefinition(
          "t",
          columns: [
            ColumnDefinition("id", .integer), ColumnDefinition("email", .text),
            ColumnDefinition("name", .text),
            ColumnDefinition("score", .real), ColumnDefinition("updated_at", .integer),
          ],
          primaryKey: [IndexPart(column: "id")],
          uniqueKeys: [
            IndexDefinition("t_email", on: "t", parts: [IndexPart(column: "email")], isUnique: true)
          ]))
    }
    return store
  }

  /// The second commit after opening makes the log, which is not what these figures are about; so far as they go it
  /// grows no further.
  private static func beginLog(of store: Store) throws {
    try store.write { tx in _ = try tx.upsert(row(1_000_000), into: "t") }
  }

  @Test(
    "Opening, the first commit and closing take three syncs and a page or two for each level of the trees")
  func firstCommit() throws {
    let memory = MemoryFileSystem()
    let store = try Self.makeStore(.full, CountingFileSystem(memory))
    try store.write { tx in _ = try tx.upsert(contentsOf: (0..<5000).map { Self.row($0) }, into: "t") }
    try store.close()
    let counting = CountingFileSystem(memory)
    let again = try Store("t.upkeep", StoreOptions(), fileSystem: counting)
    #expect(counting.total.syncs == 0)
    try again.write { tx in _ = try tx.upsert(Self.row(7, edition: 1), into: "t") }
    try again.close()
    #expect(counting.total.syncs == 3)
    #expect(counting.total.directorySyncs == 0)
    // The owner's sector, two superblocks, and what lies one after the other of pages and maps.
    #expect(counting.total.writes <= 6)
    #expect(counting.total.bytesWritten <= 64 << 10)
    let once = try Store("t.upkeep", StoreOptions(), fileSystem: memory)
    #expect(try once.read { try $0.find("t", 7) }?["score"] == .real(8))
    try once.close()
  }

  @Test("Opening after a crash writes a long log again, not the pages that it changed")
  func recovery() throws {
    let memory = MemoryFileSystem()
    var store: Store? = try Self.makeStore(.none, CountingFileSystem(memory))
    try store?.write { tx in _ = try tx.upsert(contentsOf: (0..<40_000).map { Self.row($0) }, into: "t") }
    try store?.checkpoint()
    let changed = Array(stride(from: 0, to: 40_000, by: 37))
    for id in changed { try store?.write { tx in _ = try tx.upsert(Self.row(id, edition: 1), into: "t") } }
    store = nil
    let counting = CountingFileSystem(memory)
    let again = try Store("t.upkeep", StoreOptions(), fileSystem: counting)
    // The superblock twice, the log, a new segment of it.
    #expect(counting.total.syncs == 4)
    #expect(counting.total.directorySyncs == 0)
    #expect(counting.total.bytesWritten <= 300 << 10)
    for id in changed {
      #expect(
        try again.read { try $0.find("t", .integer(Int64(id))) }?["score"] == .real(Double(id % 1000 + 1)))
    }
    try again.close()
    let once = try Store("t.upkeep", StoreOptions(), fileSystem: memory)
    #expect(try once.read { try $0.find("t", 37) }?["score"] == .real(38))
    #expect(try once.verify() == [])
    try once.close()
  }

  @Test("The second commit makes a log, of which it prepares a little")
  func secondCommit() throws {
    let counting = CountingFileSystem(MemoryFileSystem())
    let store = try Self.makeStore(.full, counting)
    let before = counting.total
    try Self.beginLog(of: store)
    let cost = counting.total - before
    // The log's space and header, the superblock that needs it, the commit.
    #expect(cost.syncs == 3)
    #expect(cost.directorySyncs == 1)
    #expect(cost.bytesWritten <= 80 << 10)
    try store.close()
  }

  @Test("A durable one-row commit is one write and one sync of the log, and nothing else")
  func durableCommit() throws {
    let counting = CountingFileSystem(MemoryFileSystem())
    let store = try Self.makeStore(.full, counting)
    try Self.beginLog(of: store)
    let before = counting.total
    for id in 0..<40 { try store.write { tx in _ = try tx.upsert(Self.row(id), into: "t") } }
    let cost = counting.total - before
    #expect(cost.syncs == 40)
    #expect(cost.writes == 40)
    #expect(cost.directorySyncs == 0)
    #expect(cost.reads == 0)
    // 64 bytes of header, the row and its index entry; each begins a sector of its own.
    #expect(cost.bytesWritten <= 40 * 320)
    try store.close()
  }

  @Test("An unsynced one-row commit is one write of the log, of the row's own size")
  func unsyncedCommit() throws {
    let counting = CountingFileSystem(MemoryFileSystem())
    let store = try Self.makeStore(.none, counting)
    try Self.beginLog(of: store)
    let before = counting.total
    for id in 0..<120 { try store.write { tx in _ = try tx.upsert(Self.row(id), into: "t") } }
    let cost = counting.total - before
    #expect(cost.syncs == 0)
    #expect(cost.writes == 120)
    #expect(cost.bytesWritten <= 120 * 256)
    try store.close()
  }

  @Test("A statement that changes nothing writes nothing, also not to the log")
  func unchanged() throws {
    let counting = CountingFileSystem(MemoryFileSystem())
    let store = try Self.makeStore(.full, counting)
    try store.write { tx in _ = try tx.upsert(contentsOf: (0..<1000).map { Self.row($0) }, into: "t") }
    let before = counting.total
    let result = try store.write { tx in
      try tx.upsert(contentsOf: (0..<1000).map { Self.row($0) }, into: "t")
    }
    #expect(result.unchanged == 1000)
    #expect((counting.total - before).writes == 0)
    #expect((counting.total - before).syncs == 0)
    try store.close()
  }

  @Test("A bulk load writes each byte of a row about once, and syncs a few times")
  func bulkLoad() throws {
    let counting = CountingFileSystem(MemoryFileSystem())
    let store = try Self.makeStore(.full, counting)
    let count = 20_000
    try Self.beginLog(of: store)
    let before = counting.total
    try store.write { tx in _ = try tx.upsert(contentsOf: (0..<count).map { Self.row($0) }, into: "t") }
    let load = counting.total - before
    try store.close()
    let all = counting.total - before
    // About 70 bytes of values a row and 30 of its email once more in the index; large records are compressed.
    // The log is zeroed for what they may take before, as far as it was not.
    let zeros: UInt64 = 1 << 20
    #expect(load.bytesWritten <= UInt64(count) * 110 + zeros)
    #expect(load.syncs <= 4)
    #expect(all.bytesWritten <= UInt64(count) * 180 + zeros)
    #expect(all.syncs <= 10)
  }

  @Test("A point read of a page in memory makes no call on a file")
  func pointRead() throws {
    let counting = CountingFileSystem(MemoryFileSystem())
    let store = try Self.makeStore(.full, counting)
    try store.write { tx in _ = try tx.upsert(contentsOf: (0..<1000).map { Self.row($0) }, into: "t") }
    let before = counting.total
    for id in 0..<1000 {
      let row = try store.read { try $0.find("t", .integer(Int64(id))) }
      #expect(row?["email"] == .text("person.\(id)@example.com"))
    }
    #expect(counting.total - before == FileCounts())
    try store.close()
  }
}
