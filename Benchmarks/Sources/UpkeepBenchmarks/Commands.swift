import Foundation
import Harness

/// Whole commands in the shells of Upkeep, SQLite and, where it is there, DuckDB: a file taken in, a question answered, each
/// by a program that starts, opens its database and ends.
enum Commands {
  /// A shell and how it is asked.
  private struct Shell {
    let title: String
    let program: String
    let database: String
    /// What comes before a query, which is answered in CSV without a header.
    let query: [String]
  }

  private static let columns =
    "(id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, score REAL, updated_at INTEGER)"

  private static let queries: [(title: String, sql: String)] = [
    ("SELECT count(*)", "SELECT count(*) FROM t"),
    ("a sum over rows that match", "SELECT sum(updated_at), count(*) FROM t WHERE score < 1000"),
    (
      "97 groups",
      "SELECT updated_at % 97 AS d, count(*), sum(updated_at), min(id) FROM t GROUP BY updated_at % 97 ORDER BY d"
    ),
    ("top 10", "SELECT id, email FROM t ORDER BY score DESC, id LIMIT 10"),
    (
      "join with 97 rows, grouped",
      "SELECT d.name, count(*), max(t.id) FROM t JOIN d ON d.id = t.id % 97 GROUP BY d.name ORDER BY d.name"
    ),
    ("one row by its unique key", "SELECT id, name FROM t WHERE email = '\(Person(1234).email)'"),
  ]

