import Testing
import UpkeepTestSupport
@testable import Upkeep
@testable import UpkeepSQL

/// A prepared UPDATE or DELETE of one row or a few goes a way of its own. It would do something else than the same statement with
/// its values written out, which is run the general way: change other rows, tell of other counts or another error, or
/// leave an index that is not the table's.
@Suite struct PointChangeTests {
  private static let schema = """
    CREATE TABLE a (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT COLLATE NOCASE, n INTEGER NOT NULL DEFAULT 7,
      seen TIMESTAMP MERGE TOUCH, CHECK (n < 50));
    CREATE INDEX a_name ON a (name, n);
    CREATE UNIQUE INDEX a_some ON a (n) WHERE n > 40;
    CREATE INDEX a_sum ON a (n + id);
    CREATE TABLE b (x TEXT COLLATE NOCASE, y REAL, z, PRIMARY KEY (x, y DESC));
    CREATE UNIQUE INDEX b_z ON b (z);
    CREATE TABLE c (v TEXT, w INTEGER);
    CREATE INDEX c_w ON c (w);
    CREATE TABLE d (id INTEGER PRIMARY KEY AUTOINCREMENT, v ANY);
    CREATE TABLE e (id INTEGER PRIMARY KEY, g INTEGER, v TEXT, n INTEGER CHECK (n < 60), at TIMESTAMP MERGE TOUCH);
    CREATE INDEX e_g ON e (g, v);
    CREATE INDEX e_v ON e (v) WHERE n > 3;
    WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 300)
      INSERT INTO e SELECT i, i * i % 12, 'v' || (i % 40), i % 50, NULL FROM s;
    """
  private static let looks = [
    "SELECT id, email, name, n, seen IS NULL FROM a ORDER BY id", "SELECT * FROM b ORDER BY x, y",
    "SELECT rowid, * FROM c ORDER BY rowid", "SELECT * FROM d ORDER BY id",
    "SELECT id FROM a WHERE name >= '' ORDER BY name, n, id", "SELECT id FROM a ORDER BY n + id, id",
    "SELECT w FROM c WHERE w > 0 ORDER BY w", "SELECT id, g, v, n, at IS NULL FROM e ORDER BY id",
    "SELECT id FROM e WHERE g >= 0 ORDER BY g, v, id",
    "SELECT id, v FROM e WHERE n > 3 AND v >= '' ORDER BY v, id",
  ]
  /// What goes the short way, where its row is plain.
  private static let changes = [
    "UPDATE a SET name = ? WHERE id = ?", "UPDATE a SET n = ?, email = ? WHERE id = ?",
    "UPDATE a SET n = n + ? WHERE email = ?", "UPDATE a SET n = DEFAULT WHERE ? = id",
    "UPDATE a SET n = ? WHERE id = ? AND n = ?", "UPDATE a AS t SET name = t.name || ? WHERE t.id = ?",
    "UPDATE a SET n = ? WHERE id = ? AND id = ?",
    "UPDATE a SET n = ? WHERE id = ? AND n > 5 AND name IS NOT NULL",
    "UPDATE a SET name = abs(?) WHERE id = ?", "UPDATE b SET z = ? WHERE x = ? AND y = ?",
    "UPDATE b SET z = ? WHERE z = ? AND x > ?", "UPDATE c SET w = ? WHERE rowid = ?",
    "UPDATE c SET v = ?, w = w + 1 WHERE rowid = ? AND w < ?", "UPDATE d SET v = ? WHERE id = ?",
    "DELETE FROM a WHERE id = ?", "DELETE FROM a WHERE email = ? AND n < ?",
    "DELETE FROM b WHERE x = ? AND y = ?",
    "DELETE FROM b WHERE z = ?", "DELETE FROM c WHERE rowid = ? AND w > ?", "DELETE FROM d WHERE id = ?",
    "DELETE FROM d WHERE id = ? AND v = ?",
  ]
  /// What does not, at once or ever.
  private static let others = [
    "UPDATE a SET id = ? WHERE id = ?", "UPDATE b SET y = ? WHERE x = ? AND y = ?",
    "UPDATE a SET n = ? WHERE name = ?", "DELETE FROM b WHERE x = ?", "DELETE FROM c WHERE w = ?",
    "UPDATE a SET nn = ? WHERE id = ?", "DELETE FROM a WHERE id = ? AND nn = ?",
    "UPDATE OR IGNORE a SET email = ? WHERE id = ?", "UPDATE a SET n = ? WHERE id = ? OR id = ?",
    "UPDATE a SET n = (SELECT count(*) FROM c) + ? WHERE id = ?", "DELETE FROM d WHERE id > ?",
  ]
  private static let inserts = [
    "INSERT OR IGNORE INTO a (id, email, name, n) VALUES (?, ?, ?, ?)",
    "INSERT OR IGNORE INTO b VALUES (?, ?, ?)", "INSERT INTO c (v, w) VALUES (?, ?)",
    "INSERT INTO d (v) VALUES (?)", "INSERT INTO a (id, email, n) VALUES (?, ?, ?)",
    "INSERT INTO a (email, name, n) VALUES (?, upper(?), ? + 1)", "INSERT INTO b VALUES (?, ?, ?)",
    "INSERT INTO d (v) VALUES (? || typeof(?))", "INSERT INTO a (id, email) VALUES (abs(?), ?)",
    "INSERT INTO d (id, v) VALUES (?, ?)", "INSERT INTO a (id, id) VALUES (?, ?)", "INSERT INTO a VALUES (?)",
    "INSERT INTO c (rowid, v) VALUES (?, ?)",
    "INSERT INTO e (v, g) VALUES (?, CASE ? WHEN 1 THEN 2 ELSE 3 END)",
    "INSERT INTO a (id, n) VALUES (?, 3) ON CONFLICT (id) DO NOTHING",
    "UPSERT INTO a (id, email, n) VALUES (?, ?, ?)",
    "INSERT INTO a (id, n) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET n = a.n + excluded.n",
    "INSERT INTO a (id, email, n) VALUES (?, ?, ?) ON CONFLICT (email) DO UPDATE SET n = ?, name = excluded.email",
    "INSERT INTO a (id, n) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET n = changes(), name = name || ? WHERE n > ?",
    "INSERT INTO a (id, email) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = ?, n = DEFAULT WHERE a.n <> ?",
    "INSERT INTO a (id, email) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET id = excluded.id + ?, seen = NULL",
    "INSERT INTO b (x, y, z) VALUES (?, ?, ?) ON CONFLICT (z) DO UPDATE SET z = (SELECT max(w) FROM c)",
    "INSERT INTO e (id, v, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = min(n, excluded.n) + ?",
    "INSERT OR IGNORE INTO e (g, v, n) VALUES (?, ?, ?)",
  ]

