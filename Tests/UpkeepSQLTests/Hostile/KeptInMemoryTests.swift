import Testing
import Upkeep
import UpkeepSQL

/// A query over a store in memory, which can put nothing aside in files, would take all memory there is.
@Suite struct KeptInMemoryTests {
  /// Rows without end, or so many that nobody waits for the last.
  static let explosions: [(name: String, sql: String)] = [
    (
      "WITH that doubles",
      "WITH a0 AS (SELECT 1 AS x)"
        + (1..<40).map { ", a\($0) AS (SELECT x FROM a\($0 - 1) UNION ALL SELECT x FROM a\($0 - 1))" }
        .joined()
        + " SELECT * FROM a39 LIMIT 3"
    ),
    (
      "recursion that doubles",
      "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + j FROM r, (SELECT 0 AS j UNION ALL SELECT 1)) SELECT count(*) FROM r"
    ),
    (
      "recursion over what is new",
      "WITH RECURSIVE r(i) AS (SELECT 1 UNION SELECT i + 1 FROM r) SELECT count(*) FROM r"
    ),
    ("ORDER BY", "SELECT value FROM generate_series(1, 1000000) ORDER BY -value"),
    ("DISTINCT", "SELECT count(*) FROM (SELECT DISTINCT value FROM generate_series(1, 1000000))"),
    ("count(DISTINCT)", "SELECT count(DISTINCT value) FROM generate_series(1, 1000000)"),
    ("GROUP BY", "SELECT count(*) FROM (SELECT value FROM generate_series(1, 1000000) GROUP BY value)"),
    ("a window", "SELECT sum(value) OVER () FROM generate_series(1, 1000000)"),
    (
      "a join by a hash",
      "SELECT count(*) FROM generate_series(1, 9) a LEFT JOIN (SELECT value AS v FROM generate_series(1, 1000000) UNION ALL SELECT 1) b ON a.value = b.v"
    ),
    (
      "a join without a key",
      "SELECT count(*) FROM generate_series(1, 9) a LEFT JOIN (SELECT value AS v FROM generate_series(1, 1000000) UNION ALL SELECT 1) b ON a.value < b.v"
    ),
    ("IN (SELECT …)", "SELECT 0 IN (SELECT value FROM generate_series(1, 1000000))"),
    ("EXCEPT", "SELECT value FROM generate_series(1, 1000000) EXCEPT SELECT 1"),
  ]

  @Test(arguments: explosions) func isRefusedWhereItIsTooMuch(_ name: String, _ sql: String) throws {
    let store = try Store.inMemory(
      StoreOptions {
        $0.statementByteCount = 1 << 20
        $0.mostKeptInMemory = 1 << 21
      })
    let session = Session(store)
    let outcome = session.outcome(of: sql)
    #expect(
      outcome.error?.contains("keeps more than 2097152 bytes of rows, the most in a store in memory") == true,
      "\(name): \(outcome.error ?? "\(outcome.rows.prefix(3))")")
    // What it kept was let go of.
    let after = session.outcome(
      of: "SELECT count(*) FROM (SELECT DISTINCT value FROM generate_series(1, 20000))")
    #expect(after.rows == [["20000"]])
  }

  @Test func rowsThatAreLetGoOfDoNotCount() throws {
    let session = Session(try Store.inMemory(StoreOptions { $0.mostKeptInMemory = 1 << 17 }))
    let rounds = session.outcome(
      of:
        "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 20000) SELECT count(*) FROM r"
    )
    #expect(rounds.rows == [["20000"]])
  }
}
