import Testing
import Upkeep
import UpkeepSQL

/// An example of the guide that uses SQL would not compile or do something else. That each is here is seen by
/// `SwiftGuideTests`.
@Suite struct StatementGuideTests {
  private func airports() throws -> Store {
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE airport (icao TEXT PRIMARY KEY, name TEXT, elevation REAL, seen INTEGER NOT NULL DEFAULT 0);
      INSERT INTO airport VALUES ('EGLL', 'Heathrow', 25.3, 1), ('EHAM', 'Schiphol', -3.4, 1), ('ENGM', 'Gardermoen row', 207.9, 1)
      """)
    return store
  }

  @Test func textsWithValues() throws {
    let store = try airports()
    let part = "row"
    let near = try store.query(
      "SELECT name FROM airport WHERE name LIKE \("%" + part + "%") AND elevation > \(20)")
    try store.execute("UPDATE \(name: "airport") SET seen = \(7) WHERE icao = \("EGLL")")
    #expect(near.rows.count == 2)
    #expect(try store.query("SELECT seen FROM airport WHERE icao = 'EGLL'").rows == [[7]])
  }

  @Test func preparedStatements() throws {
    let store = try airports()
    let high = try store.prepare(
      "SELECT icao, name, elevation FROM airport WHERE elevation > :least ORDER BY icao")
    for row in try high.rows(["least": 20]) { print(row["name"] ?? .null) }
    for (icao, name) in try store.prepare("SELECT icao, name FROM airport").rows(as: (String, String?).self) {
      print(icao, name ?? "")
    }
    try high.forEach([20]) { row in try row.value("elevation", as: Double.self) < 100 }
    let put = try store.prepare("UPSERT INTO airport (icao, name) VALUES (?, ?)")
    let summary = try put.run(["LFPG", "Roissy"])
    try store.write { tx in
      try put.run(["EGKK", "Gatwick"], in: tx)
      print(summary.counts, try high.rows([0], in: tx).count)
    }
    #expect(try high.rows([20]).count == 2)
    #expect(summary.counts.map(\.count) == [1, 0, 0])
    #expect(try store.query("SELECT count(*) FROM airport WHERE elevation IS NULL").rows == [[2]])
  }
}
