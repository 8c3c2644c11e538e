import Foundation
import Testing

@testable import UpkeepShell

@Suite struct SQLiteImportTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func sqlite(_ sql: String, file: String = "s.sqlite") throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sqlite3", "-bail", file, sql]
    process.currentDirectoryURL = scratch.folder
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  private func upkeep(_ arguments: String...) throws -> ShellRun { try ShellRun(arguments, in: scratch) }

  private func rows(_ sql: String) throws -> String {
    try upkeep("t.upkeep", "--null", "NULL", "-c", sql).output
  }

  @Test("Tables come over with their keys, indexes, defaults, checks and rows; what cannot is listed")
  func everything() throws {
    try sqlite(
      """
      CREATE TABLE airport (
        id INTEGER PRIMARY KEY AUTOINCREMENT, icao VARCHAR(4) NOT NULL UNIQUE, name TEXT COLLATE NOCASE DEFAULT 'none',
        seen INT DEFAULT (1 + 1) CHECK (seen >= 0), lat DOUBLE, made DATETIME DEFAULT CURRENT_TIMESTAMP, raw BLOB,
        anything, country REFERENCES country (code));
      CREATE UNIQUE INDEX airport_name ON airport (lower(name), lat DESC) WHERE name <> '';
      CREATE INDEX airport_lat ON airport (lat, icao COLLATE NOCASE);
      CREATE INDEX odd ON airport (icao COLLATE RTRIM);
      INSERT INTO airport VALUES (1, 'EGLL', 'Heathrow', 3, 51.5, '2024-05-01 12:00:00', x'00ff', 1, 'GB'),
        (2, 'EGKK', '', 0, 51, NULL, NULL, 'x', NULL), (9, 'EGSS', NULL, NULL, NULL, NULL, x'', 2.5, NULL);
      DELETE FROM airport WHERE id = 9;
      INSERT INTO airport (id, icao) VALUES (5, 'EGGW');
      CREATE TABLE pair (a TEXT, b INTEGER, c, PRIMARY KEY (b DESC, a COLLATE NOCASE)) WITHOUT ROWID;
      INSERT INTO pair VALUES ('x', 1, NULL), ('y', 1, 'z');
      CREATE TABLE country (code TEXT PRIMARY KEY);
      INSERT INTO country VALUES ('GB'), (NULL);
      CREATE TABLE keyless (a, "b ""c" TEXT);
      INSERT INTO keyless (rowid, a, "b ""c") VALUES (7, 1, 'x'), (3, NULL, 'y');
      CREATE VIEW both AS SELECT * FROM airport;
      CREATE TRIGGER t AFTER INSERT ON pair BEGIN DELETE FROM pair; END;
      CREATE VIRTUAL TABLE words USING fts5(text);
      """)
    let run = try upkeep("import-sqlite", "t.upkeep", "s.sqlite")
    #expect(run.status == 0, "\(run)")
    #expect(
      run.output == """
        airport: 3 rows; indexes airport_icao_key, airport_name, airport_lat
        pair: 2 rows
        country: 2 rows; indexes country_code_key
        keyless: 2 rows
        both: a view
        not carried over:
          trigger t
          virtual table words
          table words_data, which belongs to a virtual table
          table words_idx, which belongs to a virtual table
          table words_content, which belongs to a virtual table
          table words_docsize, which belongs to a virtual table
          table words_config, which belongs to a virtual table
          index odd: its collation is not here
          airport: its foreign keys to country
          country: its primary key holds NULL, which none here does; it is a unique key now

        """, "\(run)")
    let schema = try upkeep("schema", "t.upkeep").output
    #expect(
      schema == """
        CREATE TABLE airport (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          icao VARCHAR(4) NOT NULL UNIQUE,
          name TEXT DEFAULT 'none' COLLATE NOCASE,
          seen INT DEFAULT (1 + 1),
          lat DOUBLE,
          made TEXT DEFAULT CURRENT_TIMESTAMP,
          raw BLOB,
          anything,
          country,
          CHECK (seen >= 0)
        );
        CREATE UNIQUE INDEX airport_name ON airport (lower(name), lat DESC) WHERE name <> '';
        CREATE INDEX airport_lat ON airport (lat, icao COLLATE NOCASE);
        CREATE TABLE country (
          code TEXT UNIQUE
        );
        CREATE TABLE keyless (
          a,
          "b ""c" TEXT
        );
        CREATE TABLE pair (
          a TEXT,
          b INTEGER,
          c,
          PRIMARY KEY (b DESC, a COLLATE NOCASE)
        );
        CREATE VIEW both AS SELECT * FROM airport;

        """)
    #expect(
      try rows("SELECT id, icao, name, seen, lat, raw, anything, country FROM airport ORDER BY id")
        == "1|EGLL|Heathrow|3|51.5|x'00ff'|1|GB\n2|EGKK||0|51.0|NULL|x|NULL\n5|EGGW|none|2|NULL|NULL|NULL|NULL\n"
    )
    #expect(try rows("SELECT rowid, * FROM keyless ORDER BY rowid") == "3|NULL|y\n7|1|x\n")
    #expect(try rows("SELECT * FROM pair") == "x|1|NULL\ny|1|z\n")
    #expect(try upkeep("check", "t.upkeep").output == "ok\n")
    // Ids are not used again, as in SQLite.
    #expect(try rows("INSERT INTO airport (icao) VALUES ('EGLC') RETURNING id") == "10\n")
    let again = try upkeep("import-sqlite", "t.upkeep", "s.sqlite")
    #expect(again.status == 1 && again.errors.contains("airport"), "\(again)")
  }

  private static let contents: [(declared: String, values: String, type: String, shown: String)] = [
    ("INTEGER", "(1), (NULL), (-9223372036854775808)", "INTEGER", "1|NULL|-9223372036854775808"),
    ("INTEGER", "(1), (2.5)", "REAL", "1.0|2.5"),
    ("INTEGER", "(9007199254740993), (2.5)", "", "9007199254740993|2.5"),
    ("INTEGER", "(1), ('x')", "", "1|x"),
    ("INT", "('x'), ('007x')", "TEXT", "x|007x"),
    ("TEXT", "(1), ('x')", "TEXT", "1|x"),
    ("TEXT", "('x'), (x'01')", "", "x|x'01'"),
    ("TEXT", "(CAST(x'ff41' AS TEXT))", "", "x'ff41'"),
    ("REAL", "(1), (1e400), (-0.0)", "REAL", "1.0|Inf|0.0"),
    ("REAL", "('x')", "TEXT", "x"),
    ("BLOB", "(x'00'), (NULL)", "BLOB", "x'00'|NULL"),
    ("BLOB", "(x'00'), (1)", "", "x'00'|1"),
    ("BOOLEAN", "(0), (1)", "INTEGER", "0|1"),
    ("DATE", "('2024-01-01')", "DATE", "2024-01-01"),
    ("DATETIME", "('2024-01-01'), (5)", "", "2024-01-01|5"),
    ("NUMERIC", "(1), (1.5)", "NUMERIC", "1.0|1.5"),
    ("DECIMAL(10, 2)", "('1.50')", "DECIMAL(10, 2)", "1.5"),
    ("", "(1), (2)", "", "1|2"),
    ("JSON", "('{}')", "TEXT", "{}"),
    ("STRING", "('5x'), (5)", "", "5x|5"),
    ("INTEGER DEFAULT 'x'", "(1)", "", "1"),
    ("NUMERIC", "", "NUMERIC", ""), ("DATETIME", "", "TEXT", ""), ("BLOB", "", "BLOB", ""),
    ("WHATEVER", "", "", ""),
  ]

  @Test("A column's type keeps every value that SQLite has in it", arguments: contents.indices)
  func types(_ index: Int) throws {
    let (declared, values, type, shown) = Self.contents[index]
    try sqlite("CREATE TABLE t (c \(declared)); \(values.isEmpty ? "" : "INSERT INTO t VALUES \(values)")")
    let run = try upkeep("import-sqlite", "t.upkeep", "s.sqlite")
    #expect(run.status == 0, "\(run)")
    let line = try upkeep("schema", "t.upkeep").output.split(separator: "\n").dropFirst().first ?? ""
    let expected = declared.contains("DEFAULT") ? "  c DEFAULT 'x'" : type.isEmpty ? "  c" : "  c \(type)"
    #expect(line == expected)
    #expect(try rows("SELECT c FROM t").split(separator: "\n").joined(separator: "|") == shown)
  }

  @Test(
    "Views come over, whatever order they were made in; one that cannot be here is told by name, with why")
  func views() throws {
    try sqlite(
      """
      CREATE TABLE city (name TEXT PRIMARY KEY, people INTEGER);
      INSERT INTO city VALUES ('London', 9), ('Leeds', 1);
      CREATE VIEW "large ones" AS SELECT * FROM ahead WHERE people > 5;
      CREATE VIEW ahead (name, people) AS SELECT name, people -- with a comment
        FROM city;
      CREATE VIEW odd AS SELECT sqlite_source_id() AS s FROM city;
      CREATE VIEW behind AS SELECT * FROM odd;
      CREATE VIEW gone AS SELECT * FROM nowhere;
      """)
    let run = try upkeep("import-sqlite", "t.upkeep", "s.sqlite")
    #expect(run.status == 0, "\(run)")
    let lines = run.output.split(separator: "\n")
    #expect(
      lines.prefix(4) == ["city: 2 rows", "ahead: a view", "large ones: a view", "not carried over:"],
      "\(run)")
    #expect(
      lines.dropFirst(4).map { $0.prefix { $0 != ":" } } == ["  view odd", "  view behind", "  view gone"],
      "\(run)")
    #expect(run.output.contains("sqlite_source_id") && run.output.contains("nowhere"), "\(run)")
    #expect(try rows("SELECT * FROM \"large ones\"") == "London|9\n")
    let json = try upkeep("import-sqlite", "other.upkeep", "s.sqlite", "--json")
    let report = try #require(JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(report["views"] as? [String] == ["ahead", "large ones"])
    // What is there already keeps everything out.
    let again = try upkeep("import-sqlite", "t.upkeep", "s.sqlite")
    #expect(again.status == 1 && again.errors.contains("city"), "\(again)")
    #expect(try rows("SELECT count(*) FROM city") == "2\n")
  }

  @Test("Generated columns and defaults that are not understood are told; the values are there")
  func losses() throws {
    try sqlite(
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b AS (a * 2) STORED, c DEFAULT (sqlite_version()), d INTEGER DEFAULT -1);"
        + "INSERT INTO t (a, c) VALUES (1, 'x')")
    let run = try upkeep("import-sqlite", "t.upkeep", "s.sqlite", "--json")
    #expect(run.status == 0, "\(run)")
    let report = try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let lost = try #require(report["notCarriedOver"] as? [String])
    #expect(lost.contains { $0.hasPrefix("t.b: how it is generated") }, "\(lost)")
    #expect(lost.contains { $0.hasPrefix("t.c: its default sqlite_version()") }, "\(lost)")
    #expect(try rows("SELECT a, b, c, d FROM t") == "1|2|x|-1\n")
  }

  @Test(
    "Files that are none, and a library that is not there, are clear errors that leave no database behind")
  func failures() throws {
    try scratch.write("not.sqlite", String(repeating: "no database ", count: 100))
    let not = try upkeep("import-sqlite", "t.upkeep", "not.sqlite")
    #expect(not.status == 1 && not.errors.contains("not.sqlite: file is not a database"), "\(not)")
    let missing = try upkeep("import-sqlite", "t.upkeep", "missing.sqlite")
    #expect(missing.status == 1 && missing.errors.contains("missing.sqlite"), "\(missing)")
    try sqlite("CREATE TABLE t (a)")
    let process = Process()
    process.executableURL = ShellRun.program
    process.arguments = ["import-sqlite", scratch.path("t.upkeep"), scratch.path("s.sqlite")]
    process.environment = ["UPKEEP_SQLITE": "libnothing.so"]
    let output = Pipe()
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
    #expect(text.contains("the SQLite library is not there") && text.contains(".dump"), "\(text)")
    #expect(!scratch.exists("t.upkeep"))
  }
}
