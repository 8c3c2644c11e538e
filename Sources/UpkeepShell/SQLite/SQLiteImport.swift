import ArgumentParser
import Upkeep
import UpkeepSQL

/// Takes the tables of a SQLite file into a database, all of them or none.
struct SQLiteImport {
  /// What came over.
  struct Report {
    struct Table {
      var name: String
      var rowCount: Int
      var indexes: [String]
    }

    var tables: [Table] = []
    var views: [String] = []
    /// What did not, in words.
    var losses: [String] = []
  }

  private let source: SQLiteDatabase

  init(_ path: String) throws { source = try SQLiteDatabase(path) }

  /// - Parameter progress: called now and then with the number of rows so far.
  func run(in session: Session, progress: @escaping (Int) -> Void) throws -> Report {
    var report = Report()
    let schema = try readSchema()
    report.losses = schema.losses
    try session.execute(.begin(immediate: true))
    do {
      try take(schema.tables, session, progress, &report)
      try take(schema.views, session, &report)
      try session.execute(.commit)
    } catch {
      _ = try? session.execute(.rollback)
      throw error
    }
    return report
  }

  private func take(
    _ tables: [SQLiteTable], _ session: Session, _ progress: @escaping (Int) -> Void, _ report: inout Report
  ) throws {
    var failure: (any Error)?
    var rowCount = 0
    do {
      try session.change { scope throws(UpkeepError) in
        for table in tables {
          do {
            report.tables.append(try take(table, scope, &rowCount, progress, &report.losses))
          } catch {
            failure = error
            throw error as? UpkeepError ?? UpkeepError(.badInput, "\(error)")
          }
        }
      }
    } catch {
      throw failure ?? error
    }
  }

  /// Makes the views, those that others read before these, whatever order they were made in. One that cannot be made is
  /// lost, for the reason given when no other one was left to be made before it.
  private func take(_ views: [(name: String, sql: String)], _ session: Session, _ report: inout Report) throws
  {
    var left = views
    while !left.isEmpty {
      var failed: [(view: (name: String, sql: String), reason: String)] = []
      for view in left {
        do {
          try session.execute(sql: view.sql)
          report.views.append(view.name)
        } catch {
          if error.code == .cancelled { throw error }
          failed.append((view, Self.reason(error, view.name)))
        }
      }
      if failed.count == left.count {
        report.losses += failed.map { "view \($0.view.name): \($0.reason)" }
        return
      }
      left = failed.map(\.view)
    }
  }

  private static func reason(_ error: any Error, _ view: String) -> String {
    let message = (error as? UpkeepError)?.message ?? "\(error)"
    return message.hasPrefix("view \(view): ") ? String(message.dropFirst("view \(view): ".count)) : message
  }

  private struct Schema {
    var tables: [SQLiteTable] = []
    var views: [(name: String, sql: String)] = []
    var losses: [String] = []
  }

  /// The tables, and what is no table.
  private func readSchema() throws -> Schema {
    var found: [(name: String, sql: String)] = []
    var schema = Schema()
    try source.query("SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY rowid") { row in
      let (type, name, sql) = (row.text(0) ?? "", row.text(1) ?? "", row.text(2) ?? "")
      if name.hasPrefix("sqlite_") { return }
      switch type {
      case "table": found.append((name, sql))
      case "view": schema.views.append((name, sql))
      case "trigger": schema.losses.append("trigger \(name)")
      default: break
      }
    }
    // Which tables are virtual, belong to a virtual one or have no rowid; older libraries do not tell.
    var kinds: [String: (type: String, isWithoutRowid: Bool)] = [:]
    try? source.query("PRAGMA table_list") { row in
      guard row.text(0) == "main", let name = row.text(1) else { return }
      kinds[name] = (row.text(2) ?? "", row.integer(4) != 0)
    }
    for (name, sql) in found {
      let words = SQLWords(sql)
      let isVirtual = words.has("create", "virtual")
      if isVirtual || kinds[name]?.type == "virtual" {
        schema.losses.append("virtual table \(name)")
      } else if kinds[name]?.type == "shadow" {
        schema.losses.append("table \(name), which belongs to a virtual table")
      } else {
        let isWithoutRowid =
          kinds[name]?.isWithoutRowid ?? words.has("without", "rowid")
        schema.tables.append(
          try SQLiteTable(name, sql: sql, isWithoutRowid: isWithoutRowid, source))
      }
    }
    return schema
  }

  /// Makes an index, or says why it cannot be one here.
  private static func make(_ index: IndexDefinition, _ change: SchemaChange) throws(UpkeepError) -> String? {
    do throws(UpkeepError) {
      try change.createIndex(index)
      return nil
    } catch {
      let codes: [UpkeepError.Code] = [.unknownFunction, .misuse, .unsupported, .typeMismatch]
      guard codes.contains(error.code) else { throw error }
      return error.message
    }
  }

