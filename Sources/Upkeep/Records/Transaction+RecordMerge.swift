extension Transaction {
  /// Compares records with the rows of their table, and does with each what the first clause of its kind says whose
  /// condition holds; as one statement, whole or not at all. Rows match as the table was before it; keys are judged at its
  /// end.
  ///
  /// ```swift
  /// try tx.merge(into: Airport.self, using: staged, on: { $0.icao == $1.icao }) {
  ///   $0.whenMatched(and: { $1.elevation != nil }, .update { $0.elevation = $1.elevation })
  ///   $0.whenNotMatched(.insert)
  ///   $0.whenNotMatchedBySource(.delete)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - condition: which rows match; the first is the stored one, the second the record.
  ///   - dryRun: whether to take everything back at the end: the result tells what would have happened.
  ///   - clauses: says what happens; called once.
  /// - Throws: the error of the first record that is wrong, `changedTwice` for a row that two records would change,
  ///   `uniqueViolation` for a key that two rows would have; nothing has then changed.
  @discardableResult
  public func merge<R: Record>(
    into type: R.Type, using records: some Sequence<R>,
    on condition: (StoredColumns<R>, StoredColumns<R>) -> ColumnExpression<R, Bool>, dryRun: Bool = false,
    _ clauses: (inout RecordMerge<R>) -> Void
  ) throws(UpkeepError) -> MergeResult {
    var merge = RecordMerge<R>()
    clauses(&merge)
    let feed = try mergeFeed(
      MergeStatement(
        into: TableReference(R.table), using: .values([], columns: []), as: RecordMerge<R>.sourceName,
        on: condition(RecordMerge<R>.stored, RecordMerge<R>.incoming).expression, merge.clauses),
      dryRun: dryRun)
    var binding = RowBinding(try scope.table(R.table))
    try binding.follow(R.columns.names)
    let values = RecordValues<R>()
    var positions: [Int] = []
    for record in records {
      try values.take(record)
      values.narrow(binding.positions, into: &positions)
      try feed.add(given: positions.map { $0 < 0 ? nil : values.values[$0] })
    }
    return try feed.finish()
  }
}
