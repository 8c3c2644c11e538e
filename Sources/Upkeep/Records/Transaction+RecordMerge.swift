extension Transaction {
  /// Compares records with the rows of a table, and does with each what the first clause of its kind says whose condition
  /// holds; as one statement, whole or not at all. Rows match as the table was before it; keys are judged at its end.
  ///
  /// ```swift
  /// try tx.merge(into: Airport.self, using: staged, on: { $0.icao == $1.icao }) {
  ///   $0.whenMatched(and: { $1.elevation != nil }, .update { $0.elevation = $1.elevation })
  ///   $0.whenNotMatched(.insert)
  ///   $0.whenNotMatchedBySource(.delete)
  /// }
  /// ```
  ///
  /// The records may be of another type than the table's, which says what its own are called; `.update` and `.insert` go by
  /// the names of columns. They may be partial: what one does not give is NULL in conditions and assignments, and `.update`
  /// and `.insert` leave it out.
  ///
  /// - Parameters:
  ///   - condition: which rows match; the first is the stored one, the second the record.
  ///   - rejects: whether a change of a row that is bad fails the statement or is set aside.
  ///   - collectsOutcomes: whether the result has an outcome for each row of the table that a clause took.
  ///   - dryRun: whether to take everything back at the end: the result tells what would have happened.
  ///   - progress: called after every thousand records or so, and at the end.
  ///   - clauses: says what happens; called once.
  /// - Throws: the error of the first record that is wrong, `changedTwice` for a row that two records would change,
  ///   `uniqueViolation` for a key that two rows would have; nothing has then changed.
  @discardableResult
  public func merge<R: Record, Input: RecordInput>(
    into type: R.Type, using records: some Sequence<Input>,
    on condition: RecordMerge<R, Input.Model>.Condition,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil,
    _ clauses: (inout RecordMerge<R, Input.Model>) -> Void
  ) throws(UpkeepError) -> RecordMergeResult<R> {
    let merge = RecordMerge(condition, clauses).statement
    let options = BatchOptions(rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let feed = try MergeFeed(scope, merge, source: Input.Model.columns.names, options, progress)
    let values = RecordValues<Input.Model>()
    for record in records { try feed.add(record, by: values) }
    return try RecordMergeResult(try feed.finish(), try scope.table(R.table))
  }

  /// Runs a merge of records that were gathered before.
  func run<R: Record, Input: RecordInput>(
    _ merge: MergeStatement, into type: R.Type, _ records: RecordSpool<Input>, _ options: BatchOptions,
    _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> RecordMergeResult<R> {
    let feed = try MergeFeed(
      scope, merge, source: Input.Model.columns.names, options, rowsRead: records.count, progress)
    let values = RecordValues<Input.Model>()
    try records.forEach { record throws(UpkeepError) in
      try feed.add(record, by: values)
    } given: { values throws(UpkeepError) in
      try feed.add(given: values)
    }
    return try RecordMergeResult(try feed.finish(), try scope.table(R.table))
  }
}

extension MergeFeed {
  /// Gives the statement a record.
  fileprivate func add<R>(_ record: some RecordInput<R>, by values: RecordValues<R>) throws(UpkeepError) {
    do throws(UpkeepError) { try values.take(record) } catch { throw try abandoned(error) }
    try add(given: values.given)
  }
}
