import Testing
import UpkeepTesting

@testable import UpkeepStorage

/// Long values that are put and read in pieces, never whole in memory.
@Suite struct ValuePiecesTests {
  typealias Database = SmallCacheTests.Database
  private static let one: [UInt8] = [1]

  /// Lengths at which something changes: leaf, pages, index pages.
  private static let lengths = [
    0, 1, 100, 254, 255, 256, 943, 944, 945, 1888, 3776, 3777, 5000, 110_000, 112_000, 300_000,
  ]

  private func put(
    _ value: [UInt8], _ key: [UInt8], in tree: TreeID, _ transaction: WriteTransaction,
    _ random: inout SeededGenerator
  ) throws {
    let writer = try key.withUnsafeBytes { try transaction.putting(tree, $0) }
    var at = 0
    while at < value.count {
      let end = min(at + 1 + random.below(random.pick([10, 2000, 200_000])), value.count)
      try value[at..<end].withUnsafeBytes { try writer.append($0) }
      at = end
    }
    try writer.finish()
  }

  private func whole(_ read: ReadTransaction, _ tree: TreeID, _ key: [UInt8]) throws -> [UInt8]? {
    try key.withUnsafeBytes { try read.get(tree, $0).map { Array($0) } }
  }

  private func reader(_ read: ReadTransaction, _ tree: TreeID, _ key: [UInt8]) throws -> ValueReader? {
    try key.withUnsafeBytes { try read.value(tree, $0) }
  }

  @Test(arguments: UInt64(1)...3)
  func piecesAreTheWhole(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let database = try Database(frames: 48) {
      $0.checkpointLogSize = random.pick([30_000, 32 << 20])
      $0.checkpointsInBackground = false
    }
    var model: [[UInt8]: [UInt8]] = [:]
    for round in 0..<3 {
      do {
        let transaction = try database.storage.beginWrite()
        for (number, length) in Self.lengths.enumerated() where round == 0 || random.oneIn(2) {
          let key = [UInt8(random.below(2) * 50 + number)]
          let value = random.bytes(length)
          if random.oneIn(4) {
            try key.withUnsafeBytes { k in
              try value.withUnsafeBytes { try transaction.put(database.tree, k, $0) }
            }
          } else {
            try put(value, key, in: database.tree, transaction, &random)
          }
          model[key] = value
        }
        try check(transaction, database.tree, model, &random)
        try transaction.commit()
      }
      #expect(try database.storage.verify() == [], "seed \(seed)")
      if round == 1 { try database.reopenUnclosed() }
      let read = try database.storage.beginRead()
      try check(read, database.tree, model, &random)
      read.end()
    }
  }

  private func check(
    _ read: ReadTransaction, _ tree: TreeID, _ model: [[UInt8]: [UInt8]], _ random: inout SeededGenerator
  ) throws {
    #expect(try read.count(tree) == UInt64(model.count))
    let buffer = ByteBuffer()
    for (key, value) in model {
      #expect(try whole(read, tree, key) == value)
      let reader = try #require(try reader(read, tree, key))
      #expect(reader.byteCount == value.count)
      for _ in 0..<6 {
        let start = random.below(value.count + 2)
        let count = random.below(random.pick([10, 2000, 400_000]))
        buffer.removeAll()
        try reader.read(from: start, count: count, into: buffer)
        let end = min(start + count, value.count)
        #expect(Array(buffer.bytes) == (start < end ? Array(value[start..<end]) : []))
      }
    }
    #expect(try reader(read, tree, [250]) == nil)
  }