  /// The greatest id that the table ever had, which is not used again.
  private func takeCounter(of schema: TableSchema, _ scope: TransactionScope) throws {
    let name = schema.name.doubling("'")
    try source.query("SELECT seq FROM sqlite_sequence WHERE name = '\(name)'") { row in
      if case .integer(let id) = row.value(0), try scope.automaticCounter(of: schema) < id {
        scope.raiseAutomaticCounter(of: schema, to: id)
      }
    }
  }

  private func take(
    _ table: SQLiteTable, _ scope: TransactionScope, _ rowCount: inout Int, _ progress: (Int) -> Void,
    _ losses: inout [String]
  ) throws -> Report.Table {
    var table = table
    let change = SchemaChange(scope)
    try change.createTable(table.definition)
    let schema = try scope.table(table.name)
    let batch = try UpsertBatch(scope, try UpsertPlan(schema, clauses: []), now: .now())
    var count = 0
    do {
      var row: [Value?] = []
      try source.query(table.query) { values in
        row.removeAll(keepingCapacity: true)
        for column in 0..<values.count { row.append(values.value(column)) }
        count += 1
        try batch.add(row, number: count)
        if count % 4096 == 0 {
          progress(rowCount + count)
          try scope.watch?.cancellation.check()
        }
      }
      _ = try batch.finish()
    } catch {
      try batch.abandon()
      guard var error = error as? UpkeepError else { throw error }
      error.message = "\(table.name), row \(error.rowNumber ?? count): \(error.message)"
      throw error
    }
    rowCount += count
    if schema.isAutoincrement { try takeCounter(of: schema, scope) }
    var made: [String] = schema.indexes.map(\.name)
    for index in table.indexes {
      if let reason = try Self.make(index, change) {
        table.lose(index, because: reason)
      } else {
        made.append(index.name ?? "")
      }
    }
    losses += table.losses
    return Report.Table(name: table.name, rowCount: count, indexes: made)
  }
}

/// `upkeep import-sqlite DATABASE SQLITEFILE`
struct SQLiteImportArguments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upkeep import-sqlite", abstract: "Take the tables of a SQLite file into a database.",
    discussion: """
      Tables, keys, indexes, defaults, checks, rows and views come over, all of them or none; what cannot is listed. It needs \
      SQLite's library on the system.

      Example: upkeep import-sqlite feeds.upkeep feeds.sqlite
      """)

  @Argument(help: ArgumentHelp("The database's file; it is made if it is not there.", valueName: "DATABASE"))
  var database: String

  @Argument(help: ArgumentHelp("The SQLite file.", valueName: "SQLITEFILE"))
  var file: String

  @Flag(help: "Answer in JSON.")
  var json = false

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var writing: WritingOptions

  func takeOver() -> ExitStatus {
    let output = Output(STDOUT_FILENO)
    let messages = Messages(results: output, errors: Output(STDERR_FILENO))
    messages.isQuiet = quiet
    do {
      // What cannot be read must not leave a new, empty database behind.
      let source = try SQLiteImport(file)
      let database = try Database(self.database, writing.opening)
      let bar = ProgressBar(totalBytes: nil, isQuiet: quiet)
      let report = Result {
        try Interrupts.during {
          try source.run(in: database.session) { bar?.show(FeedProgress(rows: $0, bytes: 0)) }
        }
      }
      bar?.clear()
      try database.close()
      show(try report.get(), output)
      output.flush()
      if let failure = output.failure { throw ShellError.system("cannot write the counts", failure) }
      return .success
    } catch {
      return messages.end(with: error)
    }
  }

  private func show(_ report: SQLiteImport.Report, _ output: Output) {
    if json {
      let tables = report.tables.map { table in
        let indexes = table.indexes.map(JSONText.quoted).joined(separator: ",")
        return "{\"name\":\(JSONText.quoted(table.name)),\"rows\":\(table.rowCount),\"indexes\":[\(indexes)]}"
      }
      let losses = report.losses.map(JSONText.quoted).joined(separator: ",")
      let views = report.views.map(JSONText.quoted).joined(separator: ",")
      return output.write(
        "{\"tables\":[\(tables.joined(separator: ","))],\"views\":[\(views)],\"notCarriedOver\":[\(losses)]}\n"
      )
    }
    for table in report.tables {
      let indexes = table.indexes.isEmpty ? "" : "; indexes \(table.indexes.joined(separator: ", "))"
      output.write(
        "\(table.name): \(Figures.grouped(table.rowCount)) \(table.rowCount == 1 ? "row" : "rows")\(indexes)\n"
      )
    }
    for view in report.views { output.write("\(view): a view\n") }
    if !report.losses.isEmpty {
      output.write("not carried over:\n")
      for loss in report.losses { output.write("  \(loss)\n") }
    }
  }
}
