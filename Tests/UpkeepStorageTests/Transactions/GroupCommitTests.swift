import Foundation
import Testing
import UpkeepTestSupport

@testable import UpkeepStorage

/// Commits that share a sync, with syncs held back so that what happens meanwhile happens for certain. The log is
/// made under the name `db-wal-new`, so that the name's end tells its syncs from those of pages.
@Suite("Commits share a sync, and nobody hears of anything before it is durable")
struct GroupCommitTests {
  private let gate = GatedFileSystem(MemoryFileSystem(), suffix: "-wal-new")

  private func open(_ change: (inout StorageOptions) -> Void = { _ in }) throws -> Storage {
    var options = StorageOptions()
    options.mostPagesWithoutLog = 0
    options.pageSize = 1024
    options.segmentSize = 16384
    options.checkpointsInBackground = false
    change(&options)
    let storage = try Storage.open("db", fileSystem: gate, options: options)
    try put(storage, "first", "1")
    return storage
  }

  private func put(_ storage: Storage, _ key: String, _ value: String) throws {
    let transaction = try storage.beginWrite()
    try transaction.put(.catalog, key, value)
    try transaction.commit()
  }

  private func read(_ storage: Storage, _ key: String) throws -> String? {
    let snapshot = try storage.beginRead()
    defer { snapshot.end() }
    return try snapshot.text(.catalog, key)
  }

  @Test(
    "The next writer builds on a commit whose sync is under way; readers see neither before it is durable")
  func buildsOnPending() throws {
    let storage = try open()
    gate.close()
    let first = Running { try put(storage, "a", "1") }
    gate.waitForSyncs(1)
    let second = try storage.beginWrite()
    #expect(try second.text(.catalog, "a") == "1")
    try second.put(.catalog, "b", "2")
    let ticket = try second.commitLater()
    #expect(try read(storage, "a") == nil)
    #expect(try read(storage, "b") == nil)
    #expect(!first.isOver)
    gate.open()
    try first.value()
    #expect(try read(storage, "a") == "1")
    try storage.wait(for: ticket)
    #expect(try read(storage, "b") == "2")
    try storage.close()
  }

