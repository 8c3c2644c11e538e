import Foundation
import Testing

@testable import UpkeepShell

@Suite struct ExportTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    let sql = """
      CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, size REAL, data BLOB, ok BOOLEAN, doc JSON, at TIMESTAMP);
      INSERT INTO t VALUES (1, 'a, "b"', 1.5, x'00ff', TRUE, JSON '{"a":1}', TIMESTAMP '2024-05-01T12:00:00Z'),
        (2, 'line
      end', 9e999, NULL, FALSE, JSON '[]', NULL), (3, '', NULL, x'', NULL, NULL, NULL), (4, NULL, -1e300, NULL, NULL, NULL, NULL)
      """
    _ = try ShellRun(["t.upkeep", "-c", sql], in: scratch)
  }

  private func shell(_ commands: String...) throws -> ShellRun {
    try ShellRun(["t.upkeep"], input: commands.joined(separator: "\n"), in: scratch)
  }

  @Test("What is exported in any format that has types loads again as the same table, also gzipped")
  func roundTrip() throws {
    let before = try shell(".format jsonl", "SELECT * FROM t;").output
    for ending in ["csv", "tsv", "tab", "json", "jsonl", "ndjson"].flatMap({ [$0, $0 + ".gz"] }) {
      let run = try shell(".export out.\(ending) t")
      #expect(run.errors == "4 rows in out.\(ending)\n", "\(run)")
      let synced = try ShellRun(
        ["load", "t.upkeep", "out.\(ending)", "--into", "t", "--mode", "sync"], in: scratch)
      #expect(synced.output == "0 inserted, 0 updated, 4 unchanged, 0 deleted\n", "\(ending): \(synced)")
      #expect(try shell(".format jsonl", "SELECT * FROM t;").output == before)
      if ending.hasSuffix(".gz") { #expect(try scratch.bytes("out.\(ending)").prefix(2) == [0x1F, 0x8B]) }
    }
  }

  @Test("Queries go out too, in the format that --as says, here or to a file")
  func queries() throws {
    let run = try shell(
      ".export q.csv SELECT id, name FROM t WHERE id > 2 ORDER BY id DESC;",
      ".export - --as csv --no-header VALUES (1, 'x y')",
      ".export odd.name --as jsonl --null x SELECT id FROM t WHERE id = 1",
      ".export \"with blank.csv\" --null NIL --no-header \"t\"")
    #expect(run.output == "1,x y\n", "\(run)")
    #expect(try scratch.read("q.csv") == "id,name\n4,\n3,\"\"\n")
    #expect(try scratch.read("odd.name") == "{\"id\":1}\n")
    #expect(try scratch.read("with blank.csv").hasSuffix("4,NIL,-1.0e+300,NIL,NIL,NIL,NIL\n"))
    #expect(run.errors == "2 rows in q.csv\n1 row in odd.name\n4 rows in with blank.csv\n")
  }

  @Test("A file that stands last is told where it belongs, and nothing is written")
  func wrongOrder() throws {
    for (command, right) in [
      (".export t out.csv", ".export out.csv t"), (".export \"t\" \"out.csv.gz\"", ".export out.csv.gz t"),
      (".export t --as csv out.json", ".export out.json t"),
      (".export SELECT id FROM t WHERE id > 1 out.csv", ".export out.csv SELECT id FROM t WHERE id > 1"),
    ] {
      let run = try shell(command)
      #expect(
        run.status == 1 && run.errors.contains("the file comes first: \(right)\n"), "\(command): \(run)")
      #expect(!scratch.exists("t") && !scratch.exists("SELECT"))
    }
    // What looks so and is none: the file's ending says what it is.
    #expect(try shell(".export t.csv t").status == 0)
  }

  @Test("What cannot be exported leaves the file as it was")
  func failures() throws {
    try scratch.write("out.csv", "as it was")
    let run = try shell(
      ".export out.csv nothing", ".export out.csv SELECT 1; SELECT 2", ".export out.csv DELETE FROM t",
      ".export out.xyz t", ".export out.csv", ".export out.csv --as nonsense t", ".export out.csv --what t",
      ".export /nowhere/out.csv t", ".export out.csv SELECT * FROM t ORDER BY")
    #expect(run.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }.count == 9, "\(run.errors)")
    #expect(run.output == "")
    #expect(try scratch.read("out.csv") == "as it was")
    #expect(!scratch.exists("out.csv-new"))
    #expect(try shell("SELECT count(*) FROM t;").output == "4\n")
    let full = try shell(".export /dev/full --as csv t")
    #expect(full.status == 1 && full.errors.contains("cannot write"), "\(full)")
  }
}
