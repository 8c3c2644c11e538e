import Foundation

/// What the command line says.
struct Options {
  static let usage = """
    UpkeepBenchmarks [options]

      --rows N         rows of the table (1,000,000; with --memory and --sustained 10,000,000)
      --rounds N       rounds, of which the report gives the median (5)
      --commits N      one-row commits of a row of the report (20,000)
      --only TEXT      only the rows whose names contain it; may be given again
      --engine TEXT    only the engines whose names contain it, besides Upkeep; may be given again
      --folder PATH    where the stores lie while they are measured
      --json FILE      keeps every round
      --plots FOLDER   draws the ratios as SVG
      --into FILE      puts the table between the marks `<!-- NAME -->` and `<!-- end of NAME -->` of a document
      --name NAME      that name (storage)
      --sustained SECONDS   random one-row upserts on a store four times the cache, for so long
      --snapshot       with --sustained: a reader keeps the snapshot from before it all the time
      --sql            queries in SQL and prepared statements, against SQLite
      --records        rows as records of the language, against GRDB
      --memory         what is resident while a table is loaded in one transaction and read
      --statement-memory    what is resident after statements that remember something of every row
      --cache MB       the cache for that (64)
      --imports SHELL  whole commands that take a file in: this `upkeep` against `sqlite3`
      --commands SHELL whole commands, imports and queries: this `upkeep` against `sqlite3` and `duckdb`
      --duckdb PATH    that one, where it is not found by its name
      --feed-memory SHELL   what is resident while this `upkeep` loads files of --rows and four times as many
    """

  var rows: Int?
  var rounds: Int?
  var commits = 20_000
  var only: [String] = []
  var engines: [String] = []
  var folder = FileManager.default.temporaryDirectory.path + "/upkeep-bench-\(getpid())"
  var json: String?
  var plots: String?
  var into: String?
  var name = "storage"
  var sustained: Int?
  var keepsSnapshot = false
  var usesRecords = false
  var usesSQL = false
  var asksForHelp = false
  var measuresMemory = false
  /// For the process that `--memory` starts: the engine by its number.
  var memoryOf: Int?
  var measuresStatementMemory = false
  /// For the processes that `--statement-memory` starts: the statement by its number.
  var statementMemoryOf: Int?
  var cacheMegabytes = 64
  /// The program whose imports are measured.
  var shell: String?
  /// The program whose commands are measured.
  var commandShell: String?
  var duckdb: String?
  /// The program whose memory is measured while it loads files.
  var feedShell: String?
  /// For the process that `--feed-memory` starts: the program that it is to run, and with what.
  var peakOf: [String] = []

  struct Wrong: Error, CustomStringConvertible { let description: String }

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    func text(_ name: String) throws -> String {
      guard let value = rest.popFirst() else { throw Wrong(description: "\(name) needs a value") }
      return value
    }
    func number(_ name: String) throws -> Int {
      guard let number = Int(try text(name)), number >= 0 else {
        throw Wrong(description: "\(name) needs a number")
      }
      return number
    }
    while let argument = rest.popFirst() {
      switch argument {
      case "--rows": rows = try number(argument)
      case "--rounds": rounds = try number(argument)
      case "--commits": commits = try number(argument)
      case "--only": only.append(try text(argument))
      case "--engine": engines.append(try text(argument))
      case "--folder": folder = try text(argument)
      case "--json": json = try text(argument)
      case "--plots": plots = try text(argument)
      case "--into": into = try text(argument)
      case "--name": name = try text(argument)
      case "--sustained": sustained = try number(argument)
      case "--records": usesRecords = true
      case "--sql": usesSQL = true
      case "--snapshot": keepsSnapshot = true
      case "--memory": measuresMemory = true
      case "--memory-of": memoryOf = try number(argument)
      case "--statement-memory": measuresStatementMemory = true
      case "--statement-memory-of": statementMemoryOf = try number(argument)
      case "--cache": cacheMegabytes = try number(argument)
      case "--imports": shell = try text(argument)
      case "--commands": commandShell = try text(argument)
      case "--duckdb": duckdb = try text(argument)
      case "--feed-memory": feedShell = try text(argument)
      case "--peak-of":
        peakOf = Array(rest)
        rest = []
      case "--help": asksForHelp = true
      default: throw Wrong(description: "unknown option \(argument)\n\n\(Self.usage)")
      }
    }
  }

  /// Whether a row of a report is among those asked for.
  func isWanted(_ title: String) -> Bool { only.isEmpty || only.contains(where: title.contains) }
}
