import Testing

@testable import UpkeepShell

/// What people type who know SQLite's shell: it works, or says what to do instead.
@Suite struct HabitTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private static let tables = """
    CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL DEFAULT 'x', age INT, UNIQUE (name));
    CREATE INDEX t_age ON t (age) WHERE age > 1;
    CREATE VIEW v AS SELECT id, name AS called FROM t;
    INSERT INTO t VALUES (1, 'ann', 3);

    """

  private func output(_ input: String) throws -> String {
    let run = try ShellRun([], input: Self.tables + input, in: scratch)
    #expect(run.status == 0 && run.errors == "", "\(run.errors)")
    return run.output
  }

  private func errors(_ input: String, status: Int32 = 1) throws -> String {
    let run = try ShellRun([], input: Self.tables + input, in: scratch)
    #expect(run.status == status, "\(run)")
    return run.errors
  }

  @Test(
    "PRAGMA tells what there is",
    arguments: [
      ("table_info(t)", "0|id|INTEGER|1||1\n1|name|VARCHAR(20)|1|'x'|0\n2|age|INT|0||0\n"),
      ("table_info('v')", "0|id|INTEGER|0||0\n1|called|TEXT|0||0\n"),
      ("index_list(t)", "0|t_name_key|1|u|0\n1|t_age|0|c|1\n"),
      ("INDEX_INFO( [t_age] )", "0|2|age\n"),
      ("table_list", "main|t|table|3|1|1\nmain|v|view||0|0\n"),
      ("database_list", "0|main|\n"), ("foreign_key_list(t)", ""), ("encoding", "UTF-8\n"),
      ("integrity_check", "ok\n"), ("quick_check", "ok\n"), ("page_size", "8192\n"),
      ("foreign_keys = OFF", ""),
    ])
  func pragmas(_ pragma: String, _ expected: String) throws {
    #expect(try output("PRAGMA \(pragma);\n") == expected)
  }

  @Test(
    "Comments may stand anywhere in a PRAGMA, and names in quotes",
    arguments: [
      ("-- how long a page is\nPRAGMA page_size", "8192\n"), ("/* a; b */ PRAGMA/**/[page_size]", "8192\n"),
      ("PRAGMA main . \"page_size\" -- that one", "8192\n"),
      ("PRAGMA 'encoding' = /* or so */ 'UTF-8'", "UTF-8\n"),
      ("PRAGMA `foreign_keys` ( 'off' )", ""),
      ("PRAGMA /* of t */ \"index_info\"(/* this */ t_age)", "0|2|age\n"),
    ])
  func pragmaSigns(_ pragma: String, _ expected: String) throws {
    #expect(try output("\(pragma);\n") == expected)
  }

  @Test("PRAGMA's rows are shown like a query's")
  func pragmaFormat() throws {
    let shown = try output(".format csv\npragma table_info(v);\n")
    #expect(shown == "cid,name,type,notnull,dflt_value,pk\n0,id,INTEGER,0,,0\n1,called,TEXT,0,,0\n")
  }

  @Test(
    "A PRAGMA that only asks how SQLite is to work is passed over with a notice; another is refused by name")
  func otherPragmas() throws {
    let passed = try errors(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous=off; pragma cache_size(100);", status: 0)
    #expect(passed.split(separator: "\n").count == 3 && passed.contains("--durability"), "\(passed)")
    let refused = try errors(
      "PRAGMA table_inf(t); PRAGMA foreign_keys = ON; PRAGMA user_version; PRAGMA; pragma foreign_key_list(nope); pragma foreign_key_list;"
    )
    for part in [
      "did you mean table_info?", "foreign_keys is not supported; foreign keys are not enforced",
      "user_version is not supported", "there is no table nope", "PRAGMA foreign_key_list takes a table",
    ] { #expect(refused.contains(part), "\(refused)") }
  }

  @Test("sqlite_master and sqlite_schema list tables, indexes and views, and are queried like tables")
  func schemaTable() throws {
    let list = try output("SELECT type, name, tbl_name, sql IS NULL FROM sqlite_master;")
    #expect(list == "table|t|t|0\nindex|t_name_key|t|1\nindex|t_age|t|0\nview|v|v|0\n")
    let joined = try output(
      """
      SELECT s.sql FROM main.sqlite_schema AS s JOIN t ON s.tbl_name = 't' WHERE s.name LIKE '%age';
      SELECT count(*) FROM (SELECT name FROM sqlite_schema WHERE type = 'table' EXCEPT SELECT 't');
      """)
    #expect(joined == "CREATE INDEX t_age ON t (age) WHERE age > 1\n0\n")
    let empty = try ShellRun([":memory:", "SELECT count(*) FROM sqlite_master"], in: scratch)
    #expect(empty.output == "0\n")
    #expect(
      try errors("DELETE FROM sqlite_master; CREATE TABLE sqlite_master (x); DROP TABLE sqlite_schema;") != ""
    )
  }

  @Test("The statements of a trigger are not run in its place")
  func trigger() throws {
    let input =
      "CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM t; DELETE FROM t; END;\nSELECT count(*) FROM t;"
    let run = try ShellRun([], input: Self.tables + input, in: scratch)
    #expect(run.output == "1\n" && run.errors.contains("TRIGGER is not supported"), "\(run)")
    #expect(run.errors.components(separatedBy: "error:").count == 2, "\(run.errors)")
  }

  @Test(
    "What is not there says what is",
    arguments: [
      ("SHOW TABLES;", ".tables"), ("DESCRIBE t;", ".schema"), ("use x;", ".open"), ("exit;", ".quit"),
      ("help;", ".help"), ("VACUUM;", "VACUUM is not supported yet; .compact does it at once\n"),
      (".import\n", "takes a file and a table; .help .import"),
      (".import f.csv tt\n", "did you mean t? --create"), ("VACUUM INTO 'x';", ".backup"),
      ("ANALYZE t;", "needed"),
      ("ATTACH 'x' AS y;", ".open"), ("SELECT TOP 1 * FROM t;", "LIMIT"),
      ("SELECT 1\n.tables\n;", "has no ;"),
      ("SELECT 1; .tables\n", "alone on its line"), ("SELECT rowid FROM t;", "its key"),
      ("SELECT * FROM t WHERE name = \"ann\";", "single quotes"),
      (".shell ls\n", "outside"), (".timeout 5\n", "--wait"), (".eqp on\n", ".explain"),
      (".excel\n", ".once"),
      (".clone x\n", ".backup"), (".schema t_ag\n", "no table t_ag"), (".indexes nope\n", "no table nope"),
      (".mode html\n", "there are table"), (".import f.csv nope\n", "--create"),
      (".import --skip 1 f.csv t\n", "first line"), (".output |less\n", "piped outside"),
      (".output | less\n", "piped outside"), (".once | tee x\n", "piped outside"),
      (".output two words\n", "in quotes"), (".once -x\n", "no option"), (".read |ls\n", "piped in"),
      ("SELECT 'it's';\nSELECT 'x';", "quote is written twice"),
      (".import --ascii f.csv t\n", ".help .import"),
    ])
  func advice(_ input: String, _ advice: String) throws {
    try scratch.write("f.csv", "id,name\n7,seven\n")
    let told = try errors(input)
    #expect(told.contains(advice), "\(told)")
  }

  @Test("Names that SQLite's shell has for things work")
  func names() throws {
    try scratch.write("f.csv", "id,name\n7,seven\n")
    let input = """
      .import f.csv t --csv
      .mode column
      .headers on
      SELECT id FROM t;
      .mode tabs
      SELECT id, name FROM t WHERE id = 7;
      .mode
      .mode list
      .headers off
      .separator ", "
      .nullvalue -
      SELECT id, NULL FROM t;
      .separator \\t
      SELECT 1, 2;
      .separator
      SELECT 1, 2;
      .mode csv
      .separator ;
      SELECT 1, 'a;b', 'a,b';
      .databases
      .output stdout
      .schema --indent t_age
      .schema t_name_key
      .schema %v%
      .save b.upkeep
      .backup main c.upkeep
      """
    let run = try ShellRun([], input: Self.tables + input, in: scratch)
    #expect(run.status == 0 && run.errors.hasPrefix("1 inserted ("), "\(run.errors)")
    #expect(
      run.output == """
        id
        --
         1
         7
        id\tname
        7\tseven
        tsv
        1, -
        7, -
        1\t2
        1|2
        1;"a;b";a,b
        main: in memory
        CREATE INDEX t_age ON t (age) WHERE age > 1;
        CREATE UNIQUE INDEX t_name_key ON t (name);  -- by a constraint of t
        CREATE VIEW v AS SELECT id, name AS called FROM t;

        """, "\(run.output)")
    #expect(scratch.exists("b.upkeep") && scratch.exists("c.upkeep"))
  }

  @Test("Statements behind the database run, and options may be SQLite's")
  func arguments() throws {
    let run = try ShellRun(
      [
        "-csv", "-header", "-nullvalue", "-json", "a.upkeep", "SELECT 1 AS a, NULL AS b", "-c",
        "SELECT 2 AS c", ".print three",
      ],
      in: scratch)
    #expect(run.output == "a,b\n1,-json\nc\n2\nthree\n" && run.status == 0, "\(run)")
    let json = try ShellRun(["-json", "a.upkeep", "--", "SELECT 1 AS a", "-csv"], in: scratch)
    #expect(json.output == "[{\"a\":1}]\n" && json.status == 1, "\(json)")
    #expect(try ShellRun(["a.upkeep", "stats"], in: scratch).errors.contains("must come first"))
    #expect(try ShellRun(["-version"], in: scratch).output.hasPrefix("upkeep "))
  }
}
