import Foundation
import Harness

/// Bytes of a file, 0 if it is not there.
func fileSize(_ path: String) -> Int {
  let attributes = try? FileManager.default.attributesOfItem(atPath: path)
  return (attributes?[.size] as? Int) ?? 0
}

/// Runs all rounds and prints the table.
func runComparison(
  rows: Int, rounds: Int, commits: Int, folder: String, only: String?, json: String?
) throws {
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let people = Population(count: rows / 4 * 4)
  let workloads = Workload.allCases.filter {
    only == nil || $0 == .loadInOrder || $0.rawValue.contains(only ?? "")
  }
  var comparison = Comparison()
  for round in 0..<rounds {
    let contenders: [any Contender] = [
      UpkeepContender(people, commits: commits), SQLiteContender(people, commits: commits),
    ]
    try comparison.round(round, folder: folder, contenders: contenders, workloads: workloads) {
      FileHandle.standardError.write(Data(($0 + "\n").utf8))
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      try FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }
  print("\(rows) rows, \(rounds) rounds, \(ProcessInfo.processInfo.activeProcessorCount) cores\n")
  print(comparison.markdown())
  if let json {
    let settings = [
      "rows": "\(rows)", "rounds": "\(rounds)",
      "system": ProcessInfo.processInfo.operatingSystemVersionString,
    ]
    try comparison.json(settings: settings).write(toFile: json, atomically: true, encoding: .utf8)
  }
}
