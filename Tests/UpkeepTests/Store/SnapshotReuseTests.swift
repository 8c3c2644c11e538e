import Testing

@testable import Upkeep

/// Ended snapshots are opened again: nothing of what they were may be left, and none that somebody holds is.
@Suite struct SnapshotReuseTests {
  private func store() throws -> Store {
    let store = try RowFixtures.store()
    try store.write { tx throws in
      try tx.upsert(["id": 1, "email": "p1", "code": "c1", "note": "one"], into: "people")
    }
    return store
  }

  private func name(_ snapshot: Snapshot) throws -> Value? {
    try snapshot.withRow("people", 1) { row throws(UpkeepError) in try row.value("note") }
  }

  @Test func aSnapshotIsOpenedAgain() throws {
    let store = try store()
    let first = try store.read { ObjectIdentifier($0) }
    #expect(try store.read { ObjectIdentifier($0) } == first)
  }

  @Test func eachReadSeesTheStoreAsItIs() throws {
    let store = try store()
    for round in 0..<20 {
      let text = Value.text("name \(round)")
      try store.write { tx throws in
        try tx.upsert(["id": 1, "email": "p1", "code": "c1", "note": text], into: "people")
      }
      #expect(try store.read { try name($0) } == text)
      #expect(try store.read { try name($0) } == text)
    }
  }

  @Test func aSnapshotThatEscapedStaysEnded() throws {
    let store = try store()
    var kept: Snapshot?
    try store.read { kept = $0 }
    let escaped = try #require(kept)
    try store.read { snapshot throws in
      #expect(snapshot !== escaped)
      let error = #expect(throws: UpkeepError.self) { try name(escaped) }
      #expect(error?.code == .misuse)
    }
  }

  @Test func aScanThatEscapedStaysEnded() throws {
    let store = try store()
    let scan = try store.read { try $0.scan("people") }
    try store.read { snapshot throws in
      #expect(try name(snapshot) == "one")
      let error = #expect(throws: UpkeepError.self) { try scan.next() }
      #expect(error?.code == .misuse)
    }
  }

  @Test func aReadWithinAReadHasASnapshotOfItsOwn() throws {
    let store = try store()
    try store.read { outer throws in
      try store.write { tx throws in
        try tx.upsert(["id": 1, "email": "p1", "code": "c1", "note": "two"], into: "people")
      }
      #expect(try store.read { try name($0) } == "two")
      #expect(try name(outer) == "one")
    }
    #expect(try store.read { try name($0) } == "two")
  }

  @Test func changesOfTheSchemaAreSeen() throws {
    let store = try store()
    func width() throws -> Int? { try store.read { try $0.find("people", 1)?.values.count } }
    let before = try #require(try width())
    #expect(try width() == before)
    try store.write { tx throws in
      try tx.createTable(
        TableDefinition(
          "later", columns: [ColumnDefinition("id", .integer)], primaryKey: [IndexPart(column: "id")]))
    }
    #expect(try store.read { try $0.withRow("later", 1) { _ in true } } == nil)
    try store.write { tx throws in try tx.dropTable("people") }
    let error = #expect(throws: UpkeepError.self) { try width() }
    #expect(error?.code == .unknownTable)
    #expect(throws: UpkeepError.self) { try width() }
  }

  @Test func whatAReadThrowsLeavesNothingOpen() throws {
    struct Own: Error {}
    let store = try store()
    #expect(throws: Own.self) { try store.read { _ in throw Own() } }
    #expect(try store.read { try name($0) } == "one")
    try store.close()
    let error = #expect(throws: UpkeepError.self) { try store.read { _ in } }
    #expect(error?.code == .closed)
  }
}
