import Testing
import Upkeep
import UpkeepSQL

/// A person would not see where a text is wrong or what to write instead.
@Suite struct SyntaxErrorTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    let line: Int
    let column: Int
    let message: String
    var testDescription: String { text }

    init(_ text: String, _ line: Int, _ column: Int, _ message: String) {
      (self.text, self.line, self.column, self.message) = (text, line, column, message)
    }
  }

  @Test(arguments: [
    Case("SELCT 1", 1, 1, "did you mean SELECT?"),
    Case("hello", 1, 1, "expected a statement"),
    Case("SELECT * FORM t", 1, 10, "did you mean FROM?"),
    Case("SELECT a FORM t", 1, 10, "did you mean FROM?"),
    Case("SELECT *\nFROM t\nWHER a = 1", 3, 1, "did you mean WHERE?"),
    Case("SELECT * FROM t WHERE a = 1 ADN b = 2", 1, 29, "did you mean AND?"),
    Case("SELECT * FROM t ORDER a", 1, 23, "expected BY"),
    Case("UPDATE t SETT a = 1", 1, 10, "did you mean SET?"),
    Case("DELETE t WHERE a", 1, 8, "expected FROM"),
    Case("INSERT INTO t VALEUS (1)", 1, 15, "did you mean VALUES?"),
    Case("INSERT INTO t VALUES (1", 1, 24, "found the end of the text, expected"),
    Case("INSERT INTO t (a, b) VALUES (1)", 1, 22, "1 value, but 2 columns"),
    Case("INSERT INTO t VALUES (1, 2), (3)", 1, 30, "row 2 of VALUES"),
    Case("INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDAT SET a = 1", 1, 45, "did you mean UPDATE?"),
    Case(
      "UPSERT INTO t VALUES (1) ON CONFLICT DO MERGE ON CONFLICT (a) DO NOTHING", 1, 47, "covers every key"),
    Case("UPSERT INTO t VALUES (1) RETURNING a ON DUPLICATE LAST", 1, 38, "found ON"),
    Case("UPSERT INTO t VALUES (1) ON ERROR REJECT ON CONFLICT DO NOTHING", 1, 42, "comes too late"),
    Case("INSERT OR REPLACE INTO t VALUES (1) ON AMBIGUITY FIRST", 1, 37, "belongs to"),
    Case("CREATE TABLE t (a INTEGER PRIMRY KEY)", 1, 19, "there is no type"),
    Case("CREATE TABLE t (a INTGER)", 1, 19, "did you mean INTEGER?"),
    Case("CREATE TABLE t (a TEXT DEFAULT b)", 1, 32, "expected a literal"),
    Case("CREATE TABLE t (a, PRIMARY KEY (b))", 1, 33, "has no column b"),
    Case("CREATE TABLE t (a, A)", 1, 20, "two columns A"),
    Case("CREATE TABLE t (a PRIMARY KEY, b PRIMARY KEY)", 1, 34, "primary key already"),
    Case("CREATE TABLE order (a)", 1, 14, "write \"order\""),
    Case("SELECT 'abc", 1, 8, "has no end"),
    Case("SELECT 1 /* x", 1, 10, "has no end"),
    Case("SELECT \"abc", 1, 8, "has no end"),
    Case("SELECT x'abc'", 1, 8, "two hexadecimal digits"),
    Case("SELECT x'zz'", 1, 10, "hexadecimal"),
    Case("SELECT 12abc", 1, 8, "12abc is not a number"),
    Case("SELECT 1 # 2", 1, 10, "stands for nothing"),
    Case("SELECT ‘a’", 1, 8, "typographic quote"),
    Case("SELECT größe FROM t WHERE", 1, 26, "expected an expression"),
    Case("SELECT a,, b", 1, 10, "expected an expression"),
    Case("SELECT 1; SELECT 2; SELEC 3", 1, 21, "did you mean SELECT?"),
    Case("SELECT a FROM", 1, 14, "expected the name of a table"),
    Case("INSERT INTO 'u' VALUES (1)", 1, 13, "double quotes"),
    Case("UPDATE t SET a = 1, A = 2", 1, 21, "set twice"),
    Case("MERGE INTO t USING s ON 1", 1, 26, "found the end of the text, expected"),
    Case("MERGE t USING s ON 1", 1, 7, "expected INTO"),
    Case("MERGE INTO t USING (SELECT 1) ON 1 WHEN MATCHED THEN DELETE", 1, 20, "needs a name"),
    Case("MERGE INTO t USING s ON 1 WHEN MATCHD THEN DELETE", 1, 32, "did you mean MATCHED?"),
    Case("MERGE INTO t USING s ON 1 WHEN MATCHED THEN INSERT *", 1, 45, "found INSERT"),
    Case("MERGE INTO t USING s ON 1 WHEN NOT MATCHED THEN DELETE", 1, 49, "found DELETE"),
    Case("MERGE INTO t USING s ON 1 WHEN NOT MATCHED BY SOURCE THEN UPDATE SET *", 1, 70, "found *"),
    Case("MERGE INTO t USING s ON 1 WHEN NOT MATCHED THEN INSERT VALUES (1), (2)", 1, 56, "one row for each"),
    Case(
      "MERGE INTO t USING s ON 1 WHEN NOT MATCHED THEN INSERT (a) VALUES (1, 2)", 1, 60, "2 values, but 1"),
    Case("CREATE INDEX i ON t", 1, 20, "expected ("),
    Case("EXPLAIN CREATE TABLE t (a)", 1, 9, "expected SELECT"),
    Case("SELECT ?0", 1, 8, "numbered from ?1"),
    Case("SELECT a LIMT 1", 1, 10, "did you mean LIMIT?"),
    Case("SELECT rank() FROM t", 1, 8, "OVER (ORDER BY"),
    Case("CREATE VIEW v AS SELECT a = ? FROM t", 1, 13, "no parameters"),
    Case("CREATE VIEW v AS DELETE FROM t", 1, 18, "expected a query"),
    Case("ALTER TABLE t RENAME a b", 1, 24, "expected TO"),
    Case("ALTER TABLE t CHANGE a", 1, 15, "expected"),
    Case("SELECT sum(a) OVER (PARTITON BY a) FROM t", 1, 30, "expected"),
    Case(
      "SELECT sum(a) OVER (ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM t", 1, 26, "ends before it begins"),
    Case("SELECT a FROM t WINDOW w AS (), w AS ()", 1, 33, "names w twice"),
    Case("SELECT upper(a ORDER BY a) FROM t", 1, 8, "stands in aggregates only"),
  ])
  func errorsPointAtTheirPlace(_ example: Case) throws {
    let error = try #require(failure(example.text))
    #expect(error.message.contains(example.message), "\(error.message)")
    #expect(error.line == example.line && error.textColumn == example.column, "\(error)")
    let lines = example.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(error.sourceLine == String(lines[example.line - 1]))
  }

  @Test(arguments: [
    ("SELECT * FROM f(1)", "table function"),
    ("SELECT sum(DISTINCT a) OVER () FROM t", "DISTINCT in a window"),
    ("SELECT group_concat(a ORDER BY a) OVER () FROM t", "ORDER BY in a window"),
    ("SELECT a GLOB 'x' ESCAPE 'y'", "ESCAPE behind GLOB"),
    ("ALTER TABLE t ADD a INTEGER UNIQUE", "UNIQUE in ADD COLUMN"),
    ("ALTER TABLE t ADD UNIQUE (a)", "ADD CONSTRAINT"),
    ("ALTER TABLE t ALTER COLUMN a", "ALTER COLUMN"), ("ALTER INDEX i RENAME TO j", "ALTER INDEX"),
    ("PRAGMA user_version", "PRAGMA user_version"), ("PRAGMA foreign_keys = ON", "no foreign keys"),
    ("PRAGMA nowt", "table_info"), ("VACUUM", "VACUUM"), ("ANALYZE", "counts of rows"),
    ("CREATE TEMP VIEW v AS SELECT 1", "TEMP VIEW"), ("CREATE TRIGGER x", "TRIGGER"),
    ("CREATE TABLE t (a REFERENCES u)", "REFERENCES"),
    ("CREATE TABLE t (a, FOREIGN KEY (a) REFERENCES u)", "FOREIGN KEY"),
    ("CREATE TABLE t (a GENERATED ALWAYS AS (1))", "GENERATED"),
    ("CREATE TABLE t (a UNIQUE ON CONFLICT REPLACE)", "ON CONFLICT"),
    ("SELECT a REGEXP 'x'", "REGEXP"), ("SELECT a MATCH 'x'", "MATCH"),
    ("INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1", "ON DUPLICATE KEY"),
  ])
  func whatIsNotThereIsRefusedByName(text: String, name: String) throws {
    let error = try #require(failure(text))
    #expect(error.code == .unsupported, "\(error)")
    #expect(error.message.contains(name) && error.line == 1, "\(error)")
  }

  /// A name that stands for something else where it is read first.
  @Test(arguments: [
    Case("SELECT nn FROM t WHERE (SELECT nn FROM u) = nn", 1, 8, "no column nn"),
    Case("SELECT (SELECT nn FROM u), nn FROM t", 1, 28, "no column nn"),
    Case("SELECT id AS x FROM t AS x WHERE t.id = 1", 1, 36, "names no row"),
    Case("UPDATE t SET id = n, n = 1", 1, 19, "no column n"),
    Case("UPDATE t SET id = 1, n = 1", 1, 22, "no column n"),
    Case("INSERT INTO t (id, u) SELECT 1, u.nn AS u FROM u", 1, 20, "no column u"),
    Case("SELECT lower(id), loer(id) AS lower FROM t", 1, 19, "no function loer"),
    Case("SELECT v.id AS w FROM u AS v JOIN w ON w.nn = v.nn", 1, 35, "no table w"),
    Case("SELECT id, t.id FROM t, t AS u", 1, 8, "more than one row"),
    Case("SELECT min(id) FROM t GROUP BY x; SELECT 1", 1, 32, "no column x"),
    Case(
      "MERGE INTO t USING u ON t.id = u.nn\nWHEN MATCHED THEN UPDATE SET id = u.id", 2, 37, "no column id"),
  ])
  func errorsOfRunningPointAtTheirPlace(_ example: Case) throws {
    let session = Session(try Store.inMemory())
    try session.execute(sql: "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (nn INTEGER)")
    var found: UpkeepError?
    do { try session.execute(sql: example.text) } catch { found = error }
    let error = try #require(found)
    #expect(error.message.contains(example.message), "\(error)")
    #expect(
      error.line == example.line && error.textColumn == example.column, "\(error) \(error.textColumn ?? 0)")
  }

  /// A script would stop at its first error, or run half of the broken statement.
  @Test func readingGoesOnBehindABrokenStatement() throws {
    var parser = SQLParser("SELECT 1; SELECT ';' FORM \"a;b\" x /* ; */ y; SELECT 2; SELCT; SELECT 3")
    var shapes: [String] = []
    for _ in 0..<20 {
      do {
        guard let next = try parser.next() else { break }
        shapes.append(next.text)
      } catch {
        shapes.append("error")
        parser.skipStatement()
      }
    }
    #expect(shapes == ["SELECT 1", "error", "SELECT 2", "error", "SELECT 3"])
  }
}
