import Foundation
import Testing

/// Backups and compaction, from the shell and from outside.
@Suite struct BackupCommandTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func filled() throws -> String {
    let rows = (0..<2000).map { "(\($0), 'name of row \($0)')" }.joined(separator: ", ")
    let run = try ShellRun(
      [
        "a.upkeep", "-c", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES \(rows);",
      ],
      in: scratch)
    #expect(run.status == 0)
    return "a.upkeep"
  }

  @Test func aBackupIsADatabaseOfItsOwn() throws {
    let database = try filled()
    let run = try ShellRun(["backup", database, "b.upkeep"], in: scratch)
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("b.upkeep, "))
    #expect(try ShellRun(["b.upkeep", "-c", "SELECT count(*) FROM t"], in: scratch).output == "2000\n")
    #expect(try ShellRun(["check", "b.upkeep"], in: scratch).output == "ok\n")
    #expect(!scratch.exists("b.upkeep-new"))
    let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path("b.upkeep"))
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    // What is there stays.
    let again = try ShellRun(["backup", database, "b.upkeep"], in: scratch)
    #expect(again.status == 1)
    #expect(again.errors.contains("b.upkeep is there already"))
    let missing = try ShellRun(["backup", "none.upkeep", "c.upkeep"], in: scratch)
    #expect(missing.status != 0)
    #expect(!scratch.exists("none.upkeep") && !scratch.exists("c.upkeep"))
  }

  @Test func aBackupFromWithinSeesTheTables() throws {
    let run = try ShellRun(
      [try filled()],
      input: "INSERT INTO t VALUES (5000, 'new');\n.backup 'with blank.upkeep'\nDELETE FROM t;\n",
      in: scratch)
    #expect(run.status == 0, "\(run.errors)")
    let count = try ShellRun(["with blank.upkeep", "-c", "SELECT count(*) FROM t"], in: scratch)
    #expect(count.output == "2001\n")
  }

  @Test func compactingCutsTheFile() throws {
    let database = try filled()
    let run = try ShellRun(
      [database], input: "DELETE FROM t WHERE id > 100;\n.checkpoint\n.compact\n.check\n", in: scratch)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output == "ok\n")
    let compacted = try ShellRun(["compact", database, "--json"], in: scratch)
    #expect(compacted.status == 0)
    #expect(compacted.output.hasPrefix("{\"fileSizeBefore\":"))
    #expect(try ShellRun([database, "-c", "SELECT count(*) FROM t"], in: scratch).output == "101\n")
    #expect(try ShellRun(["compact", "none.upkeep"], in: scratch).status != 0)
    #expect(!scratch.exists("none.upkeep"))
  }
}
