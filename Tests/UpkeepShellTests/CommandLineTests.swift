import Testing
import UpkeepTestSupport

@testable import UpkeepShell

@Suite struct CommandLineTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test("Statements from a pipe print their rows as a list, without a header")
  func pipe() throws {
    let run = try ShellRun([], input: "SELECT 1, 'two', NULL, 2.0;\nSELECT 3", in: scratch)
    #expect(run.output == "1|two||2.0\n3\n")
    #expect(run.errors == "")
    #expect(run.status == 0)
  }

  @Test("-c and -f run in the order given, and standard input is left alone")
  func order() throws {
    try scratch.write("two.sql", "SELECT 2;")
    let run = try ShellRun(
      ["-c", "SELECT 1", "-f", "two.sql", "--command=SELECT 3", "--file", "-", "-c", "SELECT 5"],
      input: "SELECT 4;",
      in: scratch)
    #expect(run.output == "1\n2\n3\n4\n5\n")
    #expect(run.status == 0)
  }

  @Test("After an error the next statement runs, and the status says that one failed")
  func errorsGoOn() throws {
    let run = try ShellRun(["-c", "SELECT nope; SELECT 2"], in: scratch)
    #expect(run.output == "2\n")
    #expect(run.errors.hasPrefix("error: "))
    #expect(run.status == 1)
  }

  @Test("The line of an error is shown whole, whatever stands before and behind the statement in it")
  func wholeLine() throws {
    let run = try ShellRun(
      ["-c", "SELECT 'é日'; SELECT nope\n, 2; SELECT 3;", "-c", "SELECT 1\n+ nope; SELECT 4"], in: scratch)
    #expect(run.output == "é日\n3\n4\n")
    #expect(
      run.errors.split(separator: "\n").filter { !$0.hasPrefix("error: ") } == [
        "  line 1, column 21", "  SELECT 'é日'; SELECT nope", "                       ^", "  line 2, column 3",
        "  + nope; SELECT 4", "    ^",
      ], "\(run.errors)")
  }

  @Test("--bail stops at the first error")
  func bail() throws {
    let run = try ShellRun(["--bail", "-c", "SELECT nope; SELECT 2", "-c", "SELECT 3"], in: scratch)
    #expect(run.output == "")
    #expect(run.status == 1)
  }

  @Test("An error of text shows its line, counted in the script, with a caret under the place")
  func caret() throws {
    let run = try ShellRun([], input: "SELECT 1;\n-- a comment\nSELECT 2; SELEC 3;\nSELECT 4;\n", in: scratch)
    #expect(run.output == "1\n2\n4\n")
    let lines = run.errors.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 5, "\(run.errors)")
    #expect(lines[1] == "  line 3, column 11")
    #expect(lines[2] == "  SELECT 2; SELEC 3;")
    #expect(lines[3] == "            ^")
  }

  @Test(".errors stdout tells errors as JSON among the results")
  func errorsAsJSON() throws {
    let input = ".errors stdout\nSELECT 1;\nSELECT * FROM nowhere;\nSELECT 2;\n"
    let run = try ShellRun(["--format", "jsonl"], input: input, in: scratch)
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 3, "\(run.output)")
    #expect(
      lines[1].hasPrefix("{\"$error\":\"") && lines[1].hasSuffix(",\"code\":\"no-table\"}"), "\(lines[1])")
    #expect(run.errors == "")
    #expect(run.status == 1)
  }

  @Test(
    "A command line that means nothing ends with status 2 and says why",
    arguments: [
      ["--nonsense"], ["a", "check"], ["--format", "xml"], ["-c"], ["load"], ["load", "x", "y"],
      ["load", "x", "y", "--into", "t", "--mode", "nonsense"],
      ["load", "x", "y", "--into", "t", "--key", "a", "--on", "b"],
      ["draw", "x"], ["--quiet", "load"], ["--wait", "-1"], ["stats"],
      ["--cache", "much"], ["--cache", "0"], ["--cache", "99999999999GB"], ["--durability", "some"],
    ])
  func usage(_ arguments: [String]) throws {
    let run = try ShellRun(arguments, in: scratch)
    #expect(run.status == 2, "\(run)")
    #expect(run.errors.hasPrefix("error: "), "\(run)")
    #expect(run.output == "")
  }

  @Test(
    "Every mode of durability and every way to write a cache's size opens a database that keeps what it is told",
    arguments: zip(["full", "interval", "none"], ["65536", "64KB", "1g"]))
  func opening(_ durability: String, _ cache: String) throws {
    let options = ["--durability", durability, "--cache", cache]
    let make = try ShellRun(
      options + ["t.upkeep", "-c", "CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1), (2)"], in: scratch)
    #expect(make.status == 0, "\(make)")
    #expect(
      try ShellRun(options + ["t.upkeep", "-c", "SELECT count(*) FROM t"], in: scratch).output == "2\n")
  }

  @Test(
    "Help and version go to standard output",
    arguments: [["--help"], ["--version"], ["load", "--help"], ["check", "--help"]])
  func help(_ arguments: [String]) throws {
    let run = try ShellRun(arguments, in: scratch)
    #expect(run.status == 0)
    #expect(!run.output.isEmpty)
    #expect(run.errors == "")
  }

  @Test("An unknown dot command names the nearest one")
  func unknownDotCommand() throws {
    let run = try ShellRun([], input: ".tabels\n.dmup\n.print still here\n", in: scratch)
    #expect(run.errors.contains(".tables"))
    #expect(run.errors.contains("did you mean .dump?"))
    #expect(run.output == "still here\n")
    #expect(run.status == 1)
  }

  @Test("What changed is told on standard error when asked for")
  func changes() throws {
    let input = """
      .changes on
      CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);
      INSERT INTO t VALUES (1, 'a'), (2, 'b');
      UPSERT INTO t VALUES (1, 'a'), (2, 'c'), (3, 'd');
      DELETE FROM t WHERE id = 1;
      """
    let run = try ShellRun([], input: input, in: scratch)
    let lines = run.errors.split(separator: "\n").map { $0.prefix { $0 != "(" } }
    #expect(lines == ["2 inserted ", "1 inserted, 1 updated, 1 unchanged ", "1 deleted "], "\(run.errors)")
    #expect(run.output == "")
  }

  @Test("The end of the input within a transaction undoes it, with a notice")
  func endWithinTransaction() throws {
    let first = try ShellRun(
      ["t.upkeep"], input: "CREATE TABLE t (id INTEGER PRIMARY KEY);\nBEGIN;\nINSERT INTO t VALUES (1);\n",
      in: scratch)
    #expect(first.errors.hasPrefix("notice: "), "\(first.errors)")
    #expect(first.status == 0)
    let second = try ShellRun(["t.upkeep", "-c", "SELECT count(*) FROM t"], in: scratch)
    #expect(second.output == "0\n")
  }

  @Test("Dot commands: tables, indexes, schema, read, output, show")
  func dotCommands() throws {
    try scratch.write(
      "make.sql",
      """
      CREATE TABLE b (id INTEGER PRIMARY KEY, x TEXT);
      CREATE TABLE a (id INTEGER PRIMARY KEY);
      CREATE UNIQUE INDEX b_x ON b (x) WHERE x <> '';
      """)
    let input =
      ".read make.sql\n.tables\n.tables A%\n.indexes b\n.output out.txt\nSELECT 1;\n.output\nSELECT 2;\n"
    let run = try ShellRun(["t.upkeep"], input: input, in: scratch)
    #expect(run.output == "a\nb\na\nb_x\n2\n", "\(run)")
    #expect(try scratch.read("out.txt") == "1\n")
    let schema = try ShellRun(["schema", "t.upkeep"], in: scratch)
    #expect(schema.output.contains("CREATE TABLE b") && schema.output.contains("CREATE UNIQUE INDEX b_x"))
    let again = try ShellRun([], input: schema.output + ".schema\n", in: scratch)
    #expect(again.output == schema.output)
    #expect(again.status == 0)
  }

  @Test("Views are listed behind the tables, and .schema makes them again")
  func views() throws {
    let input =
      "CREATE TABLE t (id INTEGER PRIMARY KEY);\nCREATE VIEW shown (k) AS SELECT id\n  FROM t;\n.tables\n.tables S%\n.schema shown\n"
    let run = try ShellRun(["v.upkeep"], input: input, in: scratch)
    let view = "CREATE VIEW shown (k) AS SELECT id\n  FROM t;\n"
    #expect(run.output == "t\nshown\nshown\n" + view, "\(run)")
    let schema = try ShellRun(["schema", "v.upkeep"], in: scratch)
    #expect(schema.output.hasSuffix(view))
    let again = try ShellRun([], input: schema.output + ".schema\n", in: scratch)
    #expect(again.output == schema.output)
  }

  @Test("A store in memory leaves nothing behind, and .check says ok")
  func check() throws {
    let run = try ShellRun(["-c", "CREATE TABLE t (id INTEGER PRIMARY KEY)", "-c", ".check"], in: scratch)
    #expect(run.output == "ok\n")
    #expect(run.status == 0)
  }

  @Test("The order of -c and -f survives options whose values look like them")
  func scripts() {
    let arguments = ["--null", "-c", "-f", "a", "--command=b", "--", "-c"]
    #expect(ArgumentReading.scripts(arguments) == [.file("a"), .text("b")])
  }
}

