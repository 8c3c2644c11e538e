import Foundation
import Harness

/// Whole commands that take a file into a table: `upkeep load` against `sqlite3`, which imports into a staging table and upserts
/// from there, on one file in one run. The shells are those that the environment names, or that are found.
enum Imports {
  private struct Feed {
    let name: String
    let mode: String
    /// What is in the table before: the rows of another file.
    let isThere: Bool
  }

  private static let feeds = [
    Feed(name: "CSV into an empty table", mode: "insert", isThere: false),
    Feed(name: "CSV merged, half of the rows new", mode: "merge", isThere: true),
  ]

  private static let schema =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, score REAL, updated_at INTEGER);"

  static func run(_ upkeep: String, _ options: Options, rows: Int, rounds: Int) throws -> String {
    let folder = options.folder
    try PeopleFile.write(0..<rows, to: folder + "/new.csv")
    try PeopleFile.write(stride(from: 0, to: rows, by: 2), edition: 1, to: folder + "/old.csv")
    try PeopleFile.write(0..<rows, to: folder + "/new.jsonl")
    var lines = ["| | upkeep, rows/s | sqlite3, rows/s | ratio |", "|---|---:|---:|---:|"]
    for feed in feeds + [Feed(name: "JSONL into an empty table", mode: "insert", isThere: false)] {
      let file = feed.name.hasPrefix("JSONL") ? "new.jsonl" : "new.csv"
      var ours: [Double] = []
      var theirs: [Double] = []
      for _ in 0..<rounds {
        ours.append(try timeUpkeep(upkeep, feed, file, folder))
        theirs.append(try timeSQLite(feed, folder, csv: "new.csv"))
      }
      let (mine, other) = (Double(rows) / Command.median(ours), Double(rows) / Command.median(theirs))
      lines.append(
        "| \(feed.name) | \(Int(mine)) | \(Int(other)) | \(String(format: "%.1f", mine / other)) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func timeUpkeep(
    _ program: String, _ feed: Feed, _ file: String, _ folder: String
  ) throws -> Double {
    let database = folder + "/t.upkeep"
    for path in [database, database + "-wal"] { try? FileManager.default.removeItem(atPath: path) }
    try Command.time(program, [database, "-c", schema])
    if feed.isThere {
      try Command.time(program, ["load", database, folder + "/old.csv", "--into", "t", "--quiet"])
    }
    return try Command.time(
      program, ["load", database, "\(folder)/\(file)", "--into", "t", "--mode", feed.mode, "--quiet"])
  }

  private static func timeSQLite(_ feed: Feed, _ folder: String, csv: String) throws -> Double {
    let database = folder + "/t.sqlite"
    for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: database + ending) }
    try Command.time("sqlite3", [database, "PRAGMA journal_mode = WAL; \(schema)"])
    if feed.isThere { try Command.time("sqlite3", [database] + upsert(folder + "/old.csv")) }
    return try Command.time("sqlite3", [database] + upsert("\(folder)/\(csv)"))
  }

  private static func upsert(_ file: String) -> [String] {
    [
      "-cmd", "PRAGMA synchronous = FULL", "-cmd",
      "CREATE TEMP TABLE staging (id INTEGER, email TEXT, name TEXT, score REAL, updated_at INTEGER)",
      "-cmd", ".import --csv --skip 1 \(file) staging",
      "INSERT INTO t SELECT * FROM staging WHERE true ON CONFLICT (id) DO UPDATE SET email = excluded.email, "
        + "name = excluded.name, score = excluded.score, updated_at = excluded.updated_at",
    ]
  }
}