  static func run(_ upkeep: String, _ options: Options, rows: Int, rounds: Int) throws -> String {
    let folder = options.folder
    try PeopleFile.write(0..<rows, to: folder + "/new.csv")
    try PeopleFile.write(0..<rows, to: folder + "/new.jsonl")
    let shells = try shells(upkeep, options)
    let heads = ["whole command"] + shells.map(\.title) + shells.dropFirst().map { "vs \($0.title)" }
    var lines = [
      "| \(heads.joined(separator: " | ")) |",
      "|---|" + heads.dropFirst().map { _ in "---:|" }.joined(),
    ]
    func add(_ title: String, _ times: [Double?]) {
      let cells = times.map { $0.map { String(format: "%.0f ms", $0 * 1000) } ?? "" }
      let ratios = times.dropFirst().map { other -> String in
        guard let other, let own = times[0] else { return "" }
        return String(format: "%.2gx", other / own)
      }
      lines.append("| \(title) | \((cells + ratios).joined(separator: " | ")) |")
    }
    for (title, isWanted, time) in imports where options.isWanted(title) {
      var times = shells.map { _ in [Double]() }
      for _ in 0..<rounds {
        for (place, shell) in shells.enumerated() where isWanted(shell) {
          times[place].append(try time(shell, folder))
        }
      }
      add(title, times.map { $0.isEmpty ? nil : Command.median($0) })
    }
    // The import that makes the table with its keys is what the questions are asked of.
    for shell in shells {
      _ = try loadWithKeys(shell, folder)
      let departments = (0..<97).map { "(\($0), 'department \($0)')" }.joined(separator: ", ")
      try Command.time(
        shell.program,
        shell.query + [
          "CREATE TABLE d (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO d VALUES \(departments)"
        ])
    }
    for (title, sql) in queries where options.isWanted(title) {
      var times = shells.map { _ in [Double]() }
      for round in 0...rounds {
        var answers: [String] = []
        for (place, shell) in shells.enumerated() {
          let answer = try Command.output(shell.program, shell.query + [sql])
          answers.append(answer.text.replacingOccurrences(of: "\r\n", with: "\n"))
          // The first round reads the files into the system's memory.
          if round > 0 { times[place].append(answer.seconds) }
        }
        guard let first = answers.first, !first.isEmpty, answers.allSatisfy({ $0 == first }) else {
          throw Options.Wrong(description: "the shells answer differently to \(sql)")
        }
      }
      add(title, times.map { Command.median($0) })
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func shells(_ upkeep: String, _ options: Options) throws -> [Shell] {
    func version(_ program: String) throws -> String {
      let words = try Command.output(program, ["--version"]).text.split(whereSeparator: \.isWhitespace)
      return words.first { $0.contains(".") }.map { $0.hasPrefix("v") ? String($0.dropFirst()) : String($0) }
        ?? ""
    }
    let files = (upkeep: options.folder + "/c.upkeep", sqlite: options.folder + "/c.sqlite")
    var shells = [
      Shell(
        title: "upkeep", program: upkeep, database: files.upkeep,
        query: [files.upkeep, "--format", "csv", "--no-header", "-c"]),
      Shell(
        title: "sqlite3 \(try version("sqlite3"))", program: "sqlite3", database: files.sqlite,
        query: ["-list", "-separator", ",", "-noheader", files.sqlite]),
    ]
    let duckdb = options.duckdb ?? "duckdb"
    if let version = try? version(duckdb), !version.isEmpty {
      let file = options.folder + "/c.duckdb"
      shells.append(
        Shell(
          title: "duckdb \(version)", program: duckdb, database: file,
          query: ["-csv", "-noheader", file, "-c"]))
    } else if options.duckdb != nil {
      throw Options.Wrong(description: "\(duckdb) does not run")
    } else {
      FileHandle.standardError.write(Data("duckdb is not there and is left out\n".utf8))
    }
    return shells
  }

  // MARK: - Imports

  private typealias Import = (
    title: String, isWanted: (Shell) -> Bool, time: (Shell, String) throws -> Double
  )

  private static var imports: [Import] {
    [
      ("CSV into a table with a primary and a unique key", { _ in true }, loadWithKeys),
      ("CSV into a table that is made for it", { _ in true }, loadMade),
      (
        "JSONL into a table with a primary and a unique key", { !$0.program.hasSuffix("sqlite3") },
        { try loadJSON($0, $1) }
      ),
    ]
  }

  private static func removeDatabase(_ shell: Shell) {
    for ending in ["", "-wal", "-shm", ".wal"] {
      try? FileManager.default.removeItem(atPath: shell.database + ending)
    }
  }

  private static func loadWithKeys(_ shell: Shell, _ folder: String) throws -> Double {
    removeDatabase(shell)
    let file = folder + "/new.csv"
    if shell.title == "upkeep" {
      try Command.time(shell.program, [shell.database, "-c", "CREATE TABLE t \(columns)"])
      return try Command.time(shell.program, ["load", shell.database, file, "--into", "t", "--quiet"])
    }
    if shell.title.hasPrefix("sqlite3") {
      try Command.time(
        shell.program, [shell.database, "PRAGMA journal_mode = WAL; CREATE TABLE t \(columns)"])
      return try Command.time(
        shell.program,
        [shell.database, "-cmd", "PRAGMA synchronous = FULL", "-cmd", ".import --csv --skip 1 \(file) t", ""])
    }
    try Command.time(shell.program, [shell.database, "-c", "CREATE TABLE t \(columns)"])
    return try Command.time(shell.program, [shell.database, "-c", "COPY t FROM '\(file)'"])
  }

  private static func loadMade(_ shell: Shell, _ folder: String) throws -> Double {
    removeDatabase(shell)
    let file = folder + "/new.csv"
    if shell.title == "upkeep" {
      return try Command.time(
        shell.program, ["load", shell.database, file, "--into", "t", "--create", "--quiet"])
    }
    if shell.title.hasPrefix("sqlite3") {
      return try Command.time(
        shell.program,
        [
          "-cmd", "PRAGMA journal_mode = WAL", "-cmd", "PRAGMA synchronous = FULL", shell.database, "-cmd",
          ".import --csv \(file) t", "",
        ])
    }
    return try Command.time(
      shell.program, [shell.database, "-c", "CREATE TABLE t AS SELECT * FROM read_csv('\(file)')"])
  }

  private static func loadJSON(_ shell: Shell, _ folder: String) throws -> Double {
    removeDatabase(shell)
    let file = folder + "/new.jsonl"
    let make = "CREATE TABLE t \(columns)"
    try Command.time(shell.program, [shell.database, "-c", make])
    if shell.title == "upkeep" {
      return try Command.time(shell.program, ["load", shell.database, file, "--into", "t", "--quiet"])
    }
    return try Command.time(
      shell.program, [shell.database, "-c", "INSERT INTO t SELECT * FROM read_json('\(file)')"])
  }
}
