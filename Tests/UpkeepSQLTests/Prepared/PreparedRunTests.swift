import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// What a prepared statement keeps from run to run (a way to rows, ranges made of parameters, cursors, groups, the place of
/// a row) shows nothing of the run before.
@Suite struct PreparedRunTests {
  private static let values: [Value] = [
    .null, .integer(0), .integer(3), .integer(-2), .integer(.max), .integer(.min), .real(2.5), .real(3),
    .real(-1e300),
    .text("3"), .text("b"), .text("B"), .text(""), .text(String(repeating: "x", count: 3000)),
    .blob([1, 255]),
    .boolean(true), .timestamp(Timestamp(microseconds: 3)), .real(1e19),
  ]

  /// Rows in tables with keys of many kinds, upwards and downwards, with NULL and without.
  private func store(_ random: inout SeededGenerator) throws -> Store {
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, r REAL, s TEXT, n TEXT COLLATE NOCASE, x, b INTEGER NOT NULL);
      CREATE INDEX t_ar ON t (a, r DESC); CREATE INDEX t_s ON t (s, b); CREATE INDEX t_n ON t (n DESC, a);
      CREATE INDEX t_x ON t (x, a); CREATE UNIQUE INDEX t_b ON t (b, id); CREATE INDEX t_r ON t (r DESC, id);
      CREATE TABLE u (k TEXT, m INTEGER, v REAL, PRIMARY KEY (k, m)); CREATE INDEX u_m ON u (m, v);
      """)
    let insert = try store.prepare("INSERT OR IGNORE INTO t VALUES (?, ?, ?, ?, ?, ?, ?)")
    let other = try store.prepare("INSERT OR IGNORE INTO u VALUES (?, ?, ?)")
    let texts: [Value] = [.text("3"), .text("b"), .text("B"), .text(""), .text("abc")]
    try store.write { tx in
      for id in 0..<300 {
        _ = try insert.run(
          [
            .integer(Int64(id)), random.oneIn(5) ? .null : .integer(Int64(random.below(7)) - 2),
            random.oneIn(5) ? .null : .real(Double(random.below(9)) / 2 - 1),
            random.oneIn(5) ? .null : random.pick(texts), random.oneIn(5) ? .null : random.pick(texts),
            random.oneIn(5)
              ? .null : random.pick([.integer(3), .real(2.5), .text("b"), .blob([1, 255]), .integer(0)]),
            .integer(Int64(random.below(5))),
          ], in: tx)
        _ = try other.run(
          [random.pick(texts), .integer(Int64(random.below(9))), .real(Double(random.below(5)))], in: tx)
      }
    }
    return store
  }

  private static let texts = [
    "SELECT id, b FROM t WHERE a = ?1 ORDER BY r DESC, id LIMIT 4",
    "SELECT id, r FROM t WHERE a = ?1 AND r > ?2 ORDER BY id",
    "SELECT id FROM t WHERE a = ?1 AND r <= ?2 AND r >= ?3 ORDER BY id",
    "SELECT id, s FROM t WHERE s = ?1 AND b < ?2 ORDER BY id",
    "SELECT id, n FROM t WHERE n = ?1 AND a = ?2 ORDER BY id",
    "SELECT id, n FROM t WHERE n >= ?1 ORDER BY id LIMIT 7",
    "SELECT id FROM t WHERE n < ?1 AND n > ?2 ORDER BY id",
    "SELECT id, x FROM t WHERE x = ?1 ORDER BY a, id",
    "SELECT id, x FROM t WHERE x > ?1 AND x < ?2 ORDER BY id",
    "SELECT id FROM t WHERE ?1 < r AND ?2 >= r ORDER BY r DESC, id",
    "SELECT id FROM t WHERE r = ?1 AND id > ?2 ORDER BY id LIMIT 3",
    "SELECT * FROM t WHERE id = ?1 AND b = ?2",
    "SELECT * FROM t WHERE id > ?1 ORDER BY id LIMIT 2 OFFSET 1",
    "SELECT id FROM t WHERE id >= ?1 AND id < ?2 AND s <> ?3 ORDER BY id DESC LIMIT 5",
    "SELECT id FROM t WHERE a = 3 AND r > ?1 ORDER BY id",
    "SELECT id FROM t WHERE a = ?1 AND a = ?2 ORDER BY id",
    "SELECT id FROM t WHERE a IN (?1, ?2) AND r = ?3 ORDER BY id",
    "SELECT id FROM t WHERE a = ?1 OR s = ?2 ORDER BY id LIMIT 9",
    "SELECT a % 3, count(*), sum(id), max(s) FROM t WHERE b = ?1 GROUP BY 1",
    "SELECT r, count(*), sum(id) FROM t WHERE a = ?1 GROUP BY r ORDER BY r DESC LIMIT 2",
    "SELECT s, count(DISTINCT a), group_concat(id, ',') FROM t WHERE b = ?1 AND s > ?2 GROUP BY s",
    "SELECT count(*), sum(r), min(s) FROM t WHERE a = ?1", "SELECT count(*) FROM t WHERE a = ?1 AND b > ?2",
    "SELECT count(*), count(b), count(s) FROM t WHERE a >= ?1", "SELECT max(b), min(b) FROM t WHERE a = ?1",
    "SELECT max(id) FROM t WHERE id < ?1", "SELECT min(r) + ?2, count(*) FROM t WHERE a = ?1 OR b = ?2",
    "SELECT max(s) FROM t WHERE b = ?1 AND a < ?2", "SELECT count(DISTINCT b), max(a) FROM t WHERE a > ?1",
    "SELECT DISTINCT b FROM t WHERE a = ?1 ORDER BY b",
    "SELECT t.id, u.v FROM t JOIN u ON u.k = t.s AND u.m = t.b WHERE t.id = ?1 ORDER BY u.v",
    "SELECT t.id, u.k, u.m FROM t LEFT JOIN u ON u.m = t.a AND u.v = ?2 WHERE t.id = ?1 ORDER BY 1, 2, 3",
    "SELECT t.id, u.k FROM u JOIN t ON t.a = u.m WHERE u.k = ?1 AND u.m = ?2 ORDER BY t.id LIMIT 5",
    "SELECT u.k, count(*) FROM t JOIN u ON u.m = t.b WHERE t.a = ?1 AND t.r > ?2 GROUP BY u.k",
    "SELECT b, m FROM t, u WHERE t.id = ?1 AND u.k = ?2 AND u.m = ?3",
    "SELECT id FROM t WHERE a = ?1 UNION SELECT m FROM u WHERE k = ?2 ORDER BY 1",
    "SELECT rowid, k FROM u WHERE m = ?1 AND v = ?2 ORDER BY k",
  ]

  @Test("Whatever parameters came before, in whatever transaction, a run gives what the text gives")
  func runsAreAlone() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let store = try store(&random)
    let statements = try Self.texts.compactMap { text in
      do { return (text: text, prepared: try store.prepare(text)) } catch {
        Issue.record("\(text): \(error)")
        throw error
      }
    }
    var rowCount = 0
    func check(_ snapshot: Snapshot?) throws {
      let (text, prepared) = random.pick(statements)
      let given = (0..<prepared.parameterNames.count).map { _ in
        random.oneIn(2) ? .integer(Int64(random.below(9)) - 2) : random.pick(Self.values)
      }
      let found = Result { try prepared.rows(SQLParameters(given), in: snapshot).map(\.values) }
      let expected = Result { try store.query(text, SQLParameters(given)).rows }
      #expect((try? found.get()) == (try? expected.get()), "seed \(seed), \(text), \(given)")
      rowCount += (try? found.get().count) ?? 0
    }
    for _ in 0..<60 {
      try store.read { snapshot in for _ in 0..<25 { try check(snapshot) } }
      for _ in 0..<5 { try check(nil) }
      if random.oneIn(4) {
        try store.execute(
          "UPDATE t SET a = (a + 1) % 6, b = (b + 1) % 5 WHERE id % 3 = \(Int64(random.below(3)))")
      }
      if random.oneIn(6) { try store.execute("DROP INDEX t_ar; CREATE INDEX t_ar ON t (a, r DESC)") }
      if random.oneIn(10) { try store.execute("DROP INDEX IF EXISTS t_s") }
      if random.oneIn(10) { _ = try? store.execute("CREATE INDEX t_s ON t (s, b)") }
    }
    #expect(rowCount > 2000)
  }

  // MARK: One within another

  @Test("A statement that runs while its own rows are read gives all rows of both runs")
  func withinItself() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let store = try store(&random)
    for text in [
      "SELECT id, b FROM t WHERE a = ?1 ORDER BY r DESC LIMIT 6", "SELECT id, a FROM t WHERE id = ?1",
      "SELECT id, b FROM t WHERE id > ?1 LIMIT 5",
      "SELECT t.id, u.v FROM t JOIN u ON u.m = t.b WHERE t.id < ?1",
      "SELECT b, count(*) FROM t WHERE a = ?1 GROUP BY b",
      "SELECT b, count(*), group_concat(id, ' ') FROM t WHERE a < ?1 GROUP BY b",
    ] {
      let prepared = try store.prepare(text)
      let expected = try (0..<4).map { try store.query(text, [.integer(Int64($0))]).rows }
      #expect(expected.contains { !$0.isEmpty })
      func run(_ depth: Int, _ snapshot: Snapshot?) throws {
        var rows: [[Value]] = []
        try prepared.forEach([.integer(Int64(depth))], in: snapshot) { row in
          rows.append(row.values)
          if depth < 3, rows.count <= 2 { try run(depth + 1, snapshot) }
          return true
        }
        #expect(rows == expected[depth], "seed \(seed), \(text), \(depth)")
      }
      try run(0, nil)
      try store.read { snapshot in for _ in 0..<3 { try run(0, snapshot) } }
      try store.write { transaction in for _ in 0..<2 { try run(0, transaction) } }
    }
  }

  @Test("Rows that were kept stay as they were")
  func rowsStay() throws {
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, d INTEGER, s TEXT); CREATE INDEX t_d ON t (d, s);
      INSERT INTO t VALUES (1, 7, 'one'), (2, 7, 'three'), (3, 7, 'two'), (4, 8, 'four');
      """)
    for text in [
      "SELECT s, id FROM t WHERE d = ? ORDER BY s", "SELECT s, id * 1 FROM t WHERE d = ? GROUP BY s",
    ] {
      let prepared = try store.prepare(text)
      for _ in 0..<3 {
        var kept: [Row] = []
        var second: [Value] = []
        try prepared.forEach([7]) { row in
          if kept.count == 1 { second = row.values }
          kept.append(row)
          return true
        }
        #expect(kept.map(\.values) == [["one", 1], ["three", 2], ["two", 3]] && second == ["three", 2])
      }
    }
  }

  // MARK: After an error, after the end

  @Test("A run that failed half way leaves nothing for the next")
  func afterErrors() throws {
    struct Stop: Error {}
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, d INTEGER, n INTEGER); CREATE INDEX t_d ON t (d, n);
      CREATE TABLE u (d INTEGER PRIMARY KEY, s TEXT); INSERT INTO u VALUES (1, 'a'), (2, 'b');
      INSERT INTO t VALUES (1, 1, 5), (2, 1, -9223372036854775808), (3, 1, 7), (4, 2, 8), (5, 2, 9);
      """)
    for text in [
      "SELECT abs(n) FROM t WHERE d = ? ORDER BY n DESC", "SELECT abs(n) FROM t WHERE d = ? ORDER BY id",
      "SELECT abs(n) FROM u JOIN t ON t.d = u.d WHERE u.d = ?", "SELECT abs(n) FROM t WHERE d = ? GROUP BY 1",
    ] {
      let prepared = try store.prepare(text)
      try store.read { snapshot in
        for _ in 0..<4 {
          #expect(throws: UpkeepError.self, "\(text)") { try prepared.rows([1], in: snapshot) }
          let found = try prepared.rows([2], in: snapshot).map { $0[0] ?? .null }
          #expect(Set(found) == [.integer(8), .integer(9)] && found.count == 2)
          #expect(throws: Stop.self) { try prepared.forEach([2], in: snapshot) { _ in throw Stop() } }
          var first: Value?
          try prepared.forEach([2], in: snapshot) { row in
            first = row[0]
            return false
          }
          #expect(first == .integer(8) || first == .integer(9))
        }
      }
      #expect(try prepared.rows([2]).count == 2)
    }
    // Nothing of a transaction that ended is used.
    let prepared = try store.prepare("SELECT n FROM t WHERE d = ?")
    var ended: Snapshot?
    let count = try store.read { snapshot in
      ended = snapshot
      return try prepared.rows([2], in: snapshot).count
    }
    #expect(count == 2)
    let snapshot = try #require(ended)
    #expect(throws: UpkeepError.self) { try prepared.rows([2], in: snapshot) }
    #expect(try prepared.rows([2]).count == 2)
  }

  @Test("Each transaction is read as it is: snapshots of several states by turns, and one that writes")
  func statesByTurns() throws {
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, d INTEGER, n INTEGER); CREATE INDEX t_d ON t (d, n);
      CREATE TABLE u (d INTEGER PRIMARY KEY, s INTEGER); INSERT INTO u VALUES (1, 0); INSERT INTO t VALUES (1, 1, 0);
      """)
    let statements = try [
      "SELECT n FROM t WHERE d = ? ORDER BY n LIMIT 3", "SELECT n FROM t WHERE id = ?",
      "SELECT u.s FROM t JOIN u ON u.d = t.d WHERE t.id = ?",
      "SELECT n, count(*) FROM t WHERE d = ? GROUP BY 1",
      "SELECT n FROM t WHERE id >= ? AND id < 2",
    ].map { try store.prepare($0) }
    func check(_ state: Int64, _ snapshot: Snapshot?) throws {
      for statement in statements {
        #expect(try statement.rows([1], in: snapshot).map { $0[0] } == [.integer(state)], "\(statement.text)")
      }
    }
    func change(_ state: Int64, _ transaction: Transaction) throws {
      _ = try store.prepare("UPDATE t SET n = ?").run([.integer(state)], in: transaction)
      _ = try store.prepare("UPDATE u SET s = ?").run([.integer(state)], in: transaction)
    }
    func nest(_ state: Int64) throws {
      try store.read { snapshot in
        try check(state, snapshot)
        try store.write { transaction in
          try check(state, transaction)
          try change(state + 1, transaction)
          try check(state + 1, transaction)
          try check(state, snapshot)
        }
        try check(state, snapshot)
        try check(state + 1, nil)
        if state < 4 { try nest(state + 1) }
        try check(state, snapshot)
      }
    }
    try nest(0)
    // What was taken back is not seen.
    struct Back: Error {}
    #expect(throws: Back.self) {
      try store.write { transaction in
        try change(99, transaction)
        try check(99, transaction)
        throw Back()
      }
    }
    try check(5, nil)
  }

  @Test("A schema that changes between runs of one transaction is met")
  func schemaWithinATransaction() throws {
    let store = try Store.inMemory()
    try store.execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, d INTEGER, n INTEGER); CREATE INDEX t_d ON t (d, n);"
        + "CREATE TABLE u (d INTEGER PRIMARY KEY, s TEXT); INSERT INTO u VALUES (1, 'a'); INSERT INTO t VALUES (1, 1, 10)"
    )
    let rows = try store.prepare("SELECT * FROM t WHERE d = ? ORDER BY n LIMIT 5")
    let joined = try store.prepare("SELECT * FROM t JOIN u ON u.d = t.d WHERE t.id = ?")
    let session = Session(store)
    func run(_ prepared: PreparedStatement) throws -> [[Value]] {
      let sink = Sink()
      try session.execute(prepared, [1], into: sink)
      return sink.rows
    }
    try session.execute(sql: "BEGIN")
    for added in 0..<3 {
      #expect(try run(rows).first?.count == 3 + added && rows.rows([1]).first?.values.count == 3)
      #expect(try run(joined).first?.count == 5 + added && joined.rows([1]).first?.values.count == 5)
      try session.execute(sql: "ALTER TABLE t ADD COLUMN c\(added) TEXT")
      if added == 1 { try session.execute(sql: "DROP INDEX t_d") }
    }
    try session.execute(sql: "COMMIT")
    #expect(try rows.rows([1]).first?.values.count == 6 && joined.rows([1]).first?.values.count == 8)
    try store.execute("DROP TABLE u; CREATE VIEW u AS SELECT 1 AS d, 'view' AS s")
    #expect(try joined.rows([1]).first?.values.last == "view")
  }

  private final class Sink: RowSink {
    var rows: [[Value]] = []
    func begin(columns: [String]) { rows = [] }
    func row(_ values: [Value]) { rows.append(values) }
  }
}
