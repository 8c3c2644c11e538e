import Testing

@testable import Upkeep

@Suite struct StoreTests {
  @Test func whatAWriteThrowsComesThroughAndTakesItsChangesBack() throws {
    struct Own: Error {}
    let store = try Store.inMemory()
    let raw = store.bucket("raw")
    #expect(throws: Own.self) {
      try store.write { tx throws in
        try tx.put(raw, [1], [1])
        throw Own()
      }
    }
    #expect(try store.read { try $0.get(raw, [1]) } == nil)
  }

  @Test func aWriteInsideAWriteIsAnError() throws {
    let store = try Store.inMemory()
    try store.write { _ throws in
      let error = #expect(throws: UpkeepError.self) { try store.write { _ in } }
      #expect(error?.code == .misuse)
    }
    try store.write { _ in }
  }

  @Test func aReadInsideAWriteSeesTheStoreBefore() throws {
    let store = try Store.inMemory()
    let raw = store.bucket("raw")
    try store.write { tx throws in
      try tx.put(raw, [1], [1])
      #expect(try store.read { try $0.get(raw, [1]) } == nil)
      #expect(try tx.get(raw, [1]) == [1])
    }
  }

  @Test func aTransactionThatHasEndedIsOfNoUse() throws {
    let store = try RowFixtures.store()
    var kept: Transaction?
    var scan: RowScan?
    try store.write {
      kept = $0
      scan = try $0.scan("people")
    }
    let transaction = try #require(kept)
    let raw = store.bucket("raw")
    let calls: [() throws -> Void] = [
      { _ = try transaction.find("people", .integer(1)) },
      { _ = try transaction.count("people") },
      { _ = try transaction.get(raw, [1]) },
      { try transaction.put(raw, [1], [1]) },
      { try transaction.createTable(RowFixtures.log) },
      { _ = try transaction.scan("people") },
      { _ = try transaction.tableNames },
      { _ = try scan?.next() },
    ]
    for call in calls {
      let error = #expect(throws: UpkeepError.self) { try call() }
      #expect(error?.code == .misuse)
    }
  }

  @Test func aClosedStoreSaysSo() throws {
    let store = try RowFixtures.store()
    try store.close()
    try store.close()
    let read = #expect(throws: UpkeepError.self) { try store.read { try $0.tableNames } }
    #expect(read?.code == .closed)
    let write = #expect(throws: UpkeepError.self) { try store.write { _ in } }
    #expect(write?.code == .closed)
  }

  @Test func optionsAreChangedInAClosure() {
    let options = StoreOptions {
      $0.durability = .none
      $0.pageSize = 4096
    }
    #expect(options.durability == .none)
    #expect(options.storage.pageSize == 4096)
  }

  @Test func theCatalogIsLoadedOnceForEachChange() throws {
    let store = try RowFixtures.store()
    func catalog() throws -> ObjectIdentifier { ObjectIdentifier(try store.read { try $0.scope.catalog }) }
    let before = try catalog()
    try store.write { try $0.put(store.bucket("b"), [1], [1]) }
    let after = try catalog()
    #expect(before != after)
    try store.write { try $0.put(store.bucket("b"), [2], [1]) }
    #expect(try catalog() == after)
  }
}
