import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// Prepared statements give what the same text gives that is read anew, however often they run and whatever changed
/// meanwhile.
@Suite struct PreparedStatementTests {
  private struct City: Record {
    var name: String
    var people: Int?

    static let table = "city"
    static let columns: RecordColumns<City> = [.column("name", \.name), .column("people", \.people)]
    init(row: RecordRow<City>) throws(UpkeepError) { (name, people) = (try row[\.name], try row[\.people]) }
  }

  private func cities() throws -> Store {
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT, people INTEGER);
      CREATE UNIQUE INDEX city_name ON city (name);
      INSERT INTO city VALUES (1, 'Oslo', 700), (2, 'Bergen', 280), (3, 'Voss', NULL);
      """)
    return store
  }

  private func code(_ body: () throws -> Void) -> UpkeepError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? UpkeepError)?.code
    }
  }

  @Test func parametersAreBoundByPlaceAndByName() throws {
    let store = try cities()
    let byPlace = try store.prepare("SELECT name FROM city WHERE people > ? AND id < ?3")
    #expect(byPlace.parameterNames == [nil, nil, nil])
    #expect(
      try byPlace.rows([.integer(100), .null, .integer(3)]).map { $0[0] } == [.text("Oslo"), .text("Bergen")])
    let byName = try store.prepare("SELECT name FROM city WHERE people > :least AND id < $most OR id = ?")
    #expect(byName.parameterNames == [":least", "$most", nil])
    let given = SQLParameters(
      [.null, .null, .integer(3)], named: ["least": .integer(300), "most": .integer(9)])
    #expect(try byName.rows(given).map { $0["name"] } == [.text("Oslo"), .text("Voss")])
    #expect(code { _ = try byName.rows(["least": .integer(1)]) } == .misuse)
    #expect(code { _ = try byPlace.rows([.integer(1), .null, .null, .null]) } == .misuse)
    #expect(
      code { _ = try byName.rows(SQLParameters([.null, .null, .null], named: ["leest": .null])) } == .misuse)
    for text in ["", "SELECT 1; SELECT 2", "BEGIN", "SELECT * FROM"] {
      #expect(code { _ = try store.prepare(text) } != nil, "\(text)")
    }
  }

  @Test func rowsComeAsValuesTuplesAndRecords() throws {
    let store = try cities()
    let all = try store.prepare("SELECT people, name, id FROM city ORDER BY id")
    #expect(try all.first()?.value("name", as: String.self) == "Oslo")
    let tuples = try all.rows(as: (Int?, String).self)
    #expect(tuples.map(\.0) == [700, 280, nil] && tuples.map(\.1) == ["Oslo", "Bergen", "Voss"])
    let records = try all.records(City.self)
    #expect(records.map(\.name) == ["Oslo", "Bergen", "Voss"] && records[2].people == nil)
    #expect(code { _ = try all.rows(as: (Int, String).self) } == .typeMismatch)
    #expect(code { _ = try all.first()?.value("nmae", as: String.self) } == .unknownColumn)
    #expect(code { _ = try store.prepare("SELECT name FROM city").records(City.self) } == .unknownColumn)
    struct Enough: Error {}
    var seen = 0
    #expect(throws: Enough.self) {
      try all.forEach { _ in
        seen += 1
        throw Enough()
      }
    }
    #expect(seen == 1)
  }

  @Test func statementsThatChangeRowsRunAloneAndInTransactions() throws {
    let store = try cities()
    let put = try store.prepare("UPSERT INTO city (id, name, people) VALUES (?, ?, ?)")
    let inserted = try put.run([.integer(4), .text("Moss"), .integer(30)])
    #expect(inserted.tally[.inserted] == 1 && inserted.changes == 1)
    let updated = try put.run([.integer(4), .text("Moss"), .integer(31)])
    #expect(updated == (try store.execute("UPSERT INTO city (id, name, people) VALUES (4, 'Moss', 32)")))
    #expect(code { try put.run([.integer(5), .text("Oslo"), .null]) } == .uniqueViolation)
    #expect(code { try put.run([.text("no"), .text("x"), .null]) } == .typeMismatch)
    let count = try store.prepare("SELECT count(*) FROM city WHERE people > ?")
    let drop = try store.prepare("DELETE FROM city WHERE people > ? RETURNING name")
    struct Back: Error {}
    #expect(throws: Back.self) {
      try store.write { tx in
        try put.run([.integer(6), .text("Hamar"), .integer(28)], in: tx)
        let names = try drop.rows([.integer(100)], in: tx).map { $0[0] }
        #expect(names == [.text("Oslo"), .text("Bergen")])
        #expect(try count.first([.integer(0)], in: tx)?[0] == .integer(2))
        throw Back()
      }
    }
    #expect(try count.first([.integer(0)])?[0] == .integer(3))
    #expect(try drop.rows([.integer(500)]).map { $0[0] } == [.text("Oslo")])
    try store.read { snapshot in
      #expect(code { _ = try drop.rows([.integer(0)], in: snapshot) } == .readOnly)
      try store.execute("DELETE FROM city")
      #expect(try count.first([.integer(0)], in: snapshot)?[0] == .integer(2))
    }
  }

  @Test func changesOfTheSchemaAreMet() throws {
    let store = try cities()
    let read = try store.prepare("SELECT * FROM city WHERE name = ?")
    #expect(try read.first([.text("Voss")])?.values == [.integer(3), .text("Voss"), .null])
    try store.execute("DROP INDEX city_name")
    #expect(try read.first([.text("Voss")])?[0] == .integer(3))
    let other = Session(store)
    try other.execute(
      sql: "DROP TABLE city; CREATE TABLE city (name TEXT COLLATE NOCASE PRIMARY KEY, mayor TEXT);"
        + "INSERT INTO city VALUES ('Voss', 'A. B.')")
    #expect(try read.first([.text("VOSS")])?["mayor"] == .text("A. B."))
    #expect(try store.prepare("SELECT * FROM city WHERE name = ?").first([.text("voss")])?.columns.count == 2)
    try store.execute("DROP TABLE city")
    #expect(code { _ = try read.first([.text("Voss")]) } == .unknownTable)
  }

  @Test func valuesInATextAreBoundNeverSpliced() throws {
    let store = try cities()
    let name = "Oslo' OR '1' = '1"
    let nothing: Int? = nil
    #expect(try store.query("SELECT id FROM city WHERE name = \(name)").rows.isEmpty)
    try store.execute("INSERT INTO \(name: "city") (id, name) VALUES (\(9), \(name))")
    #expect(try store.query("SELECT id FROM city WHERE name = \(name)").rows == [[.integer(9)]])
    #expect(
      try store.query("SELECT \(name), \(nothing), \(2.5)").rows == [[.text(name), .null, .real(2.5)]])
    let part = "erge"
    #expect(
      try store.query("SELECT id FROM city WHERE name LIKE \("%" + part + "%")").rows == [[.integer(2)]])
    #expect(code { _ = try store.query("SELECT id FROM city WHERE name LIKE '%\(part)%'") } == .misuse)
    #expect(SQLText("a \(name: "q\"x")").sql == "a \"q\"\"x\"")
  }

  @Test("The guide's statements do what it says")
  func guide() throws {
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE airport (icao TEXT PRIMARY KEY, name TEXT, elevation REAL, seen INTEGER);
      INSERT INTO airport VALUES ('EGLL', 'Heathrow', 25, 0), ('EGCC', 'Ringway', 78, 0), ('EGHI', 'Eastleigh', 13, 0);
      """)
    let part = "row"
    let near = try store.query(
      "SELECT name FROM airport WHERE name LIKE \("%" + part + "%") AND elevation > \(20)")
    #expect(near.rows == [["Heathrow"]])
    try store.execute("UPDATE \(name: "airport") SET seen = \(7) WHERE icao = \("EGLL")")
    #expect(try store.query("SELECT seen FROM airport ORDER BY seen DESC LIMIT 1").rows == [[7]])
    let high = try store.prepare(
      "SELECT icao, name, elevation FROM airport WHERE elevation > :least ORDER BY icao")
    #expect(try high.rows(["least": 20]).map { $0["name"] } == ["Ringway", "Heathrow"])
    let pairs = try store.prepare("SELECT icao, name FROM airport").rows(as: (String, String?).self)
    #expect(pairs.map(\.0) == ["EGCC", "EGHI", "EGLL"])
    var seen = 0
    try high.forEach([20]) { row in
      seen += 1
      return try row.value("elevation", as: Double.self) < 50
    }
    #expect(seen == 1)
    let put = try store.prepare("UPSERT INTO airport (icao, name) VALUES (?, ?)")
    let summary = try put.run(["LFPG", "Roissy"])
    #expect(summary.tally[.inserted] == 1)
    try store.write { tx in
      try put.run(["EGKK", "Gatwick"], in: tx)
      #expect(try high.rows([0], in: tx).count == 3)
    }
    #expect(try store.query("SELECT count(*) FROM airport").rows == [[5]])
  }

  @Test("Whatever kind of value a key is asked for by, a prepared read gives what the text gives")
  func keysOfAllKinds() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let store = try Store.inMemory()
    let values: [Value] = [
      .null, .integer(1), .integer(-3), .real(1), .real(2.5), .text("1"), .text("a"), .text("A"), .text(" 1"),
      .blob([49]), .boolean(true), .boolean(false), .timestamp(Timestamp(microseconds: 1)),
    ]
    var (found, reads) = (0, 0)
    for (number, type) in [
      "INTEGER", "REAL", "TEXT", "TEXT COLLATE NOCASE", "BLOB", "", "BOOLEAN", "TIMESTAMP",
    ]
    .enumerated() {
      let table = "t\(number)"
      try store.execute(
        SQLText("CREATE TABLE \(name: table) (k \(plain: type) PRIMARY KEY, u \(plain: type), n INTEGER)"))
      try store.execute(SQLText("CREATE UNIQUE INDEX \(name: table + "u") ON \(name: table) (u, n)"))
      let insert = try store.prepare("INSERT OR IGNORE INTO \(table) VALUES (?, ?, ?)")
      for value in values where value != .null {
        _ = try? insert.run([value, random.pick(values), .integer(Int64(random.below(3)))])
      }
      for text in ["k = ?", "? = k", "u = ?1 AND n = 1", "n = 2 AND ?1 = u", "k = +?", "rowid = ?"] {
        let sql = "SELECT n, k AS key FROM \(table) WHERE \(text)"
        guard let prepared = try? store.prepare(sql) else { continue }
        for value in values {
          let first = Result { try prepared.rows([value]).map(\.values) }
          let second = Result { try store.query(sql, [value]).rows }
          #expect((try? first.get()) == (try? second.get()), "seed \(seed), \(sql), \(value)")
          reads += 1
          if let rows = try? first.get(), !rows.isEmpty { found += 1 }
        }
      }
    }
    #expect(found > 40 && reads > 400)
  }

  @Test func manyTasksShareOneStatement() async throws {
    let store = try cities()
    let put = try store.prepare("UPSERT INTO city (id, name, people) VALUES (?1, ?2, ?1)")
    let read = try store.prepare("SELECT people FROM city WHERE id = :id")
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          for number in 0..<40 {
            let id = Int64(100 + task * 100 + number)
            try put.run([.integer(id), .text("city \(id)")])
            guard try read.first(["id": .integer(id)])?[0] == .integer(id) else { return false }
          }
          return true
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    #expect(try store.query("SELECT count(*) FROM city").rows == [[.integer(323)]])
  }
}

extension SQLText.StringInterpolation {
  /// Text as it stands, for tests.
  fileprivate mutating func appendInterpolation(plain text: String) { appendLiteral(text) }
}
