import Upkeep
import UpkeepSQL

/// A database as the SQL that makes it again: tables with their rows, then the indexes over these, in one transaction.
/// Temporary tables are left out. It is read from one state, row by row.
struct Dump {
  /// For whom it is.
  enum Dialect {
    case upkeep
    /// What SQLite has no word for is left out, with a comment that says so if asked for.
    case sqlite(comments: Bool)
  }

  /// Rows of one INSERT, and about how many bytes of it.
  private static let mostRows = 500
  private static let longestInsert = 64 << 10

  var dialect = Dialect.upkeep
  /// Only these tables; nil for all.
  var tables: [String]?
  /// Each statement as a JSON object on a line of its own.
  var asJSON = false

  /// Writes all of it. What cannot be said in SQL is told to `notice`.
  func write(_ scope: TransactionScope, to output: Output, notice: (String) -> Void) throws(UpkeepError) {
    let catalog = try scope.catalog
    var chosen: [TableSchema] = []
    if let tables {
      for name in tables { chosen.append(try catalog.table(name)) }
    } else {
      chosen = catalog.tables
      if case .sqlite = dialect, !catalog.buckets.isEmpty {
        let names = catalog.buckets.keys.sorted().joined(separator: ", ")
        notice("SQLite has no buckets; left out: \(names)")
      }
    }
    chosen.removeAll { $0.definition.isTemporary }
    put("BEGIN;", output)
    for table in chosen {
      let text = DumpedTable(table, dialect)
      put(text.create, output)
      try writeRows(table, text, scope, output)
      for index in text.indexes { put(index, output) }
      for statement in text.counter(try scope.automaticCounter(of: table)) { put(statement, output) }
    }
    if tables == nil, case .upkeep = dialect {
      for bucket in try scope.bucketDefinitions() { try write(bucket, scope, output) }
    }
    if tables == nil {
      for view in Self.inOrder(catalog.views) {
        put(SQLPrinter.createView(ViewDefinition(view.name, columns: view.columns, as: view.text)), output)
      }
    }
    put("COMMIT;", output)
  }

  /// Views so that each comes behind those that it may read.
  private static func inOrder(_ views: [ViewSchema]) -> [ViewSchema] {
    var left = views
    var ordered: [ViewSchema] = []
    while !left.isEmpty {
      let names = left.map { Names.folded($0.name) }
      func first(_ words: (String) -> Set<String>) -> Int? {
        let read = left.map { words($0.text) }
        return left.indices.first { place in
          !left.indices.contains { $0 != place && read[place].contains(names[$0]) }
        }
      }
      // A name may be a column's as well: where views seem to read each other, what stands behind FROM and JOIN decides.
      ordered.append(left.remove(at: first(Self.words) ?? first(Self.sources) ?? 0))
    }
    return ordered
  }

  private static func words(_ text: String) -> Set<String> { Set(SQLWords(text).words.map(Names.folded)) }

  private static func sources(_ text: String) -> Set<String> {
    let words = SQLWords(text).words.map(Names.folded)
    return Set(zip(words, words.dropFirst()).filter { ["from", "join", "("].contains($0.0) }.map(\.1))
  }

  private func put(_ statement: String, _ output: Output) {
    output.write(asJSON ? "{\"sql\":\(JSONText.quoted(statement))}\n" : statement + "\n")
  }

  private func writeRows(
    _ table: TableSchema, _ text: DumpedTable, _ scope: TransactionScope, _ output: Output
  ) throws(UpkeepError) {
    let rows = try RowReader(scope).scan(table)
    var statement = ""
    var count = 0
    while try rows.next() {
      let values = text.values(try rows.row.values())
      if count > 0, count == Self.mostRows || statement.utf8.count + values.utf8.count > Self.longestInsert {
        put(statement + ";", output)
        count = 0
        if let failure = output.failure { throw Self.unwritable(failure) }
        try scope.watch?.cancellation.check()
      }
      statement = count == 0 ? "\(text.insert)\n  \(values)" : "\(statement),\n  \(values)"
      count += 1
    }
    if count > 0 { put(statement + ";", output) }
  }

