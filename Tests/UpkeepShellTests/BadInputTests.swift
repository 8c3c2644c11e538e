import Foundation
import Testing

/// Each kind of bad input gives one clear line, the right exit status, and loses nothing.
@Suite struct BadInputTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func makeDatabase() throws {
    let sql =
      "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT NOT NULL); INSERT INTO t VALUES (1, 'a'), (2, 'b');"
    #expect(try ShellRun(["t.upkeep", "-c", sql], in: scratch).status == 0)
  }

  private func expectOneLine(_ run: ShellRun, _ status: Int32, _ words: String...) {
    #expect(run.status == status, "\(run)")
    let lines = run.errors.split(separator: "\n")
    #expect(lines.first?.hasPrefix("error: ") == true, "\(run)")
    #expect(lines.count == 1, "\(run)")
    for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
  }

  @Test("A file that is no database, a folder, a missing folder")
  func foreignFiles() throws {
    try scratch.write("foreign", String(repeating: "not a database\n", count: 2000))
    expectOneLine(try ShellRun(["foreign", "-c", "SELECT 1"], in: scratch), 4, "foreign")
    #expect(try scratch.read("foreign").hasPrefix("not a database\n"))
    try FileManager.default.createDirectory(atPath: scratch.path("folder"), withIntermediateDirectories: true)
    let folder = try ShellRun(["folder", "-c", "SELECT 1"], in: scratch)
    #expect(folder.status == 1 || folder.status == 4, "\(folder)")
    #expect(folder.errors.hasPrefix("error: "))
    let missing = try ShellRun(["nowhere/t.upkeep", "-c", "SELECT 1"], in: scratch)
    #expect(missing.status == 1, "\(missing)")
  }

  @Test("A short file and an SQLite file are no databases of ours")
  func otherFiles() throws {
    try scratch.write("short", "x")
    expectOneLine(try ShellRun(["short", "-c", "SELECT 1"], in: scratch), 4, "short")
    var sqlite = Data("SQLite format 3\0".utf8)
    sqlite.append(Data(count: 8192))
    try sqlite.write(to: URL(fileURLWithPath: scratch.path("peer.sqlite")))
    expectOneLine(try ShellRun(["peer.sqlite", "-c", "SELECT 1"], in: scratch), 4, "peer.sqlite")
  }

  @Test("Damage in the middle of a database is found by check, and never a wrong row")
  func damage() throws {
    try makeDatabase()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.path("t.upkeep")))
    for offset in stride(from: bytes.count / 4, to: bytes.count, by: 97) { bytes[offset] ^= 0x55 }
    try bytes.write(to: URL(fileURLWithPath: scratch.path("t.upkeep")))
    #expect(try ShellRun(["check", "t.upkeep"], in: scratch).status == 4)
    let query = try ShellRun(["t.upkeep", "-c", "SELECT * FROM t"], in: scratch)
    #expect(query.status == 4 || query.output == "1|a\n2|b\n", "\(query)")
  }

  @Test("A database that another process has open is locked, at once or after the wait that was asked for")
  func locked() throws {
    try makeDatabase()
    let holder = try LiveShell(["t.upkeep"], in: scratch)
    defer { holder.kill() }
    holder.send(".print ready\n")
    #expect(holder.line() == "ready")
    let run = try ShellRun(["t.upkeep", "-c", "SELECT 1"], in: scratch)
    expectOneLine(run, 5, "t.upkeep", "\(holder.processIdentifier)")
    #expect(
      try ShellRun(["load", "t.upkeep", "-", "--into", "t"], input: "id,x\n3,c\n", in: scratch).status == 5)
    #expect(try ShellRun(["t.upkeep", "--wait", "0.1", "-c", "SELECT 1"], in: scratch).status == 5)
    holder.send(".quit\n")
    #expect(try ShellRun(["t.upkeep", "--wait", "30", "-c", "SELECT 1"], in: scratch).output == "1\n")
  }

  @Test("Reading only: no database is made, nothing is written")
  func readOnly() throws {
    let missing = try ShellRun(["--readonly", "t.upkeep", "-c", "SELECT 1"], in: scratch)
    #expect(missing.status == 1, "\(missing)")
    #expect(!scratch.exists("t.upkeep"))
    try makeDatabase()
    let before = try Data(contentsOf: URL(fileURLWithPath: scratch.path("t.upkeep")))
    let run = try ShellRun(
      ["--readonly", "t.upkeep", "-c", "INSERT INTO t VALUES (3, 'c'); SELECT count(*) FROM t"], in: scratch)
    #expect(run.status == 1)
    #expect(run.output == "2\n")
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.path("t.upkeep"))) == before)
  }

  @Test(
    "A statement that cannot be says why in one line, and the rest of the script runs",
    arguments: [
      ("SELECT * FROM tt", "tt"), ("SELECT y FROM t", "y"), ("INSERT INTO t VALUES ('x', 'y')", "id"),
      ("INSERT INTO t VALUES (1, 'again')", "1"), ("INSERT INTO t VALUES (9, NULL)", "x"),
      ("SELECT", "SELECT"), ("SELECT 'open", "'"), ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "t"),
      ("SELECT \u{0} 1", "control"), ("SELECT nofunction(1)", "nofunction"),
    ])
  func badStatements(_ sql: String, _ word: String) throws {
    try makeDatabase()
    let run = try ShellRun(
      ["t.upkeep", "-f", "-", "-c", "SELECT count(*) FROM t"], input: sql + "\n", in: scratch)
    #expect(run.status == 1, "\(run)")
    #expect(run.output == "2\n", "\(run)")
    #expect(run.errors.hasPrefix("error: "))
    #expect(run.errors.contains(word))
  }

  @Test("Files that are not there, or are folders, are named")
  func missingFiles() throws {
    try makeDatabase()
    expectOneLine(try ShellRun(["-f", "nothing.sql"], in: scratch), 1, "nothing.sql")
    expectOneLine(
      try ShellRun(["load", "new.upkeep", "nothing.csv", "--into", "t"], in: scratch), 1, "nothing.csv")
    #expect(!scratch.exists("new.upkeep"))
    expectOneLine(try ShellRun(["load", "t.upkeep", ".", "--into", "t"], in: scratch), 1, "folder")
    expectOneLine(
      try ShellRun(["load", "t.upkeep", "-", "--into", "tt"], input: "id\n1\n", in: scratch), 1, "tt", "t?")
    expectOneLine(
      try ShellRun(
        ["load", "t.upkeep", "-", "--into", "t", "--rejects", "no/where.csv"], input: "id,x\n3,c\n",
        in: scratch),
      1, "no/where.csv")
    #expect(try ShellRun(["t.upkeep", "-c", "SELECT count(*) FROM t"], in: scratch).output == "2\n")
  }

  @Test("Deep and long statements are errors or answers, not traps")
  func hostileSQL() throws {
    for sql in [
      "SELECT " + String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000) + ";",
      "SELECT " + String(repeating: "1+", count: 200_000) + "1;",
      "SELECT " + String(repeating: "-", count: 1) + String(repeating: "~", count: 100_000) + "1;",
      "SELECT '" + String(repeating: "x", count: 8 << 20) + "' IS NULL;",
      String(repeating: ";", count: 100_000),
      "SELECT " + String(repeating: "NOT ", count: 100_000) + "1;",
      String(repeating: "SELECT 1;", count: 2000),
    ] {
      let run = try ShellRun([], input: sql, in: scratch)
      #expect(
        run.status == 0 || run.status == 1, "\(sql.prefix(40)): \(run.status) \(run.errors.prefix(200))")
      #expect(run.status == 0 || run.errors.hasPrefix("error: "))
    }
  }

  @Test("A reader that goes away ends the program quietly")
  func brokenPipe() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", "printf '%s' \"$2\" | \"$1\" 2> err.txt | head -1 > out.txt", "sh", ShellRun.program.path,
      String(repeating: "SELECT 'a row of some length to fill the pipe quickly';\n", count: 2000),
    ]
    process.currentDirectoryURL = scratch.folder
    try process.run()
    process.waitUntilExit()
    #expect(try scratch.read("out.txt") == "a row of some length to fill the pipe quickly\n")
    #expect(try scratch.read("err.txt") == "")
  }
}
