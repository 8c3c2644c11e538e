import Foundation
import Harness

/// How much memory `upkeep load` takes with files of several lengths, each in a process of its own.
enum FeedMemory {
  private static let schema =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, score REAL, updated_at INTEGER);"

  static func run(_ upkeep: String, _ options: Options, sizes: [Int]) throws -> String {
    var lines = [
      "| file | rows | its size | most memory resident | seconds | database |",
      "|---|---:|---:|---:|---:|---:|",
    ]
    for rows in sizes {
      for name in ["feed.csv", "feed.csv.gz", "feed.jsonl"] where options.isWanted(name) {
        let path = "\(options.folder)/\(name)"
        let plain = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
        try PeopleFile.write(0..<rows, to: plain)
        if plain != path { try Command.time("gzip", ["-1", "-f", plain]) }
        let database = options.folder + "/m.upkeep"
        for file in [database, database + "-wal"] { try? FileManager.default.removeItem(atPath: file) }
        try Command.time(upkeep, [database, "-c", schema])
        let began = wallClock()
        let bytes = try ChildProcess.peakResidentBytes(
          upkeep, ["load", database, path, "--into", "t", "--quiet"])
        let seconds = wallClock() - began
        lines.append(
          "| \(name.dropFirst(5)) | \(rows) | \(megabytes(path)) | \(Int(bytes / 1e6)) MB | "
            + "\(String(format: "%.1f", seconds)) | \(megabytes(database)) |")
        FileHandle.standardError.write(Data(((lines.last ?? "") + "\n").utf8))
        try FileManager.default.removeItem(atPath: path)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func megabytes(_ path: String) -> String {
    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
    return "\(size / 1_000_000) MB"
  }
}
