public import Upkeep

extension Session {
  /// Runs a statement read from a text. An error that names a table, column, index or function tells where in
  /// the text that name stands.
  ///
  /// - Throws: the statement's error; then it has changed nothing (`INSERT OR FAIL` and its like aside).
  @discardableResult
  public func execute(
    _ statement: SQLStatement, into sink: (any RowSink)? = nil
  ) throws(UpkeepError) -> StatementSummary {
    if viewReader == nil { viewReader = SQLViewReader() }
    do throws(UpkeepError) {
      return try execute(statement.statement, into: sink)
    } catch {
      throw statement.locate(error)
    }
  }

  /// Runs the statements of a text, one after the other, up to the first that fails.
  ///
  ///     try session.execute(sql: "BEGIN; DELETE FROM airport WHERE iata = :code; COMMIT", ["code": "LHR"])
  ///
  /// - Returns: what each statement did.
  /// - Throws: the error of the first statement that cannot be read or fails; those before it have run.
  @discardableResult
  public func execute(
    sql: String, _ parameters: SQLParameters = [], into sink: (any RowSink)? = nil
  ) throws(UpkeepError) -> [StatementSummary] {
    try execute(utf8: Array(sql.utf8), parameters, into: sink)
  }

  /// Runs the statements of a text given as bytes, which may turn out not to be UTF-8.
  @discardableResult
  public func execute(
    utf8: [UInt8], _ parameters: SQLParameters = [], into sink: (any RowSink)? = nil
  ) throws(UpkeepError) -> [StatementSummary] {
    var parser = SQLParser(utf8: utf8, parameters: parameters)
    parser.cancellation = cancellation
    try beginText()
    var summaries: [StatementSummary] = []
    while let statement = try parser.next() { summaries.append(try execute(statement, into: sink)) }
    return summaries
  }
}
