import Upkeep

extension DotCommand {
  /// Commands that look after the database as a whole.
  static var careCommands: [DotCommand] {
    [
      DotCommand(".stats", does: "say what the database holds and takes up") { shell, arguments in
        try arguments.none()
        shell.results.write(Inspector.statistics(of: shell.database, try shell.database.store.statistics()))
      },
      DotCommand(".check", does: "verify every page, tree, index and row") { shell, arguments in
        try arguments.none()
        let problems = try shell.database.store.verify()
        shell.results.write(Inspector.findings(problems))
        if !problems.isEmpty { shell.raise(to: .corrupt) }
      },
      DotCommand(".checkpoint", does: "write what the log holds into the database's file") {
        shell, arguments in
        try arguments.none()
        try shell.database.store.checkpoint()
      },
      DotCommand(".backup", arguments: "FILE", does: "write the database to a new file, as it is now") {
        shell, arguments in
        try shell.database.store.backup(to: try arguments.one("a file"))
      },
      DotCommand(".compact", does: "move what lies at the file's end down, and cut the file") {
        shell, arguments in
        try arguments.none()
        try shell.database.store.compact()
      },
    ]
  }
}

/// What is found by looking at a database, in words.
enum Inspector {
  /// `ok`, or each problem on its line.
  static func findings(_ problems: [String]) -> String {
    problems.isEmpty ? "ok\n" : problems.map { $0 + "\n" }.joined()
  }

  /// One screen: tables and their indexes, then what the files take up.
  static func statistics(of database: Database, _ statistics: StoreStatistics) -> String {
    var lines: [(String, String)] = []
    for table in statistics.tables {
      lines.append(("table \(table.name)", "\(Figures.grouped(table.rowCount)) rows"))
      for index in table.indexes {
        lines.append(("  index \(index.name)", "\(Figures.grouped(index.entryCount)) entries"))
      }
    }
    for bucket in statistics.buckets {
      lines.append(("bucket \(bucket.name)", "\(Figures.grouped(bucket.keyCount)) keys"))
    }
    lines.append(
      ("pages", "\(Figures.grouped(statistics.pageCount)) of \(Figures.bytes(statistics.pageSize))"))
    if database.path != nil {
      lines.append(("file", Figures.bytes(statistics.fileSize)))
      lines.append(("free in it", Figures.bytes(statistics.freeBytes)))
      lines.append(("log", Figures.bytes(statistics.logSize)))
    }
    lines.append(("version", Figures.grouped(Int(clamping: statistics.version))))
    let width = lines.map { DisplayWidth.of($0.0) }.max() ?? 0
    return lines.map { name, value in
      name + String(repeating: " ", count: width - DisplayWidth.of(name)) + "  " + value + "\n"
    }.joined()
  }

  /// The same as one JSON object.
  static func json(_ statistics: StoreStatistics) -> String {
    let tables = statistics.tables.map { table in
      let indexes = table.indexes.map { named($0.name, "entries", $0.entryCount) }
      return named(table.name, "rows", table.rowCount, ",\"indexes\":\(list(indexes))")
    }
    let buckets = statistics.buckets.map { named($0.name, "keys", $0.keyCount) }
    let sizes: [(String, Int)] = [
      ("pageSize", statistics.pageSize), ("pages", statistics.pageCount), ("fileSize", statistics.fileSize),
      ("freeBytes", statistics.freeBytes), ("logSize", statistics.logSize),
      ("version", Int(clamping: statistics.version)),
    ]
    let members = ["\"tables\":\(list(tables))", "\"buckets\":\(list(buckets))"]
    return "{" + (members + sizes.map { "\"\($0.0)\":\($0.1)" }).joined(separator: ",") + "}\n"
  }

  private static func named(_ name: String, _ unit: String, _ count: Int, _ rest: String = "") -> String {
    "{\"name\":\(JSONText.quoted(name)),\"\(unit)\":\(count)\(rest)}"
  }

  private static func list(_ items: [String]) -> String { "[\(items.joined(separator: ","))]" }
}
