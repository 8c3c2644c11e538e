import Testing

@testable import Upkeep

@Suite struct BucketTests {
  @Test func longValuesAreWrittenAndReadInPieces() throws {
    let store = try Store.inMemory()
    let films = store.bucket("films", key: String.self, value: [UInt8].self)
    let pieces = (0..<30).map { number in [UInt8](repeating: UInt8(number), count: 10_000 + number) }
    let whole = Array(pieces.joined())
    #expect(try store.read { try $0.valueSize(films, "a") } == nil)
    try store.write { tx throws in
      var left = pieces[...]
      try tx.put(films, "a") { () throws(UpkeepError) in left.popFirst() }
      try tx.put(films, "empty") { () throws(UpkeepError) in nil }
      // What throws has changed nothing, and the transaction goes on.
      let error = #expect(throws: UpkeepError.self) {
        var count = 0
        try tx.put(films, "b") { () throws(UpkeepError) in
          count += 1
          if count == 20 { throw UpkeepError(.badInput, "no more") }
          return [UInt8](repeating: 1, count: 20_000)
        }
      }
      #expect(error?.code == .badInput)
      #expect(try tx.get(films, "b") == nil)
      try tx.put(films, "c", [1, 2, 3])
    }
    try store.read { snapshot throws in
      #expect(try snapshot.get(films, "a") == whole)
      #expect(try snapshot.valueSize(films, "a") == whole.count)
      #expect(try snapshot.valueSize(films, "empty") == 0)
      #expect(try snapshot.read(films, "a", from: 100_000, count: 50_000) == Array(whole[100_000..<150_000]))
      #expect(try snapshot.read(films, "a", from: whole.count - 3, count: 50) == Array(whole.suffix(3)))
      #expect(try snapshot.read(films, "c", from: 1, count: 1) == [2])
      #expect(try snapshot.read(films, "nothing", from: 1, count: 1) == nil)
      // Nothing that can be asked for ends the program.
      for key in ["a", "c"] {
        for offset in [Int.min, -1, Int.max - 1, Int.max] {
          let read = try snapshot.read(films, key, from: offset, count: Int.max)
          #expect(try read == (offset < 0 ? snapshot.get(films, key) : []))
          #expect(try snapshot.read(films, key, from: offset, count: Int.min) == [])
        }
      }
      var found: [UInt8] = []
      let lent = try snapshot.withPieces(films, "a", of: 7000) { piece throws(UpkeepError) in
        found += piece
        return found.count < 200_000
      }
      #expect(lent == found.count && found.count >= 200_000 && found.count < 207_000)
      #expect(found == Array(whole.prefix(found.count)))
      #expect(try snapshot.withPieces(films, "nothing") { _ throws(UpkeepError) in true } == nil)
    }
    #expect(try store.verify() == [])
  }

  @Test func keysAndValuesComeBackInOrder() throws {
    let store = try Store.inMemory()
    let hits = store.bucket("hits", key: Int64.self, value: String.self)
    #expect(try store.read { try $0.get(hits, 1) } == nil)
    #expect(try store.read { try $0.range(hits).next() == nil })
    try store.write { tx throws in
      for key: Int64 in [5, -5, 0, .max, .min] { try tx.put(hits, key, "v\(key)") }
      try tx.put(hits, 0, "nought")
    }
    try store.read { snapshot throws in
      #expect(try snapshot.get(hits, 0) == "nought")
      #expect(try snapshot.range(hits).entries().map(\.key) == [.min, -5, 0, 5, .max])
      #expect(try snapshot.range(hits, -5..<5, reversed: true).entries().map(\.key) == [0, -5])
      #expect(try snapshot.count(hits) == 5)
      #expect(try snapshot.count(hits, from: 0) == 3)
      #expect(try snapshot.bucketNames == ["hits"])
    }
    try store.write { tx throws in
      #expect(try tx.delete(hits, 5))
      #expect(try !tx.delete(hits, 5))
    }
    #expect(try store.read { try $0.count(hits) } == 4)
    #expect(try store.verify() == [])
  }

  @Test func bytesAreKeptAsTheyAre() throws {
    let store = try Store.inMemory()
    let raw = store.bucket("raw")
    try store.write { tx throws in
      try tx.put(raw, [], [])
      try tx.put(raw, [0], [1, 2, 3])
      try tx.put(raw, [0, 0], Array(repeating: 7, count: 100_000))
    }
    try store.read { snapshot throws in
      #expect(try snapshot.get(raw, []) == [])
      #expect(try snapshot.get(raw, [0]) == [1, 2, 3])
      #expect(try snapshot.get(raw, [0, 0])?.count == 100_000)
    }
  }

  @Test func anotherTypeThanBeforeIsAnErrorAndNoTrap() throws {
    let store = try Store.inMemory()
    try store.write { try $0.put(store.bucket("b", key: String.self, value: String.self), "k", "abc") }
    let error = #expect(throws: UpkeepError.self) {
      try store.read { try $0.get(store.bucket("b", key: String.self, value: Int64.self), "k") }
    }
    #expect(error?.code == .typeMismatch)
  }

  @Test func aKeyAboveTheLimitIsAnErrorThatLosesNothing() throws {
    let store = try Store.inMemory()
    let raw = store.bucket("raw")
    try store.write { tx throws in
      try tx.put(raw, [1], [1])
      let error = #expect(throws: UpkeepError.self) { try tx.put(raw, Array(repeating: 1, count: 5000), [1]) }
      #expect(error?.code == .tooLong)
      try tx.put(raw, [2], [2])
    }
    #expect(try store.read { try $0.count(raw) } == 2)
  }

  @Test func aBucketMadeByAFailedTransactionIsGone() throws {
    let store = try Store.inMemory()
    let raw = store.bucket("raw")
    _ = try? store.write { tx throws in
      try tx.put(raw, [1], [1])
      throw UpkeepError(.misuse, "on purpose")
    }
    #expect(try store.read { try $0.bucketNames } == [])
  }
}
