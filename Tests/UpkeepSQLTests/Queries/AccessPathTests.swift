import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// A condition would find other rows by indexes (of columns, of expressions, partial ones, several for the cases of an
/// OR) than by looking at every row.
@Suite struct AccessPathTests {
  private static let columns = "id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c REAL, d ANY"
  private static let indexes = [
    "CREATE INDEX by_a ON t (a)", "CREATE INDEX by_b ON t (b COLLATE NOCASE, a DESC)",
    "CREATE INDEX by_c ON t (c) WHERE a > 20", "CREATE INDEX folded ON t (lower(b))",
    "CREATE INDEX summed ON t (a + id DESC)", "CREATE UNIQUE INDEX typed ON t (d, id)",
    "CREATE INDEX halved ON t (CAST(a / 2 AS TEXT))",
  ]

  @Test func indexesFindWhatALookAtEveryRowFinds() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let store = try Store.inMemory()
    for table in ["t", "plain"] { try store.run("CREATE TABLE \(table) (\(Self.columns))") }
    for index in Self.indexes { try store.run(index) }
    for id in 0..<1500 {
      let values = [
        random.oneIn(9) ? "NULL" : "\(random.below(60))",
        random.oneIn(9) ? "NULL" : "'\(random.pick(["x", "X", "Ab", "ab", "", "größe"]))\(random.below(40))'",
        random.oneIn(9) ? "NULL" : "\(Double(random.below(400)) / 4)",
        random.pick([
          "NULL", "\(random.below(50))", "'\(random.below(50))'", "\(random.below(9)).5",
          "x'0\(random.below(9))'",
        ]),
      ]
      for table in ["t", "plain"] {
        try store.run("INSERT INTO \(table) VALUES (\(id * 3), \(values.joined(separator: ", ")))")
      }
    }
    var ways: [String: Int] = [:]
    for number in 0..<1500 {
      let condition = Self.condition(&random, 0)
      let order =
        random.oneIn(2)
        ? " ORDER BY \(random.pick(["lower(t.b)", "a + id DESC", "a", "b COLLATE NOCASE"])), id"
        : " ORDER BY id"
      let tail = random.oneIn(3) ? " LIMIT \(random.below(30))" : ""
      let query = "SELECT id, a, b FROM t WHERE \(condition)\(order)\(tail)"
      let twin = "SELECT id, a, b FROM plain AS t WHERE \(condition)\(order)\(tail)"
      let found = try store.rows(query)
      let expected = try store.rows(twin)
      guard found == expected else {
        let plan = try store.rows("EXPLAIN \(query)")
        Issue.record(
          "seed \(seed), query \(number): \(query)\n\(plan)\n\(found.count) rows, not \(expected.count)")
        return
      }
      let way = "\(try store.rows("EXPLAIN \(query)").first ?? [])"
      for word in [", or by", "folded", "summed", "halved", "by_c", "typed"] where way.contains(word) {
        ways[word, default: 0] += 1
      }
    }
    for word in [", or by", "folded", "summed", "halved", "typed"] {
      #expect(ways[word, default: 0] > 20, "\(word) was the way too seldom: \(ways), seed \(seed)")
    }
  }

  @Test func rowsOfSeveralCasesAreChangedOnce() throws {
    let store = try Store.inMemory()
    try store.run("CREATE TABLE t (\(Self.columns))")
    for index in Self.indexes { try store.run(index) }
    try store.run(
      """
      INSERT INTO t WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 3000)
      SELECT x, x % 500, 'n' || x, 0, x FROM n
      """)
    let condition = "a = 7 OR lower(b) = 'n7' OR id IN (7, 507) OR d = 8"
    #expect(
      try store.rows("EXPLAIN SELECT id FROM t WHERE \(condition)") == [
        [
          .text(
            "search t by index by_a (a = 7), or by index folded (lower(b) = 'n7'), or by primary key (id IN (7, 507)), "
              + "or by index typed (d = 8), each row once")
        ], [.text("check the rest of the WHERE on each row")],
      ])
    let changed = try store.rows("UPDATE t SET a = a + 1, c = c + 1 WHERE \(condition) RETURNING id")
    #expect(changed.map { $0[0] } == [7, 8, 507, 1007, 1507, 2007, 2507])
    #expect(try store.rows("SELECT count(*), max(c) FROM t WHERE c > 0") == [[7, 1.0]])
    #expect(try store.rows("DELETE FROM t WHERE a = 8 OR d = 9 RETURNING id").count == 12)
    #expect(try store.rows("SELECT count(*) FROM t") == [[2988]])
  }

  private static func condition(_ random: inout SeededGenerator, _ depth: Int) -> String {
    if depth < 2, random.oneIn(2) {
      let parts = (0..<2 + random.below(2)).map { _ in condition(&random, depth + 1) }
      return "(\(parts.joined(separator: random.oneIn(3) ? " AND " : " OR ")))"
    }
    let number = "\(random.below(60))"
    let text = "'\(random.pick(["x", "X", "ab", "AB", "größe"]))\(random.below(40))'"
    return random.pick([
      "a = \(number)", "t.a IN (\(number), \(random.below(60)))", "a IS NULL AND id < 900", "b = \(text)",
      "b = \(text) COLLATE NOCASE", "lower(b) = lower(\(text))", "LOWER(t.b) = \(text)", "lower(b) IS NULL",
      "lower(b) BETWEEN 'x1' AND 'x2'", "a + id = \(random.below(4600))", "a + t.id > 4400.5",
      "a + id < \(number)",
      "c = \(Double(random.below(400)) / 4) AND a > 25", "id = \(random.below(1500) * 3)",
      "id < \(random.below(90))",
      "d = \(number)", "d = \(text)", "d = '\(number)'", "d = 4.5", "d > x'05'",
      "CAST(a / 2 AS TEXT) = '\(random.below(30))'",
      "CAST(a / 2 AS TEXT) = \(random.below(30))", "NOT a = \(number) AND id = \(random.below(1500) * 3)",
      "d IS NOT NULL AND id = 3",
    ])
  }
}

extension Store {
  // Texts that are made, not values that are bound.
  func run(_ sql: String) throws { try execute(sql) }

  func rows(_ sql: String) throws -> [[Value]] { try query(sql).rows }
}
