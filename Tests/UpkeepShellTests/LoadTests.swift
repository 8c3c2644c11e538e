import Foundation
import Testing
import Upkeep

@testable import UpkeepShell

@Suite struct LoadTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    let sql = """
      CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT, name TEXT, size REAL);
      CREATE UNIQUE INDEX t_code ON t (code) WHERE code <> '';
      """
    _ = try ShellRun(["t.upkeep", "-c", sql], in: scratch)
  }

  private func load(_ text: String, _ options: String..., file: String = "feed.csv") throws -> ShellRun {
    try scratch.write(file, text)
    return try ShellRun(["load", "t.upkeep", file, "--into", "t"] + options, in: scratch)
  }

  private func rows(_ sql: String = "SELECT * FROM t ORDER BY id") throws -> String {
    try ShellRun(["t.upkeep", "--null", "NULL", "-c", sql], in: scratch).output
  }

  @Test("A feed goes in: columns by name in any order and case, empty is NULL, quoted empty is empty text")
  func plainLoad() throws {
    let run = try load("\u{FEFF}NAME,Id,code\r\n\"one, two\",1,\"\"\r\n,2,\"x\"\"y\"\r\n\"a\nb\",3,c")
    #expect(run.output == "3 inserted\n", "\(run)")
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(try rows() == "1||one, two|NULL\n2|x\"y|NULL|NULL\n3|c|a\nb|NULL\n")
  }

  @Test("Standard input, several files as one feed, tab-separated text")
  func sources() throws {
    let piped = try ShellRun(["load", "t.upkeep", "-", "--into", "t"], input: "id,name\n1,a\n", in: scratch)
    #expect(piped.output == "1 inserted\n")
    try scratch.write("two.tsv", "name\tid\nb\t2\n")
    try scratch.write("three.tsv", "id\tsize\n3\t1.5\n")
    let files = try ShellRun(["load", "t.upkeep", "two.tsv", "three.tsv", "--into", "t"], in: scratch)
    #expect(files.output == "2 inserted\n", "\(files)")
    #expect(try rows() == "1|NULL|a|NULL\n2|NULL|b|NULL\n3|NULL|NULL|1.5\n")
  }

  @Test(
    "What an error of a load advises are options of a load",
    arguments: [
      ("id\n1\n", [], "--mode merge, replace or ignore says what to do then"),
      ("id,code\n9,a\n", [], "--mode merge, replace or ignore with --on t_code says what to do then"),
      (
        "id,code\n3,a\n", ["--mode", "merge"],
        "free the key in the same feed, say --on-ambiguity displace or set the row aside with --rejects FILE"
      ),
      (
        "id,code\n3,c\n3,d\n", ["--mode", "merge", "--duplicates", "fail"],
        "give each key once, or say --duplicates fold, first or last"
      ),
      ("id\n7\n", ["--duplicates", "first"], "--duplicates says which of several lines with one key counts"),
      ("id\n", ["--mode", "sync"], "DELETE FROM t does, if that is meant"),
      (
        "id,code\n3,\"\"\n", ["--mode", "sync", "--on", "t_code"],
        "name a key that every row has with --key or --on"
      ),
    ] as [(String, [String], String)])
  func advice(_ text: String, _ options: [String], _ advice: String) throws {
    _ = try load("id,code\n1,a\n2,b\n")
    try scratch.write("more.csv", text)
    let run = try ShellRun(["load", "t.upkeep", "more.csv", "--into", "t"] + options, in: scratch)
    #expect(run.status == 1 && run.errors.contains(advice), "\(run)")
    for words in ["ON ", "UPSERT", "SYNC", "ALLOW"] { #expect(!run.errors.contains(words), "\(run)") }
    #expect(try rows("SELECT count(*) FROM t") == "2\n")
  }

  @Test("A table without a primary key says by which --on its rows can meet")
  func noPrimaryKey() throws {
    _ = try ShellRun(["t.upkeep", "-c", "CREATE TABLE u (a TEXT CONSTRAINT u_a UNIQUE)"], in: scratch)
    try scratch.write("u.csv", "a\nx\n")
    let run = try ShellRun(["load", "t.upkeep", "u.csv", "--into", "u", "--mode", "merge"], in: scratch)
    #expect(run.status == 1 && run.errors.contains("name one of its unique keys with --on: u_a"), "\(run)")
    let again = try ShellRun(
      ["load", "t.upkeep", "u.csv", "--into", "u", "--mode", "merge", "--on", "u_a"], in: scratch)
    #expect(again.output == "1 inserted, 0 updated, 0 unchanged\n", "\(again)")
  }

  @Test("What writes does not offer to open for reading only")
  func readonly() throws {
    for command in [["load"], ["diff"], ["import-sqlite"]] {
      let help = try ShellRun(command + ["--help"], in: scratch)
      #expect(help.status == 0 && help.output.contains("--cache") && !help.output.contains("--readonly"))
    }
    let run = try ShellRun(["load", "t.upkeep", "f.csv", "--into", "t", "--readonly"], in: scratch)
    #expect(run.status == 2 && run.errors.contains("--readonly"), "\(run)")
  }

  @Test("A feed merges by the rules of its table, at the time of the load")
  func mergeRules() throws {
    let sql = """
      DROP TABLE t;
      CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER MERGE SUM, at TIMESTAMP MERGE TOUCH,
        made TIMESTAMP DEFAULT CURRENT_TIMESTAMP MERGE KEEP);
      """
    _ = try ShellRun(["t.upkeep", "-c", sql], in: scratch)
    #expect(
      try load("id,n\n1,5\n2,1\n1,2\n", "--mode", "merge").output == "2 inserted, 1 updated, 0 unchanged\n")
    #expect(try load("id,n\n1,\n", "--mode", "merge").output == "0 inserted, 0 updated, 1 unchanged\n")
    let isNow =
      "at > TIMESTAMP '2024-01-01T00:00:00Z' AND made <= at AND made > TIMESTAMP '2024-01-01T00:00:00Z'"
    #expect(try rows("SELECT id, n, \(isNow) FROM t ORDER BY id") == "1|7|1\n2|1|1\n")
    let schema = try ShellRun(["t.upkeep", "-c", ".schema t"], in: scratch).output
    #expect(schema.contains("n INTEGER MERGE SUM,"), "\(schema)")
    #expect(schema.contains("made TIMESTAMP DEFAULT CURRENT_TIMESTAMP MERGE KEEP"), "\(schema)")
  }

  @Test("Each mode does its own to a row that is there, and counts what it can do")
  func modes() throws {
    _ = try load("id,code,name,size\n1,a,one,1\n2,b,two,2\n")
    let feed = "id,name\n1,ONE\n2,two\n3,three\n"
    let expected = [
      "ignore": ("1 inserted, 2 ignored\n", "1|a|one|1.0\n2|b|two|2.0\n3|NULL|three|NULL\n"),
      "replace": (
        "1 inserted, 0 unchanged, 2 replaced\n", "1|NULL|ONE|NULL\n2|NULL|two|NULL\n3|NULL|three|NULL\n"
      ),
      "merge": ("1 inserted, 1 updated, 1 unchanged\n", "1|a|ONE|1.0\n2|b|two|2.0\n3|NULL|three|NULL\n"),
    ]
    for (mode, (counts, table)) in expected {
      try FileManager.default.copyItem(
        atPath: scratch.path("t.upkeep"), toPath: scratch.path("\(mode).upkeep"))
      try scratch.write("feed.csv", feed)
      let run = try ShellRun(
        ["load", "\(mode).upkeep", "feed.csv", "--into", "t", "--mode", mode], in: scratch)
      #expect(run.output == counts, "\(mode)")
      let rows = try ShellRun(
        ["\(mode).upkeep", "--null", "NULL", "-c", "SELECT * FROM t ORDER BY id"], in: scratch)
      #expect(rows.output == table, "\(mode)")
    }
  }

  @Test("--mode sync deletes what the feed lacks; an empty feed deletes nothing and fails")
  func sync() throws {
    _ = try load("id,name\n1,a\n2,b\n3,c\n")
    let run = try load("id,name\n2,b\n3,C\n4,d\n", "--mode", "sync")
    #expect(run.output == "1 inserted, 1 updated, 1 unchanged, 1 deleted\n", "\(run)")
    let empty = try load("id,name\n", "--mode", "sync")
    #expect(empty.status == 1)
    #expect(try rows("SELECT count(*) FROM t") == "3\n")
  }

  @Test("--on names an index and --key its columns: rows are met by that key")
  func keys() throws {
    _ = try ShellRun(["t.upkeep", "-c", "CREATE UNIQUE INDEX t_name ON t (name)"], in: scratch)
    _ = try load("id,code,name\n1,a,x\n2,b,y\n")
    #expect(
      try load("code,name\na,X\n", "--mode", "merge", "--on", "t_code").output
        == "0 inserted, 1 updated, 0 unchanged\n")
    #expect(
      try load("size,name\n7,y\n", "--mode", "merge", "--key", "name").output
        == "0 inserted, 1 updated, 0 unchanged\n")
    #expect(try rows() == "1|a|X|NULL\n2|b|y|7.0\n")
    let wrong = try load("size,name\n7,y\n", "--mode", "merge", "--on", "t_nam")
    #expect(wrong.status == 1)
    #expect(wrong.errors.contains("t_name"))
  }

  @Test("--null and --map")
  func nullAndMap() throws {
    let run = try load("number,name\n1,NA\n2,\"NA\"\n", "--null", "NA", "--map", "Number=id")
    #expect(run.output == "2 inserted\n", "\(run)")
    #expect(try rows("SELECT id, name FROM t") == "1|NULL\n2|NA\n")
  }

  @Test("--dry-run says what would happen and changes nothing")
  func dryRun() throws {
    #expect(try load("id\n1\n2\n", "--dry-run").output == "2 inserted\n")
    #expect(try rows("SELECT count(*) FROM t") == "0\n")
  }

  @Test("--json tells the counts as an object")
  func json() throws {
    let run = try load("id\n1\n", "--json", "--mode", "merge")
    #expect(run.output == "{\"inserted\":1,\"updated\":0,\"unchanged\":0}\n")
  }

  private static let badFeeds: [(feed: String, words: [String])] = [
    ("", ["empty"]),
    ("id,nam\n1,a\n", ["nam", "name"]),
    ("id,id\n1,1\n", ["two fields", "id"]),
    ("id,name\n1,a\nx,b\n", ["line 3", "id", "x"]),
    ("id,name\n1,a\n2\n", ["line 3", "1 field"]),
    ("id,name\n1,a\n2,b,c\n", ["line 3", "3 fields"]),
    ("id,name\n1,\"a\nb\"\n2,\"b\"c\n", ["line 4", "quote"]),
    ("id,name\n1,a\n2,\"b\n", ["line 3", "quotes"]),
    ("id,name\n1,a\n1,b\n", ["line 3", "1"]),
    ("id,code\n1,a\n2,a\n", ["line 3", "code", "a"]),
    ("id,size\n1,1\n2,big\n", ["line 3", "size", "big"]),
  ]

  @Test("The first bad row fails the load with its line, and nothing is stored", arguments: badFeeds.indices)
  func badFeed(_ index: Int) throws {
    let (feed, words) = Self.badFeeds[index]
    let run = try load(feed)
    #expect(run.status == 1, "\(run)")
    #expect(run.output == "")
    #expect(run.errors.hasPrefix("error: "))
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
    #expect(try rows("SELECT count(*) FROM t") == "0\n")
  }

  @Test("Bytes that are not text are an error of their line")
  func notText() throws {
    var feed = Data("id,name\n1,a\n2,".utf8)
    feed.append(contentsOf: [0xFF, 0x0A])
    let run = try ShellRun(["load", "t.upkeep", "-", "--into", "t"], input: feed, in: scratch)
    #expect(run.status == 1)
    #expect(run.errors.contains("line 3") && run.errors.contains("UTF-8"))
  }

  @Test("Rejected lines go to the file as they were, with why; the rest goes in; the file loads again")
  func rejects() throws {
    let feed = "id,code,name\n1,a,\"one, two\"\nx,b,\"bad \"\"id\"\"\"\n2,a,same code\n3,c,good\n4\n"
    let run = try load(feed, "--rejects", "bad.csv")
    #expect(run.output == "2 inserted, 3 rejected\n", "\(run)")
    #expect(run.status == 0)
    let lines = try scratch.read("bad.csv").split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[0] == "id,code,name,_line,_reason,_index,_existing")
    #expect(lines[1].hasPrefix("x,b,\"bad \"\"id\"\"\",3,"))
    #expect(lines[2].hasPrefix("2,a,same code,4,") && lines[2].contains(",t_code,"))
    #expect(lines[3].hasPrefix("4,6,"))
    let mended = try scratch.read("bad.csv").replacingOccurrences(of: "x,b", with: "7,b")
      .replacingOccurrences(of: "2,a,same", with: "2,d,same")
    try scratch.write("mended.csv", mended)
    let again = try ShellRun(
      ["load", "t.upkeep", "mended.csv", "--into", "t", "--rejects", "bad2.csv"], in: scratch)
    #expect(again.output == "2 inserted, 1 rejected\n", "\(again)")
    #expect(
      try rows("SELECT id, code, name FROM t ORDER BY id")
        == "1|a|one, two\n2|d|same code\n3|c|good\n7|b|bad \"id\"\n")
  }

  @Test("Over the limit nothing is stored, the reject file stays, and the status says so")
  func rejectLimit() throws {
    let feed = "id,name\n1,a\nx,b\n2,c\ny,d\n"
    let within = try load(feed, "--reject-limit", "2", "--dry-run")
    #expect(within.output == "2 inserted, 2 rejected\n")
    #expect(within.errors.contains("line 3"))
    let over = try load(feed, "--reject-limit", "1", "--rejects", "bad.csv")
    #expect(over.status == 3, "\(over)")
    #expect(over.output == "")
    #expect(try scratch.read("bad.csv").split(separator: "\n").count == 3)
    #expect(try rows("SELECT count(*) FROM t") == "0\n")
  }

  @Test("A bad number never deletes its stored row in a sync; a key that cannot be read fails it")
  func syncWithRejects() throws {
    _ = try load("id,size\n1,1\n2,2\n3,3\n")
    let run = try load("id,size\n1,bad\n2,2\n", "--mode", "sync", "--rejects", "bad.csv")
    #expect(run.output == "0 inserted, 0 updated, 1 unchanged, 1 deleted, 1 rejected\n", "\(run)")
    #expect(try rows("SELECT id, size FROM t") == "1|1.0\n2|2.0\n")
    let unreadable = try load("id,size\nx,1\n2,2\n", "--mode", "sync", "--rejects", "bad.csv")
    #expect(unreadable.status == 1, "\(unreadable)")
    #expect(try rows("SELECT count(*) FROM t") == "2\n")
  }

  @Test(".import does the same from within, also inside a transaction")
  func importCommand() throws {
    try scratch.write("a.csv", "id,name\n1,a\n")
    try scratch.write("b.csv", "id,name\n1,B\n2,b\n")
    let input = """
      .import a.csv t
      BEGIN;
      .import b.csv t --mode merge
      SELECT count(*) FROM t;
      .import b.csv t
      SELECT count(*) FROM t;
      ROLLBACK;
      SELECT * FROM t;
      .import nothing.csv t
      .import a.csv
      .import a.csv t --mode nonsense
      """
    let run = try ShellRun(["t.upkeep"], input: input, in: scratch)
    #expect(run.output == "2\n2\n1||a|\n", "\(run)")
    #expect(run.status == 1)
    #expect(run.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }.count == 4, "\(run.errors)")
  }

  @Test("Files that upkeep cannot read are named as such")
  func unsupportedFiles() throws {
    let run = try ShellRun(["load", "t.upkeep", "x.csv.xz", "--into", "t"], in: scratch)
    #expect(run.status == 1)
    #expect(run.errors.contains(".xz"))
  }

  @Test("The progress line tells share, rows, rate and time left")
  func progress() {
    #expect(
      ProgressBar.line(FeedProgress(rows: 5000, bytes: 50), of: 100, after: 1)
        == "[##########··········] 50 %  5,000 rows, 5,000 rows/s, 1 s left")
    #expect(
      ProgressBar.line(FeedProgress(rows: 5000, bytes: 50), of: nil, after: 2) == "5,000 rows, 2,500 rows/s")
  }
}
