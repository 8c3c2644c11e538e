import Foundation
import Testing

import Upkeep
import UpkeepSQL

@testable import UpkeepShell

/// What a person sees: tables that fit, pages, colours, times, progress.
@Suite struct ShowingTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func begin(
    _ arguments: [String] = [], columns: Int = 80, rows: Int = 24, environment: [String: String] = [:]
  ) throws -> TerminalRun {
    let run = try TerminalRun(
      arguments, in: scratch, columns: columns, rows: rows,
      environment: environment.merging(["PAGER": environment["PAGER"] ?? ""]) { $1 })
    try run.waitForPrompt()
    return run
  }

  @Test(
    "A table fits the window: wide columns are cut, and wide characters counted", arguments: ["table", "box"])
  func width(_ format: String) throws {
    let run = try begin(["--format", format], columns: 40)
    let long = String(repeating: "日本の空港", count: 6)
    // Typed in parts, so that the line itself fits.
    try run.enter("SELECT 7 AS id,")
    try run.enter("'\(String(long.prefix(8)))'||")
    try run.enter("'\(String(long.dropFirst(8).prefix(8)))'||'\(String(long.dropFirst(16).prefix(4)))' AS n,")
    let shown = try run.enter("'x' AS x;")
    let table = shown.filter { !$0.isEmpty && !$0.contains(" s)") }
    #expect(table.count >= 3, "\(run.screen.text)")
    #expect(table.allSatisfy { DisplayWidth.of($0) <= 40 }, "\(run.screen.text)")
    #expect(
      table.contains { $0.contains("日本") && $0.contains("…") && $0.contains("x") }, "\(run.screen.text)")
    #expect(shown.last?.hasPrefix("1 row (") == true)
  }

  @Test("A compaction and a check draw how far they are, and what is left is a clean line")
  func compaction() throws {
    let path = scratch.path("a.upkeep")
    let database = try Database(path, Opening(durability: .none))
    try database.session.execute(
      sql: """
        CREATE TABLE t (x INTEGER PRIMARY KEY, y BLOB);
        INSERT INTO t WITH RECURSIVE n (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 20000)
          SELECT x, randomblob(200) FROM n;
        """)
    try database.store.checkpoint()
    try database.session.execute(sql: "DELETE FROM t WHERE x < 15000")
    for work in ["compaction", "check"] {
      let output = try Output.file(scratch.path("shown"))
      let line = ProgressLine(output, patience: .zero)
      let watch = StatementWatch(database.session.cancellation)
      line.watch(watch)
      if work == "check" {
        #expect(try database.store.verify(watch: watch).isEmpty)
      } else {
        try database.store.compact(watch: watch)
      }
      line.clear()
      output.close()
      let shown = try scratch.read("shown").components(separatedBy: "\r\u{1B}[K")
      #expect(shown.count > 2 && shown.first == "" && shown.last == "", "\(work): \(shown)")
      let drawn = shown.dropFirst().dropLast()
      #expect(
        drawn.allSatisfy { $0.hasPrefix("[") && $0.contains("·] ") || $0.contains("#] ") },
        "\(work): \(shown)")
      let unit = work == "check" ? " rows" : " pages"
      #expect(drawn.allSatisfy { $0.contains(unit) }, "\(work): \(shown)")
    }
    try database.close()
  }

  @Test("A window made wider is used at once")
  func resized() throws {
    let run = try begin(columns: 40)
    let statement = "SELECT hex('aaaaaaaaaaaaaaaaaaaaaaaaa');"
    #expect(try run.enter(statement).contains { $0.hasSuffix("…") })
    run.resize(columns: 60, rows: 24)
    #expect(try run.enter(statement).contains(String(repeating: "61", count: 25)))
  }

  @Test("Colours are there on a terminal, and not where they are not wanted")
  func colours() throws {
    let coloured = try begin()
    try coloured.enter("SELECT NULL AS n; SELECT nope;")
    #expect(coloured.screen.raw.contains("\u{1B}[1mn\u{1B}[0m"))
    #expect(coloured.screen.raw.contains("\u{1B}[1;31merror:\u{1B}[0m"))
    for (arguments, environment) in [
      ([], ["NO_COLOR": "1"]), (["--color", "never"], [:]), ([], ["TERM": "dumb"]),
    ] as [([String], [String: String])] {
      let plain = try begin(arguments, environment: environment)
      try plain.enter("SELECT NULL AS n; SELECT nope;")
      #expect(!plain.screen.raw.contains("\u{1B}[1m") && !plain.screen.raw.contains("31m"), "\(environment)")
      #expect(plain.screen.text.contains("error: "))
    }
    let piped = try ShellRun(["--format", "table", "-c", "SELECT NULL AS n; SELECT nope"], in: scratch)
    #expect(!piped.output.contains("\u{1B}") && !piped.errors.contains("\u{1B}"))
    let always = try ShellRun(
      ["--color", "always", "--format", "table", "-c", "SELECT NULL AS n; SELECT nope"], in: scratch)
    #expect(always.output.contains("\u{1B}[1mn") && always.errors.contains("\u{1B}[1;31merror:"))
  }

  @Test("What is longer than the window goes through the pager; what is not does not")
  func pager() throws {
    let run = try begin(rows: 10, environment: ["PAGER": "sed s/^/=/"])
    #expect(try run.enter("VALUES (1), (2);").contains { $0.hasPrefix("=") } == false)
    let values = (1...12).map { "(\($0))" }.joined(separator: ",")
    let shown = try run.enter("VALUES \(values);")
    #expect(shown.filter { $0.hasPrefix("=") }.count == 14, "\(run.screen.text)")
    #expect(shown.last?.hasPrefix("12 rows (") == true, "\(run.screen.text)")
  }

  @Test("A pager that ends early ends the statement and nothing else")
  func earlyPager() throws {
    let run = try begin(rows: 10, environment: ["PAGER": "head -n 3"])
    let endless = "WITH RECURSIVE n(x) AS (VALUES (2) UNION ALL SELECT x + 1 FROM n)"
    try run.enter("\(endless) SELECT x FROM n;")
    #expect(!run.screen.text.contains("error"), "\(run.screen.text)")
    #expect(try run.enter("SELECT 6 * 7;").contains { $0.hasSuffix("42") })
    run.press("\u{4}")
    #expect(try run.waitForEnd() == 0)
  }

  @Test("A pager that is not there is told of, and the conversation goes on")
  func missingPager() throws {
    let run = try begin(rows: 5, environment: ["PAGER": "no-such-pager"])
    try run.enter("VALUES (1), (2), (3), (4), (5), (6);")
    #expect(run.screen.text.contains("notice: the pager `no-such-pager` is not there"), "\(run.screen.text)")
    #expect(try run.enter("SELECT 6 * 7;").contains { $0.hasSuffix("42") })
  }

  @Test("A change is told of without being asked, and --quiet tells nothing")
  func changes() throws {
    let run = try begin()
    try run.enter("CREATE TABLE t (id INTEGER PRIMARY KEY);")
    #expect(try run.enter("INSERT INTO t VALUES (1), (2);").last?.hasPrefix("2 inserted (") == true)
    let quiet = try begin(["--quiet"])
    try quiet.enter("CREATE TABLE t (id INTEGER PRIMARY KEY);")
    #expect(try quiet.enter("INSERT INTO t VALUES (1), (2);") == [])
    #expect(try quiet.enter("SELECT count(*) AS n FROM t;").count == 3)
  }

  @Test("Progress has a bar, a count, a rate and the time left")
  func progress() {
    #expect(
      ProgressLine.text(5000, "pages", share: 0.5, after: 2)
        == "[##########··········] 50 %  5,000 pages, 2,500 pages/s, 2 s left")
    #expect(ProgressLine.text(10, "rows", share: nil, after: 0.1) == "10 rows")
    #expect(ProgressLine.text(10, "rows", share: 1.5, after: 0.1) == "[####################] 100 %  10 rows")
  }
}