/// A word that is nearly a subcommand must not become a database.
@Suite struct MisspeltSubcommandTests {
  @Test(
    "It is told, and nothing is made",
    arguments: [
      ["loda", "a.upkeep", "f.csv", "--into", "t"], ["chek", "a.upkeep"],
      ["import-sqlit", "a.upkeep", "b.sqlite"],
    ])
  func told(_ arguments: [String]) throws {
    let scratch = try Scratch()
    let run = try ShellRun(arguments, in: scratch)
    #expect(run.status == 2 && run.errors.contains("no subcommand \(arguments[0]); did you mean "), "\(run)")
    #expect(run.errors.contains("./\(arguments[0])") && !scratch.exists(arguments[0]))
  }

  @Test("A database may have such a name where it is there, is written as a file, or nothing follows")
  func names() throws {
    let scratch = try Scratch()
    #expect(try ShellRun(["./chek", "SELECT 1"], in: scratch).output == "1\n")
    #expect(try ShellRun(["chek", "SELECT 2"], in: scratch).output == "2\n")
    #expect(try ShellRun(["stat.db", "SELECT 3"], in: scratch).output == "3\n")
    #expect(try ShellRun(["stat", "-c", "SELECT 4"], in: scratch).output == "4\n")
    #expect(try ShellRun(["airports", "SELECT 5"], in: scratch).output == "5\n")
  }
}

