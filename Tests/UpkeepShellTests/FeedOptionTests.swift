import Foundation
import Testing

@testable import UpkeepShell

/// What a load takes besides the feed's rows: gzip, tables made for it, differences.
@Suite struct FeedOptionTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func upkeep(_ arguments: String..., input: Data = Data()) throws -> ShellRun {
    try ShellRun(arguments, input: input, in: scratch)
  }

  private func schema() throws -> String {
    try upkeep("schema", "t.upkeep").output.split(separator: "\n").dropFirst().dropLast()
      .map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
  }

  private func rows(_ sql: String = "SELECT * FROM t") throws -> String {
    try upkeep("t.upkeep", "--null", "NULL", "-c", sql).output
  }

  private func gzip(_ text: String) throws -> [UInt8] {
    let encoder = GzipEncoder()
    return try #require(encoder.encode(Array(text.utf8), isLast: true))
  }

  // MARK: - Separators and names

  @Test("Fields may be parted by another sign, in the feed, in what is set aside of it, and with --create")
  func separator() throws {
    try scratch.write("feed.csv", "id;name\n1;\"a;b\"\nx;c,d\n3;e\n")
    let made = try upkeep("load", "t.upkeep", "feed.csv", "--into", "p", "--create", "--separator", ";")
    #expect(made.output == "3 inserted\n" && made.errors.contains("id TEXT, name TEXT"), "\(made)")
    _ = try upkeep("t.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
    let run = try upkeep(
      "load", "t.upkeep", "feed.csv", "--into", "t", "--separator", ";", "--rejects", "bad.csv")
    #expect(run.output == "2 inserted, 1 rejected\n", "\(run)")
    #expect(try rows() == "1|a;b\n3|e\n")
    let bad = try scratch.read("bad.csv")
    #expect(bad.hasPrefix("id;name;_line;_reason;_index;_existing\nx;c,d;3;\"t.id is INTEGER"), "\(bad)")
    try scratch.write("bad.csv", bad.replacingOccurrences(of: "\nx;", with: "\n7;"))
    let mended = try upkeep("t.upkeep", ".import bad.csv t --separator ';'")
    #expect(mended.errors.hasPrefix("1 inserted"), "\(mended)")
    for (sign, file) in [
      ("tab", "a\tb\n1\t2\n"), ("\\t", "a\tb\n1\t2\n"), ("|", "a|b\n1|2\n"), (" ", "a b\n1 2\n"),
    ] {
      try scratch.write("other.txt", file)
      let run = try upkeep(
        "t.upkeep", "-c", "DROP TABLE IF EXISTS o", "-c",
        ".import other.txt o --create --separator '\(sign)'", "-c", "SELECT a + b FROM o")
      #expect(run.output == "3\n", "\(sign): \(run)")
    }
    for sign in ["", ";;", "\"", "a", "1", "\n", "é"] {
      let run = try upkeep("load", "t.upkeep", "feed.csv", "--into", "t", "--separator", sign)
      #expect(run.status == 2 && run.errors.contains("separator"), "\(sign): \(run)")
    }
    let json = try upkeep("load", "t.upkeep", "f.json", "--into", "t", "--separator", ";")
    #expect(json.status == 1 && json.errors.contains("json has no fields"), "\(json)")
  }

  @Test(
    "A first line that is one column with another separator in it is an error that says so",
    arguments: [
      ("f.csv", "id;name\n1;a\n", "--separator ';'"), ("f.csv", "id\tname\n1\ta\n", "--as tsv"),
      ("f.csv", "id|name\n1|a\n", "--separator '|'"), ("f.tsv", "id,name\n1,a\n", "--as csv"),
    ])
  func doubtfulSeparator(_ file: String, _ text: String, _ advice: String) throws {
    try scratch.write(file, text)
    _ = try upkeep("t.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
    for table in ["t", "made"] {
      let run = try upkeep("load", "t.upkeep", file, "--into", table, "--create")
      #expect(
        run.status == 1 && run.errors.contains("is one column") && run.errors.contains(advice), "\(run)")
    }
    #expect(try upkeep("t.upkeep", ".tables").output == "t\n")
    // Said so, it is a name as any other.
    let sign = file.hasSuffix("tsv") ? "tab" : ","
    let meant = try upkeep("load", "t.upkeep", file, "--into", "made", "--create", "--separator", sign)
    #expect(meant.output == "1 inserted\n", "\(meant)")
  }

  @Test("A column without a name is passed over or named with --map; the error says so")
  func namelessColumn() throws {
    try scratch.write("feed.csv", "id,name,\n1,a,\n2,b,7\n")
    _ = try upkeep("t.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)")
    for table in ["t", "made"] {
      let run = try upkeep("load", "t.upkeep", "feed.csv", "--into", table, "--create")
      #expect(
        run.status == 1 && run.errors.contains("column 3 of the feed has no name; --map =COLUMN"), "\(run)")
      let passed = try upkeep("load", "t.upkeep", "feed.csv", "--into", table, "--create", "--map", "=")
      #expect(passed.output == "2 inserted\n", "\(passed)")
    }
    let named = try upkeep("load", "t.upkeep", "feed.csv", "--into", "t", "--map", "=n", "--mode", "merge")
    #expect(named.output == "0 inserted, 1 updated, 1 unchanged\n", "\(named)")
  }

  @Test("Columns that the table lacks: the error has the options that pass them over")
  func unknownColumns() throws {
    _ = try upkeep("t.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
    try scratch.write("feed.csv", "id,city,name,time zone\n1,x,a,y\n")
    let run = try upkeep("load", "t.upkeep", "feed.csv", "--into", "t")
    #expect(run.errors.contains("--map city= --map 'time zone=' pass over what it lacks"), "\(run)")
    let passed = try upkeep(
      "load", "t.upkeep", "feed.csv", "--into", "t", "--map", "city=", "--map", "time zone=")
    #expect(passed.output == "1 inserted\n", "\(passed)")
    try scratch.write("bare.csv", "7,seven\n")
    let bare = try upkeep("load", "t.upkeep", "bare.csv", "--into", "t")
    #expect(bare.errors.contains("the first line must name columns, or --columns names them"), "\(bare)")
  }

  @Test(
    "A file that is no text says what it is and what to do",
    arguments: [
      (Array("PK\u{3}\u{4}abc".utf8), "zip"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz -dc"),
      ([0x28, 0xB5, 0x2F, 0xFD, 1], "zstd -dc"), (Array("SQLite format 3\u{0}abc".utf8), "import-sqlite"),
      (Array("UPKEEPDB\u{1}".utf8), "upkeep dump"),
    ] as [([UInt8], String)])
  func noText(_ bytes: [UInt8], _ advice: String) throws {
    try scratch.write("feed.csv", bytes: bytes)
    let run = try upkeep("load", "t.upkeep", "feed.csv", "--into", "t", "--create")
    #expect(run.status == 1 && run.errors.contains(advice), "\(run)")
    let piped = try upkeep("load", "t.upkeep", "-", "--into", "t", "--create", input: Data(bytes))
    #expect(piped.status == 1 && piped.errors.contains(advice), "\(piped)")
  }

  // MARK: - gzip

  @Test("A gzip file goes in as what is in it, from a file and from a pipe, of one member or several")
  func gzipFiles() throws {
    let first = try gzip("id,name\n1,a\n2,")
    let second = try gzip("b\n3,c\n")
    try scratch.write("feed.csv.gz", bytes: first + second + [0, 0, 0])
    #expect(try upkeep("load", "t.upkeep", "feed.csv.gz", "--into", "t", "--create").output == "3 inserted\n")
    #expect(try rows() == "1|a\n2|b\n3|c\n")
    let piped = try upkeep("load", "t.upkeep", "-", "--into", "p", "--create", input: Data(first + second))
    #expect(piped.output == "3 inserted\n", "\(piped)")
    try scratch.write("feed.jsonl.GZ", bytes: try gzip("{\"id\":1,\"name\":\"A\"}\n"))
    let json = try upkeep(
      "load", "t.upkeep", "feed.jsonl.GZ", "--into", "t", "--mode", "merge", "--on", "t_id")
    #expect(json.status == 1 && json.errors.contains("t_id"), "\(json)")
    // The name need not say it.
    try scratch.write("feed.csv", bytes: first + second)
    #expect(try upkeep("load", "t.upkeep", "feed.csv", "--into", "t").output == "3 inserted\n")
  }

  @Test("A gzip file that is cut off anywhere or damaged is an error, and nothing is stored")
  func badGzip() throws {
    let text = (0..<200).map { "\($0),name \($0 * 7919 % 1000)\n" }.joined()
    let whole = try gzip("id,name\n" + text)
    _ = try upkeep("t.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
    let cuts = [0, 1, 2, 9, 10, 11, whole.count / 2, whole.count - 9, whole.count - 8, whole.count - 1]
    for cut in cuts {
      try scratch.write("cut.csv.gz", bytes: whole[..<cut])
      let run = try upkeep("load", "t.upkeep", "cut.csv.gz", "--into", "t")
      #expect(run.status == 1, "cut at \(cut): \(run)")
      #expect(
        run.errors.contains("cut.csv.gz") && run.errors.contains(cut < 2 ? "gzip" : "cut off"),
        "\(cut): \(run)")
    }
    for place in stride(from: 10, to: whole.count, by: 37) {
      var damaged = whole
      damaged[place] ^= 0x10
      try scratch.write("bad.csv.gz", bytes: damaged)
      let run = try upkeep("load", "t.upkeep", "bad.csv.gz", "--into", "t")
      #expect(run.status == 1, "damaged at \(place): \(run)")
    }
    try scratch.write("more.csv.gz", bytes: whole + Array("x".utf8))
    let more = try upkeep("load", "t.upkeep", "more.csv.gz", "--into", "t")
    #expect(more.status == 1 && more.errors.contains("follows"), "\(more)")
    try scratch.write("plain.csv.gz", "id,name\n1,a\n")
    let plain = try upkeep("load", "t.upkeep", "plain.csv.gz", "--into", "t")
    #expect(plain.status == 1 && plain.errors.contains("not gzip"), "\(plain)")
    #expect(try rows("SELECT count(*) FROM t") == "0\n")
    try scratch.write("whole.csv.gz", bytes: whole)
    #expect(try upkeep("load", "t.upkeep", "whole.csv.gz", "--into", "t").output == "200 inserted\n")
  }

  // MARK: - --create

  private static let inferred: [(file: String, feed: String, options: [String], schema: String)] = [
    ("f.csv", "id,name\n1,a\n2,b\n", ["--key", "id"], "id INTEGER PRIMARY KEY, name TEXT"),
    ("f.csv", "a,b\n1,2\n1.5,\n", [], "a REAL, b INTEGER"),
    ("f.csv", "zip,n\n01234,1\n98765,2\n", [], "zip TEXT, n INTEGER"),
    ("f.csv", "a,b,c,d\n1,1,1,1\n+2, 3,4x,\"\"\n", [], "a TEXT, b TEXT, c TEXT, d TEXT"),
    ("f.csv", "a,b\n9007199254740993,9223372036854775808\n0.5,1\n", [], "a TEXT, b TEXT"),
    ("f.csv", "a,b,c\n1e3,0.12345678901234567890,1e999\n", [], "a REAL, b TEXT, c TEXT"),
    ("f.csv", "a,b\n,\n,\n", [], "a TEXT, b TEXT"),
    ("f.csv", "a\n1\nNA\n", ["--null", "NA"], "a INTEGER"),
    ("f.tsv", "a\tb c\n-5\tx\n", [], "a INTEGER, \"b c\" TEXT"),
    ("f.csv", "1,x\n2,y\n", ["--columns", "n,t", "--key", "n,t"], "n INTEGER, t TEXT, PRIMARY KEY (n, t)"),
    ("f.csv", "a,b\n1,2\n", ["--map", "a=first", "--map", "b="], "first INTEGER"),
    (
      "f.json", "[{\"a\":1,\"b\":true},{\"c\":[1],\"a\":2.5},{\"d\":\"1\",\"b\":null}]", [],
      "a REAL, b BOOLEAN, c JSON, d TEXT"
    ),
    (
      "f.jsonl", "{\"a\":true,\"b\":1,\"c\":\"x\"}\n{\"a\":1,\"b\":\"x\",\"c\":{}}\n", [],
      "a TEXT, b TEXT, c JSON"
    ),
    ("f.jsonl", "{\"a\":{\"$blob\":\"00FF\"}}\n{\"a\":null}\n", [], "a BLOB"),
  ]

  @Test(
    "--create makes a table with the narrowest types that hold the whole file", arguments: inferred.indices)
  func create(_ index: Int) throws {
    let (file, feed, options, expected) = Self.inferred[index]
    try scratch.write(file, feed)
    let run = try ShellRun(["load", "t.upkeep", file, "--into", "t", "--create"] + options, in: scratch)
    #expect(run.status == 0, "\(run)")
    #expect(try schema() == expected)
    // A pipe is read twice as well.
    let format = ["f.csv": "csv", "f.tsv": "tsv", "f.json": "json", "f.jsonl": "jsonl"][file] ?? ""
    let piped = try ShellRun(
      ["load", "p.upkeep", "-", "--into", "t", "--create", "--as", format] + options, input: feed, in: scratch
    )
    #expect(piped.output == run.output, "\(piped)")
    #expect(
      try upkeep("p.upkeep", "--format", "jsonl", "-c", "SELECT * FROM t").output
        == upkeep("t.upkeep", "--format", "jsonl", "-c", "SELECT * FROM t").output)
  }

  @Test("Widening never drops a value: what goes in through --create comes out as the same text")
  func widening() throws {
    let values = [
      "1", "-7", "01", "1.5", "1e5", "9223372036854775807", "9223372036854775808", "", "x", "0.1", "+1", "1.",
      ".5", "0x1F", "Inf", "NaN", "true", "-0", "1_000", " 1",
    ]
    for (number, value) in values.enumerated() {
      for (other, second) in values.enumerated() where other != number {
        try scratch.write("t\(number)-\(other).csv", "k,v\n1,\"\(value)\"\n2,\"\(second)\"\n")
      }
    }
    // One process for all: a table for each pair.
    var script = ""
    for number in values.indices {
      for other in values.indices where other != number {
        script +=
          ".import t\(number)-\(other).csv t\(number)_\(other) --create\nSELECT k, v FROM t\(number)_\(other) ORDER BY k;\n"
      }
    }
    let run = try upkeep("--format", "jsonl", input: Data(script.utf8))
    #expect(run.status == 0, "\(run.errors)")
    var lines = run.output.split(separator: "\n").makeIterator()
    for (number, value) in values.enumerated() {
      for (other, second) in values.enumerated() where other != number {
        for text in [value, second] {
          let line = lines.next() ?? ""
          let shown = line.drop { $0 != "v" }.dropFirst(3).dropLast()
          if shown.hasPrefix("\"") {
            #expect(shown == "\"\(text)\"", "\(value) and \(second)")
          } else {
            #expect(Double(String(shown)) == Double(text), "\(value) and \(second): \(line)")
            #expect(text.first?.isNumber == true || text.hasPrefix("-"), "\(value) and \(second): \(line)")
          }
        }
      }
    }
    #expect(lines.next() == nil)
  }

  @Test(
    "Into a table that is there --create takes its types; a key that is no column, or a nameless one, is an error"
  )
  func createAgain() throws {
    _ = try upkeep("t.upkeep", "-c", "CREATE TABLE t (id TEXT PRIMARY KEY, n REAL)")
    try scratch.write("f.csv", "id,n\n1,2\n")
    #expect(try upkeep("load", "t.upkeep", "f.csv", "--into", "t", "--create").output == "1 inserted\n")
    #expect(try rows() == "1|2.0\n")
    let key = try upkeep("load", "t.upkeep", "f.csv", "--into", "u", "--create", "--key", "ID, m")
    #expect(key.status == 1 && key.errors.contains("m is no column of the feed"), "\(key)")
    try scratch.write("g.csv", "id,\n1,2\n")
    let nameless = try upkeep("load", "t.upkeep", "g.csv", "--into", "u", "--create")
    #expect(nameless.status == 1 && nameless.errors.contains("no name"), "\(nameless)")
    try scratch.write("h.csv", "id,ID\n1,2\n")
    let doubled = try upkeep("load", "t.upkeep", "h.csv", "--into", "u", "--create")
    #expect(doubled.status == 1 && doubled.errors.contains("called id"), "\(doubled)")
    let dry = try upkeep("load", "t.upkeep", "f.csv", "--into", "u", "--create", "--dry-run")
    #expect(dry.output == "1 inserted\n", "\(dry)")
    #expect(try upkeep("t.upkeep", "-c", ".tables").output == "t\n")
    let missing = try upkeep("load", "t.upkeep", "f.csv", "--into", "u")
    #expect(missing.status == 1 && missing.errors.contains("there is no table u"), "\(missing)")
  }

  @Test("A load that fails leaves no table behind either")
  func createAndFail() throws {
    try scratch.write("f.csv", "id,n\n1,2\n1,3\n")
    let run = try upkeep("load", "t.upkeep", "f.csv", "--into", "t", "--create", "--key", "id")
    #expect(run.status == 1 && run.errors.contains("line 3"), "\(run)")
    #expect(try upkeep("t.upkeep", "-c", ".tables").output == "")
    let over = try upkeep(
      "load", "t.upkeep", "f.csv", "--into", "t", "--create", "--key", "id", "--reject-limit", "0")
    #expect(over.status == 3, "\(over)")
    #expect(try upkeep("t.upkeep", "-c", ".tables").output == "")
  }

  @Test("--columns names the columns of separated text that has no line of names; rejects then have one")
  func columns() throws {
    _ = try upkeep("t.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, n REAL)")
    try scratch.write("f.csv", "1,a\n2,b\nx,c\n")
    let run = try upkeep(
      "load", "t.upkeep", "f.csv", "--into", "t", "--columns", "id,name", "--rejects", "bad.csv")
    #expect(run.output == "2 inserted, 1 rejected\n", "\(run)")
    #expect(try scratch.read("bad.csv").hasPrefix("id,name,_line,_reason,_index,_existing\nx,c,3,"))
    #expect(try rows() == "1|a|NULL\n2|b|NULL\n")
    let wrong = try upkeep("load", "t.upkeep", "f.csv", "--into", "t", "--columns", "id,nam")
    #expect(wrong.status == 1 && wrong.errors.contains("did you mean name?"), "\(wrong)")
    let empty = try upkeep("load", "t.upkeep", "f.csv", "--into", "t", "--columns", "id,,n")
    #expect(empty.status == 2, "\(empty)")
  }

  @Test("The file of rejects cannot be the feed, and files of one feed are of one format")
  func wrongFiles() throws {
    _ = try upkeep("t.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    try scratch.write("f.csv", "id\n1\n")
    try scratch.write("g.json", "[]")
    let same = try upkeep("load", "t.upkeep", "f.csv", "--into", "t", "--rejects", "./f.csv")
    #expect(same.status == 1 && same.errors.contains("is the file that is loaded"), "\(same)")
    #expect(try scratch.read("f.csv") == "id\n1\n")
    let mixed = try upkeep("load", "t.upkeep", "f.csv", "g.json", "--into", "t")
    #expect(mixed.status == 1 && mixed.errors.contains("one format"), "\(mixed)")
  }

  // MARK: - Differences

  @Test("diff lists each row that a load would change, and changes nothing")
  func diff() throws {
    let sql = """
      CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, size REAL);
      INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', NULL), (4, 'd', 4)
      """
    _ = try upkeep("t.upkeep", "-c", sql)
    let before = try rows()
    try scratch.write("f.csv", "id,name,size\n5,\"e\nf\",5\n2,B,2\n1,a,1\n3,,3\n")
    let merged = try upkeep("diff", "t.upkeep", "f.csv", "--into", "t", "--key", "id")
    #expect(
      merged.output == """
        ~ id 2: name 'b' -> 'B'
        ~ id 3: name 'c' -> NULL, size NULL -> 3.0
        + id 5, name 'e\\nf', size 5.0
        1 inserted, 2 updated, 1 unchanged

        """, "\(merged)")
    let synced = try upkeep("diff", "t.upkeep", "f.csv", "--into", "t", "--mode", "sync", "--json")
    #expect(
      synced.output == """
        {"change":"updated","key":{"id":2},"columns":{"name":{"old":"b","new":"B"}}}
        {"change":"updated","key":{"id":3},"columns":{"name":{"old":"c","new":null},"size":{"old":null,"new":3.0}}}
        {"change":"deleted","row":{"id":4,"name":"d","size":4.0}}
        {"change":"inserted","row":{"id":5,"name":"e\\nf","size":5.0}}
        {"inserted":1,"updated":2,"unchanged":1,"deleted":1}

        """, "\(synced)")
    let within = try upkeep(
      "t.upkeep", "-c", "BEGIN; DELETE FROM t WHERE id = 2", "-c", ".diff f.csv t --mode sync", "-c",
      "SELECT count(*) FROM t")
    #expect(
      within.output.split(separator: "\n").map { $0.prefix(6) } == [
        "+ id 2", "~ id 3", "- id 4", "+ id 5", "3",
      ],
      "\(within)")
    let failing = try upkeep("diff", "t.upkeep", "f.csv", "--into", "t", "--mode", "insert")
    #expect(failing.status == 1 && failing.errors.contains("line 4"), "\(failing)")
    #expect(try rows() == before)
    let nowhere = try upkeep("diff", "none.upkeep", "f.csv", "--into", "t")
    #expect(nowhere.status == 1 && !scratch.exists("none.upkeep"), "\(nowhere)")
  }

  @Test("A row that is met by another key and gets another primary key is listed as one that changes")
  func diffOfMovedRows() throws {
    let sql = """
      CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE, n INTEGER);
      INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, NULL, 4)
      """
    _ = try upkeep("t.upkeep", "-c", sql)
    try scratch.write("f.csv", "id,code,n\n9,a,1\n1,b,5\n3,c,3\n7,d,7\n")
    let options = ["f.csv", "--into", "t", "--mode", "replace", "--on", "t_code_key"]
    let diff = try ShellRun(["diff", "t.upkeep"] + options, in: scratch)
    // Row 2 takes the primary key that row 1 had: of a key that both states have the rows are compared.
    #expect(
      diff.output == """
        ~ id 1: code 'a' -> 'b', n 1 -> 5
        - id 2, code 'b', n 2
        + id 7, code 'd', n 7
        + id 9, code 'a', n 1
        1 inserted, 1 unchanged, 2 replaced

        """, "\(diff)")
    try scratch.write("f.csv", "id,code,n\n9,a,1\n8,b,5\n")
    let apart = try ShellRun(["diff", "t.upkeep"] + options, in: scratch)
    #expect(
      apart.output == """
        ~ id 1: id 1 -> 9
        ~ id 2: id 2 -> 8, n 2 -> 5
        0 inserted, 0 unchanged, 2 replaced

        """, "\(apart)")
    let json = try ShellRun(["diff", "t.upkeep"] + options + ["--json"], in: scratch)
    #expect(
      json.output.hasPrefix(
        "{\"change\":\"updated\",\"key\":{\"id\":1},\"columns\":{\"id\":{\"old\":1,\"new\":9}}}\n"), "\(json)"
    )
    let load = try ShellRun(["load", "t.upkeep"] + options, in: scratch)
    #expect(load.output == "0 inserted, 0 unchanged, 2 replaced\n", "\(load)")
    #expect(try rows() == "3|c|3\n4|NULL|4\n8|b|5\n9|a|1\n")
  }

  @Test(
    "What diff lists is what the load then does, whatever the mode",
    arguments: ["ignore", "replace", "merge", "sync"])
  func diffAgainstLoad(_ mode: String) throws {
    let sql = """
      CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT, n INTEGER DEFAULT 7);
      CREATE UNIQUE INDEX t_code ON t (code) WHERE code <> '';
      """
    _ = try upkeep("t.upkeep", "-c", sql)
    try scratch.write("old.csv", "id,code,n\n" + (0..<300).map { "\($0),c\($0),\($0 % 5)\n" }.joined())
    _ = try upkeep("load", "t.upkeep", "old.csv", "--into", "t")
    // Codes move on by one, and some lines come twice.
    let lines = (100..<400).flatMap { id in
      Array(repeating: "\(id),c\(id + 1)\n", count: id % 50 == 0 ? 2 : 1)
    }
    try scratch.write("new.csv", "id,code\n" + lines.joined())
    let options = ["new.csv", "--into", "t", "--mode", mode, "--on-ambiguity", "displace"]
    let diff = try ShellRun(["diff", "t.upkeep"] + options, in: scratch)
    #expect(diff.status == 0, "\(diff)")
    let before = try rows("SELECT * FROM t ORDER BY id").split(separator: "\n")
    let load = try ShellRun(["load", "t.upkeep"] + options, in: scratch)
    #expect(load.output.split(separator: "\n").last == diff.output.split(separator: "\n").last)
    let after = try rows("SELECT * FROM t ORDER BY id").split(separator: "\n")
    let old = Set(before), new = Set(after)
    let marks = diff.output.split(separator: "\n").dropLast().map { $0.prefix(1) }
    let oldIDs = Set(before.compactMap { $0.split(separator: "|").first }),
      newIDs = Set(after.compactMap { $0.split(separator: "|").first })
    #expect(marks.count { $0 == "+" } == newIDs.subtracting(oldIDs).count)
    #expect(marks.count { $0 == "-" } == oldIDs.subtracting(newIDs).count)
    let changed = newIDs.intersection(oldIDs).count - old.intersection(new).count
    #expect(marks.count { $0 == "~" } == changed)
  }

  @Test(".sync makes a table equal to a file")
  func sync() throws {
    try scratch.write("f.csv", "id,n\n1,1\n2,2\n")
    try scratch.write("g.json", "[{\"id\":2,\"n\":3}]")
    let run = try upkeep(
      "-c", ".import f.csv t --create --key id", "-c", ".sync g.json t", "-c", "SELECT * FROM t", "-c",
      ".sync f.csv t --mode merge")
    #expect(run.output == "2|3\n", "\(run)")
    #expect(run.errors.contains("0 inserted, 1 updated, 0 unchanged, 1 deleted"), "\(run)")
    #expect(run.errors.contains(".sync has a mode of its own"), "\(run)")
  }
}
