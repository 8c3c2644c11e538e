import Foundation
import Testing
import Upkeep
import UpkeepTestSupport

@Suite("Writes of tasks")
struct TaskWriteTests {
  private struct Refused: Error, Equatable {}

  private func makeStore(_ fileSystem: any FileSystem) throws -> Store {
    let store = try Store(
      "t.upkeep", StoreOptions { $0.checkpointsInBackground = false }, fileSystem: fileSystem)
    try create(store)
    return store
  }

  /// Not in an asynchronous function, where `write` means the other one.
  private func create(_ store: Store) throws {
    try store.write { tx in
      try tx.createTable(
        TableDefinition(
          "t", columns: [ColumnDefinition("id", .integer), ColumnDefinition("n", .integer)],
          primaryKey: [IndexPart(column: "id")]))
    }
    // The second commit makes the log.
    try store.write { tx in
      try tx.createTable(TableDefinition("u", columns: [ColumnDefinition("n", .integer)]))
    }
  }

  private func count(_ store: Store) throws -> Int { try store.read { Int(try $0.count("t")) } }

  @Test("Many tasks that write share syncs, and each row is there when its write returns")
  func manyTasks() async throws {
    let counting = CountingFileSystem(MemoryFileSystem())
    let store = try makeStore(counting)
    let before = counting.total.syncs
    try await withThrowingTaskGroup(of: Void.self) { group in
      for id in 0..<500 {
        group.addTask {
          try await store.write { tx in _ = try tx.upsert(["id": .integer(Int64(id)), "n": 1], into: "t") }
          let isThere = try store.read { try $0.find("t", .integer(Int64(id))) != nil }
          #expect(isThere)
        }
      }
      try await group.waitForAll()
    }
    #expect(try count(store) == 500)
    #expect(counting.total.syncs - before < 500)
    #expect(try store.verify().isEmpty)
    try store.close()
  }

  @Test("A write gives back what its body returns, or throws what it throws and leaves nothing")
  func results() async throws {
    let store = try makeStore(MemoryFileSystem())
    let value = try await store.write { tx in
      _ = try tx.upsert(["id": 1, "n": 1], into: "t")
      return "done"
    }
    #expect(value == "done")
    await #expect(throws: Refused()) {
      try await store.write { tx in
        _ = try tx.upsert(["id": 2, "n": 1], into: "t")
        throw Refused()
      }
    }
    #expect(try count(store) == 1)
    try store.close()
    await #expect(throws: UpkeepError.self) { try await store.write { _ in } }
  }

  @Test("While a sync is under way tasks are not told, and the next writes run already")
  func duringSync() async throws {
    let gate = GatedFileSystem(MemoryFileSystem(), suffix: "-wal-new")
    let store = try makeStore(gate)
    gate.close()
    async let first: Void = store.write { tx in _ = try tx.upsert(["id": 1, "n": 1], into: "t") }
    let ran = DispatchSemaphore(value: 0)
    async let second: Void = store.write { tx in
      _ = try tx.upsert(["id": 2, "n": 1], into: "t")
      ran.signal()
    }
    await Self.wait(ran)
    #expect(try count(store) == 0)
    gate.open()
    try await first
    try await second
    #expect(try count(store) == 2)
    try store.close()
  }

  private static func wait(_ semaphore: DispatchSemaphore) async {
    await withCheckedContinuation { continuation in
      Thread {
        semaphore.wait()
        continuation.resume()
      }.start()
    }
  }
}