  @Test func aLongValueIsNeverWholeInMemory() throws {
    let frames = 64
    let database = try Database(frames: frames) {
      $0.checkpointLogSize = 100_000
      $0.checkpointsInBackground = false
    }
    let piece = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 / 251) }
    let transaction = try database.storage.beginWrite()
    let writer = try Self.one.withUnsafeBytes { try transaction.putting(database.tree, $0) }
    for _ in 0..<100 { try piece.withUnsafeBytes { try writer.append($0) } }
    try writer.finish()
    #expect(database.storage.core.logBuffer.capacity <= 1 << 20)
    try transaction.commit()
    let read = try database.storage.beginRead()
    let reader = try #require(try reader(read, database.tree, Self.one))
    #expect(reader.byteCount == 4_000_000)
    let buffer = ByteBuffer()
    var isSame = true
    for number in 0..<100 {
      buffer.removeAll()
      try reader.read(from: number * piece.count, count: piece.count, into: buffer)
      isSame = isSame && Array(buffer.bytes) == piece
    }
    #expect(isSame)
    read.end()
    #expect(database.figures.peak <= frames + 160, "a step of 128 KB beyond the limit at the most")
    #expect(try database.storage.verify() == [])
  }

  @Test func nothingElseIsChangedMeanwhile() throws {
    let database = try Database(frames: 48) { $0.checkpointsInBackground = false }
    try database.fill(0..<10, round: 1)
    do {
      let transaction = try database.storage.beginWrite()
      let savepoint = try transaction.savepoint()
      let writer = try Self.one.withUnsafeBytes { try transaction.putting(database.tree, $0) }
      try [UInt8](repeating: 1, count: 200_000).withUnsafeBytes { try writer.append($0) }
      #expect(throws: StorageError.self) { try database.put(3, round: 2, transaction) }
      #expect(throws: StorageError.self) { try transaction.createTree() }
      #expect(throws: StorageError.self) { try transaction.savepoint() }
      #expect(throws: StorageError.self) {
        try [2].withUnsafeBytes { try transaction.putting(database.tree, $0) }
      }
      #expect(try transaction.count(database.tree) == 10, "reading goes on")
      writer.abandon()
      #expect(throws: StorageError.self) { try writer.finish() }
      try database.put(3, round: 2, transaction)
      // Taken back while it is written.
      let second = try Self.one.withUnsafeBytes { try transaction.putting(database.tree, $0) }
      try [UInt8](repeating: 2, count: 5000).withUnsafeBytes { try second.append($0) }
      try transaction.rollback(to: savepoint)
      #expect(throws: StorageError.self) { try second.finish() }
      // Still being written when the transaction commits.
      try database.put(4, round: 3, transaction)
      let third = try Self.one.withUnsafeBytes { try transaction.putting(database.tree, $0) }
      try [UInt8](repeating: 3, count: 300_000).withUnsafeBytes { try third.append($0) }
      try transaction.commit()
      #expect(throws: StorageError.self) { try third.finish() }
    }
    #expect(try database.storage.verify() == [])
    try database.reopenUnclosed()
    let read = try database.storage.beginRead()
    #expect(try database.check(read, rows: 10) { $0 == 4 ? 3 : 1 })
    read.end()
    #expect(try database.storage.verify() == [])
  }

  @Test func whatIsTooLongIsRefusedAndLeavesNothing() throws {
    let database = try Database(frames: 48) {
      $0.checkpointLogSize = 50_000
      $0.checkpointsInBackground = false
    }
    let transaction = try database.storage.beginWrite()
    let writer = try Self.one.withUnsafeBytes { try transaction.putting(database.tree, $0) }
    let piece = [UInt8](repeating: 9, count: 4 << 20)
    #expect(throws: StorageError.self) {
      for _ in 0..<17 { try piece.withUnsafeBytes { try writer.append($0) } }
    }
    #expect(throws: StorageError.self) { try writer.finish() }
    let key = [UInt8](repeating: 1, count: 5000)
    #expect(throws: StorageError.self) {
      try key.withUnsafeBytes { try transaction.putting(database.tree, $0) }
    }
    #expect(try transaction.count(database.tree) == 0)
    try database.put(1, round: 1, transaction)
    try transaction.commit()
    #expect(try database.storage.verify() == [])
  }

  @Test func aReaderOfATransactionThatChangedIsRefused() throws {
    let database = try Database(frames: 48)
    let transaction = try database.storage.beginWrite()
    try Self.one.withUnsafeBytes { k in
      try [UInt8](repeating: 1, count: 9000).withUnsafeBytes { try transaction.put(database.tree, k, $0) }
    }
    let reader = try #require(try reader(transaction, database.tree, Self.one))
    let buffer = ByteBuffer()
    try reader.read(from: 8000, count: 10_000, into: buffer)
    #expect(buffer.count == 1000)
    try database.put(1, round: 1, transaction)
    #expect(throws: StorageError.self) { try reader.read(from: 0, count: 1, into: buffer) }
    try transaction.commit()
    #expect(throws: StorageError.self) { try reader.read(from: 0, count: 1, into: buffer) }
  }
}
