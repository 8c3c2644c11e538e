extension Transaction {
  /// Puts records into their table as one statement: keys are judged when all records are in, so that they may swap keys
  /// and their order does not matter, and either all that are to go in do or none.
  ///
  /// ```swift
  /// let result = try tx.upsert(contentsOf: airports, ambiguity: .displace, rejects: .collect(limit: 100))
  /// print(result)   // 616 inserted, 12,727 updated, 14,909 unchanged, 39 rejected
  /// ```
  ///
  /// Records may be partial, and give other properties each. The result does not depend on how they are grouped.
  ///
  /// - Parameters:
  ///   - target: by which keys a record may meet a row; the primary key unless said.
  ///   - ambiguity: what happens to a record that meets several rows by several keys of the target.
  ///   - clauses: several answers in place of target, action and ambiguity: the first whose target meets a row is the one.
  ///   - duplicates: what happens to several records with one key.
  ///   - rejects: whether a bad record fails the statement or is set aside.
  ///   - collectsOutcomes: whether the result has an outcome for each record.
  ///   - dryRun: whether to take everything back at the end: the result tells what would have happened.
  ///   - progress: called after every thousand records or so, and at the end.
  @discardableResult
  @inlinable
  public func upsert<Input: RecordInput>(
    contentsOf records: some Sequence<Input>, on target: RecordTarget<Input.Model> = .primaryKey,
    _ action: RecordAction<Input.Model> = .merge, ambiguity: AmbiguityPolicy = .fail,
    clauses: [RecordClause<Input.Model>]? = nil, duplicates: DuplicatePolicy = .fold,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil
  ) throws(UpkeepError) -> RecordResult<Input.Model> {
    let feed: RecordFeed<Input.Model> = try recordFeed(
      .upsert(target, action, ambiguity, or: clauses),
      BatchOptions(
        duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun),
      progress)
    for record in records { try feed.add(record) }
    return try feed.finish()
  }

  /// Makes a table equal to `records`: what they have is merged in, what they lack is deleted.
  ///
  /// - Parameters:
  ///   - key: what identifies a row; the primary key unless said.
  ///   - allowsEmpty: whether no records at all empty the table; otherwise they are an error.
  ///   - duplicates: what happens to several records with one key.
  ///   - rejects: whether a bad record fails the statement or is set aside. The row that it is about stays.
  ///   - displaces: whether rows give way whose other unique keys a record claims.
  ///   - collectsOutcomes: whether the result has an outcome for each record.
  ///   - dryRun: whether to take everything back at the end: the result tells what would have happened.
  ///   - progress: called after every thousand records or so, and at the end.
  @discardableResult
  @inlinable
  public func sync<Input: RecordInput>(
    with records: some Sequence<Input>, by key: RecordTarget<Input.Model> = .primaryKey,
    allowsEmpty: Bool = false, duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail,
    displaces: Bool = false, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil
  ) throws(UpkeepError) -> RecordResult<Input.Model> {
    let feed: RecordFeed<Input.Model> = try recordFeed(
      .sync(by: key, allowsEmpty: allowsEmpty, displaces: displaces),
      BatchOptions(
        duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun),
      progress)
    for record in records { try feed.add(record) }
    return try feed.finish()
  }

  @usableFromInline
  func recordFeed<R: Record>(
    _ statement: BatchStatement, _ options: BatchOptions, _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> RecordFeed<R> {
    try RecordFeed(scope, try statement.plan(try scope.table(R.table), options), options, progress)
  }
}
