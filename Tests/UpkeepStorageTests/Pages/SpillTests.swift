import Foundation
import Testing

@testable import UpkeepStorage

/// Transactions many times larger than the memory.
struct SpillTests {
  typealias Database = SmallCacheTests.Database
  static let frames = 64
  /// What one operation may take beyond the limit: a long value, and a path that splits.
  static let slack = 16
  static let rows: UInt64 = 6000

  @Test func aTransactionLargerThanTheMemoryCommits() throws {
    let database = try Database(frames: Self.frames) { $0.checkpointsInBackground = false }
    do {
      let transaction = try database.storage.beginWrite()
      for row in 0..<Self.rows { try database.put(row, round: 1, transaction) }
      #expect(try database.check(transaction, rows: Self.rows) { _ in 1 })
      for row in stride(from: UInt64(0), to: Self.rows, by: 7) {
        try database.put(row, round: 2, transaction)
      }
      #expect(try database.check(transaction, rows: Self.rows) { $0 % 7 == 0 ? 2 : 1 })
      try transaction.commit()
    }
    #expect(database.figures.peak <= Self.frames + Self.slack)
    #expect(try database.storage.statistics().pageCount > 10 * UInt64(Self.frames))
    #expect(try database.storage.verify() == [])
    try database.reopenUnclosed()
    #expect(try database.storage.verify() == [])
    let read = try database.storage.beginRead()
    #expect(try database.check(read, rows: Self.rows) { $0 % 7 == 0 ? 2 : 1 })
    read.end()
    try database.storage.close()
  }

  @Test func pagesTouchedAgainAreNotCountedAgain() throws {
    let database = try Database(frames: Self.frames)
    try database.fill(0..<Self.rows, round: 1)
    try database.storage.checkpoint()
    do {
      let transaction = try database.storage.beginWrite()
      let savepoint = try transaction.savepoint()
      for round in UInt64(2)..<12 {
        // In an order in which no two rows in a row lie on one leaf.
        for step in 0..<Self.rows { try database.put(step * 997 % Self.rows, round: round, transaction) }
      }
      let edits = try #require(transaction.working?.edits)
      #expect(edits.born.count < 3 * Int(try database.storage.statistics().pageCount) + 5000)
      let inner = try transaction.savepoint()
      for row in 0..<Self.rows { try database.put(row, round: 20, transaction) }
      try transaction.rollback(to: inner)
      #expect(try database.check(transaction, rows: Self.rows) { _ in 11 })
      try transaction.rollback(to: savepoint)
      #expect(try database.check(transaction, rows: Self.rows) { _ in 1 })
      for row in 0..<Self.rows { try database.put(row, round: 30, transaction) }
      try transaction.commit()
    }
    #expect(try database.storage.verify() == [])
  }

  @Test func whatIsRolledBackLeavesNothing() throws {
    let database = try Database(frames: Self.frames)
    try database.fill(0..<Self.rows, round: 1)
    try database.storage.checkpoint()
    for _ in 0..<3 {
      let transaction = try database.storage.beginWrite()
      for row in 0..<Self.rows { try database.put(row, round: 2, transaction) }
      #expect(database.storage.core.data?.maps.withLock { $0.spilled.isEmpty } == false)
      transaction.rollback()
      #expect(database.storage.core.data?.maps.withLock { $0.spilled.isEmpty } == true)
      #expect(try database.storage.verify() == [])
    }
    let read = try database.storage.beginRead()
    #expect(try database.check(read, rows: Self.rows) { _ in 1 })
  }

  @Test func savepointsSeePagesThatWereWrittenEarly() throws {
    let database = try Database(frames: Self.frames)
    try database.fill(0..<Self.rows, round: 1)
    let transaction = try database.storage.beginWrite()
    for row in stride(from: UInt64(0), to: Self.rows, by: 2) { try database.put(row, round: 2, transaction) }
    let savepoint = try transaction.savepoint()
    for row in 0..<Self.rows { try database.put(row, round: 3, transaction) }
    let inner = try transaction.savepoint()
    for row in Self.rows..<Self.rows + 1000 { try database.put(row, round: 4, transaction) }
    #expect(try database.check(transaction, rows: Self.rows + 1000) { $0 < Self.rows ? 3 : 4 })
    try transaction.rollback(to: inner)
    #expect(try database.check(transaction, rows: Self.rows) { _ in 3 })
    try transaction.rollback(to: savepoint)
    #expect(try database.check(transaction, rows: Self.rows) { $0 % 2 == 0 ? 2 : 1 })
    for row in 0..<Self.rows { try database.put(row, round: lastRound(row), transaction) }
    transaction.release(savepoint)
    try transaction.commit()
    #expect(database.figures.peak <= Self.frames + Self.slack)
    #expect(try database.storage.verify() == [])
    let read = try database.storage.beginRead()
    #expect(try database.check(read, rows: Self.rows) { lastRound($0) })
  }

  private func lastRound(_ row: UInt64) -> UInt64 { 5 + row % 3 }

