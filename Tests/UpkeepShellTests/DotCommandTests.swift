import Testing

@testable import UpkeepShell

@Suite struct DotCommandTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test("Parameters have the values they were given, and none without")
  func parameters() throws {
    let input = """
      .param set :id 42
      .param set $name 'it''s'
      .param set @bare word
      .param set ?2 x'ff'
      .param set none NULL
      SELECT :id, $name, @bare, ?2, :none;
      .param list
      .param unset :id
      SELECT :id;
      .param clear
      .param list
      SELECT ?1;
      .param
      """
    let run = try ShellRun([], input: input, in: scratch)
    #expect(
      run.output
        == "42|it's|word|x'ff'|\n?1 = NULL\n?2 = x'ff'\n:bare = 'word'\n:id = 42\n:name = 'it''s'\n:none = NULL\n",
      "\(run.output)")
    #expect(run.errors.contains("parameter :id has no value"))
    #expect(run.errors.contains("parameter ?1 has no value"))
    #expect(run.errors.contains(".param takes set"))
  }

  @Test("psql's commands do what psql's users expect")
  func psql() throws {
    let input = """
      CREATE TABLE t (id INTEGER PRIMARY KEY);
      \\dt
      \\d t
      \\x
      SELECT 1 AS one;
      \\x
      SELECT 1 AS one;
      \\timing
      \\?
      \\q
      SELECT 2;
      """
    let run = try ShellRun([], input: input, in: scratch)
    #expect(run.output.hasPrefix("t\nCREATE TABLE t ("), "\(run)")
    #expect(run.output.contains(");\none = 1\none\n---\n  1\n"), "\(run)")
    #expect(run.output.contains(".tables [PATTERN]"))
    #expect(run.status == 0)
  }

  @Test("Every command has help with an example that calls it")
  func help() {
    for command in DotCommand.all {
      #expect(command.names.contains { command.example.hasPrefix($0) }, "\(command.names[0])")
      #expect(!command.summary.isEmpty)
    }
    #expect(Set(DotCommand.all.flatMap(\.names)).count == DotCommand.all.flatMap(\.names).count)
  }

  @Test("A wrong argument is an error that says what there could be, and changes nothing")
  func wrongArguments() throws {
    let input = ".width x\n.maxrows x\n.format tabel\n.bail maybe\n.history x\n.tree\n.explain\nSELECT 1;\n"
    let run = try ShellRun([], input: input, in: scratch)
    #expect(run.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }.count == 7, "\(run.errors)")
    #expect(run.errors.contains("did you mean table?"))
    #expect(run.output == "1\n" && run.status == 1)
  }
}
