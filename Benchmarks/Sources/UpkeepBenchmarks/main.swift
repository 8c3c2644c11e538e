import Foundation
import Harness

/// `UpkeepBenchmarks [--rows N] [--rounds N] [--commits N] [--folder PATH] [--json FILE] [--only TEXT]`
func option(_ name: String) -> String? {
  guard let i = CommandLine.arguments.firstIndex(of: name), i + 1 < CommandLine.arguments.count else {
    return nil
  }
  return CommandLine.arguments[i + 1]
}

let rows = option("--rows").flatMap { Int($0) } ?? 1_000_000
let rounds = option("--rounds").flatMap { Int($0) } ?? 5
let commits = option("--commits").flatMap { Int($0) } ?? 20_000
let folder = option("--folder") ?? FileManager.default.temporaryDirectory.path + "/upkeep-bench-\(getpid())"

do {
  try runComparison(
    rows: rows, rounds: rounds, commits: commits, folder: folder, only: option("--only"),
    json: option("--json"))
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}
