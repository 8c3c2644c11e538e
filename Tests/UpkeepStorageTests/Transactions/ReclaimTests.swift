import Testing
import UpkeepTesting

@testable import UpkeepStorage

/// Dropped and emptied trees, whose pages are given up by and by.
@Suite struct ReclaimTests {
  typealias Database = SmallCacheTests.Database

  private func database() throws -> Database {
    try Database(frames: 64) {
      $0.checkpointsInBackground = false
      $0.fewestRowsDroppedLater = 100
      $0.pagesReclaimedAtOnce = 16
    }
  }

  private func pages(_ database: Database) throws -> UInt64 {
    try database.storage.statistics().pageCount
  }

  private func write(_ database: Database, _ body: (WriteTransaction) throws -> Void) throws {
    let transaction = try database.storage.beginWrite()
    try body(transaction)
    try transaction.commit()
  }

  /// A commit that changes next to nothing.
  private func tick(_ database: Database, _ other: TreeID, _ number: UInt8) throws {
    try write(database) { transaction in
      try [number].withUnsafeBytes { try transaction.put(other, $0, $0) }
    }
  }

  private func other(_ database: Database) throws -> TreeID {
    var other = TreeID(rawValue: 0)
    try write(database) { other = try $0.createTree() }
    return other
  }

  @Test func droppingIsOneOperationAndPagesFollow() throws {
    let database = try database()
    let other = try other(database)
    let before = try pages(database)
    try database.fill(0..<3000, round: 1)
    let full = try pages(database)
    #expect(full > before + 200)
    try write(database) { try $0.dropTree(database.tree) }
    let read = try database.storage.beginRead()
    #expect(!read.exists(database.tree))
    read.end()
    // A slice went with the commit; the rest waits, and the check knows of it.
    #expect(try pages(database) > full - 60)
    #expect(database.storage.core.commits.hasDroppedTrees)
    #expect(try database.storage.verify() == [])
    var last = try pages(database)
    var slices = 0
    while database.storage.core.commits.hasDroppedTrees, slices < 1000 {
      try tick(database, other, UInt8(slices % 200))
      let now = try pages(database)
      #expect(now < last + 8, "pages do not become more")
      last = now
      slices += 1
      if slices % 5 == 0 { #expect(try database.storage.verify() == []) }
      if slices == 7 { try database.storage.checkpoint() }
    }
    #expect(slices > 5)
    #expect(try pages(database) <= before + 8)
    #expect(try database.storage.verify() == [])
    try database.storage.close()
  }

  @Test func theNextOpeningGoesOn() throws {
    let database = try database()
    let other = try other(database)
    let before = try pages(database)
    try database.fill(0..<3000, round: 1)
    try write(database) { try $0.dropTree(database.tree) }
    for round in 0..<4 {
      #expect(database.storage.core.commits.hasDroppedTrees)
      if round == 2 { try database.storage.checkpoint() }
      try database.reopenUnclosed()
      #expect(try database.storage.verify() == [])
      try tick(database, other, UInt8(round))
    }
    // A close waits for the rest.
    try database.storage.close()
    try database.reopenUnclosed()
    #expect(!database.storage.core.commits.hasDroppedTrees)
    #expect(try pages(database) <= before + 8)
    #expect(try database.storage.verify() == [])
  }

  @Test func aRollbackBringsTheTreeBack() throws {
    let database = try database()
    try database.fill(0..<500, round: 1)
    let transaction = try database.storage.beginWrite()
    let savepoint = try transaction.savepoint()
    try transaction.dropTree(database.tree)
    #expect(throws: StorageError.self) { try transaction.count(database.tree) }
    try transaction.rollback(to: savepoint)
    #expect(try transaction.count(database.tree) == 500)
    #expect(try transaction.deleteRange(database.tree, from: nil, to: nil) == 500)
    #expect(try transaction.count(database.tree) == 0)
    transaction.rollback()
    #expect(!database.storage.core.commits.hasDroppedTrees)
    let read = try database.storage.beginRead()
    #expect(try database.check(read, rows: 500) { _ in 1 })
    read.end()
    #expect(try database.storage.verify() == [])
  }

  @Test func anEmptiedTreeIsOfUseAtOnce() throws {
    let database = try database()
    try database.fill(0..<2000, round: 1)
    try write(database) { transaction in
      #expect(try transaction.deleteRange(database.tree, from: nil, to: nil) == 2000)
      for row in UInt64(0)..<300 { try database.put(row, round: 2, transaction) }
    }
    #expect(try database.storage.verify() == [])
    try database.reopenUnclosed()
    for _ in 0..<3 {
      let read = try database.storage.beginRead()
      #expect(try database.check(read, rows: 300) { _ in 2 })
      read.end()
      try write(database) { try database.put(0, round: 2, $0) }
      #expect(try database.storage.verify() == [])
    }
  }

  @Test func aSnapshotKeepsWhatItSees() throws {
    let database = try database()
    let other = try other(database)
    try database.fill(0..<1500, round: 1)
    let read = try database.storage.beginRead()
    try write(database) { try $0.dropTree(database.tree) }
    for number in 0..<UInt8(200) { try tick(database, other, number) }
    #expect(!database.storage.core.commits.hasDroppedTrees)
    #expect(try database.check(read, rows: 1500) { _ in 1 })
    read.end()
    try tick(database, other, 1)
    #expect(try database.storage.verify() == [])
  }

  @Test func theStoresOwnThreadGivesThemUp() throws {
    let database = try Database(frames: 64) {
      $0.fewestRowsDroppedLater = 100
      $0.pagesReclaimedAtOnce = 16
    }
    let before = try pages(database)
    try database.fill(0..<3000, round: 1)
    try write(database) { try $0.dropTree(database.tree) }
    // A close ends the thread and does what is left itself; whoever did it, all of it is done.
    try database.storage.close()
    try database.reopenUnclosed()
    #expect(!database.storage.core.commits.hasDroppedTrees)
    #expect(try pages(database) <= before + 8)
    #expect(try database.storage.verify() == [])
  }

  @Test func aBackupHasNothingOfThem() throws {
    let database = try database()
    try database.fill(0..<1000, round: 1)
    try write(database) { try $0.dropTree(database.tree) }
    #expect(database.storage.core.commits.hasDroppedTrees)
    let system = MemoryFileSystem()
    try database.storage.backup(to: "copy", fileSystem: system)
    let copy = try Storage.open("copy", fileSystem: system, options: StorageOptions())
    #expect(!copy.core.commits.hasDroppedTrees)
    #expect(try copy.statistics().pageCount < 10)
    #expect(try copy.verify() == [])
    try copy.close()
  }
}
