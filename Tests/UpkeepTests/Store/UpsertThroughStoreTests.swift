import Testing

@testable import Upkeep

/// The front door for rows: what the documentation shows works as shown.
@Suite struct UpsertThroughStoreTests {
  private func airports() throws -> Store {
    let store = try Store.inMemory()
    try store.write { tx throws in
      try tx.createTable(
        TableDefinition(
          "airport",
          columns: [
            ColumnDefinition("icao", .text), ColumnDefinition("iata", .text), ColumnDefinition("name", .text),
            ColumnDefinition("elevation", .real, defaultValue: .literal(.real(1))),
          ], primaryKey: [IndexPart(column: "icao")]))
      try tx.createIndex(
        IndexDefinition(
          "airport_iata", on: "airport", parts: [IndexPart(column: "iata")], isUnique: true,
          where: .binary(.notEqual, .column(ColumnReference("iata")), .literal(.text("")))))
    }
    return store
  }

  @Test func oneRowIsInsertedMergedReplacedAndIgnored() throws {
    let store = try airports()
    try store.write { tx throws in
      #expect(
        try tx.upsert(["icao": "EGLL", "iata": "LHR", "name": "Heathrow"], into: "airport").kind == .inserted)
      #expect(try tx.upsert(["icao": "EGLL", "name": "London Heathrow"], into: "airport").kind == .updated)
      #expect(try tx.upsert(["icao": "EGLL", "name": "London Heathrow"], into: "airport").kind == .unchanged)
      let row = try #require(try tx.find("airport", "EGLL"))
      #expect(row.values == ["EGLL", "LHR", "London Heathrow", 1.0])
      let ignored = try tx.upsert(
        ["icao": "XXXX", "iata": "LHR"], into: "airport", on: .index("airport_iata"), .ignore)
      #expect(ignored.kind == .ignored)
      #expect(try tx.upsert(["icao": "EGLL", "elevation": 25], into: "airport", .replace).kind == .replaced)
      #expect(try tx.find("airport", "EGLL")?.values == ["EGLL", .null, .null, 25.0])
      #expect(throws: UpkeepError.self) { try tx.upsert(["icao": "EGLL"], into: "airport", .fail) }
      #expect(throws: UpkeepError.self) { try tx.upsert(["icao": "EGLL", "nmae": "x"], into: "airport") }
      #expect(throws: UpkeepError.self) {
        try tx.upsert(["icao": "EGLL", "elevation": "high"], into: "airport")
      }
      #expect(try tx.find("airport", "EGLL")?.values == ["EGLL", .null, .null, 25.0])
    }
    #expect(try store.verify() == [])
  }

  @Test func aBatchIsOneStatementInWhichRowsMaySwapKeys() throws {
    let store = try airports()
    try store.write { tx throws in
      let columns = ColumnNames(["icao", "iata"])
      let first = try tx.upsert(
        contentsOf: [RowInput(columns, ["A", "AAA"]), RowInput(columns, ["B", "BBB"])], into: "airport")
      #expect(first.inserted == 2)
      let swapped = try tx.upsert(
        contentsOf: [RowInput(columns, ["A", "BBB"]), RowInput(columns, ["B", "AAA"])], into: "airport",
        collectsOutcomes: true)
      #expect(swapped.updated == 2)
      #expect(swapped.outcomes?.map(\.kind) == [.updated, .updated])
      let rejecting = try tx.upsert(
        contentsOf: [RowInput(columns, ["C", "AAA"]), RowInput(columns, ["D", "DDD"])], into: "airport",
        rejects: .collect(limit: 5))
      #expect(rejecting.inserted == 1)
      #expect(rejecting.rejected == 1)
      let synced = try tx.sync("airport", with: [RowInput(columns, ["A", "BBB"])])
      #expect(synced.deleted == 2)
      #expect(synced.unchanged == 1)
    }
    #expect(try store.read { try $0.count("airport") } == 1)
    #expect(try store.verify() == [])
  }

  @Test func aBatchThatFailsChangesNothing() throws {
    let store = try airports()
    try store.write { tx throws in
      try tx.upsert(["icao": "A", "iata": "AAA"], into: "airport")
      let error = #expect(throws: UpkeepError.self) {
        try tx.upsert(
          contentsOf: [["icao": "B", "iata": "BBB"], ["icao": "C", "iata": "AAA"]], into: "airport")
      }
      #expect(error?.code == .uniqueViolation)
      #expect(error?.rowNumber == 2)
      #expect(try tx.count("airport") == 1)
    }
    #expect(try store.verify() == [])
  }
}
