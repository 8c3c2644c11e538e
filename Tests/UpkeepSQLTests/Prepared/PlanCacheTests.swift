import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// A statement that keeps its plan would give or do something else than the same text read and planned anew: for other
/// parameters, after tables grew or shrank, after their schemas changed, or in a transaction.
@Suite struct PlanCacheTests {
  private static let queries = [
    "SELECT id, kind FROM trip WHERE place = ? ORDER BY day, id LIMIT ?",
    "SELECT id FROM trip WHERE place = ? AND kind IN (?, 'bus') AND day > ? ORDER BY id",
    "SELECT count(*), min(day), max(id) FROM trip WHERE place = ?1 OR day = ?2",
    "SELECT count(*) FROM trip WHERE day BETWEEN ? AND ?",
    "SELECT id, cost + ?1 FROM trip WHERE id > ?2 AND cost < ?3 ORDER BY id DESC LIMIT 7 OFFSET ?1",
    "SELECT t.id, p.name FROM trip AS t JOIN place AS p ON p.id = t.place WHERE t.id = ?",
    "SELECT t.id, p.name FROM trip AS t JOIN place AS p ON p.id = t.place WHERE p.area = ? ORDER BY t.id LIMIT ?",
    "SELECT t.id, p.id FROM place AS p LEFT JOIN trip AS t ON t.place = p.id AND t.day = ?2 WHERE p.id < ?1 ORDER BY 2, 1",
    "SELECT p.area, count(*), sum(t.id) FROM trip AS t, place AS p WHERE t.place = p.id AND t.kind = ? GROUP BY p.area",
    "SELECT DISTINCT place FROM trip WHERE day > ? ORDER BY 1 LIMIT ?",
    "SELECT day, count(*) FROM trip WHERE place > ?1 GROUP BY day HAVING count(*) > ?2 ORDER BY day",
    "SELECT id FROM trip WHERE place = ?1 UNION SELECT id FROM place WHERE area = ?2 ORDER BY 1 LIMIT ?3",
    "SELECT a.id, b.id FROM trip AS a JOIN trip AS b ON a.place = b.place WHERE a.day = ?1 AND b.day = ?1 ORDER BY 1, 2",
    "SELECT id FROM trip WHERE kind = ?1 AND place IN (?2, ?3, NULL) ORDER BY place, id",
    "SELECT id FROM trip WHERE ?1 IS NULL OR place = ?1 ORDER BY id LIMIT 5",
    "SELECT id, ?1 FROM place WHERE name = ?2 COLLATE NOCASE",
  ]
  private static let changes = [
    "UPDATE trip SET day = day + ?2, kind = ?1 WHERE place = ?3",
    "UPDATE trip SET cost = ?2 WHERE id = ?1", "UPDATE OR IGNORE place SET name = ?1 WHERE id = ?2",
    "UPDATE trip SET id = id + 5000 WHERE id = ?1 AND id < 5000", "DELETE FROM trip WHERE id = ?1",
    "DELETE FROM trip WHERE place = ?1 AND day < ?2",
    "UPDATE trip SET place = ?1 WHERE day = ?2 AND kind = ?3",
    "DELETE FROM place WHERE area = ?1 AND id % 5 = 0",
  ]

