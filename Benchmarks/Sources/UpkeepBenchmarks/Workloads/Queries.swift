import Harness

/// A session that is asked in SQL, by statements that are prepared once.
protocol SQLSession: Session {
  /// Runs statements without rows.
  func execute(_ sql: String) throws
  /// Runs a prepared query, and adds up what it gives.
  func query(_ sql: String, _ parameter: Int?) throws -> Int
  /// Reads rows by their ids with a prepared statement, in one transaction.
  func readPrepared(_ ids: ArraySlice<Int>) throws -> Int
  /// Runs a prepared query for each parameter, all in one transaction, and adds up what it gives.
  func queries(_ sql: String, _ parameters: [Int]) throws -> Int
  /// Runs a prepared change for each parameter, all in one transaction.
  func changes(_ sql: String, _ parameters: [Int]) throws
  /// Upserts rows with a prepared statement, each in a transaction of its own.
  func upsertPrepared(_ people: [Person]) throws
}

extension Subject {
  func sqlSession() throws -> any SQLSession {
    guard let session = try session() as? any SQLSession else { throw Unsupported("it has no SQL") }
    return session
  }
}

/// What adds a number to a sum, so that engines that add in another order come to the same.
func sum(_ real: Double) -> Int { Int((real * 8).rounded()) }

extension Workload {
  /// A small table to join with, and columns that make groups.
  static let departments = Workload(
    rows: [Row("SQL: 10,000 rows that a recursive query makes, inserted, a row", aim: 1)], isSetup: true
  ) { subject, setting in
    let session = try subject.sqlSession()
    try session.execute("CREATE TABLE d (id INTEGER PRIMARY KEY, label TEXT)")
    let time = try nanosecondsEach(10_000) {
      try session.execute(
        """
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
        INSERT INTO d SELECT i, 'department ' || i FROM n
        """)
    }
    return [time]
  }

  /// A query over all rows, by the row.
  private static func query(
    _ title: String, _ aim: Double, _ sql: String, _ parameter: (@Sendable (Int) -> Int)? = nil
  ) -> Workload {
    Workload(rows: [Row("SQL: \(title)", aim: aim)]) { subject, setting in
      let session = try subject.sqlSession()
      let count = setting.people.count
      var total = 0
      let times = try (0..<5).map { _ in
        try nanosecondsEach(count) { total = try session.query(sql, parameter?(count)) }
      }
      subject.verify(total)
      return [times.sorted()[2]]
    }
  }

  static let queries = [
    query(
      "sum of a column of the half of all rows that a column without an index tells, a row", 2.5,
      "SELECT sum(score) FROM t WHERE updated_at > ?", { 1_700_000_000 + $0 }),
    query(
      "1,000 groups by a column's remainder, count and sum, a row", 3,
      "SELECT updated_at / 2 % 1000, count(*), sum(score) FROM t GROUP BY 1 ORDER BY 1"),
    query(
      "25,000 groups by a text, count and greatest, a row", 3,
      "SELECT name, count(*), max(score) FROM t GROUP BY name ORDER BY name"),
    query(
      "the first 100 of all rows in the order of a column, a row", 3,
      "SELECT id, email, score FROM t ORDER BY score DESC, id LIMIT 100"),
    query(
      "all rows joined with 10,000 by their key, count, a row", 3,
      "SELECT count(*), sum(d.id) FROM t JOIN d ON d.id = t.updated_at / 2 % 10000 WHERE d.label LIKE '%7%'"),
    query(
      "rows whose text holds a text, count, a row", 3,
      "SELECT count(*) FROM t WHERE email LIKE '%hopper%7%'"),
    query("distinct values of a text, a row", 3, "SELECT count(*) FROM (SELECT DISTINCT name FROM t)"),
    query(
      "all rows in another order, one of 1,000 read, a row", 3,
      "SELECT id, score FROM (SELECT id, score FROM t ORDER BY score, id LIMIT -1) WHERE id % 1000 = 0"),
  ]

