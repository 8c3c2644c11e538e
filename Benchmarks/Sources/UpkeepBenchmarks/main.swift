import Foundation
import Harness

/// Says on what and how it was measured, then gives the table, and keeps both where the options say.
func report(_ results: Results, _ options: Options, settings: [String: String], title: String) throws {
  let how = settings.filter { $0.key != "machine" }.sorted { $0.key < $1.key }
    .map { "\($0.key): \($0.value)" }.joined(separator: ", ")
  let text = "\(Machine.date). \(Machine.description). \(how).\n\n\(results.markdown())"
  print(text)
  if let json = options.json {
    try results.json(settings: settings).write(toFile: json, atomically: true, encoding: .utf8)
  }
  if let plots = options.plots {
    try FolderFiles.make(plots)
    for (againstPeers, name, whom) in [
      (false, "sqlite", results.main),
      (true, "peers", "the best of " + results.peers.joined(separator: ", ")),
    ] {
      let plot = Plot(results, title: "\(title): Upkeep against \(whom)", againstPeers: againstPeers)
      try plot.svg().write(
        toFile: "\(plots)/\(options.name)-\(name).svg", atomically: true, encoding: .utf8)
    }
  }
  if let into = options.into, !(try MarkedText.replace(options.name, in: into, by: text)) {
    throw Options.Wrong(description: "\(into) has no marks for \(options.name)")
  }
}

/// The same of a table that is whole already.
func tell(_ table: String, _ options: Options, _ settings: String) throws {
  let text = "\(Machine.date). \(Machine.description). \(settings).\n\n\(table)"
  print(text)
  if let into = options.into, !(try MarkedText.replace(options.name, in: into, by: text)) {
    throw Options.Wrong(description: "\(into) has no marks for \(options.name)")
  }
}

func run() throws -> Bool {
  let options = try Options(Array(CommandLine.arguments.dropFirst()))
  if options.asksForHelp {
    print(Options.usage)
    return true
  }
  if let program = options.peakOf.first {
    let peak = try ChildProcess.peakOfChild(program, Array(options.peakOf.dropFirst()))
    print(Int(peak.bytes))
    return peak.status == 0
  }
  try FolderFiles.make(options.folder)
  defer { FolderFiles.remove(options.folder) }
  var settings = ["machine": Machine.description]
  if let number = options.memoryOf {
    try MemoryUse.measure(options, engine: number, rows: options.rows ?? 10_000_000)
    return true
  }
  if let number = options.statementMemoryOf {
    try StatementMemory.measure(
      options, number: number, rows: options.rows ?? 10_000_000, cacheBytes: options.cacheMegabytes << 20)
    return true
  }
  if options.measuresStatementMemory {
    let table = try StatementMemory.run(
      options, rows: options.rows ?? 10_000_000, cacheBytes: options.cacheMegabytes << 20)
    try tell(table, options, "cache: \(options.cacheMegabytes) MB")
    return true
  }
  let rounds = max(options.rounds ?? 5, 1)
  if let shell = options.shell {
    let rows = options.rows ?? 1_000_000
    try tell(try Imports.run(shell, options, rows: rows, rounds: rounds), options, "rows: \(rows)")
    return true
  }
  if let shell = options.commandShell {
    let rows = options.rows ?? 1_000_000
    try tell(
      try Commands.run(shell, options, rows: rows, rounds: rounds), options,
      "rows: \(rows), rounds: \(rounds)")
    return true
  }
  if let shell = options.feedShell {
    let rows = options.rows ?? 1_000_000
    try tell(
      try FeedMemory.run(shell, options, sizes: [rows, rows * 4]), options, "cache: 256 MB")
    return true
  }
  if options.measuresMemory {
    let rows = options.rows ?? 10_000_000
    settings["rows"] = "\(rows)"
    let results = try MemoryUse.run(options, rows: rows)
    try report(results, options, settings: settings, title: "Memory")
    return true
  }
  if let seconds = options.sustained {
    let rows = options.rows ?? 10_000_000
    settings["rows"] = "\(rows)"
    settings["seconds"] = "\(seconds)"
    let results = try Sustained.run(options, rows: rows, seconds: seconds)
    try report(results, options, settings: settings, title: "Sustained")
    return true
  }
  let rows = max((options.rows ?? 1_000_000) / 80 * 80, 800)
  settings["rows"] = "\(rows)"
  settings["rounds"] = "\(rounds)"
  settings["one-row commits"] = "\(options.commits)"
  if let delay = ProcessInfo.processInfo.environment["SLOW_SYNC_MICROSECONDS"] {
    settings["every sync made slower by"] = "\(delay) µs"
  }
  let setting = Setting(people: Population(count: rows), commits: options.commits)
  var comparison: Comparison
  if options.usesRecords {
    comparison = Comparison(
      setting, stages: Stage.records, folder: options.folder, only: options.only, main: GRDBContender.version,
      peers: [], Engines.withRecords)
  } else if options.usesSQL {
    comparison = Comparison(
      setting, stages: Stage.queries, folder: options.folder, only: options.only, main: Engines.main,
      peers: [],
      Engines.withSQL)
  } else {
    comparison = Comparison(
      setting, folder: options.folder, only: options.only, main: Engines.main, peers: Engines.peers
    ) { Engines.made(options, withExclusive: true) }
  }
  for round in 0..<rounds { try comparison.round(round) }
  try report(comparison.results, options, settings: settings, title: "Storage")
  for failure in comparison.failures { FileHandle.standardError.write(Data("error: \(failure)\n".utf8)) }
  return comparison.failures.isEmpty
}

do {
  if !(try run()) { exit(1) }
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}
