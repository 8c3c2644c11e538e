import Testing
import Upkeep
import UpkeepTestSupport

/// Two releases of a real list, in which codes move between rows: the feed that upserts of other stores cannot
/// take. The table must not depend on the order of the rows.
@Suite struct AirportReleaseTests {
  static let columns = [
    "icao", "iata", "name", "city", "subd", "country", "elevation", "lat", "lon", "tz", "lid",
  ]

  @Test(.enabled(if: Airports.areThere)) func mergingARelease() throws {
    let first = try Airports.release("airports-2025-02-24")
    let second = try Airports.release("airports-2026-08-03")
    var tables: [[[Value]]] = []
    for seed in [UInt64(0), 1, 2] {
      let store = try store(with: first)
      let result = try store.write { tx in
        try tx.upsert(contentsOf: shuffled(second, seed), into: "airport", rejects: .collect(limit: nil))
      }
      #expect(result.description == "616 inserted, 12,727 updated, 14,909 unchanged, 39 rejected")
      #expect(result.rejects.count == 39)
      #expect(result.rejects.allSatisfy { $0.index == "airport_iata" || $0.index == "airport_lid" })
      #expect(try store.verify().isEmpty)
      tables.append(try rows(store))
    }
    #expect(tables[0].count == 28_874)
    #expect(tables[0] == tables[1] && tables[0] == tables[2])
  }

  @Test(.enabled(if: Airports.areThere)) func syncingARelease() throws {
    let first = try Airports.release("airports-2025-02-24")
    let second = try Airports.release("airports-2026-08-03")
    for seed in [UInt64(0), 1, 2] {
      let store = try store(with: first)
      let result = try store.write { tx in try tx.sync("airport", with: shuffled(second, seed)) }
      #expect(result.description == "653 inserted, 12,729 updated, 14,909 unchanged, 620 deleted")
      #expect(try rows(store) == second.sorted { "\($0[0])" < "\($1[0])" })
      #expect(try store.verify().isEmpty)
    }
  }

  @Test(.enabled(if: Airports.areThere)) func withoutRejectsTheMergeSaysWhichRowIsInTheWay() throws {
    let store = try store(with: try Airports.release("airports-2025-02-24"))
    let second = try Airports.release("airports-2026-08-03")
    let before = try rows(store)
    do {
      try store.write { tx in _ = try tx.upsert(contentsOf: shuffled(second, 0), into: "airport") }
      Issue.record("the merge went through")
    } catch let error as UpkeepError {
      #expect(error.code == .uniqueViolation)
      #expect(error.existingKey != nil && error.key != nil && error.rowNumber != nil)
    }
    #expect(try rows(store) == before)
  }

  private func store(with release: [[Value]]) throws -> Store {
    let store = try Store.inMemory()
    func hasText(_ column: String) -> Expression {
      .binary(.notEqual, .column(ColumnReference(column)), .literal(.text("")))
    }
    try store.write { tx in
      try tx.createTable(
        TableDefinition(
          "airport",
          columns: Self.columns.enumerated().map {
            ColumnDefinition($1, (6...8).contains($0) ? .real : .text)
          },
          primaryKey: [IndexPart(column: "icao")]))
      for column in ["iata", "lid"] {
        try tx.createIndex(
          IndexDefinition(
            "airport_\(column)", on: "airport", parts: [IndexPart(column: column)], isUnique: true,
            where: hasText(column)))
      }
      let result = try tx.upsert(contentsOf: shuffled(release, 7), into: "airport")
      #expect(result.inserted == release.count)
    }
    return store
  }

  private func shuffled(_ rows: [[Value]], _ seed: UInt64) -> [RowInput] {
    let names = ColumnNames(Self.columns)
    if seed == 0 { return rows.map { RowInput(names, $0) } }
    var random = SeededGenerator(seed: seed)
    return rows.shuffled(using: &random).map { RowInput(names, $0) }
  }

  private func rows(_ store: Store) throws -> [[Value]] {
    let scope = try store.beginRead()
    defer { scope.rollback() }
    let cursor = try RowReader(scope).scan(try scope.table("airport"))
    var rows: [[Value]] = []
    while try cursor.next() { rows.append(try cursor.row.values()) }
    return rows
  }
}