  static let preparedReads = Workload(
    rows: [Row("SQL: prepared read of a row by id, in a transaction", aim: 3)]
  ) { subject, setting in
    let session = try subject.sqlSession()
    let ids = setting.people.probes.prefix(100_000)
    var total = 0
    let time = try nanosecondsEach(ids.count) { total = try session.readPrepared(ids) }
    subject.verify(total)
    return [time]
  }

  /// A table whose rows are asked for by an index.
  private static let orders = Workload(
    rows: [Row("SQL: 100,000 rows with an index that a recursive query makes, inserted, a row", aim: 1)],
    isSetup: true
  ) { subject, setting in
    let session = try subject.sqlSession()
    try session.execute("CREATE TABLE o (id INTEGER PRIMARY KEY, d INTEGER, n INTEGER, label TEXT)")
    try session.execute("CREATE INDEX o_d ON o (d, n)")
    let time = try nanosecondsEach(100_000) {
      try session.execute(
        """
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
        INSERT INTO o SELECT i, i * 7919 % 5000, i * 31 % 100000, 'order ' || i FROM n
        """)
    }
    return [time]
  }

  /// A prepared statement that is run for each of many parameters.
  private static func prepared(
    _ title: String, _ sql: String, changes: Bool = false, _ parameters: [Int]
  ) -> Workload {
    Workload(rows: [Row("SQL: prepared \(title), in a transaction", aim: 2)]) { subject, setting in
      let session = try subject.sqlSession()
      var total = 0
      let time = try nanosecondsEach(parameters.count) {
        if changes {
          try session.changes(sql, parameters)
        } else {
          total = try session.queries(sql, parameters)
        }
      }
      subject.verify(changes ? try session.query("SELECT count(*), sum(n) FROM o", nil) : total)
      return [time]
    }
  }

  static let preparedPlans = [
    orders,
    prepared(
      "query of the first 10 of 20 rows by an index, in its order",
      "SELECT id, n, label FROM o WHERE d = ? ORDER BY n LIMIT 10", (0..<20_000).map { $0 * 37 % 5000 }),
    prepared(
      "join of a row by its key with one by its",
      "SELECT o.label, d.label FROM o JOIN d ON d.id = o.d WHERE o.id = ?",
      (0..<20_000).map { $0 * 37 % 100_000 }),
    prepared(
      "groups of 20 rows by an index", "SELECT n % 3, count(*), sum(id) FROM o WHERE d = ? GROUP BY 1",
      (0..<20_000).map { $0 * 37 % 5000 }),
    prepared(
      "UPDATE of a row by its key", "UPDATE o SET label = 'changed' WHERE id = ?", changes: true,
      (0..<20_000).map { $0 * 37 % 100_000 }),
    prepared(
      "UPDATE of 20 rows by an index", "UPDATE o SET label = 'again' WHERE d = ?", changes: true,
      (0..<5_000).map { $0 * 37 % 5000 }),
    prepared(
      "upsert of a row",
      "INSERT INTO o (id, n, label) VALUES (?, 1, 'upserted') "
        + "ON CONFLICT (id) DO UPDATE SET n = excluded.n, label = excluded.label",
      changes: true, (0..<20_000).map { $0 * 37 % 100_000 }),
    prepared(
      "DELETE of a row by its key", "DELETE FROM o WHERE id = ?", changes: true,
      (0..<20_000).map { $0 * 37 % 100_000 }),
  ]

  static let preparedUpserts = Workload(
    rows: [Row("SQL: prepared upsert of a row, a transaction each, not synced", aim: 5)]
  ) { subject, setting in
    let session = try subject.sqlSession()
    let people = setting.people.changes(setting.commits, edition: 5, seed: 5)
    let time = try nanosecondsEach(people.count) { try session.upsertPrepared(people) }
    subject.verify(try session.count())
    return [time]
  }
}

extension Stage {
  static let queries = [
    Stage(
      name: "queries",
      workloads: [.loadInOrder, .departments] + Workload.queries + [.preparedReads, .preparedUpserts]
        + Workload.preparedPlans)
  ]
}
