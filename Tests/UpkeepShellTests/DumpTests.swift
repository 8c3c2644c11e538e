import Foundation
import Testing
import Upkeep
import UpkeepTestSupport

@testable import UpkeepShell

@Suite struct DumpTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func upkeep(_ arguments: String..., input: String = "") throws -> ShellRun {
    try ShellRun(arguments, input: input, in: scratch)
  }

  /// What a program prints that is given a text.
  private func run(_ program: String, _ arguments: [String], input: String) throws -> (
    output: String, status: Int32
  ) {
    try scratch.write("input", input)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.currentDirectoryURL = scratch.folder
    process.standardInput = try FileHandle(forReadingFrom: scratch.folder.appendingPathComponent("input"))
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (text, process.terminationStatus)
  }

  /// A schema with something of everything, and rows that are hard to write.
  private static let everything = """
    CREATE TABLE "all types" (
      id INTEGER PRIMARY KEY AUTOINCREMENT, r REAL DEFAULT (1 + 0.5), t TEXT NOT NULL DEFAULT 'it''s' COLLATE NOCASE,
      b BLOB DEFAULT x'00ff', o BOOLEAN DEFAULT TRUE, ts TIMESTAMP DEFAULT CURRENT_TIMESTAMP, u UUID, j JSON, x ANY,
      n INTEGER MERGE SUM, d DATE, "select" TEXT, CONSTRAINT positive CHECK (n > 0 OR n IS NULL), UNIQUE (u, o));
    CREATE UNIQUE INDEX some_t ON "all types" (lower(t), r DESC) WHERE t <> '' AND r IS NOT NULL;
    CREATE INDEX plain ON "all types" (x, n);
    INSERT INTO "all types" (id, r, t, b, o, ts, u, j, x, n, d, "select") VALUES
      (1, 9e999, 'quote '' and "double"', x'', TRUE, TIMESTAMP '2024-05-01T12:00:00.000001Z',
        UUID '123e4567-e89b-12d3-a456-426614174000', JSON '{"a":[1,2,{"b":"c''d"}]}', 1, 9223372036854775807, '2024', ';'),
      (2, -9e999, 'line
    end; -- no comment', x'00', FALSE, TIMESTAMP '0001-01-01T00:00:00Z', NULL, JSON '5', 'text 5', NULL, NULL, NULL),
      (-5, 1e300, '', NULL, NULL, NULL, NULL, NULL, x'ab', 1, '5', ''),
      (-9223372036854775808, 5e-324, 'é日本\u{1F6EB}', x'ff', NULL, NULL, NULL, JSON '"s"', 1.0, 2, NULL, NULL),
      (9007199254740993, 0.1, 'B', NULL, TRUE, NULL, NULL, JSON '1e3', TIMESTAMP '2024-05-01T12:00:00Z', 3, NULL, NULL),
      (4, 123456789.123456789, 'b', NULL, TRUE, NULL, NULL, NULL, '5', 4, NULL, NULL);
    CREATE TABLE keyless (a TEXT, b INTEGER UNIQUE);
    INSERT INTO keyless (rowid, a, b) VALUES (7, 'x', 1), (3, NULL, NULL), (12, 'y', NULL);
    CREATE TABLE pair (a TEXT, b INTEGER, c TEXT MERGE LATEST BY at, at INTEGER, PRIMARY KEY (b DESC, a COLLATE NOCASE));
    INSERT INTO pair VALUES ('k', 1, 'v', 5), ('l', 2, NULL, NULL);
    CREATE TABLE "empty" (a);
    CREATE TABLE apart (a INTEGER PRIMARY KEY, b TEXT, UNIQUE NULLS NOT DISTINCT (b));
    INSERT INTO apart VALUES (1, NULL), (2, 'x');
    CREATE VIEW behind AS SELECT a FROM keyless WHERE b > 0;
    CREATE VIEW ahead (c) AS SELECT a FROM behind;
    CREATE TEMP TABLE passing (a);
    INSERT INTO passing VALUES (1);
    """

  private static let tables = ["\"all types\"", "keyless", "pair", "\"empty\"", "apart"]

  @Test("A dump makes the same database again, and dumps as the same text; temporary tables are left out")
  func roundTrip() throws {
    let made = try upkeep("t.upkeep", "-c", Self.everything, "-c", ".dump")
    #expect(made.status == 0, "\(made.errors)")
    #expect(!made.output.contains("passing"))
    let dump = try upkeep("dump", "t.upkeep")
    #expect(dump.status == 0)
    #expect(dump.output == made.output)
    let again = try upkeep("again.upkeep", "--bail", input: dump.output)
    #expect(again.status == 0 && again.errors == "", "\(again.errors)")
    #expect(try upkeep("dump", "again.upkeep").output == dump.output)
    for table in Self.tables {
      let query = "SELECT rowid, * FROM \(table)"
      let sql = table.contains("keyless") ? query : "SELECT * FROM \(table)"
      #expect(
        try upkeep("again.upkeep", "--format", "jsonl", "-c", sql).output
          == upkeep("t.upkeep", "--format", "jsonl", "-c", sql).output, "\(table)")
    }
    #expect(try upkeep("schema", "again.upkeep").output == upkeep("schema", "t.upkeep").output)
    #expect(try upkeep("again.upkeep", "-c", "SELECT c FROM ahead").output == "x\n")
    #expect(try upkeep("check", "again.upkeep").output == "ok\n")
  }

  @Test("Views come behind those that they read, also where a view is called as a column of another")
  func views() throws {
    let made = """
      CREATE TABLE sale (id INTEGER PRIMARY KEY, total REAL);
      INSERT INTO sale VALUES (1, 2.5);
      CREATE VIEW raw AS SELECT id, total FROM sale;
      CREATE VIEW id AS SELECT id FROM raw;
      CREATE VIEW e AS SELECT total FROM id JOIN raw ON raw.id = id.id;
      """
    let dump = try upkeep("views.upkeep", "-c", made, "-c", ".dump")
    #expect(dump.status == 0, "\(dump.errors)")
    let again = try upkeep("again.upkeep", input: dump.output + "SELECT * FROM e;\n")
    #expect(again.status == 0 && again.output.hasSuffix("2.5\n"), "\(again.errors)")
  }

  @Test("Some tables alone, statements as JSON, and a name that is none")
  func options() throws {
    _ = try upkeep("t.upkeep", "-c", Self.everything)
    let some = try upkeep("dump", "t.upkeep", "--table", "KEYLESS", "--table", "empty")
    #expect(
      some.output
        == """
        BEGIN;
        CREATE TABLE keyless (
          a TEXT,
          b INTEGER UNIQUE
        );
        INSERT INTO keyless (a, b, rowid) VALUES
          (NULL, NULL, 3),
          ('x', 1, 7),
          ('y', NULL, 12);
        CREATE TABLE "empty" (
          a
        );
        COMMIT;

        """.replacingOccurrences(
          of: "\"empty\"", with: some.output.contains("\"empty\"") ? "\"empty\"" : "empty"),
      "\(some)")
    let json = try upkeep("dump", "t.upkeep", "--json")
    let statements = try json.output.split(separator: "\n").map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])["sql"] ?? ""
    }
    #expect(statements.joined(separator: "\n") + "\n" == (try upkeep("dump", "t.upkeep").output))
    let wrong = try upkeep("dump", "t.upkeep", "--table", "keyles")
    #expect(wrong.status == 1 && wrong.errors.contains("did you mean keyless?"), "\(wrong)")
    let usage = try upkeep("dump", "t.upkeep", "--no-comments")
    #expect(usage.status == 2, "\(usage)")
  }

  @Test("SQLite reads a dump that is for it, with the same values; what it lacks is a comment, or left out")
  func sqlite() throws {
    _ = try upkeep("t.upkeep", "-c", Self.everything)
    let dump = try upkeep("dump", "t.upkeep", "--sqlite")
    #expect(dump.status == 0, "\(dump)")
    let comments = dump.output.split(separator: "\n").filter { $0.hasPrefix("-- ") }
    #expect(
      comments == [
        "-- all types.n: its merge rule is left out, SQLite has none",
        "-- apart: NULLs are not equal in apart_b_key, SQLite has no NULLS NOT DISTINCT",
        "-- pair.c: its merge rule is left out, SQLite has none",
      ], "\(comments)")
    let silent = try upkeep("dump", "t.upkeep", "--sqlite", "--no-comments")
    #expect(
      silent.output.split(separator: "\n")
        == dump.output.split(separator: "\n").filter { !$0.hasPrefix("-- ") })
    let read = try run("sqlite3", ["-bail", "t.sqlite"], input: dump.output)
    #expect(read.status == 0 && read.output == "", "\(read)")
    // Every value is the same, but for kinds that SQLite does not have.
    let columns = [
      "\"all types\"": "id, t, b IS NULL, n, d, \"select\"", "keyless": "rowid, a, b", "pair": "a, b, c, at",
      "\"empty\"": "a", "apart": "a, b",
    ]
    for table in Self.tables {
      let order = table == "keyless" ? "rowid" : table == "pair" ? "b" : "1"
      let sql = "SELECT \(columns[table] ?? "") FROM \(table) ORDER BY \(order);"
      let theirs = try run("sqlite3", ["t.sqlite"], input: ".nullvalue NULL\n" + sql).output
      #expect(try upkeep("t.upkeep", "--null", "NULL", "-c", sql).output == theirs, "\(table)")
    }
    let kinds = try run(
      "sqlite3", ["t.sqlite"],
      input:
        "SELECT id, typeof(r), r, typeof(o), o, ts, u, typeof(j), j, typeof(x), typeof(d) FROM \"all types\" ORDER BY id;"
    )
    #expect(
      kinds.output == """
        -9223372036854775808|real|4.94065645841247e-324|null||||text|"s"|real|null
        -5|real|1.0e+300|null||||null||blob|text
        1|real|Inf|integer|1|2024-05-01T12:00:00.000001Z|123e4567-e89b-12d3-a456-426614174000|text|{"a":[1,2,{"b":"c'd"}]}|integer|text
        2|real|-Inf|integer|0|0001-01-01T00:00:00Z||text|5|text|null
        4|real|123456789.123457|integer|1|||null||text|null
        9007199254740993|real|0.1|integer|1|||text|1e3|text|null

        """, "\(kinds)")
    let schema = try run(
      "sqlite3", ["t.sqlite"],
      input:
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name;\nPRAGMA integrity_check;"
    )
    #expect(schema.output == "plain\nsome_t\nok\n")
  }

  @Test("What SQLite has no function for is told")
  func losses() throws {
    let sql = """
      CREATE TABLE t (a TIMESTAMP CHECK (a > TIMESTAMP '2020-01-01T00:00:00Z'), b TEXT CHECK (CAST(b AS UUID) IS NOT NULL),
        c BOOLEAN DEFAULT TRUE CHECK (c = TRUE), at TIMESTAMP MERGE TOUCH);
      CREATE INDEX t_b ON t (CAST(b AS UUID));
      INSERT INTO t VALUES (TIMESTAMP '2024-01-01T00:00:00Z', '123e4567-e89b-12d3-a456-426614174000', TRUE, NULL)
      """
    let made = try upkeep("t.upkeep", "-c", sql)
    #expect(made.status == 0, "\(made)")
    let dump = try upkeep("dump", "t.upkeep", "--sqlite")
    for words in ["CHECK (CAST(b AS UUID)", "t_b is left out", "at: its merge rule"] {
      #expect(
        dump.output.split(separator: "\n").contains { $0.hasPrefix("-- ") && $0.contains(words) },
        "\(words): \(dump)")
    }
    let read = try run("sqlite3", ["-bail", "t.sqlite"], input: dump.output + "SELECT a, c FROM t;")
    #expect(read.output == "2024-01-01T00:00:00Z|1\n", "\(read)")
  }

  /// A database with counters above the ids that are there, and with buckets.
  private func makeCountersAndBuckets() throws {
    let store = try Store(scratch.path("t.upkeep"))
    let hits = store.bucket("hits", key: String.self, value: Int64.self)
    let pairs = store.bucket("odd ''name", key: BucketTuple<Int64, String>.self, value: [UInt8].self)
    try store.write { tx in
      for count in 0..<3000 { try tx.put(hits, "page \(count) of 'many'", Int64(count) - 5) }
      try tx.put(pairs, BucketTuple(-1, ""), [])
      try tx.put(pairs, BucketTuple(5, "é\n"), [UInt8](repeating: 7, count: 100_000))
    }
    try store.close()
    let made = try upkeep(
      "t.upkeep", "-c",
      """
      CREATE TABLE used (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);
      INSERT INTO used VALUES (3, 'x'), (9, 'y');
      DELETE FROM used WHERE id = 9;
      CREATE TABLE emptied (id INTEGER PRIMARY KEY AUTOINCREMENT);
      INSERT INTO emptied VALUES (100);
      DELETE FROM emptied;
      CREATE TABLE untouched (id INTEGER PRIMARY KEY AUTOINCREMENT);
      CREATE BUCKET bare;
      """)
    #expect(made.status == 0, "\(made)")
  }

  @Test("Counters of AUTOINCREMENT and the entries of buckets come back from a dump as they were")
  func countersAndBuckets() throws {
    try makeCountersAndBuckets()
    let dump = try upkeep("dump", "t.upkeep")
    #expect(dump.status == 0 && dump.errors == "", "\(dump.errors)")
    let again = try upkeep("again.upkeep", "--bail", input: dump.output)
    #expect(again.status == 0 && again.errors == "", "\(again.errors)")
    #expect(try upkeep("dump", "again.upkeep").output == dump.output)
    #expect(try upkeep("check", "again.upkeep").output == "ok\n")
    let insert =
      "INSERT INTO used (a) VALUES ('z') RETURNING id; INSERT INTO emptied DEFAULT VALUES RETURNING id;"
      + "INSERT INTO untouched DEFAULT VALUES RETURNING id"
    #expect(try upkeep("again.upkeep", "-c", insert).output == "10\n101\n1\n")
    // Read with the types that it was made with, a bucket has what it had.
    let store = try Store(scratch.path("again.upkeep"))
    defer { try? store.close() }
    let hits = store.bucket("hits", key: String.self, value: Int64.self)
    let pairs = store.bucket("odd ''name", key: BucketTuple<Int64, String>.self, value: [UInt8].self)
    let last = try store.read { try $0.get(hits, "page 2999 of 'many'") }
    #expect(last == 2994)
    let empty = try store.read { try $0.get(pairs, BucketTuple(-1, "")) }
    #expect(empty == [])
    let long = try store.read { try $0.get(pairs, BucketTuple(5, "é\n")) }
    #expect(long?.count == 100_000)
    let wrong = store.bucket("hits", key: String.self, value: String.self)
    #expect(throws: UpkeepError.self) { try store.read { try $0.get(wrong, "page 1 of 'many'") } }
  }

  @Test("A dump for SQLite carries its counters, and says that buckets stay behind")
  func countersForSQLite() throws {
    try makeCountersAndBuckets()
    let dump = try upkeep("dump", "t.upkeep", "--sqlite")
    #expect(
      dump.errors == "notice: SQLite has no buckets; left out: bare, hits, odd ''name\n", "\(dump.errors)")
    let read = try run("sqlite3", ["-bail", "t.sqlite"], input: dump.output)
    #expect(read.status == 0 && read.output == "", "\(read)")
    let counters = try run("sqlite3", ["t.sqlite", "SELECT * FROM sqlite_sequence ORDER BY name"], input: "")
    #expect(counters.output == "emptied|100\nused|9\n", "\(counters)")
    // And back again.
    #expect(try upkeep("import-sqlite", "back.upkeep", "t.sqlite").status == 0)
    #expect(
      try upkeep("back.upkeep", "-c", "INSERT INTO emptied DEFAULT VALUES RETURNING id").output == "101\n")
  }

  @Test("Random values of every type come back from a dump as they were")
  func randomValues() throws {
    var random = SeededGenerator(seed: firstSeed())
    func text() -> String {
      let pieces = [
        "'", "\"", "\\", "\n", "\r\n", ";", "--", "/*", "%", "é", "日本", "\u{1F6EB}", " ", "x", "0", "NULL",
        "\t", "\u{7F}", "\u{FEFF}",
      ]
      return (0..<random.below(12)).map { _ in random.pick(pieces) }.joined()
    }
    func quoted(_ text: String) -> String { "'\(text.replacingOccurrences(of: "'", with: "''"))'" }
    var script =
      "CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, r REAL, t TEXT, b BLOB, x ANY);\nBEGIN;\n"
    for id in 0..<400 {
      let bits = random.next()
      let real = Double(bitPattern: random.next())
      let number = real.isFinite ? "\(real)" : real < 0 ? "-9e999" : "9e999"
      let blob =
        "x'\((0..<random.below(20)).map { _ in String(format: "%02x", random.below(256)) }.joined())'"
      let any = random.pick([
        "NULL", "TRUE", "\(Int64(bitPattern: bits))", number, quoted(text()), blob, "JSON '[1]'",
      ])
      script +=
        "INSERT INTO t VALUES (\(id), \(Int64(bitPattern: bits)), \(number), \(quoted(text())), \(blob), \(any));\n"
    }
    let made = try upkeep("t.upkeep", "--bail", input: script + "COMMIT;\n")
    #expect(made.status == 0, "seed \(random.seed): \(made.errors)")
    let dump = try upkeep("dump", "t.upkeep").output
    let again = try upkeep("again.upkeep", "--bail", input: dump)
    #expect(again.status == 0, "seed \(random.seed): \(again.errors)")
    let sql = "SELECT id, typeof(x), * FROM t"
    #expect(
      try upkeep("again.upkeep", "--format", "jsonrows", "-c", sql).output
        == upkeep("t.upkeep", "--format", "jsonrows", "-c", sql).output, "seed \(random.seed)")
    #expect(try upkeep("dump", "again.upkeep").output == dump, "seed \(random.seed)")
    let theirs = try run(
      "sqlite3", ["-bail", "t.sqlite"], input: try upkeep("dump", "t.upkeep", "--sqlite").output)
    #expect(theirs.status == 0 && theirs.output == "", "seed \(random.seed): \(theirs)")
    let back = try upkeep("import-sqlite", "back.upkeep", "t.sqlite")
    #expect(back.output == "t: 400 rows\n", "\(back)")
    let plain = "SELECT id, i, t, b FROM t"
    #expect(
      try upkeep("back.upkeep", "--format", "jsonl", "-c", plain).output
        == upkeep("t.upkeep", "--format", "jsonl", "-c", plain).output, "seed \(random.seed)")
    // SQLite 3.40 does not read every number to its last digit.
    let reals = "SELECT r FROM t WHERE abs(r) < 9e999 ORDER BY id"
    let read = try upkeep("back.upkeep", "-c", reals).output.split(separator: "\n").compactMap { Double($0) }
    let written = try upkeep("t.upkeep", "-c", reals).output.split(separator: "\n").compactMap { Double($0) }
    #expect(read.count == written.count && written.count > 300, "seed \(random.seed)")
    for (one, other) in zip(read, written) {
      #expect(abs(one - other) <= abs(other) * 1e-13 || abs(other) < 1e-290, "seed \(random.seed)")
    }
  }

  @Test("A file that takes no more is an error, and so is a dump of what is not there")
  func failures() throws {
    _ = try upkeep("t.upkeep", "-c", "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    let full = try run("sh", ["-c", "\"$0\" dump t.upkeep > /dev/full", ShellRun.program.path], input: "")
    #expect(full.status == 1 && full.output.contains("cannot write"), "\(full)")
    let missing = try upkeep("dump", "nothing.upkeep")
    #expect(missing.status == 1 && !scratch.exists("nothing.upkeep"), "\(missing)")
  }
}
