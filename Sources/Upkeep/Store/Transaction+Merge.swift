extension Transaction {
  /// Compares rows with those of a table, and does with each what the first clause of its kind says whose condition
  /// holds; as one statement, whole or not at all. Rows match as the table was before it; keys are judged at its end.
  ///
  /// ```swift
  /// let same = Expression.binary(
  ///   .equal, .column(ColumnReference("icao", of: "airport")), .column(ColumnReference("icao", of: "source")))
  /// try tx.merge(into: "airport", using: rows, on: same, [
  ///   MergeClause(.matched, .updateAll), MergeClause(.notMatched, .insertAll), MergeClause(.notMatchedBySource, .delete),
  /// ])
  /// ```
  ///
  /// SQL: `MERGE INTO airport USING source ON airport.icao = source.icao WHEN MATCHED THEN UPDATE SET * …`
  ///
  /// - Parameters:
  ///   - rows: what to compare: rows with columns of the table. Those that a row does not give are NULL in conditions
  ///     and assignments, and `updateAll` and `insertAll` leave them out.
  ///   - sourceName: what expressions call them.
  ///   - condition: which rows match.
  ///   - returning: what to return of each row of the table that was inserted, updated or deleted.
  ///   - rejects: whether a change of a row that is bad fails the statement or is set aside.
  ///   - collectsOutcomes: whether the result has an outcome for each row of the table that a clause took.
  ///   - dryRun: whether to take everything back at the end: the result tells what would have happened.
  ///   - progress: called after every thousand rows or so, and at the end.
  /// - Throws: the error of the first row that is wrong, `changedTwice` for a row of the table that two rows would
  ///   change, `uniqueViolation` for a key that two rows would have; nothing has then changed.
  @discardableResult
  @inlinable
  public func merge(
    into table: String, using rows: some Sequence<RowInput>, as sourceName: String = "source",
    on condition: Expression, _ clauses: [MergeClause], returning: Returning? = nil,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil
  ) throws(UpkeepError) -> MergeResult {
    let feed = try mergeFeed(
      MergeStatement(
        into: TableReference(table), using: .values([], columns: []), as: sourceName, on: condition, clauses,
        returning: returning),
      BatchOptions(rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun), progress)
    for row in rows { try feed.add(row) }
    return try feed.finish()
  }

  @usableFromInline
  func mergeFeed(
    _ merge: MergeStatement, _ options: BatchOptions, _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> MergeFeed {
    try MergeFeed(scope, merge, options, progress)
  }

  /// Runs a merge of rows that were gathered before.
  func run(
    _ merge: MergeStatement, _ rows: RowInputSpool, _ options: BatchOptions,
    _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> MergeResult {
    let feed = try MergeFeed(scope, merge, options, rowsRead: rows.count, progress)
    try rows.forEach { row throws(UpkeepError) in try feed.add(row) }
    return try feed.finish()
  }
}
