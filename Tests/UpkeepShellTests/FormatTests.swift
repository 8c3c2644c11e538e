import Testing
import Upkeep

@testable import UpkeepShell

@Suite struct FormatTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private static let rows = """
    SELECT 1 AS id, 'a|b,"c"' AS text, NULL AS none, 2.5 AS real, x'ab12' AS bytes;
    """

  private static let formats: [(format: String, expected: String)] = [
    ("list", "1|a|b,\"c\"||2.5|x'ab12'\n"),
    ("csv", "id,text,none,real,bytes\n1,\"a|b,\"\"c\"\"\",,2.5,x'ab12'\n"),
    ("tsv", "id\ttext\tnone\treal\tbytes\n1\t\"a|b,\"\"c\"\"\"\t\t2.5\tx'ab12'\n"),
    ("jsonl", #"{"id":1,"text":"a|b,\"c\"","none":null,"real":2.5,"bytes":{"$blob":"AB12"}}"# + "\n"),
    ("json", #"[{"id":1,"text":"a|b,\"c\"","none":null,"real":2.5,"bytes":{"$blob":"AB12"}}]"# + "\n"),
    ("jsonrows", #"[1,"a|b,\"c\"",null,2.5,{"$blob":"AB12"}]"# + "\n"),
    (
      "table",
      """
      id | text    | none | real | bytes
      ---+---------+------+------+--------
       1 | a|b,"c" | NULL |  2.5 | x'ab12'

      """
    ),
    (
      "box",
      """
      ┌────┬─────────┬──────┬──────┬─────────┐
      │ id │ text    │ none │ real │ bytes   │
      ├────┼─────────┼──────┼──────┼─────────┤
      │  1 │ a|b,"c" │ NULL │  2.5 │ x'ab12' │
      └────┴─────────┴──────┴──────┴─────────┘

      """
    ),
    (
      "markdown",
      """
      |  id | text     | none | real | bytes   |
      |----:|----------|------|-----:|---------|
      |   1 | a\\|b,"c" | NULL |  2.5 | x'ab12' |

      """
    ),
    (
      "line",
      """
         id = 1
       text = a|b,"c"
       none = NULL
       real = 2.5
      bytes = x'ab12'

      """
    ),
    (
      "insert",
      """
      INSERT INTO result (id, text, none, real, bytes) VALUES (1, 'a|b,"c"', NULL, 2.5, x'ab12');

      """
    ),
  ]

  @Test("Each format shows a row as it should", arguments: formats.indices)
  func format(_ index: Int) throws {
    let (format, expected) = Self.formats[index]
    let run = try ShellRun(["--format", format], input: Self.rows, in: scratch)
    #expect(run.output == expected, "\(format)")
    let later = try ShellRun([], input: ".format \(format)\n" + Self.rows, in: scratch)
    #expect(later.output == expected, "\(format)")
  }

  @Test("A result without rows has its header, and JSON its empty array")
  func noRows() throws {
    let run = try ShellRun(
      [],
      input:
        ".format csv\nSELECT 1 AS x LIMIT 0;\n.format json\nSELECT 1 AS x LIMIT 0;\n.format list\nSELECT 1 LIMIT 0;\n",
      in: scratch)
    #expect(run.output == "x\n[]\n")
  }

  @Test("--null, --header and --no-header have the last word")
  func overrides() throws {
    let sql = "SELECT NULL AS n, '-' AS d"
    #expect(try ShellRun(["--null", "-", "--header", "-c", sql], in: scratch).output == "n|d\n-|-\n")
    #expect(
      try ShellRun(["--null", "-", "--no-header", "--format", "csv", "-c", sql], in: scratch).output
        == "-,\"-\"\n")
  }

  @Test("CSV tells empty text from NULL, and quotes what would be read otherwise")
  func emptyText() throws {
    let run = try ShellRun(
      ["--format", "csv", "--no-header"], input: "SELECT '', NULL, 'a\nb', 'é';", in: scratch)
    #expect(run.output == "\"\",,\"a\nb\",é\n")
  }

  @Test("insert names the table that the rows are from, or the one that was asked for")
  func insertTable() throws {
    let make =
      "CREATE TABLE \"a b\" (id INTEGER PRIMARY KEY, \"order\" TEXT); INSERT INTO \"a b\" VALUES (1, 'it''s');"
    let input =
      "\(make)\n.format insert\nSELECT * FROM \"a b\";\n.format insert other\nSELECT * FROM \"a b\";\n"
    let run = try ShellRun([], input: input, in: scratch)
    #expect(
      run.output
        == "INSERT INTO \"a b\" (id, \"order\") VALUES (1, 'it''s');\nINSERT INTO other (id, \"order\") VALUES (1, 'it''s');\n",
      "\(run)")
  }

  @Test("Rows beyond .maxrows are counted and not shown, in the formats for people only")
  func rowsBeyond() throws {
    let rows = "VALUES (1), (2), (3), (4);\n"
    let input = ".maxrows 2\n.header off\n.format table\n\(rows).format line\n\(rows).format list\n\(rows)"
    let run = try ShellRun([], input: input, in: scratch)
    #expect(
      run.output
        == "1\n2\n… 2 more rows\ncolumn1 = 1\n\ncolumn1 = 2\n\n… 2 more rows\n1\n2\n3\n4\n", "\(run)")
  }

  @Test(".width cuts columns and fills them, negative to the right")
  func columnWidths() throws {
    let input = ".format table\n.width 4 -6 0\nSELECT 'abcdef' AS a, 'x' AS b, 'long enough' AS c;\n"
    let run = try ShellRun([], input: input, in: scratch)
    #expect(
      run.output == "a    |      b | c\n-----+--------+------------\nabc… |      x | long enough\n", "\(run)")
  }

  @Test("A statement that fails before its first row shows no header in tables")
  func noHeaderOfFailures() throws {
    let run = try ShellRun(
      ["--format", "box"], input: "SELECT abs(-9223372036854775807 - 1) AS x;\n", in: scratch)
    #expect(run.output == "" && run.status == 1, "\(run)")
  }

  @Test("Control characters are escaped in JSON and visible in tables")
  func controlCharacters() throws {
    let input = "SELECT 'a\tb\u{1}' AS x;"
    #expect(
      try ShellRun(["--format", "jsonl"], input: input, in: scratch).output == "{\"x\":\"a\\tb\\u0001\"}\n")
    let table = try ShellRun(["--format", "table", "--no-header"], input: input, in: scratch).output
    #expect(table.contains("a\\tb\\u{1}"))
  }

  private static let widths: [(text: String, width: Int)] = [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한글", 4), ("ｆ", 2), ("🛫", 2), ("👨‍👩‍👧", 2),
    ("🇮🇸", 2), ("❤️", 2), ("a\u{200D}b", 2), ("Ω", 1), ("กำ", 2),
  ]

  @Test("Wide characters are counted right", arguments: widths.indices)
  func displayWidth(_ index: Int) {
    let (text, width) = Self.widths[index]
    #expect(DisplayWidth.of(text) == width, "\(text)")
  }

  @Test("Columns of wide text stand under one another")
  func wideTable() throws {
    let run = try ShellRun(
      ["--format", "table"], input: "VALUES ('日本', 1), ('ab', 22);", in: scratch)
    let lines = run.output.split(separator: "\n").suffix(2)
    let beforeBar = lines.map { line in DisplayWidth.of(String(line.prefix { $0 != "|" })) }
    #expect(beforeBar.count == 2 && beforeBar[0] == beforeBar[1], "\(run.output)")
  }

  @Test("Counts have separators")
  func grouping() {
    #expect(Figures.grouped(0) == "0")
    #expect(Figures.grouped(999) == "999")
    #expect(Figures.grouped(12_729) == "12,729")
    #expect(Figures.grouped(-1_234_567) == "-1,234,567")
  }
}
