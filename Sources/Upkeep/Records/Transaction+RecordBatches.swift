extension Transaction {
  /// Puts records into their table as one statement: keys are judged when all records are in, so that they may swap keys
  /// and their order does not matter, and either all that are to go in do or none.
  ///
  /// ```swift
  /// let result = try tx.upsert(contentsOf: airports, ambiguity: .displace, rejects: .collect(limit: 100))
  /// print(result)   // 616 inserted, 12,727 updated, 14,909 unchanged, 39 rejected
  /// ```
  ///
  /// - Parameters:
  ///   - target: by which keys a record may meet a row; the primary key unless said.
  ///   - ambiguity: what happens to a record that meets several rows by several keys of the target.
  ///   - duplicates: what happens to several records with one key.
  ///   - rejects: whether a bad record fails the statement or is set aside.
  ///   - collectsOutcomes: whether the result has an outcome for each record.
  ///   - dryRun: whether to take everything back at the end: the result tells what would have happened.
  ///   - progress: called now and then, and at the end.
  @discardableResult
  @inlinable
  public func upsert<R: Record>(
    contentsOf records: some Sequence<R>, on target: RecordTarget<R> = .primaryKey,
    _ action: RecordAction<R> = .merge, ambiguity: AmbiguityPolicy = .fail,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false,
    dryRun: Bool = false, progress: ((UpsertProgress) -> Void)? = nil
  ) throws(UpkeepError) -> RecordResult<R> {
    try upsert(
      contentsOf: records, clauses: [.on(target, action, ambiguity: ambiguity)],
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun,
      progress: progress)
  }

  /// The same with several clauses: the first whose target meets a row says what happens.
  @discardableResult
  @inlinable
  public func upsert<R: Record>(
    contentsOf records: some Sequence<R>, clauses: [RecordClause<R>], duplicates: DuplicatePolicy = .fold,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil
  ) throws(UpkeepError) -> RecordResult<R> {
    let feed = try feed(clauses, duplicates, rejects, collectsOutcomes, dryRun, progress)
    for record in records { try feed.add(record) }
    return try feed.finish()
  }

  /// The same of records of which only some properties are given, which may be others for each. The result does not
  /// depend on how they are grouped.
  @discardableResult
  @inlinable
  public func upsert<R: Record>(
    contentsOf partials: some Sequence<PartialRecord<R>>, on target: RecordTarget<R> = .primaryKey,
    _ action: RecordAction<R> = .merge, ambiguity: AmbiguityPolicy = .fail,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false,
    dryRun: Bool = false, progress: ((UpsertProgress) -> Void)? = nil
  ) throws(UpkeepError) -> RecordResult<R> {
    let feed = try feed(
      [.on(target, action, ambiguity: ambiguity)], duplicates, rejects, collectsOutcomes, dryRun, progress)
    for partial in partials { try feed.add(partial) }
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
  @discardableResult
  @inlinable
  public func sync<R: Record>(
    with records: some Sequence<R>, by key: RecordTarget<R> = .primaryKey, allowsEmpty: Bool = false,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, displaces: Bool = false,
    collectsOutcomes: Bool = false, dryRun: Bool = false, progress: ((UpsertProgress) -> Void)? = nil
  ) throws(UpkeepError) -> RecordResult<R> {
    let feed = try feed(
      syncing: key, allowsEmpty, duplicates, rejects, displaces, collectsOutcomes, dryRun, progress)
    for record in records { try feed.add(record) }
    return try feed.finish()
  }

  @usableFromInline
  func feed<R: Record>(
    _ clauses: [RecordClause<R>], _ duplicates: DuplicatePolicy, _ rejects: RejectPolicy,
    _ collectsOutcomes: Bool, _ dryRun: Bool, _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> RecordFeed<R> {
    let given = try RecordClauses(clauses)
    let plan = try UpsertPlan(
      try scope.table(R.table), clauses: given.clauses, duplicates: duplicates, rejects: rejects)
    return try RecordFeed(
      scope, plan, omitsNull: given.omitsNull, collectsOutcomes: collectsOutcomes, dryRun: dryRun,
      progress: progress)
  }

  @usableFromInline
  func feed<R: Record>(
    syncing key: RecordTarget<R>, _ allowsEmpty: Bool, _ duplicates: DuplicatePolicy,
    _ rejects: RejectPolicy, _ displaces: Bool, _ collectsOutcomes: Bool, _ dryRun: Bool,
    _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> RecordFeed<R> {
    let plan = try UpsertPlan(
      syncing: try scope.table(R.table), by: key.target, allowsEmpty: allowsEmpty, duplicates: duplicates,
      rejects: rejects, displaces: displaces)
    return try RecordFeed<R>(
      scope, plan, omitsNull: false, collectsOutcomes: collectsOutcomes, dryRun: dryRun, progress: progress)
  }
}
