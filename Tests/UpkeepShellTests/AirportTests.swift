import Foundation
import Testing

/// The main job on real input: a release of the airport list, taken into the one before it.
@Suite struct AirportTests {
  private let scratch: Scratch
  private static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Docs/Examples/airports")

  init() throws {
    scratch = try Scratch()
    let sql = """
      CREATE TABLE airport (
        icao TEXT PRIMARY KEY, iata TEXT, name TEXT NOT NULL, city TEXT, subd TEXT, country TEXT,
        elevation REAL, lat REAL, lon REAL, tz TEXT, lid TEXT);
      CREATE UNIQUE INDEX airport_iata ON airport (iata) WHERE iata <> '';
      CREATE UNIQUE INDEX airport_lid ON airport (lid) WHERE lid <> '';
      """
    #expect(try ShellRun(["a.upkeep", "-c", sql], in: scratch).status == 0)
    try Self.unpack("airports-2025-02-24", to: scratch.path("older.csv"))
    try Self.unpack("airports-2026-08-03", to: scratch.path("newer.csv"))
    #expect(try load("older.csv").output == "28,258 inserted\n")
  }

  private static func unpack(_ name: String, to path: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", "exec gunzip -c \"$1\" > \"$2\"", "sh", data.appendingPathComponent(name + ".csv.gz").path, path,
    ]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  private func load(_ file: String, _ options: String..., database: String = "a.upkeep") throws -> ShellRun {
    try ShellRun(["load", database, file, "--into", "airport"] + options, in: scratch)
  }

  private func dump(_ database: String) throws -> String {
    try ShellRun([database, "--format", "csv", "-c", "SELECT * FROM airport ORDER BY icao"], in: scratch)
      .output
  }

  /// The newer release with its lines in another order.
  private func reordered(_ order: (inout [Substring]) -> Void) throws -> String {
    var lines = try scratch.read("newer.csv").split(separator: "\n")
    let header = lines.removeFirst()
    order(&lines)
    return try scratch.write("reordered.csv", ([header] + lines).joined(separator: "\n") + "\n")
  }

  private static let orders: [@Sendable (inout [Substring]) -> Void] = [
    { _ in }, { $0.reverse() },
    { lines in
      var random = SystemRandomNumberGenerator()
      lines.shuffle(using: &random)
    },
  ]

  @Test(
    "A sync leaves exactly the newer release and counts each row, in any order of its lines",
    arguments: orders.indices)
  func sync(_ order: Int) throws {
    _ = try reordered(Self.orders[order])
    let run = try load("reordered.csv", "--mode", "sync")
    #expect(run.output == "653 inserted, 12,729 updated, 14,909 unchanged, 620 deleted\n", "\(run)")
    _ = try ShellRun(["schema", "a.upkeep"], in: scratch)
    let schema = try ShellRun(["schema", "a.upkeep"], in: scratch).output
    _ = try ShellRun(["fresh.upkeep", "-c", schema], in: scratch)
    #expect(try load("newer.csv", database: "fresh.upkeep").output == "28,291 inserted\n")
    #expect(try dump("a.upkeep") == dump("fresh.upkeep"))
    #expect(try ShellRun(["check", "a.upkeep"], in: scratch).output == "ok\n")
  }

  @Test(
    "A merge takes what it can and names what stale codes keep out, in any order of its lines",
    arguments: orders.indices)
  func merge(_ order: Int) throws {
    _ = try reordered(Self.orders[order])
    let run = try load("reordered.csv", "--mode", "merge", "--rejects", "bad.csv")
    #expect(run.output == "616 inserted, 12,727 updated, 14,909 unchanged, 39 rejected\n", "\(run)")
    #expect(
      try ShellRun(["a.upkeep", "-c", "SELECT count(*) FROM airport"], in: scratch).output == "28874\n")
    let rejects = try scratch.read("bad.csv").split(separator: "\n")
    #expect(rejects.count == 40)
    #expect(rejects.dropFirst().allSatisfy { $0.contains("airport_iata") || $0.contains("airport_lid") })
    #expect(try ShellRun(["check", "a.upkeep"], in: scratch).output == "ok\n")
    let failing = try load("reordered.csv", "--mode", "merge")
    #expect(failing.status == 1)
  }
}
