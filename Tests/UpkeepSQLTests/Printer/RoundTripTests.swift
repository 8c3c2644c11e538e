import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// A schema shown by the shell would not make the same table again.
@Suite struct RoundTripTests {
  @Test func randomExpressionsReadBack() throws {
    var random = SeededGenerator.random()
    for round in 0..<5_000 {
      // Small ones first: the first failure is the one to look at.
      let made = Self.make(&random, depth: 1 + round / 1_000)
      let text = SQLPrinter.expression(made)
      let read = try expression(text)
      try #require(read == made, "\(text) is \(shape(read)), not \(shape(made)), seed \(random.seed)")
    }
  }

  @Test func statementsReadBack() throws {
    for text in [
      "CREATE TABLE t (a INTEGER PRIMARY KEY DESC, b VARCHAR(20) NOT NULL DEFAULT 'x', c REAL UNIQUE, UNIQUE (b, a))",
      "CREATE TABLE IF NOT EXISTS \"order\" (a, \"b c\" TEXT COLLATE NOCASE CONSTRAINT u UNIQUE, CHECK (a  > 1), PRIMARY KEY (a, \"b c\" COLLATE NOCASE DESC))",
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, e DEFAULT (1 + 2))",
      "CREATE UNIQUE INDEX IF NOT EXISTS i ON t (lower(a) COLLATE NOCASE DESC, b) WHERE a <> ''",
      "DROP TABLE IF EXISTS t", "DROP INDEX i", "DROP VIEW v", "DROP VIEW IF EXISTS main.v",
      "CREATE VIEW v AS SELECT a,  b FROM t", "CREATE VIEW IF NOT EXISTS v (x, \"y z\") AS VALUES (1, 2)",
      "ALTER TABLE t RENAME TO u", "ALTER TABLE t RENAME a TO b",
      "ALTER TABLE t RENAME COLUMN column TO \"to\"",
      "ALTER TABLE t RENAME column TO b", "ALTER TABLE t ADD a", "ALTER TABLE t DROP a",
      "ALTER TABLE t AUTOINCREMENT 9223372036854775807", "CREATE BUCKET hits",
      "CREATE BUCKET bucket ('String', 'Int64')",
      "CREATE BUCKET IF NOT EXISTS \"two words\" ('it''s', '')",
      "INSERT INTO BUCKET hits VALUES (x'', x'00ff')",
      "INSERT INTO BUCKET \"values\" VALUES (x'61', x''), (x'62', x'01')",
      "INSERT INTO bucket AS b VALUES (1)",
      "INSERT INTO bucket VALUES (1)", "INSERT INTO bucket (a) SELECT 1",
      "ALTER TABLE t ADD COLUMN a VARCHAR(9) NOT NULL DEFAULT 'x' COLLATE NOCASE MERGE KEEP",
      "INSERT OR ROLLBACK INTO t AS x (a) SELECT a FROM s WHERE a > 1 LIMIT 3 OFFSET 1 ON CONFLICT DO NOTHING",
      "INSERT INTO t VALUES (1, DEFAULT) ON CONFLICT (a, b) WHERE a > 0 DO UPDATE SET a = excluded.a, b = DEFAULT WHERE t.a > 1 ON AMBIGUITY FIRST ON CONFLICT ON CONSTRAINT u DO REPLACE ON CONFLICT DO MERGE (a) ON AMBIGUITY DISPLACE ON DUPLICATE FAIL ON ERROR REJECT LIMIT 5 RETURNING ALL *, a + 1 AS n, old.*",
      "CREATE TABLE t (id INTEGER PRIMARY KEY MERGE KEEP, a TEXT MERGE SET NOT NULL, b MERGE COALESCE, c MERGE IF NULL UNIQUE, d INTEGER MERGE SUM DEFAULT 0, e MERGE MIN, f MERGE MAX, g TEXT COLLATE NOCASE MERGE APPEND, h JSON MERGE JSON, i MERGE LATEST BY \"at it\", j MERGE TOUCH, k MERGE USING (k + excluded.k * 2))",
      "INSERT INTO t VALUES (1) ON CONFLICT (a) DO MERGE (a, b SUM, c IF NULL, d LATEST BY a, e USING (max(e, excluded.e)), f SET, g JSON)",
      "UPSERT INTO t VALUES (1)", "INSERT INTO t DEFAULT VALUES RETURNING a",
      "SYNC t FROM 'feed of ''today''.csv' BY (a) ALLOW EMPTY", "SYNC t FROM 'feed.csv' AS f BY a",
      "MERGE INTO t USING 'feed.csv' AS f ON t.a = f.a WHEN MATCHED THEN DELETE",
      "SYNC t FROM s", "SYNC temp.t FROM s ON DUPLICATE LAST ON ERROR REJECT",
      "DELETE FROM main.t WHERE a = 1",
      "UPDATE temp.t SET a = 1", "SELECT * FROM main.t, temp.t AS u", "CREATE INDEX main.i ON t (a)",
      "CREATE TABLE temp.t (a)", "DROP TABLE main.t", "DROP INDEX temp.i", "INSERT INTO main.t VALUES (1)",
      "MERGE INTO main.t USING temp.t AS s USING (a, b) WHEN MATCHED THEN DELETE",
      "MERGE INTO t USING s USING (a) WHEN MATCHED AND a > 1 THEN UPDATE SET b = a",
      "SYNC main.t FROM s AS x BY a", "SYNC t FROM s ALLOW EMPTY",
      "SYNC t FROM (SELECT a, b FROM s WHERE a > 1) AS q BY (a, b) WHERE a > 0 ALLOW EMPTY ON AMBIGUITY DISPLACE ON ERROR REJECT LIMIT 5 RETURNING ALL *",
      "SYNC t FROM (VALUES (1, DEFAULT), (2, 'x')) AS v (a, b) BY ON CONSTRAINT u ON ERROR REJECT",
      "PREVIEW UPSERT INTO t VALUES (1)", "PREVIEW SYNC t FROM s", "PREVIEW DELETE FROM t",
      "CREATE TABLE t (id INTEGER CONSTRAINT pk PRIMARY KEY, a INTEGER CONSTRAINT ua UNIQUE NULLS NOT DISTINCT, b TEXT UNIQUE NULLS DISTINCT, UNIQUE NULLS NOT DISTINCT (a, b), CONSTRAINT x UNIQUE NULLS NOT DISTINCT (b DESC, a))",
      "CREATE TABLE t (a INTEGER, b INTEGER, CONSTRAINT pk PRIMARY KEY (a, b))",
      "CREATE UNIQUE INDEX i ON t (a, lower(b)) NULLS NOT DISTINCT WHERE a > 1",
      "EXPLAIN SYNC t FROM s",
      "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = s.b, (c, d) = (1, DEFAULT)",
      "MERGE INTO main.t AS x USING (SELECT a FROM s) AS matched USING (a, b) WHEN MATCHED AND x.a > 1 THEN DELETE WHEN MATCHED THEN DO NOTHING",
      "MERGE INTO t target USING (VALUES (1, DEFAULT)) AS source (a, b) ON TRUE WHEN NOT MATCHED BY TARGET AND a > 1 THEN INSERT (a, b) VALUES (source.a, DEFAULT) WHEN NOT MATCHED THEN INSERT * WHEN NOT MATCHED BY SOURCE THEN ERROR RETURNING merge_action(), old.*, new.*",
      "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED AND s.a = 1 THEN INSERT VALUES (1, 2) WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
      "EXPLAIN MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED BY SOURCE AND a = 1 THEN UPDATE SET b = 1 WHEN NOT MATCHED BY SOURCE THEN DELETE",
      "PREVIEW MERGE INTO t USING s AS q ON t.a = q.a WHEN MATCHED THEN DELETE",
      "UPDATE OR FAIL t AS x SET a = 1, b = DEFAULT WHERE a IS NULL RETURNING *", "DELETE FROM t WHERE a = 1",
      "SELECT a, t.* FROM t AS y WHERE a ORDER BY a DESC NULLS LAST, b NULLS FIRST LIMIT 1",
      "SELECT DISTINCT a FROM (SELECT 1 AS a) AS s (b), t, (VALUES (1), (2)) JOIN u USING (a, b) LEFT JOIN v ON v.a = t.a NATURAL FULL JOIN w RIGHT JOIN x ON 1",
      "SELECT a, count(*) FILTER (WHERE b > 1), group_concat(DISTINCT a) FROM t GROUP BY a, b + 1 HAVING count(*) > 1",
      "SELECT 1 UNION ALL SELECT 2 INTERSECT VALUES (3), (4) EXCEPT SELECT 5 ORDER BY 1 DESC LIMIT 3",
      "SELECT row_number() OVER (), sum(a + 1) FILTER (WHERE b) OVER (PARTITION BY a, b ORDER BY c DESC NULLS LAST ROWS BETWEEN 1 + 1 PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES), count(*) OVER w, lag(a) OVER (w GROUPS CURRENT ROW) FROM t WINDOW w AS (ORDER BY a), \"rows\" AS (w RANGE BETWEEN CURRENT ROW AND 2 FOLLOWING EXCLUDE GROUP)",
      "SELECT over, rows, range, partition, unbounded, exclude, current FROM filter AS over WHERE groups > preceding",
      "SELECT sum(a) over, b FROM t", "SELECT sum(a) OVER over FROM t WINDOW over AS (\"partition\")",
      "SELECT group_concat(DISTINCT a ORDER BY b DESC, c) FILTER (WHERE a > 1), json_group_object(a, b ORDER BY a) FROM t",
      "SELECT * FROM t, json_each(t.a, '$.b') AS e LEFT JOIN json_tree(e.value) ON e.key = 1, generate_series(1, 2)",
      "SELECT a -> 'x' ->> '$[0]' || b, -(a -> 'x'), (a || b) -> c, a -> (b || c), a GLOB 'x*' AND NOT b NOT GLOB c, CURRENT_DATE, CURRENT_TIME, like('a', b, 'c')",
      "VALUES (1), (2) ORDER BY 1", "SELECT \"with\" FROM t AS \"with\" WHERE (\"with\" + 1) > 2",
      "WITH RECURSIVE s (a, b) AS (SELECT 1, 2 UNION SELECT a, b FROM s), r AS NOT MATERIALIZED (VALUES (1)) SELECT * FROM s, r",
      "SELECT (SELECT 1), EXISTS (SELECT 1), NOT EXISTS (SELECT a FROM t), a IN (SELECT 1), a NOT IN (WITH s AS (SELECT 1) SELECT * FROM s), -(SELECT 1), a IN t",
      "INSERT INTO t (a) (VALUES (1) UNION SELECT 2)", "INSERT INTO t (WITH s AS (SELECT 1) SELECT * FROM s)",
      "INSERT INTO t WITH s AS (SELECT 1) SELECT * FROM s ON CONFLICT DO NOTHING",
      "INSERT INTO t SELECT * FROM a JOIN b ON CONFLICT (a) DO NOTHING",
      "WITH s AS (SELECT 1) UPSERT INTO t SELECT * FROM s", "WITH s AS (SELECT 1) DELETE FROM t WHERE a IN s",
      "EXPLAIN WITH s AS (SELECT 1) UPDATE t SET a = 1", "PREVIEW WITH s AS (SELECT 1) SYNC t FROM s",
      "UPDATE t SET (a, b) = (SELECT 1, 2), c = (SELECT 3), d = DEFAULT FROM u JOIN v ON u.a = v.a WHERE t.a = u.a RETURNING *",
      "DELETE FROM t USING u, (SELECT 1 AS a) AS v WHERE t.a = v.a",
      "SYNC t FROM (WITH s AS (SELECT 1 AS a) SELECT a FROM s)",
      "MERGE INTO t USING (SELECT 1 AS a UNION SELECT 2) AS s ON t.a = s.a WHEN MATCHED AND EXISTS (SELECT 1) THEN DELETE",
      "VALUES (1, NULL), ('a', x'00')", "EXPLAIN SELECT 1", "BEGIN IMMEDIATE", "ROLLBACK TO a",
    ] {
      let first = try parse(text)
      let printed = SQLPrinter.statement(first[0])
      #expect(try parse(printed) == first, "\(printed)")
    }
  }

  @Test func tablesPrintALineForEachColumn() throws {
    guard
      case .createTable(let table, _)? = try parse(
        "create table airport(icao text primary key,iata text not null default '',lat real,unique(iata))"
      ).first
    else { return #expect(Bool(false)) }
    let index = IndexDefinition(
      "by_lat", on: "airport", parts: [IndexPart(column: "lat", isDescending: true)])
    #expect(
      SQLPrinter.createTable(table, indexes: [index]) == """
        CREATE TABLE airport (
          icao text PRIMARY KEY,
          iata text NOT NULL UNIQUE DEFAULT '',
          lat real
        );
        CREATE INDEX by_lat ON airport (lat DESC);
        """)
  }

  static func make(_ random: inout SeededGenerator, depth: Int) -> Expression {
    guard depth > 0, !random.oneIn(5) else { return leaf(&random) }
    func sub(_ random: inout SeededGenerator) -> Expression { make(&random, depth: depth - 1) }
    switch random.below(11) {
    case 0: return .unary(UnaryOperator(rawValue: UInt8(1 + random.below(4))) ?? .not, sub(&random))
    case 1...4:
      return .binary(
        BinaryOperator(rawValue: UInt8(1 + random.below(20))) ?? .add, sub(&random), sub(&random))
    case 5: return .isNull(sub(&random), negated: random.oneIn(2))
    case 6:
      let list = (0..<random.below(3)).map { _ in sub(&random) }
      return .inList(sub(&random), list, negated: random.oneIn(2))
    case 7: return .between(sub(&random), sub(&random), sub(&random), negated: random.oneIn(2))
    case 8:
      return .like(
        sub(&random), pattern: sub(&random), escape: random.oneIn(2) ? sub(&random) : nil,
        negated: random.oneIn(2))
    case 9:
      let branches = (0...random.below(2)).map { _ in CaseBranch(when: sub(&random), then: sub(&random)) }
      return .cases(
        operand: random.oneIn(2) ? sub(&random) : nil, branches: branches,
        otherwise: random.oneIn(2) ? sub(&random) : nil)
    default:
      switch random.below(4) {
      case 0: return .cast(sub(&random), random.pick(ValueType.allCases))
      case 1:
        return .function(
          random.pick(["coalesce", "replace", "like", "weird name"]), [sub(&random), sub(&random)])
      case 2: return .aggregate("sum", [sub(&random)], isDistinct: random.oneIn(2))
      default: return .collate(sub(&random), random.pick([.binary, .nocase]))
      }
    }
  }

  static func leaf(_ random: inout SeededGenerator) -> Expression {
    switch random.below(14) {
    case 0: .literal(.null)
    case 1: .literal(.integer(random.pick([0, 1, -1, 42, .min, .max])))
    case 2: .literal(.real(random.pick([0.5, -1, 1e300, 1e-300, .infinity, -.infinity, .pi])))
    case 3: .literal(.text(random.pick(["", "it's", "a\u{0}b", "größe", "--", "/*", ";"])))
    case 4: .literal(.blob(random.pick([[], [0, 255]])))
    case 5: .literal(.boolean(random.oneIn(2)))
    case 6: .literal(.timestamp(Timestamp(microseconds: Int64(random.below(1 << 50)))))
    case 7: .literal(.uuid(UUIDValue(high: random.next(), low: random.next())))
    case 8: .literal(.json("{\"a\":[1,\"'\"]}"))
    case 9: .parameter(1 + random.below(9))
    case 10: .column(ColumnReference("c", of: random.pick(["t", "excluded", "a b", "order"])))
    case 11: .aggregate("count", [], isDistinct: false)
    default:
      .column(ColumnReference(random.pick(["a", "order", "it\"s", "größe", "true", "end", "cast", "match"])))
    }
  }
}