  @Test("Commits that wait together share one sync")
  func shareOneSync() throws {
    let storage = try open()
    gate.close()
    let first = Running { try put(storage, "a", "1") }
    gate.waitForSyncs(1)
    let before = gate.syncCount
    var tickets: [CommitTicket] = []
    for number in 0..<20 {
      let transaction = try storage.beginWrite()
      try transaction.put(.catalog, "key \(number)", "v")
      tickets.append(try transaction.commitLater())
    }
    let all = tickets
    let waiting = all.map { ticket in Running { try storage.wait(for: ticket) } }
    gate.open()
    try first.value()
    for wait in waiting { try wait.value() }
    // The one that was under way, and one for all twenty.
    #expect(gate.syncCount - before == 2)
    for number in 0..<20 { #expect(try read(storage, "key \(number)") == "v") }
    try storage.close()
  }

  @Test("An answer that rests on a commit that is not durable waits for it, also if nothing was written")
  func answersWait() throws {
    let storage = try open()
    gate.close()
    let first = Running { try put(storage, "a", "1") }
    gate.waitForSyncs(1)
    let found = Running { () -> Bool in
      let transaction = try storage.beginWrite()
      let isThere = try transaction.text(.catalog, "a") != nil
      try transaction.commit()
      return isThere
    }
    let refused = Running { () -> Bool in
      let transaction = try storage.beginWrite()
      let isThere = try transaction.text(.catalog, "a") != nil
      try transaction.abandon()
      return isThere
    }
    // Both have had the turn once a third has it; then neither may be over.
    let third = try storage.beginWrite()
    third.rollback()
    #expect(!first.isOver && !found.isOver && !refused.isOver)
    gate.open()
    try first.value()
    #expect(try found.value())
    #expect(try refused.value())
    try storage.close()
  }

  @Test("A failed sync fails every commit that waits, what is visible stays, and nothing more is written")
  func failedSync() throws {
    let storage = try open()
    gate.close()
    let first = Running { try put(storage, "a", "1") }
    gate.waitForSyncs(1)
    let second = try storage.beginWrite()
    try second.put(.catalog, "b", "2")
    let ticket = try second.commitLater()
    let third = try storage.beginWrite()
    let seen = try third.text(.catalog, "b")
    #expect(seen == "2")
    gate.fail(EIO)
    #expect(throws: StorageError.self) { try first.value() }
    #expect(throws: StorageError.self) { try storage.wait(for: ticket) }
    #expect(throws: StorageError.self) { try third.abandon() }
    #expect(try read(storage, "first") == "1")
    #expect(try read(storage, "a") == nil)
    #expect(throws: StorageError.self) { try put(storage, "c", "3") }
    #expect(try storage.verify() == [])
  }

  @Test("A large transaction that commits by checkpoint waits for those before it")
  func bulkCommitWaits() throws {
    let storage = try open { $0.checkpointLogSize = 2000 }
    gate.close()
    let first = Running { try put(storage, "a", "1") }
    gate.waitForSyncs(1)
    let bulk = Running {
      let transaction = try storage.beginWrite()
      for number in 0..<100 { try transaction.put(.catalog, "bulk \(number)", "some value of some length") }
      try transaction.commit()
    }
    #expect(try read(storage, "bulk 7") == nil)
    gate.open()
    try first.value()
    try bulk.value()
    #expect(try read(storage, "bulk 7") != nil)
    #expect(try read(storage, "a") == "1")
    #expect(try storage.verify() == [])
    try storage.close()
  }

  @Test("Writers get their turn in the order in which they came")
  func order() throws {
    let storage = try open()
    let holder = try storage.beginWrite()
    let writers = try (0..<8).map { number in
      let writer = Running {
        let transaction = try storage.beginWrite()
        let before = try transaction.text(.catalog, "order") ?? ""
        try transaction.put(.catalog, "order", before + "\(number)")
        try transaction.commit()
      }
      while storage.core.turn.waitingCount <= number { try #require(!writer.isOver) }
      return writer
    }
    holder.rollback()
    for writer in writers { try writer.value() }
    #expect(try read(storage, "order") == "01234567")
    try storage.close()
  }

  @Test("A writer whose time to wait is over is told so, and one that would wait for itself at once")
  func turns() throws {
    let storage = try open { $0.writerWait = .milliseconds(1) }
    let holder = try storage.beginWrite()
    let late = Running { _ = try storage.beginWrite() }
    do {
      try late.value()
      Issue.record("a turn that was taken was given")
    } catch StorageError.busy {}
    holder.rollback()
    try put(storage, "z", "1")
    do {
      let one = try storage.beginWrite()
      defer { one.rollback() }
      _ = try storage.beginWrite()
      Issue.record("a write within a write was begun")
    } catch StorageError.nestedWrite {}
    try storage.close()
  }

  @Test("Close refuses while a snapshot is open, and waits for commits under way")
  func closing() throws {
    let storage = try open()
    let snapshot = try storage.beginRead()
    do {
      try storage.close()
      Issue.record("closed under a snapshot")
    } catch StorageError.snapshotsOpen(let count) { #expect(count == 1) }
    snapshot.end()
    gate.close()
    let transaction = try storage.beginWrite()
    try transaction.put(.catalog, "a", "1")
    _ = try transaction.commitLater()
    let closing = Running { try storage.close() }
    gate.waitForSyncs(1)
    #expect(!closing.isOver)
    gate.open()
    try closing.value()
    let again = try Storage.open("db", fileSystem: gate, options: StorageOptions())
    #expect(try read(again, "a") == "1")
    try again.close()
  }
}

extension ReadTransaction {
  func text(_ tree: TreeID, _ key: String) throws -> String? {
    try Array(key.utf8).withUnsafeBytes { try get(tree, $0) }.map { String(decoding: $0, as: UTF8.self) }
  }
}

extension WriteTransaction {
  func put(_ tree: TreeID, _ key: String, _ value: String) throws {
    try Array(key.utf8).withUnsafeBytes { k in
      try Array(value.utf8).withUnsafeBytes { v in try put(tree, k, v) }
    }
  }
}