  @Test func theyAreKnown() throws {
    let store = try Store.inMemory()
    try store.execute(Self.schema)
    try store.read { snapshot in
      for (texts, isPoint) in [(Self.changes, true), (["UPDATE a SET n = ? WHERE name = ?"], false)] {
        for text in texts {
          let statement = try store.prepare(text).shared.source.statement
          let name =
            switch statement {
            case .update(let update): update.table.name
            case .delete(let delete): delete.table.name
            default: ""
            }
          let change = PointChange(statement, try snapshot.scope.table(name))
          #expect((change != nil) == isPoint, "\(text)")
        }
      }
    }
  }

  @Test func fewRowsNeedNoSavepointAndManyDo() throws {
    let store = try Store.inMemory()
    try store.execute(Self.schema)
    let texts: [(text: String, count: Int?)] = [
      ("UPDATE e SET n = n + 1 WHERE id BETWEEN 1 AND 32", 32),
      ("UPDATE e SET n = n + 1 WHERE id BETWEEN 1 AND 33", nil),
      ("DELETE FROM e WHERE v = 'v7'", 8), ("DELETE FROM e WHERE g >= 0", nil),
      ("UPDATE e SET n = 60 WHERE id < 5", nil),
      ("UPDATE a SET email = 'x' WHERE n = 1", nil), ("UPDATE e SET n = n WHERE id > 0", 292),
    ]
    for (text, count) in texts {
      try store.write { transaction in
        let statement = try store.prepare(text).shared.source.statement
        let context = StatementContext()
        let ready = try ReadyChange(statement, transaction.scope, context)
        try ready.bind(transaction.scope, context)
        let before: SQLRows = try store.query("SELECT * FROM e")
        #expect(try ready.runFew(transaction.scope, context)?.summary.changes == count, "\(text)")
        if count == nil {
          #expect(try store.prepare("SELECT * FROM e").rows(in: transaction).map(\.values) == before.rows)
        }
      }
    }
  }