  private func write(_ bucket: BucketDefinition, _ scope: TransactionScope, _ output: Output)
    throws(UpkeepError)
  {
    put(SQLPrinter.createBucket(bucket), output)
    let insert = "INSERT INTO BUCKET \(SQLPrinter.name(bucket.name)) VALUES"
    var statement = ""
    try scope.forEachEntry(ofBucket: bucket.name) { key, value throws(UpkeepError) in
      let entry = "(\(SQLPrinter.literal(.blob(Array(key)))), \(SQLPrinter.literal(.blob(Array(value)))))"
      if !statement.isEmpty, statement.utf8.count + entry.utf8.count > Self.longestInsert {
        put(statement + ";", output)
        statement = ""
        if let failure = output.failure { throw Self.unwritable(failure) }
        try scope.watch?.cancellation.check()
      }
      statement = statement.isEmpty ? "\(insert)\n  \(entry)" : "\(statement),\n  \(entry)"
    }
    if !statement.isEmpty { put(statement + ";", output) }
  }

  private static func unwritable(_ failure: Int32) -> UpkeepError {
    UpkeepError(.io, "the output takes no more: \(ShellError.system("write", failure).message)")
  }
}

/// A table's statements in a dump.
struct DumpedTable {
  /// CREATE TABLE, and comments before it.
  let create: String
  /// What stands before the rows.
  let insert: String
  /// The indexes that are made when the rows are in.
  let indexes: [String]
  private let writesLiterals: (Value) -> String

  init(_ table: TableSchema, _ dialect: Dump.Dialect) {
    var definition = table.definition
    var later = table.indexes.filter { !$0.isConstraint }.map(\.definition)
    var comments: [String] = []
    var literal: (Value) -> String = SQLPrinter.literal
    if case .sqlite(let saysWhat) = dialect {
      var translation = SQLiteTranslation()
      definition = translation.table(definition)
      later = later.compactMap { translation.index($0) }
      if saysWhat { comments = translation.losses.map { "-- \($0)\n" } }
      literal = SQLiteTranslation.literal
    }
    writesLiterals = literal
    self.table = table
    isForSQLite = if case .sqlite = dialect { true } else { false }
    create = comments.joined() + SQLPrinter.createTable(definition)
    indexes = later.map { SQLPrinter.createIndex($0) }
    var columns = ""
    // A table without a key of its own keeps its rows' numbers, where a column does not hide them.
    if table.hasHiddenRowid, !table.columns.contains(where: { Names.equal($0.name, "rowid") }) {
      columns =
        " (" + (table.columns.map { SQLPrinter.name($0.name) } + ["rowid"]).joined(separator: ", ") + ")"
      width = table.columns.count + 1
    } else {
      width = table.columns.count
    }
    insert = "INSERT INTO \(SQLPrinter.name(table.name))\(columns) VALUES"
  }

  private let width: Int
  private let table: TableSchema
  private let isForSQLite: Bool

  /// What lets AUTOINCREMENT go on above the greatest id that it ever gave, of which no row need be left.
  func counter(_ greatest: Int64) -> [String] {
    guard table.isAutoincrement, greatest > 0 else { return [] }
    guard isForSQLite else {
      return ["ALTER TABLE \(SQLPrinter.name(table.name)) AUTOINCREMENT \(greatest);"]
    }
    let name = SQLPrinter.literal(.text(table.name))
    return [
      "DELETE FROM sqlite_sequence WHERE name = \(name);",
      "INSERT INTO sqlite_sequence VALUES (\(name), \(greatest));",
    ]
  }

  /// A row in parentheses.
  func values(_ row: [Value]) -> String {
    "(\(row.prefix(width).map(writesLiterals).joined(separator: ", ")))"
  }
}