  private func store() throws -> Store {
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE place (id INTEGER PRIMARY KEY, area INTEGER, name TEXT);
      CREATE TABLE trip (id INTEGER PRIMARY KEY, place INTEGER, kind TEXT, day INTEGER, cost REAL);
      CREATE UNIQUE INDEX by_name ON place (name);
      CREATE INDEX by_place ON trip (place, kind);
      """)
    return store
  }

  /// A column of what a statement gives.
  private func column(
    _ number: Int, _ statement: PreparedStatement, _ parameters: [Value] = [], _ store: Store
  ) throws -> [Value?] {
    try store.read { try statement.rows(SQLParameters(parameters), in: $0).map { $0[number] } }
  }

  @Test func eachRunHasATimeOfItsOwn() throws {
    let store = try Store.inMemory()
    try store.execute(
      "CREATE TABLE session (id INTEGER PRIMARY KEY, ends REAL); CREATE INDEX by_end ON session (ends)")
    try store.execute("INSERT INTO session SELECT value, 0 FROM generate_series(1, 50)")
    let ended = try store.prepare("SELECT count(*) FROM session WHERE ends <= julianday('now')")
    let forget = try store.prepare(
      "DELETE FROM session WHERE ends <= julianday('now') AND id > ? RETURNING id")
    #expect(try column(0, ended, [], store) == [.integer(50)])
    #expect(try store.write { try forget.rows([.integer(45)], in: $0).count } == 5)
    // Later than both runs, and no later than those that follow.
    try store.execute("UPDATE session SET ends = julianday('now')")
    #expect(try column(0, ended, [], store) == [.integer(45)])
    #expect(try store.write { try forget.rows([.integer(0)], in: $0).count } == 45)
  }

  @Test func groupsAreCountedByWhatIsLeftToCheck() throws {
    let store = try Store.inMemory()
    try store.execute("CREATE TABLE t (a INTEGER, b INTEGER); CREATE INDEX by_ab ON t (a, b)")
    try store.execute("INSERT INTO t SELECT 1, 5 + value % 3 FROM generate_series(0, 89)")
    let counts = try store.prepare("SELECT a, count(*) FROM t WHERE a = ? AND b IN (?, ?) GROUP BY a")
    #expect(try column(1, counts, [1, 5, 6], store) == [.integer(60)])
    #expect(try column(1, counts, [1, 5, "x"], store) == [.integer(30)])
    #expect(try column(1, counts, [1, 5, 7], store) == [.integer(60)])
  }

  @Test func aNumberThatIsNoneIsNull() throws {
    let store = try Store.inMemory()
    try store.execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, r REAL); INSERT INTO t VALUES (1, 1.5), (2, NULL)")
    for condition in ["r = ?", "r > ?", "r <= ?", "r >= ?", "r < ?"] {
      let text = "SELECT id FROM t WHERE " + condition
      #expect(try column(0, store.prepare(text), [.real(.nan)], store).isEmpty, "\(condition)")
    }
    #expect(
      try column(0, store.prepare("SELECT id FROM t WHERE r IS ?"), [.real(.nan)], store) == [.integer(2)])
  }

  private func fill(_ stores: [Store], _ random: inout SeededGenerator, _ count: Int) throws {
    for _ in 0..<count {
      let id = random.below(3000)
      var row =
        "trip (id, place, kind, day, cost) VALUES (\(id), \(random.below(60)), '\(random.pick(["bus", "car", "boat"]))', "
      row += "\(random.below(40)), \(random.below(100)))"
      if random.oneIn(10) { row = "place VALUES (\(id % 90), \(random.below(7)), 'n\(id)')" }
      let sql = "INSERT OR IGNORE INTO \(row)"
      for store in stores { try store.execute(sql) }
    }
  }

  private func parameters(_ random: inout SeededGenerator) -> [Value] {
    (0..<3).map { _ in
      switch random.below(12) {
      case 0: .null
      case 1: .text(random.pick(["bus", "car", "7", "n12", "N12"]))
      case 2: .real(Double(random.below(80)) / 2)
      case 3: .integer(Int64(random.below(3000)))
      default: .integer(Int64(random.below(60)))
      }
    }
  }

  /// What a statement gives, or the code of its error: LIMIT takes no text.
  private func outcome(_ body: () throws -> String) -> String {
    do { return try body() } catch { return "\((error as? UpkeepError)?.code.rawValue ?? "\(error)")" }
  }

  @Test func keptPlansGiveWhatNewOnesGive() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let (kept, anew) = (try store(), try store())
    let queries = try Self.queries.map { try kept.prepare($0) }
    let changes = try Self.changes.map { try kept.prepare($0) }
    var (rows, changed) = (0, 0)
    for step in 0..<900 {
      if step % 30 == 0 { try fill([kept, anew], &random, step == 300 ? 1500 : random.below(40)) }
      if step % 150 == 149 {
        let sql = random.pick([
          "CREATE INDEX by_day ON trip (day, place)", "DROP INDEX IF EXISTS by_place",
          "DROP INDEX IF EXISTS by_day",
          "CREATE INDEX IF NOT EXISTS by_place ON trip (place, day DESC)",
          "ALTER TABLE trip ADD COLUMN more TEXT",
          "CREATE INDEX IF NOT EXISTS by_area ON place (area)",
        ])
        let results = [kept, anew].map { store in outcome { "\(try store.execute(sql))" } }
        #expect(results[0] == results[1])
      }
      let values = parameters(&random)
      let found: String
      let expected: String
      let text: String
      if random.oneIn(3) {
        let number = random.below(changes.count)
        text = Self.changes[number]
        let bound = Array(values.prefix(changes[number].parameterNames.count))
        if random.oneIn(3) {
          found = outcome {
            "\(try kept.write { try changes[number].run(SQLParameters(bound), in: $0).changes })"
          }
        } else {
          found = outcome { "\(try changes[number].run(SQLParameters(bound)).changes)" }
        }
        expected = outcome { "\(try anew.execute(text, SQLParameters(bound)).changes)" }
        if found != "0" { changed += 1 }
      } else {
        let number = random.below(queries.count)
        text = Self.queries[number]
        let bound = Array(values.prefix(queries[number].parameterNames.count))
        if random.oneIn(4) {
          found = outcome {
            try kept.write { transaction in
              "\(try queries[number].rows(SQLParameters(bound), in: transaction).map(\.values))"
            }
          }
        } else {
          found = outcome { "\(try queries[number].rows(SQLParameters(bound)).map(\.values))" }
        }
        expected = outcome { "\(try anew.query(text, SQLParameters(bound)).rows)" }
        if found != "[]" { rows += 1 }
      }
      guard found == expected else {
        Issue.record("seed \(seed), step \(step): \(text) with \(values)\n\(found)\nnot\n\(expected)")
        return
      }
    }
    let all = "SELECT * FROM trip ORDER BY id"
    #expect(try kept.query(all).rows == anew.query(all).rows)
    #expect(rows > 200 && changed > 60, "too little was found or changed: \(rows), \(changed), seed \(seed)")
  }

  @Test func aPlanOfAnEmptyTableIsNotThatOfAFullOne() throws {
    let store = try store()
    let query = try store.prepare("SELECT id FROM trip WHERE day = ? ORDER BY id")
    try store.execute("CREATE INDEX by_day ON trip (day)")
    #expect(try query.rows([3]).isEmpty)
    try store.execute(
      """
      INSERT INTO trip WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
      SELECT i, 0, 'x', i / 4, 0 FROM n
      """)
    #expect(try query.rows([3]).map { $0[0] } == [12, 13, 14, 15])
    #expect(try query.rows([.text("4")]).map { $0[0] } == [16, 17, 18, 19])
    #expect(try query.rows([.null]).isEmpty)
    #expect(try query.rows([.real(4.5)]).isEmpty)
  }

  @Test func aTemporaryTableOrANewOneOfTheNameIsMet() throws {
    let store = try store()
    try store.execute("INSERT INTO place VALUES (1, 1, 'a')")
    let query = try store.prepare("SELECT name FROM place WHERE area = ?")
    #expect(try query.rows([1]).map { $0[0] } == ["a"])
    try store.execute(
      "DROP TABLE place; CREATE TABLE place (name TEXT, area INTEGER); INSERT INTO place VALUES ('b', 1)")
    #expect(try query.rows([1]).map { $0[0] } == ["b"])
    try store.execute("DROP TABLE place; CREATE VIEW place AS SELECT 'c' AS name, 1 AS area")
    #expect(try query.rows([1]).map { $0[0] } == ["c"])
    try store.execute("DROP VIEW place; CREATE VIEW place AS SELECT 'd' AS name, 1 AS area")
    #expect(try query.rows([1]).map { $0[0] } == ["d"])
    try store.execute("DROP VIEW place")
    #expect(throws: UpkeepError.self) { try query.rows([1]) }
  }

  @Test func manyTasksRunOneJoinAtOnce() async throws {
    let store = try store()
    try store.execute(
      """
      INSERT INTO place WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 99)
      SELECT i, i % 7, 'n' || i FROM n;
      INSERT INTO trip WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 999)
      SELECT i, i % 100, 'x', i, 0 FROM n;
      """)
    let join = try store.prepare(
      "SELECT t.id, p.name FROM trip AS t JOIN place AS p ON p.id = t.place WHERE t.id = ?")
    let touch = try store.prepare("UPDATE trip SET cost = cost + 1 WHERE id = ?")
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<60 {
            let id = (task * 131 + round * 7) % 1000
            if round % 10 == 0 { try touch.run([.integer(Int64(id))]) }
            let rows = try join.rows([.integer(Int64(id))]).map(\.values)
            guard rows == [[.integer(Int64(id)), .text("n\(id % 100)")]] else { return false }
          }
          return true
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    #expect(try store.query("SELECT sum(cost) FROM trip").rows == [[48.0]])
  }

  @Test func aRowTakerThatStopsOrThrowsLeavesThePlanUsable() throws {
    struct Enough: Error {}
    let store = try store()
    try store.execute("INSERT INTO trip VALUES (1, 1, 'a', 1, 1), (2, 1, 'b', 2, 2), (3, 2, 'c', 3, 3)")
    let join = try store.prepare(
      "SELECT a.id, b.id FROM trip AS a, trip AS b WHERE a.place = ? ORDER BY 1, 2")
    for _ in 0..<3 {
      var count = 0
      try join.forEach([1]) { _ in
        count += 1
        return count < 2
      }
      #expect(count == 2)
      #expect(throws: Enough.self) { try join.forEach([1]) { _ in throw Enough() } }
      // A statement run from within another run of the same one has a plan of its own.
      var inner: [Int] = []
      try join.forEach([2]) { _ in
        inner.append(try join.rows([1]).count)
        return true
      }
      #expect(inner == [6, 6, 6])
    }
    #expect(try join.rows([1]).count == 6)
  }
}
