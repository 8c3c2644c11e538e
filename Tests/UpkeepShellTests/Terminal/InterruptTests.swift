import Foundation
import Testing

@testable import UpkeepShell

/// Ctrl-C where nobody converses: a command is stopped as a statement is.
@Suite struct InterruptTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    let made = try ShellRun(
      ["a.upkeep", "-c", "CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT); INSERT INTO t VALUES (1, 'one')"],
      in: scratch)
    try #require(made.status == 0, "\(made)")
  }

  private func requireWhole() throws {
    let run = try ShellRun(["a.upkeep", "-c", ".check", "-c", "SELECT count(*), max(y) FROM t"], in: scratch)
    #expect(run.output == "ok\n1|one\n", "\(run)")
  }

  private static let endless = "WITH RECURSIVE n(x) AS (VALUES (2) UNION ALL SELECT x + 1 FROM n)"

  @Test(
    "A statement of a command line is stopped and changes nothing; none runs after it, and the status is 130",
    arguments: ["SELECT count(*) FROM n", "INSERT INTO t SELECT x, x FROM n"])
  func statement(_ statement: String) throws {
    let statement =
      statement.hasPrefix("INSERT")
      ? "INSERT INTO t \(Self.endless) SELECT x, x FROM n" : "\(Self.endless) \(statement)"
    let run = try TerminalRun(
      [
        "a.upkeep", "-c", ".print begun", "-c", "BEGIN", "-c", "DELETE FROM t", "-c", statement, "-c",
        ".print after",
      ],
      in: scratch)
    try run.wait("beginning") { $0.text.contains("begun") }
    run.press("\u{3}")
    #expect(try run.waitForEnd() == 130)
    #expect(!run.screen.lines.contains("after"), "\(run.screen.text)")
    #expect(
      run.screen.text.contains("the statement was cancelled") || run.screen.text.contains("interrupted"),
      "\(run.screen.text)")
    try requireWhole()
  }

  @Test("A load is stopped, and nothing of it is stored", arguments: [false, true])
  func load(_ creates: Bool) throws {
    // So many that the load is still under way long after it began to tell how far it is.
    var lines = "x,y\n"
    for number in 10...4_000_000 { lines += "\(number),two\n" }
    try scratch.write("f.csv", lines)
    let target = creates ? ["u", "--create", "--key", "x"] : ["t"]
    let run = try TerminalRun(["load", "a.upkeep", "f.csv", "--into"] + target, in: scratch)
    try run.wait("progress") { $0.text.contains("rows/s") }
    run.press("\u{3}")
    #expect(try run.waitForEnd() == 130, "\(run.screen.text)")
    #expect(
      ["cancelled", "nothing of it was stored"].contains { run.screen.text.contains($0) },
      "\(run.screen.text)")
    try requireWhole()
    #expect(try ShellRun(["a.upkeep", ".tables"], in: scratch).output == "t\n")
  }

  @Test(
    "Ctrl-C in a COMMIT: it ends first, and is told to be done, or it has not begun and nothing is stored")
  func commit() throws {
    let rows =
      "INSERT INTO t WITH RECURSIVE n(x) AS (VALUES (2) UNION ALL SELECT x + 1 FROM n WHERE x < 100000)"
    let run = try TerminalRun(
      [
        "a.upkeep", "-c", "BEGIN", "-c", rows + " SELECT x, 'one' FROM n", "-c", ".print committing", "-c",
        "COMMIT",
        "-f", "-", "-c", ".print after",
      ], in: scratch)
    // What follows waits for input, so that the key is pressed before all has ended.
    try run.wait("the commit") { $0.text.contains("committing") }
    run.press("\u{3}")
    #expect(try run.waitForEnd() == 130, "\(run.screen.text)")
    #expect(!run.screen.lines.contains("after"), "\(run.screen.text)")
    let left = try ShellRun(
      ["a.upkeep", "-c", ".check", "-c", "SELECT count(*), max(y) FROM t"], in: scratch)
    let isThere = left.output == "ok\n100000|one\n"
    #expect(isThere || left.output == "ok\n1|one\n", "\(left)")
    if run.screen.text.contains("(COMMIT) was done") { #expect(isThere, "\(left) \(run.screen.text)") }
  }

  @Test(
    "Ctrl-C in a compaction: it stops or has ended, and the database is whole; twice ends the program",
    arguments: [1, 2])
  func compaction(_ times: Int) throws {
    let made = try ShellRun(
      [
        "b.upkeep", "-c", "CREATE TABLE t (x INTEGER PRIMARY KEY, y BLOB)", "-c",
        """
        INSERT INTO t WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 100000)
        SELECT x, randomblob(300) FROM n
        """,
      ], in: scratch)
    try #require(made.status == 0, "\(made)")
    let run = try TerminalRun(
      [
        "b.upkeep", "-c", "DELETE FROM t WHERE x <= 60000", "-c", ".checkpoint", "-c", ".print begun", "-c",
        ".compact",
        "-f", "-", "-c", ".print after",
      ], in: scratch)
    try run.wait("the compaction") { $0.text.contains("begun") }
    for _ in 0..<times { run.press("\u{3}") }
    #expect(try run.waitForEnd() == 130, "\(run.screen.text)")
    #expect(!run.screen.lines.contains("after"), "\(run.screen.text)")
    let left = try ShellRun(
      ["b.upkeep", "-c", ".check", "-c", "SELECT count(*), sum(length(y)) FROM t"], in: scratch)
    #expect(left.output == "ok\n40000|12000000\n", "\(left)")
  }

  @Test("A script that waits for input ends at once")
  func waiting() throws {
    let shell = try LiveShell(["a.upkeep"], in: scratch)
    shell.send("BEGIN; DELETE FROM t; SELECT 'begun';\n")
    #expect(shell.line() == "begun")
    #expect(shell.interrupt() == 130)
    try requireWhole()
  }

  @Test("Where the signal is ignored, as for commands in the background, it stays so")
  func ignored() throws {
    let script = "trap '' INT; exec \"$0\" a.upkeep -c \"SELECT 'begun'\" -f -"
    let shell = try LiveShell(
      ["-c", script, ShellRun.program.path], program: URL(fileURLWithPath: "/bin/sh"), in: scratch)
    #expect(shell.line() == "begun")
    #expect(shell.interrupt(waits: false) == nil)
    shell.send("SELECT 'still here';\n")
    #expect(shell.line() == "still here")
  }
}