  @Test func theyDoWhatTheGeneralWayDoes() throws {
    let first = firstSeed()
    var (done, changed, failed) = (0, 0, 0)
    for round in 0..<60 {
      var random = SeededGenerator(seed: first &+ UInt64(round))
      let (ours, theirs) = (try Store.inMemory(), try Store.inMemory())
      for store in [ours, theirs] { try store.execute(Self.schema) }
      let session = Session(theirs)
      var ran: [String] = []
      func story() -> String { "seed \(first &+ UInt64(round))\n\(ran.joined(separator: ";\n"))" }
      for batch in 0..<6 {
        try session.execute(sql: "BEGIN")
        try ours.write { transaction in
          for _ in 0..<40 {
            let text = random.pick(
              batch == 0 || random.oneIn(4) ? Self.inserts : random.oneIn(3) ? Self.others : Self.changes)
            let values = SQLParameters((0..<text.count { $0 == "?" }).map { _ in Self.value(&random) })
            ran.append("\(text) -- \(values.positional.map(\.literalText))")
            let our = Self.outcome { () throws(UpkeepError) in
              try ours.prepare(text).run(values, in: transaction)
            }
            let their = Self.outcome { () throws(UpkeepError) in
              try session.execute(sql: text, values).last ?? StatementSummary()
            }
            done += 1
            if let summary = our.summary, summary.changes > 0 { changed += 1 }
            if our.summary == nil { failed += 1 }
            #expect(our.summary == their.summary && our.code == their.code, "\(story())\n\(our)\n\(their)")
          }
        }
        try session.execute(sql: "COMMIT")
        for look in Self.looks {
          let (our, their): (SQLRows, SQLRows) = (try ours.query(look), try theirs.query(look))
          #expect(our.rows == their.rows, "\(look) after \(story())")
        }
        #expect(try ours.verify().isEmpty, "\(story())")
      }
      try session.close()
    }
    print("\(done) changes compared with the general way, \(changed) changed a row, \(failed) failed in both")
    #expect(changed * 8 > done && failed > 0)
  }

  /// Statements that give rows: what is given, besides.
  private static let givers = [
    "INSERT INTO a (id, email, n) VALUES (?, ?, ?) RETURNING id, n * 2, old.n, upsert_action()",
    "INSERT INTO a (email, name) VALUES (?, upper(?)) RETURNING id, email, name, n, seen IS NULL",
    "INSERT INTO d (v) VALUES (?) RETURNING *",
    "INSERT OR IGNORE INTO a (id, email) VALUES (?, ?) RETURNING new.email AS mail, row_ordinal(), conflict_key()",
    "UPSERT INTO a (id, name, n) VALUES (?, ?, ?) RETURNING old.name, name, upsert_action(), conflict_key(), old.n IS NULL",
    "INSERT INTO a (id, n) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET n = n + ? RETURNING n, old.n + ?",
    "INSERT INTO a (id, n) VALUES (?, ?) ON CONFLICT (id) DO NOTHING RETURNING abs(n - 9223372036854775807 - ?)",
    "INSERT INTO c (v, w) VALUES (?, ?) RETURNING rowid, v",
    "INSERT INTO d (v) VALUES (?) RETURNING id, typeof(v)",
    "INSERT INTO d (v) VALUES (?) RETURNING (SELECT count(*) FROM d)",
    "INSERT INTO b VALUES (?, ?, ?) ON CONFLICT (z) DO REPLACE RETURNING x, old.x, abs(y)",
    "UPDATE a SET n = n + 1 WHERE id = ? RETURNING n", "DELETE FROM c WHERE rowid = ? RETURNING v",
  ]

