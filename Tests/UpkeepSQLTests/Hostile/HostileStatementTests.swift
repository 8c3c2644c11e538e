import CAllocationCount
import Testing
import Upkeep
import UpkeepSQL

/// A statement that is made to be too much would trap, go on for ever or eat memory, where it should be refused or answered.
///
/// No time is taken here: what a case may ask of memory bounds what it may do, and the time limit of the suite ends what
/// hangs. The bounds leave room for code that is not optimised.
@Suite(.timeLimit(.minutes(60))) struct HostileStatementTests {
  /// How a case ends.
  enum End: Sendable {
    /// With an error that contains this.
    case error(String)
    /// With this as the only value of the only row.
    case value(String)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// Megabytes that it may ask for in all, those counted that it gave back.
    var megabytes: UInt64
    var end: End
    var statements: @Sendable () -> [String]

    var testDescription: String { name }

    init(
      _ name: String, _ megabytes: UInt64, _ end: End, _ statements: @escaping @Sendable () -> [String]
    ) {
      (self.name, self.megabytes, self.end, self.statements) = (name, megabytes, end, statements)
    }

    init(
      _ name: String, _ megabytes: UInt64, _ end: End, _ sql: @autoclosure @escaping @Sendable () -> String
    ) {
      self.init(name, megabytes, end) { [sql()] }
    }
  }

  @Test(arguments: depths + lists + chains) func isRefusedOrAnswered(_ one: Case) throws {
    try run(one)
  }

  @Test(arguments: texts + patterns + rows) func givesNoMoreThanItMay(_ one: Case) throws {
    try run(one)
  }

  private func run(_ one: Case) throws {
    let session = Session(try Store.inMemory())
    let statements = one.statements()
    for setup in statements.dropLast() {
      let outcome = session.outcome(of: setup)
      try #require(!outcome.failed, "\(outcome.error ?? "")")
    }
    let before = allocated_byte_count()
    let outcome = session.outcome(of: statements.last ?? "")
    let asked = allocated_byte_count() - before
    switch one.end {
    case .error(let part): #expect(outcome.error?.contains(part) == true, "\(Self.shown(outcome))")
    case .value(let value): #expect(outcome.rows == [[value]], "\(Self.shown(outcome))")
    }
    if allocation_count_works() { #expect(asked >> 20 <= one.megabytes, "asked for \(asked >> 20) MB") }
  }

  private static func shown(_ outcome: Outcome) -> String {
    outcome.error ?? "\(outcome.rows.prefix(2).map { $0.prefix(3).map { $0.prefix(80) } })"
  }

  #if DEBUG
    /// Unoptimised code takes many times longer.
    static let isQuick = false
  #else
    static let isQuick = true
  #endif

  /// So many in release builds, fewer in others.
  private static func count(_ most: Int) -> Int { isQuick ? most : most / 16 }

  private static func nested(_ open: String, _ inner: String, _ close: String, _ depth: Int = 100_000)
    -> String
  {
    String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
  }

  private static func listed(_ count: Int, _ separator: String = ", ", _ item: (Int) -> String) -> String {
    (0..<count).map(item).joined(separator: separator)
  }

  // MARK: - Nested

  private static let tooDeep = End.error("nest at most 200 levels")
  private static let tooManyQueries = End.error("deep in one another")

  static let depths: [Case] = [
    Case("parentheses", 16, tooDeep, "SELECT " + nested("(", "1", ")")),
    Case("NOT", 16, tooDeep, "SELECT " + nested("NOT ", "1", "")),
    Case("minus", 16, tooDeep, "SELECT " + nested("- ", "1", "")),
    Case("tilde", 16, tooDeep, "SELECT " + nested("~", "1", "")),
    Case("CASE", 32, tooDeep, "SELECT " + nested("CASE WHEN 1 THEN ", "1", " END")),
    Case("CASE with an operand", 32, tooDeep, "SELECT " + nested("CASE ", "1", " WHEN 1 THEN 1 END")),
    Case("calls", 16, tooDeep, "SELECT " + nested("abs(", "1", ")")),
    Case("CAST", 32, tooDeep, "SELECT " + nested("CAST(", "1", " AS TEXT)")),
    Case("rows", 16, tooDeep, "SELECT " + nested("(1, ", "1", ")") + " = 1"),
    Case("lists of IN", 32, tooDeep, "SELECT " + nested("1 IN (", "1", ")")),
    Case("queries in FROM", 32, tooManyQueries, nested("SELECT * FROM (", "SELECT 1", ")")),
    Case("queries in IN", 32, tooManyQueries, nested("SELECT 1 WHERE 1 IN (", "SELECT 1", ")")),
    Case("rows in IN", 32, tooManyQueries, nested("SELECT 1 WHERE (1, 1) IN (", "SELECT 1, 1", ")")),
    Case("EXISTS", 32, tooManyQueries, nested("SELECT 1 WHERE EXISTS (", "SELECT 1", ")")),
    Case("queries as values", 32, tooManyQueries, nested("SELECT (", "SELECT 1", ")")),
    Case("WITH in WITH", 32, tooManyQueries, nested("WITH a AS (", "SELECT 1", ") SELECT * FROM a")),
    Case("joins in parentheses", 32, tooManyQueries, "SELECT * FROM " + nested("(", "t", " JOIN t)")),
    Case("joins to the right", 32, tooManyQueries, "SELECT * FROM " + nested("t LEFT JOIN (", "t", ") ON 1")),
    Case("a default", 32, tooDeep, "CREATE TABLE q (a DEFAULT (\(nested("(", "1", ")"))))"),
    Case("JSON of arrays", 16, .error("malformed JSON"), "SELECT json('\(nested("[", "", "]"))')"),
    Case(
      "JSON of objects", 32, .error("malformed JSON"),
      "SELECT json_patch('{}', '\(nested("{\"a\":", "1", "}"))')"),
    Case("JSON in FROM", 16, .error("malformed JSON"), "SELECT * FROM json_tree('\(nested("[", "", "]"))')"),
    Case("a path", 32, .error("is no JSON path"), "SELECT json_extract('{}', '$\(nested(".a", "", ""))')"),
    Case("views on views", 64, tooManyQueries) {
      (0..<40).map { "CREATE VIEW v\($0) AS SELECT * FROM \($0 == 0 ? "(SELECT 1)" : "v\($0 - 1)")" }
        + [nested("SELECT * FROM (", "SELECT * FROM v39", ")", 20)]
    },
    Case("BETWEEN of BETWEEN", 64, .value("1")) {
      ["CREATE TABLE t (x)", "INSERT INTO t VALUES (1)"]
        + ["SELECT \(nested("(", "x", " BETWEEN 0 AND 1)", 60)) FROM t"]
    },
    Case("CASE of CASE", 64, .value("1")) {
      ["CREATE TABLE t (x)", "INSERT INTO t VALUES (1)"]
        + ["SELECT \(nested("CASE ", "x", " WHEN 7 THEN 0 WHEN 8 THEN 2 WHEN 1 THEN 1 END", 60)) FROM t"]
    },
    Case("columns made of columns", 64, .value("68719476736")) {
      ["CREATE TABLE t (x INTEGER)", "INSERT INTO t VALUES (1)"]
        + [nested("SELECT a + a AS a FROM (", "SELECT x AS a FROM t", ")", 36)]
    },
    Case("views made of views", 256, .value("68719476736")) {
      ["CREATE TABLE t (x INTEGER)", "INSERT INTO t VALUES (1)", "CREATE VIEW v0 AS SELECT x AS a FROM t"]
        + (1...36).map { "CREATE VIEW v\($0) AS SELECT a + a AS a FROM v\($0 - 1)" } + ["SELECT a FROM v36"]
    },
    Case("a view on itself", 8, .error("reads itself"), "CREATE VIEW v AS SELECT * FROM v"),
    Case("tables of WITH on one another", 64, .error("more than 200 deep")) {
      let chain = listed(400) { "a\($0) AS (SELECT * FROM \($0 == 0 ? "(SELECT 1)" : "a\($0 - 1)"))" }
      return ["WITH \(chain) SELECT * FROM a399"]
    },
    Case("windows on one another", 64, .value("1")) {
      let chain = listed(100) { "w\($0) AS (\($0 == 0 ? "ORDER BY x" : "w\($0 - 1)"))" }
      return ["SELECT sum(x) OVER w99 FROM (SELECT 1 AS x) WINDOW \(chain)"]
    },
    Case("a window on itself", 8, .error("made of itself"), "SELECT sum(1) OVER w WINDOW w AS (w)"),
  ]

  // MARK: - Chains

  private static let tooLong = End.error("at most 1000 operators deep")

  static let chains: [Case] =
    ["AND", "OR", "+", "||", "=", "<", "<<", "IS", "IS NOT DISTINCT FROM", "LIKE", "->"].map { word in
      Case("a chain of \(word)", 64, tooLong, "SELECT " + listed(100_000, " \(word) ") { _ in "'1'" })
    }
    + ["COLLATE NOCASE", "ISNULL", "BETWEEN 1 AND 1", "IN (1)", "IS TRUE"].map { tail in
      Case("a chain of \(tail)", 64, tooLong, "SELECT 1" + nested(" \(tail)", "", ""))
    }
    + ["UNION ALL", "UNION", "INTERSECT", "EXCEPT"].map { word in
      Case(
        "a compound of \(word)", 32, .error("at most 500"), listed(100_000, " \(word) ") { _ in "SELECT 1" })
    } + [
      Case("AND as long as it may be", 16, .value("1"), "SELECT " + listed(1_000, " AND ") { _ in "1" }),
      Case("OR as long as it may be", 16, .value("1"), "SELECT " + listed(1_000, " OR ") { "\($0)" }),
      Case("joins", 32, .error("at most 64"), "SELECT * FROM t" + nested(" JOIN t", "", "")),
      Case("sources", 32, .error("at most 64"), "SELECT * FROM t" + nested(", t", "", "")),
      Case("views that read views twice", 512, .error("reads views in more than")) {
        (0..<9).map {
          "CREATE VIEW v\($0) AS SELECT 1 AS x \($0 == 0 ? "" : "FROM v\($0 - 1) a, v\($0 - 1) b")"
        }
          + ["SELECT count(*) FROM v8 a, v8 b, v8 c"]
      },
    ]

  // MARK: - Lists

  static let lists: [Case] = [
    Case(
      "tables of WITH", 32, .error("at most 500"),
      "WITH \(listed(100_000) { "a\($0) AS (SELECT 1)" }) SELECT 1"),
    Case(
      "windows", 32, .error("at most 100"), "SELECT 1 WINDOW \(listed(100_000) { "w\($0) AS (ORDER BY 1)" })"),
    Case(
      "columns of a table", 128, .error("limit, 2000"), "CREATE TABLE q (\(listed(100_000) { "c\($0)" }))"),
    Case("arguments", 64, .error("coalesce()"), "SELECT coalesce(\(listed(100_000) { _ in "NULL" }))"),
    Case("values of a row", 32, .error("at most 100 values"), "SELECT (\(listed(100_000) { "\($0)" })) = 1"),
    Case("parameters", 32, .error("no value"), "SELECT \(listed(100_000) { _ in "?" })"),
    Case(
      "aggregates", 512, .value("9999"),
      "SELECT max(a) FROM (SELECT \(listed(10_000) { "sum(x + \($0)) AS \($0 == 9_999 ? "a" : "b")" }) FROM (SELECT 0 AS x))"
    ),
    Case("IN", 1_024, .value("1"), "SELECT 5 IN (\(listed(count(1 << 20)) { "\($0)" }))"),
    Case(
      "IN of rows", 1_024, .value("1"), "SELECT (5, 5) IN (\(listed(count(1 << 16)) { "(\($0), \($0))" }))"),
    Case("IN of a column", 1_024, .value("5")) {
      [
        "CREATE TABLE q (a INTEGER PRIMARY KEY)", "INSERT INTO q VALUES (5)",
        "SELECT a FROM q WHERE a IN (\(listed(count(1 << 20)) { "\($0)" }))",
      ]
    },
    Case(
      "VALUES", 1_024, .value("\(count(1 << 20))"),
      "SELECT count(*) FROM (VALUES \(listed(count(1 << 20)) { "(\($0))" }))"),
    Case(
      "VALUES of two widths", 1_024, .error("has 2 values"),
      "VALUES \(listed(count(1 << 20)) { "(\($0))" }), (1, 2)"),
    Case(
      "cases", 512, .value("NULL"),
      "SELECT CASE 5 \(listed(count(1 << 18), " ") { "WHEN \($0 + 9) THEN \($0)" }) END"),
  ]

  // MARK: - Texts that are too long

  private static let tooMuch = End.error("longer than 67108864 bytes")
  /// Half a megabyte of the letter a.
  private static let letters = "replace(hex(zeroblob(262144)), '0', 'a')"

  static let texts: [Case] = [
    Case("printf width", 8, tooMuch, "SELECT printf('%2147483648d', 1)"),
    Case("printf width given", 8, tooMuch, "SELECT printf('%*d', 9223372036854775807, 1)"),
    Case("printf digits", 8, tooMuch, "SELECT printf('%.2147483647d', 1)"),
    Case("printf zeros", 8, tooMuch, "SELECT printf('%099999999d', 1)"),
    Case("printf characters", 8, tooMuch, "SELECT printf('%.2147483647c', 'x')"),
    Case("printf of a real", 8, .value("352"), "SELECT length(printf('%.2147483647f', 1.5))"),
    Case("printf of a text", 8, .value("'abc"), "SELECT printf('%.2147483647s', 'abc')"),
    Case("hex", 256, tooMuch, "SELECT hex(zeroblob(67108864))"),
    Case("quote", 256, tooMuch, "SELECT quote(zeroblob(67108864))"),
    Case("zeroblob", 8, .error("at most 67108864"), "SELECT zeroblob(9223372036854775807)"),
    Case("randomblob", 8, .error("at most 67108864"), "SELECT randomblob(2147483648)"),
    Case("replace", 512, tooMuch, "SELECT replace(\(letters), 'a', \(letters))"),
    Case(
      "||", 512, tooMuch,
      "WITH RECURSIVE r(s) AS (SELECT 'ab' UNION ALL SELECT s || s FROM r) SELECT max(length(s)) FROM r"),
    Case("concat_ws", 512, tooMuch, "SELECT concat_ws(hex(zeroblob(300000)), \(listed(125) { _ in "''" }))"),
    Case("group_concat", 1_024, tooMuch, "SELECT group_concat(\(letters)) FROM generate_series(1, 1000000)"),
    Case(
      "json_group_array", 1_024, tooMuch,
      "SELECT json_group_array(\(letters)) FROM generate_series(1, 1000000)"),
    Case(
      "JSON in JSON", 4_096, tooMuch,
      "WITH RECURSIVE r(j) AS (SELECT json_array(hex(zeroblob(99999))) UNION ALL SELECT json_array(j, j) FROM r) SELECT max(length(j)) FROM r"
    ),
    Case("json_quote", 256, tooMuch, "SELECT json_quote(CAST(zeroblob(16777216) AS TEXT))"),
    Case(
      "parts of JSON", 8_192, .error("parts"),
      "SELECT json_array_length('[' || replace(hex(zeroblob(1200000)), '0', '1,') || '1]')"),
  ]

  // MARK: - Patterns

  /// A text of letters a and a pattern that matches at its end only, which is sought from every place.
  private static var text: String { "replace(hex(zeroblob(\(count(5_000_000)))), '0', 'a')" }
  private static var needle: String { String(repeating: "a", count: 24_000) }

  static let patterns: [Case] = [
    Case(
      "a LIKE pattern of megabytes", 128, .error("50000 bytes"),
      "SELECT 'b' LIKE '\(nested("%a", "", "", 1 << 20))'"),
    Case(
      "a GLOB pattern of megabytes", 128, .error("50000 bytes"),
      "SELECT 'b' GLOB '\(nested("*a", "", "", 1 << 20))'"),
    Case("LIKE with many runs", 96, .value("0"), "SELECT \(text) LIKE '\(nested("%a", "b", "", 20_000))'"),
    Case(
      "LIKE again and again", 256, .error("LIKE takes more than"),
      "SELECT \(text) LIKE '%\(needle)b\(needle)%'"),
    Case("LIKE of an end that is not there", 256, .value("0"), "SELECT \(text) LIKE '%\(needle)b%'"),
    Case("GLOB again and again", 256, .error("GLOB takes more than"), "SELECT \(text) GLOB '*\(needle)b*'"),
    Case("instr", 256, .value("0"), "SELECT instr(\(text), '\(needle)b')"),
    Case(
      "instr at the end", 256, .value("\(2 * count(5_000_000) - 23_999)"),
      "SELECT instr(\(text) || 'b', '\(needle)b')"),
    Case(
      "replace again and again", 256, .value("\(2 * count(5_000_000) - 23_999)"),
      "SELECT length(replace(\(text) || 'b', '\(needle)b', 'c'))"),
    Case("trim", 256, .value("'"), "SELECT trim(\(text), 'xyza')"),
    Case("substr", 256, .value("'aaa"), "SELECT substr(\(text), -9, 3)"),
  ]

  // MARK: - Rows without end

  static let rows: [Case] = [
    Case("a series", 8, .value("1"), "SELECT * FROM generate_series(1, 9223372036854775807) LIMIT 1"),
    Case(
      "a series without steps", 8, .value("1"),
      "SELECT * FROM generate_series(1, 9223372036854775807, 0) LIMIT 1"),
    Case(
      "WITH RECURSIVE", 8, .value("7"),
      "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT i FROM r LIMIT 1 OFFSET 6"),
    Case(
      "LIMIT within", 8, .value("3"),
      "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r LIMIT 3) SELECT count(*) FROM r"),
    Case("64 sources", 64, .value("1"), "SELECT count(*) FROM \(listed(64) { "(SELECT 1 AS x) AS a\($0)" })"),
    Case(
      "the ends of integers", 8, .value("0"),
      "SELECT (-9223372036854775808 % -1) + (1 << 9223372036854775807) + (1 >> -9223372036854775808)"),
    Case(
      "the ends of frames", 8, .value("6"),
      "SELECT max(s) FROM (SELECT sum(value) OVER (ORDER BY value ROWS BETWEEN 9223372036854775807 PRECEDING AND 9223372036854775807 FOLLOWING) AS s FROM generate_series(1, 3))"
    ),
    Case(
      "the ends of time", 8, .value("NULL"),
      "SELECT coalesce(date(9223372036854775807), date(0, '9223372036854775807 days'), datetime(1e300), datetime(0, 'start of month', '-99999999999 months'))"
    ),
  ]
}
