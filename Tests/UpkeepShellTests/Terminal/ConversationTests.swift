import Foundation
import Testing

@testable import UpkeepShell

/// The shell as a person has it, at a terminal.
@Suite struct ConversationTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func begin(_ arguments: [String] = ["feeds.upkeep"]) throws -> TerminalRun {
    let run = try TerminalRun(arguments, in: scratch, environment: ["PAGER": ""])
    try run.waitForPrompt()
    return run
  }

  @Test(
    "The prompt has the database's name, a star within a transaction, and another face within a statement")
  func prompts() throws {
    let run = try begin()
    #expect(run.screen.line == "feeds>")
    try run.enter("SELECT")
    #expect(run.screen.line == "  ...>")
    #expect(try run.enter("  1 + 1;").contains { $0.hasSuffix(" 2") })
    #expect(run.screen.line == "feeds>")
    try run.enter("BEGIN;")
    #expect(run.screen.line == "feeds*>")
    try run.enter("COMMIT;")
    #expect(run.screen.line == "feeds>")
  }

  @Test("A line is edited anywhere in it, also where characters are wide or of several bytes")
  func editing() throws {
    let run = try begin()
    try run.type("SELECT 'é日本x' AS a;")
    // To the end of the text, and the wide character before it away.
    run.press(String(repeating: "\u{1B}[D", count: 7) + "\u{7F}\u{7F}y")
    try run.wait("changed line") { $0.line == "feeds> SELECT 'é日y' AS a;" }
    run.press("\u{1}X\u{4}\u{8}")
    try run.wait("changed beginning") { $0.line == "feeds> ELECT 'é日y' AS a;" }
    run.press("\u{1}S\u{5}")
    try run.wait("whole line") { $0.line == "feeds> SELECT 'é日y' AS a;" }
    let row = run.screen.row
    run.press("\r")
    try run.waitForPrompt(below: row)
    #expect(run.screen.lines[row...].contains("é日y"), "\(run.screen.text)")
  }

  @Test("Ctrl-C gives up the line and the lines before it, and never the program")
  func cancelledLine() throws {
    let run = try begin()
    try run.type("SELECT nonsense")
    var row = run.screen.row
    run.press("\u{3}")
    try run.waitForPrompt(below: row)
    #expect(run.screen.text(of: row).hasSuffix("SELECT nonsense^C"))
    #expect(run.screen.row == row + 1, "\(run.screen.text)")
    try run.enter("DROP TABLE")
    #expect(run.screen.line == "  ...>")
    row = run.screen.row
    run.press("\u{3}")
    try run.waitForPrompt(below: row)
    #expect(run.screen.line == "feeds>")
    #expect(try run.enter("SELECT 40 + 2;").contains { $0.hasSuffix("42") })
  }

  @Test("Ctrl-C stops a statement that runs; its transaction is as it was before")
  func cancelledStatement() throws {
    let run = try begin()
    try run.enter("CREATE TABLE t (x INTEGER PRIMARY KEY);")
    try run.enter("BEGIN; INSERT INTO t VALUES (1);")
    let endless = "WITH RECURSIVE n(x) AS (VALUES (2) UNION ALL SELECT x + 1 FROM n)"
    let statements = [
      "INSERT INTO t \(endless) SELECT x FROM n;", "\(endless) SELECT count(*) FROM n;",
      "\(endless) SELECT x FROM n ORDER BY x DESC;", "\(endless) SELECT a.x FROM n a, n b WHERE a.x < 0;",
      "DELETE FROM t WHERE x IN (\(endless) SELECT x FROM n);",
      "UPDATE t SET x = 5 WHERE x = (\(endless) SELECT max(x) FROM n);",
    ]
    try run.enter(".echo on")
    for statement in statements {
      // It runs when it was shown once as it was typed, and once as it began.
      func shown(_ screen: Screen) -> Int {
        screen.lines.joined().filter { $0 != " " }.components(separatedBy: statement.filter { $0 != " " })
          .count - 1
      }
      let before = shown(run.screen)
      run.press(statement + "\r")
      try run.wait("statement that runs") { shown($0) == before + 2 }
      let row = run.screen.row
      run.press("\u{3}")
      try run.waitForPrompt(below: row)
      #expect(run.screen.text.contains("the statement was cancelled"), "\(run.screen.text)")
    }
    #expect(run.screen.line == "feeds*>")
    let shown = try run.enter("COMMIT; SELECT count(*) AS n FROM t;")
    #expect(shown.contains { $0.trimmingCharacters(in: .whitespaces) == "1" }, "\(shown)")
  }

  @Test(
    "Who types exit leaves, and who types help gets it; a dot command within a statement is told of, and spoils nothing"
  )
  func habits() throws {
    let run = try begin()
    #expect(try run.enter("help").contains { $0.hasPrefix(".tables") })
    try run.enter("SELECT")
    #expect(try run.enter(".tables").contains { $0.contains("a statement is being typed") })
    #expect(run.screen.line == "  ...>")
    #expect(try run.enter("'exit', '")[...] == [])
    try run.enter(".show")
    let shown = try run.enter("exit';").joined(separator: "\n")
    #expect(shown.contains("exit"), "\(shown)")
    try run.type("exit")
    run.press("\r")
    #expect(try run.waitForEnd() == 0)
  }

  @Test("Who stops the program and lets it go on finds the prompt again, with what was typed")
  func stopped() throws {
    let run = try begin()
    try run.type("SELECT 40")
    run.stopAndGoOn()
    try run.wait("line drawn again") { $0.raw.components(separatedBy: "SELECT 40").count == 3 }
    #expect(run.screen.line.hasSuffix("feeds> SELECT 40"), "\(run.screen.text)")
    // Where no shell is around that would stop it, Ctrl-Z does nothing.
    run.press("\u{1A}")
    try run.type(" + 2")
    #expect(try run.enter(";").contains { $0.hasSuffix("42") }, "\(run.screen.text)")
  }

  @Test("Ctrl-D leaves; a statement without its end does not run")
  func end() throws {
    let run = try begin()
    try run.enter("CREATE TABLE t (x INTEGER PRIMARY KEY);")
    try run.enter("DROP TABLE t")
    run.press("\u{4}")
    #expect(try run.waitForEnd() == 0)
    #expect(run.screen.text.contains("did not run"), "\(run.screen.text)")
    #expect(try ShellRun(["feeds.upkeep", "-c", ".tables"], in: scratch).output == "t\n")
  }

  @Test(
    "What was typed comes back in the next run, statements of several lines as one; what begins with a blank does not"
  )
  func history() throws {
    let first = try begin()
    try first.enter("SELECT 'first';")
    try first.enter("SELECT")
    try first.enter("  'a\\n and more';")
    try first.enter(" SELECT 'secret';")
    try first.enter("SELECT 'last';")
    try first.enter("SELECT 'last';")
    first.press("\u{4}")
    #expect(try first.waitForEnd() == 0)

    let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path(".upkeep_history"))
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    #expect(
      try scratch.read(".upkeep_history")
        == "SELECT 'first';\nSELECT\\n  'a\\\\n and more';\nSELECT 'last';\n")

    let second = try begin()
    second.press("\u{1B}[A")
    try second.wait("last statement") { $0.line == "feeds> SELECT 'last';" }
    second.press("\u{1B}[A")
    try second.wait("statement of two lines") { $0.text.hasSuffix("feeds> SELECT\n  'a\\n and more';") }
    second.press("\u{10}")
    try second.wait("first statement") { $0.lines.contains("feeds> SELECT 'first';") }
  }

  @Test("The history is where the environment says, and nowhere if that is nothing")
  func historyPath() throws {
    let named = HistoryFile(environment: ["UPKEEP_HISTORY": "a", "XDG_STATE_HOME": "b", "HOME": "c"])
    #expect(named?.path == "a")
    #expect(HistoryFile(environment: ["XDG_STATE_HOME": "b", "HOME": "c"])?.path == "b/upkeep/history")
    #expect(HistoryFile(environment: ["HOME": "c"])?.path == "c/.upkeep_history")
    #expect(HistoryFile(environment: ["UPKEEP_HISTORY": "", "HOME": "c"]) == nil)
  }

  @Test("A long history is cut to its newest entries, and stays private")
  func longHistory() throws {
    let path = scratch.path("long")
    let lines = (1...(2 * HistoryFile.mostEntries + 1)).map { "SELECT \($0);\n" }
    try scratch.write("long", lines.joined())
    let history = try #require(HistoryFile(environment: ["UPKEEP_HISTORY": path]))
    let entries = history.load()
    #expect(entries.count == HistoryFile.mostEntries)
    #expect(entries.last == "SELECT \(2 * HistoryFile.mostEntries + 1);")
    #expect(try scratch.read("long").split(separator: "\n").count == HistoryFile.mostEntries)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
  }

  @Test("TAB completes keywords, tables, columns, dot commands and files, and lists where there are several")
  func completion() throws {
    try scratch.write("airports.csv", "icao\n")
    try scratch.write("airlines.csv", "icao\n")
    let run = try begin()
    try run.enter("CREATE TABLE airport (icao TEXT PRIMARY KEY, city TEXT, country TEXT);")
    run.press("sel\t")
    try run.wait("keyword") { $0.line == "feeds> select" && $0.column == 14 }
    run.press("ic\u{7F}\u{7F}* from ai\t")
    try run.wait("table") { $0.line == "feeds> select * from airport" && $0.column == 29 }
    run.press("where c\t\t")
    try run.wait("list of columns") { $0.text.contains("\ncity") && $0.line.hasSuffix("airport where c") }
    run.press("ountr\t")
    try run.wait("column") { $0.line.hasSuffix("where country") }
    run.press("\u{3}")
    try run.waitForPrompt()
    run.press(".impo\t")
    try run.wait("dot command") { $0.line == "feeds> .import" && $0.column == 15 }
    run.press("airp\t")
    try run.wait("file") { $0.line == "feeds> .import airports.csv" }
    run.press("air\t")
    try run.wait("table of the import") { $0.line == "feeds> .import airports.csv airport" }
  }
}
