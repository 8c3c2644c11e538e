import Foundation
import Testing

/// A shell that is killed loses nothing that it acknowledged, and leaves nothing half done.
@Suite struct KillTests {
  @Test("kill -9 while statements are acknowledged: each acknowledged one is there", arguments: 0..<60)
  func killWhileWriting(_ round: Int) throws {
    let scratch = try Scratch()
    #expect(
      try ShellRun(["t.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT UNIQUE)"], in: scratch)
        .status == 0)
    let shell = try LiveShell(["t.upkeep"], in: scratch)
    let statements = (1...400).map { "INSERT INTO t VALUES (\($0), 'row \($0)');\n.print \($0)\n" }.joined()
    // They fit into the pipe, so that the shell never waits for the test.
    shell.send(statements)
    var acknowledged = 0
    let enough = 1 + round * 37 % 390
    while acknowledged < enough, let line = shell.line(), let number = Int(line) { acknowledged = number }
    shell.kill()
    while let line = shell.line(), let number = Int(line) { acknowledged = max(acknowledged, number) }
    let run = try ShellRun(
      ["t.upkeep", "-c", "SELECT count(*), max(id) FROM t", "-c", ".check"], in: scratch)
    #expect(run.status == 0, "\(run)")
    let lines = run.output.split(separator: "\n")
    let counts = lines[0].split(separator: "|").compactMap { Int($0) }
    #expect(
      counts.count == 2 && counts[0] == counts[1] && counts[0] >= acknowledged,
      "\(run.output) \(acknowledged)")
    #expect(lines[1] == "ok")
  }

  @Test(
    "kill -9 while transactions and checkpoints are acknowledged: none is there in part",
    arguments: 0..<34)
  func killWithinTransactions(_ round: Int) throws {
    let scratch = try Scratch()
    #expect(
      try ShellRun(
        ["t.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, x TEXT)"], in: scratch
      )
      .status == 0)
    let shell = try LiveShell(["t.upkeep"], in: scratch)
    // Each transaction gives all eight rows the same number, and a text that is as long. They fit into the pipe.
    let transactions = (1...60).map { number in
      let text = String(repeating: "x", count: number)
      let rows = (0..<8).map { "INSERT OR REPLACE INTO t VALUES (\($0), \(number), '\(text)');" }
      return "BEGIN;" + rows.joined() + "COMMIT;\n" + (number % 9 == 0 ? ".checkpoint\n" : "")
        + ".print \(number)\n"
    }
    shell.send(transactions.joined())
    var acknowledged = 0
    let enough = 1 + round * 23 % 58
    while acknowledged < enough, let line = shell.line(), let number = Int(line) { acknowledged = number }
    shell.kill()
    while let line = shell.line(), let number = Int(line) { acknowledged = max(acknowledged, number) }
    let run = try ShellRun(
      [
        "t.upkeep", "-c", "SELECT count(*), min(n), max(n), min(length(x)), max(length(x)) FROM t", "-c",
        ".check",
      ],
      in: scratch)
    #expect(run.status == 0, "\(run)")
    let lines = run.output.split(separator: "\n")
    let found = lines[0].split(separator: "|").compactMap { Int($0) }
    #expect(found.count == 5 && found[0] == 8 && found[1] == found[2] && found[3] == found[4], "\(run)")
    #expect(
      found.count == 5 && found[1] >= acknowledged && found[3] == found[1],
      "\(run) \(acknowledged)")
    #expect(lines[1] == "ok")
  }

  @Test("kill -9 within a load: all of it or nothing", arguments: [0, 3, 10, 30, 60, 100])
  func killWhileLoading(_ milliseconds: Int) throws {
    let scratch = try Scratch()
    #expect(
      try ShellRun(["t.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)"], in: scratch).status
        == 0)
    let count = 40_000
    try scratch.write("feed.csv", "id,x\n" + (1...count).map { "\($0),row \($0)\n" }.joined())
    let shell = try LiveShell(["load", "t.upkeep", "feed.csv", "--into", "t"], in: scratch)
    usleep(UInt32(milliseconds) * 1000)
    shell.kill()
    let isAcknowledged = shell.line() != nil
    let run = try ShellRun(["t.upkeep", "-c", "SELECT count(*) FROM t", "-c", ".check"], in: scratch)
    #expect(run.output == "\(count)\nok\n" || (!isAcknowledged && run.output == "0\nok\n"), "\(run)")
  }

  @Test("kill -9 within a transaction: nothing of it is there")
  func killWithinTransaction() throws {
    let scratch = try Scratch()
    let shell = try LiveShell(["t.upkeep"], in: scratch)
    shell.send(
      "CREATE TABLE t (id INTEGER PRIMARY KEY);\nBEGIN;\nINSERT INTO t VALUES (1);\nSELECT count(*) FROM t;\n"
    )
    #expect(shell.line() == "1")
    shell.kill()
    #expect(try ShellRun(["t.upkeep", "-c", "SELECT count(*) FROM t"], in: scratch).output == "0\n")
  }
}