  private final class Rows: RowSink {
    var rows: [[Value]] = []
    func begin(columns: [String]) {}
    func row(_ values: [Value]) { rows.append(values) }
  }

  @Test func whatTheyReturnIsWhatTheGeneralWayReturns() throws {
    let first = firstSeed()
    var (given, failed) = (0, 0)
    for round in 0..<30 {
      var random = SeededGenerator(seed: first &+ UInt64(round))
      let (ours, theirs) = (try Store.inMemory(), try Store.inMemory())
      for store in [ours, theirs] { try store.execute(Self.schema) }
      let session = Session(theirs)
      var ran: [String] = []
      for _ in 0..<120 {
        let text = random.pick(Self.givers)
        let values = SQLParameters((0..<text.count { $0 == "?" }).map { _ in Self.value(&random) })
        ran.append("\(text) -- \(values.positional.map(\.literalText))")
        let sink = Rows()
        let isAlone = random.oneIn(2)
        var rows: [[Value]]?
        var (ourCode, theirCode): (UpkeepError.Code?, UpkeepError.Code?)
        do {
          let prepared = try ours.prepare(text)
          rows =
            try isAlone
            ? prepared.rows(values).map(\.values)
            : ours.write { try prepared.rows(values, in: $0).map(\.values) }
        } catch { ourCode = (error as? UpkeepError)?.code ?? .misuse }
        do { try session.execute(sql: text, values, into: sink) } catch { theirCode = error.code }
        #expect(
          ourCode == theirCode, "seed \(first &+ UInt64(round)), \(isAlone)\n\(ran.joined(separator: ";\n"))")
        if let rows {
          given += rows.count
          #expect(rows == sink.rows, "seed \(first &+ UInt64(round))\n\(ran.joined(separator: ";\n"))")
        } else {
          failed += 1
        }
      }
      for look in Self.looks {
        let (our, their): (SQLRows, SQLRows) = (try ours.query(look), try theirs.query(look))
        #expect(our.rows == their.rows, "\(look) after\n\(ran.joined(separator: ";\n"))")
      }
      #expect(try ours.verify().isEmpty, "\(ran.joined(separator: ";\n"))")
    }
    print("\(given) rows of RETURNING compared with the general way, \(failed) statements failed in both")
    #expect(given > 500 && failed > 50)
  }

  private static func outcome(
    _ body: () throws(UpkeepError) -> StatementSummary
  ) -> (summary: StatementSummary?, code: UpkeepError.Code?, text: String) {
    do throws(UpkeepError) {
      return (try body(), nil, "")
    } catch {
      return (nil, error.code, error.message)
    }
  }

  private static func value(_ random: inout SeededGenerator) -> Value {
    switch random.below(20) {
    case 0: .null
    case 1: .real(Double(random.below(9)))
    case 2: .real(Double(random.below(20)) / 4)
    case 3: .text("\(random.below(9))")
    case 4: .real(.nan)
    case 5: .integer(random.pick([.max, .min, 45, 60]))
    case 6...10: .text(random.pick(["ada", "Ada", "b", "", "x.y@z", "été"]))
    default: .integer(Int64(random.below(12)))
    }
  }
}
