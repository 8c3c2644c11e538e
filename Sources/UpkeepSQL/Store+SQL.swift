public import Upkeep

/// The rows of a query.
public struct SQLRows: Sendable, Hashable {
  /// The names of the columns.
  public var columns: [String]
  /// The rows, a value for each column.
  public var rows: [[Value]]
}

extension Store {
  /// Runs the statements of a text, each in a transaction of its own.
  ///
  ///     try store.execute("UPSERT INTO airport (icao, name) VALUES (?, ?)", ["EGLL", "Heathrow"])
  ///
  /// - Returns: what the last statement did.
  /// - Throws: the error of the first statement that cannot be read or fails; those before it have run. BEGIN
  ///   and SAVEPOINT are errors here: a transaction of several statements needs a ``Session``.
  ///
  /// A literal with values in it, `"… \(value) …"`, is a ``SQLText``: its values are bound.
  @_disfavoredOverload
  @discardableResult
  public func execute(
    _ sql: String, _ parameters: SQLParameters = []
  ) throws(UpkeepError) -> StatementSummary {
    try run(sql, parameters, into: nil)
  }

  /// Runs a text that ends in a query, or a statement with RETURNING, and gives all its rows.
  ///
  ///     let near = try store.query("SELECT name FROM airport WHERE lat > ? ORDER BY name", [51.0])
  ///
  /// For results too large for memory run the query in a ``Session`` with a sink, or prepared. A literal with values in it,
  /// `"… \(value) …"`, is a ``SQLText``: its values are bound.
  @_disfavoredOverload
  public func query(_ sql: String, _ parameters: SQLParameters = []) throws(UpkeepError) -> SQLRows {
    let sink = LastResult()
    try run(sql, parameters, into: sink)
    return SQLRows(columns: sink.columns, rows: sink.rows)
  }

  @discardableResult
  private func run(
    _ sql: String, _ parameters: SQLParameters, into sink: LastResult?
  ) throws(UpkeepError) -> StatementSummary {
    let session = Session(self)
    var parser = SQLParser(sql, parameters: parameters)
    var summary = StatementSummary()
    while let statement = try parser.next() {
      switch statement.statement {
      case .begin, .commit, .rollback, .savepoint, .rollbackTo, .release:
        throw statement.locate(
          UpkeepError(
            .misuse,
            "\(SQLPrinter.statement(statement.statement)) needs a Session; Store.execute runs each statement as a "
              + "transaction of its own"))
      default: break
      }
      summary = try session.execute(statement, into: sink)
    }
    try session.close()
    return summary
  }
}

/// Keeps the rows of the last result.
private final class LastResult: RowSink {
  var columns: [String] = []
  var rows: [[Value]] = []

  func begin(columns: [String]) {
    self.columns = columns
    rows = []
  }

  func row(_ values: [Value]) { rows.append(values) }
}
