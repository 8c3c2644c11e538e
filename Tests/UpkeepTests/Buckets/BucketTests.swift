import Testing

@testable import Upkeep

@Suite struct BucketTests {
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
