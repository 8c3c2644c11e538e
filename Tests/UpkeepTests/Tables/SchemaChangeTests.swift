import Testing
import UpkeepTestSupport

@testable import Upkeep

/// Changes of the schema, on tables with rows.
@Suite struct SchemaChangeTests {
  private func filled(_ count: Int, seed: UInt64 = 7) throws -> Store {
    let store = try RowFixtures.store(indexes: false)
    var random = SeededGenerator(seed: seed)
    try store.write { tx throws in
      let writer = try RowWriter(tx.scope, try tx.scope.table("people"))
      for id in 0..<count {
        var row = RowFixtures.row(of: "people", &random)
        row[0] = .integer(Int64(id))
        row[1] = .text("\(id)@x")
        row[2] = .text(id % 3 == 0 ? "" : "C\(id)")
        row[3] = .integer(Int64(id % 10))
        row[4] = .real(Double(id))
        try writer.insert(row)
      }
    }
    return store
  }

  @Test func anIndexMadeOnAFilledTableHasEveryRow() throws {
    let store = try filled(500)
    try store.write { tx in for index in RowFixtures.peopleIndexes { try tx.createIndex(index) } }
    #expect(try store.verify() == [])
    let statistics = try store.statistics()
    let people = try #require(statistics.tables.first { $0.name == "people" })
    #expect(people.rowCount == 500)
    #expect(people.indexes.map(\.entryCount) == [500, 333, 500, 500, 500, 500])
    let found = try store.read { try $0.find("people", by: "people_code", .text("C7")) }
    #expect(found?["id"] == .integer(7))
  }

  @Test func aUniqueIndexOverRowsThatShareAKeyNamesBothRows() throws {
    let store = try filled(20)
    let error = #expect(throws: UpkeepError.self) {
      try store.write {
        try $0.createIndex(
          IndexDefinition("level", on: "people", parts: [IndexPart(column: "level")], isUnique: true))
      }
    }
    #expect(error?.code == .uniqueViolation)
    #expect(error?.message.contains("rows 0 and 10") == true)
    #expect(error?.index == "level")
    #expect(try store.verify() == [])
  }

  /// An index of a table larger than memory is merged from parts; here the parts are small.
  @Test func anIndexMergedFromPartsIsTheSame() throws {
    let store = try filled(700)
    try store.write { tx throws in
      for index in RowFixtures.peopleIndexes {
        try tx.scope.statement { () throws(UpkeepError) in
          let (catalog, schema, made) = try tx.scope.catalog.adding(index: index, in: tx.scope.writing)
          tx.scope.adopt(catalog)
          try IndexBuild(tx.scope, schema, made, partByteCount: 3000).run()
        }
      }
    }
    #expect(try store.verify() == [])
    let people = try #require(try store.statistics().tables.first { $0.name == "people" })
    #expect(people.indexes.map(\.entryCount) == [700, 466, 700, 700, 700, 700])
  }

  @Test func aKeySharedByRowsOfTwoPartsIsNamedAsWithinOne() throws {
    let store = try filled(500)
    let level = IndexDefinition("level", on: "people", parts: [IndexPart(column: "score")], isUnique: true)
    func build(_ partByteCount: Int) -> UpkeepError? {
      var random = SeededGenerator(seed: 5)
      return #expect(throws: UpkeepError.self) {
        try store.write { tx throws in
          let writer = try RowWriter(tx.scope, try tx.scope.table("people"))
          var row = RowFixtures.row(of: "people", &random)
          row[0] = .integer(1000)
          row[1] = .text("other")
          row[2] = .text("")
          row[4] = .real(3)
          try writer.insert(row)
          try tx.scope.statement { () throws(UpkeepError) in
            let (catalog, schema, made) = try tx.scope.catalog.adding(index: level, in: tx.scope.writing)
            tx.scope.adopt(catalog)
            try IndexBuild(tx.scope, schema, made, partByteCount: partByteCount).run()
          }
        }
      }
    }
    let (whole, merged) = (build(1 << 20), build(3000))
    #expect(whole?.code == .uniqueViolation)
    #expect(whole?.message.contains("rows 3 and 1000") == true)
    #expect(merged?.message == whole?.message)
    #expect(merged?.existingKey == whole?.existingKey)
    #expect(try store.verify() == [])
  }

  @Test func aFailedStatementLeavesTheTransactionUsable() throws {
    let store = try filled(20)
    try store.write { tx throws in
      let level = IndexDefinition("level", on: "people", parts: [IndexPart(column: "level")], isUnique: true)
      #expect(throws: UpkeepError.self) { try tx.createIndex(level) }
      #expect(throws: UpkeepError.self) { try tx.createTable(RowFixtures.people) }
      try tx.createTable(RowFixtures.people, ifNotExists: true)
      #expect(try tx.count("people") == 20)
      var other = level
      other.isUnique = false
      try tx.createIndex(other)
      try tx.createIndex(other, ifNotExists: true)
      #expect(
        try tx.scan("people", by: "level", .prefix(.integer(3))).map { $0[0] } == [.integer(3), .integer(13)])
    }
    #expect(try store.verify() == [])
  }

  @Test func aDroppedTableIsGoneAndItsNameFree() throws {
    let store = try filled(20)
    try store.write { tx throws in
      try tx.dropTable("people")
      try tx.dropTable("people", ifExists: true)
      #expect(throws: UpkeepError.self) { try tx.dropTable("people") }
      try tx.createTable(RowFixtures.people)
      #expect(try tx.count("people") == 0)
    }
    #expect(try store.read { try $0.tableNames } == ["log", "people", "visits"])
    #expect(try store.verify() == [])
  }

  @Test func aDroppedIndexIsGone() throws {
    let store = try filled(20)
    try store.write { tx throws in
      try tx.createIndex(RowFixtures.peopleIndexes[2])
      try tx.dropIndex("people_score")
      try tx.dropIndex("people_score", ifExists: true)
      #expect(throws: UpkeepError.self) { try tx.scan("people", by: "people_score") }
    }
    #expect(try store.verify() == [])
  }

  @Test func aTransactionThatFailsTakesItsTablesWithIt() throws {
    let store = try Store.inMemory()
    #expect(throws: UpkeepError.self) {
      try store.write { tx throws in
        try tx.createTable(RowFixtures.log)
        throw UpkeepError(.misuse, "on purpose")
      }
    }
    #expect(try store.read { try $0.tableNames } == [])
    try store.write { try $0.createTable(RowFixtures.log) }
    #expect(try store.read { try $0.tableNames } == ["log"])
  }
}