  @Test func pagesTouchedAgainAndAgainUseTheirSpaceAgain() throws {
    let database = try Database(frames: Self.frames)
    let transaction = try database.storage.beginWrite()
    let savepoint = try transaction.savepoint()
    for row in 0..<Self.rows { try database.put(row, round: 1, transaction) }
    let size = try database.storage.statistics().fileSize
    for round in 2...12 as ClosedRange<UInt64> {
      for step in 0..<Self.rows {
        try database.put(step &* 2_654_435_761 % Self.rows, round: round, transaction)
      }
    }
    #expect(try database.storage.statistics().fileSize < 4 * size)
    transaction.release(savepoint)
    try transaction.commit()
    #expect(database.figures.peak <= Self.frames + Self.slack)
    #expect(try database.storage.verify() == [])
    let read = try database.storage.beginRead()
    #expect(try database.check(read, rows: Self.rows) { _ in 12 })
  }

  @Test func scratchTreesAreWrittenEarlyAndLeaveNothing() throws {
    let database = try Database(frames: Self.frames)
    let transaction = try database.storage.beginWrite()
    let scratch = try transaction.createScratchTree()
    for row in 0..<Self.rows {
      let value = SmallCacheTests.value(row, round: 1)
      try withUnsafeBytes(of: row.bigEndian) { key in
        try value.withUnsafeBytes { try transaction.put(scratch, key, $0) }
      }
    }
    let cursor = try transaction.cursor(scratch)
    var row: UInt64 = 0
    var isThere = try cursor.first()
    while isThere {
      #expect(SmallCacheTests.round(of: try cursor.value(), row: row) == 1)
      if row % 10 == 0 { try database.put(row / 10, round: 1, transaction) }
      row += 1
      isThere = try cursor.next()
    }
    #expect(row == Self.rows)
    try transaction.commit()
    #expect(database.figures.peak <= Self.frames + Self.slack)
    #expect(try database.storage.statistics().pageCount < Self.rows / 20)
    #expect(try database.storage.verify() == [])
    let read = try database.storage.beginRead()
    #expect(try database.check(read, rows: Self.rows / 10) { _ in 1 })
  }

  @Test(arguments: [true, false])
  func committedPagesAreWrittenBeforeTheyFillTheMemory(inBackground: Bool) throws {
    let database = try Database(frames: Self.frames) { $0.checkpointsInBackground = inBackground }
    for start in stride(from: UInt64(0), to: Self.rows, by: 20) {
      try database.fill(start..<start + 20, round: 1)
    }
    // How many there are in the background is for the scheduler of threads to say; what must hold is the bound.
    #expect(try database.storage.statistics().checkpointCount > (inBackground ? 0 : 3))
    #expect(database.figures.peak <= Self.frames + (inBackground ? 32 : Self.slack))
    #expect(try database.storage.verify() == [])
    let read = try database.storage.beginRead()
    #expect(try database.check(read, rows: Self.rows) { _ in 1 })
  }

  @Test func aLogLargerThanTheMemoryIsReplayed() throws {
    // Room enough that nothing is written before the store is let go.
    let database = try Database(frames: 4096) { $0.checkpointsInBackground = false }
    for start in stride(from: UInt64(0), to: Self.rows, by: 500) {
      try database.fill(start..<start + 500, round: 1)
    }
    try database.reopenUnclosed(frames: Self.frames)
    #expect(database.figures.evictions > 0)
    #expect(database.figures.peak <= Self.frames + Self.slack)
    #expect(try database.storage.verify() == [])
    let read = try database.storage.beginRead()
    #expect(try database.check(read, rows: Self.rows) { _ in 1 })
  }

  /// Readers hold snapshots while transactions larger than the memory come, some of which are rolled back.
  @Test func readersWhileTransactionsLargerThanTheMemoryCome() throws {
    let database = try Database(frames: Self.frames)
    let rows: UInt64 = 1500
    try database.fill(0..<rows, round: 1)
    let board = SmallCacheTests.Board()
    let (storage, tree) = (database.storage, database.tree)
    SmallCacheTests.inParallel(3) { thread in
      do {
        if thread == 0 {
          defer { board.isDone.store(true, ordering: .releasing) }
          for round in 2...15 as ClosedRange<UInt64> {
            let transaction = try storage.beginWrite()
            for row in 0..<rows {
              let value = SmallCacheTests.value(row, round: round)
              try withUnsafeBytes(of: row.bigEndian) { key in
                try value.withUnsafeBytes { try transaction.put(tree, key, $0) }
              }
            }
            if round % 3 == 0 { transaction.rollback() } else { try transaction.commit() }
          }
          return
        }
        repeat {
          let read = try storage.beginRead()
          defer { read.end() }
          let cursor = try read.cursor(tree)
          var isThere = try cursor.first()
          var count: UInt64 = 0
          var round: UInt64?
          while isThere {
            let row = SmallCacheTests.row(cursor.key)
            let found = SmallCacheTests.round(of: try cursor.value(), row: row)
            if round == nil { round = found }
            if found == nil || found != round { board.report("row \(row): \(found ?? 0), not \(round ?? 0)") }
            count += 1
            isThere = try cursor.next()
          }
          if count != rows { board.report("\(count) rows") }
        } while !board.isDone.load(ordering: .acquiring)
      } catch {
        board.report("thread \(thread): \(error)")
      }
    }
    #expect(board.problems.withLock { $0 } == [])
    #expect(try storage.verify() == [])
  }
}