/// A command line of the usual kind is read in a quick way: it must come to what the library for command lines makes of it.
@Suite struct PlainCommandLineTests {
  private func full(_ arguments: [String]) -> ShellOptions? {
    guard case .success(let parsed) = ArgumentReading.parse(ShellArguments.self, arguments) else {
      return nil
    }
    return parsed.options
  }

  @Test(
    "Usual lines are read in the quick way",
    arguments: [
      [], ["a.upkeep"], ["a.upkeep", "SELECT 1", ".tables"],
      ["a.upkeep", "-c", "-- none", "-f", "-", "--command", ""],
      ["--format", "csv", "--no-header", "--null", "-", "a.upkeep", "--wait", "0.5", "--cache", "64MB"],
      ["--bail", "--quiet", "--readonly", "--header", "--durability", "none", "--color", "never", "é"],
    ] as [[String]])
  func usual(_ arguments: [String]) throws {
    let plain = try #require(ShellOptions(plain: arguments))
    #expect(plain == full(arguments))
  }

  @Test(
    "Lines that want an answer other than the shell's are not",
    arguments: [
      ["--help"], ["-h"], ["--version"], ["a", "--bail", "--bail"], ["--format", "html"], ["--wait", "-1"],
      ["--nope"],
      ["-c"], ["--cache", "0"], ["--"], ["-"], ["--header", "--no-header"], ["--null"], ["--null", "--"],
      ["-c", "--"], ["--format=csv"],
    ] as [[String]])
  func unusual(_ arguments: [String]) { #expect(ShellOptions(plain: arguments) == nil) }

  @Test("Lines made by chance: where the quick way reads one, both come to the same")
  func lines() {
    let words = [
      "a.upkeep", "SELECT 1", "-", "--", "-c", "--command", "-f", "--file", "--format", "csv", "table",
      "nope", "--header",
      "--no-header", "--null", "", "--bail", "--readonly", "--wait", "1", "0.25", "-1", "1e3", "nan", "inf",
      "0x10", " 1",
      "--durability", "full", "interval", "--cache", "64MB", "1g", "0", "--color", "always", "never",
      "--quiet", "--help",
      "--version", "-q", "-h", "--format=csv", "-c=x", "--null=", "--wait=2", "é", "-json", "--formatt",
      "--col",
    ]
    var random = SeededGenerator(seed: firstSeed())
    var readCount = 0
    for _ in 0..<4000 {
      let line = (0..<Int.random(in: 0...6, using: &random)).map { _ in
        words[Int.random(in: 0..<words.count, using: &random)]
      }
      guard let plain = ShellOptions(plain: line) else { continue }
      readCount += 1
      #expect(plain == full(line), "\(line), seed \(random.seed)")
    }
    #expect(readCount > 200, "seed \(random.seed)")
  }
}
