extension ConflictAction {
  /// The columns that the row gives change; the rest of the row met keep their values.
  public static var merge: ConflictAction { .merge(columns: nil) }
}

extension ConflictTarget {
  /// The unique key over these columns, in any order.
  public static func on(_ columns: String..., where condition: Expression? = nil) -> ConflictTarget {
    .columns(columns.map { .column(ColumnReference($0)) }, where: condition)
  }
}

extension ConflictClause {
  /// What to do with the row met by these keys.
  public static func on(
    _ target: ConflictTarget, _ action: ConflictAction, ambiguity: AmbiguityPolicy = .fail
  ) -> ConflictClause {
    ConflictClause(target, action, ambiguity: ambiguity)
  }
}

extension Transaction {
  /// Puts a row into a table: inserts it, or, where it meets a row, does what `action` says.
  ///
  /// ```swift
  /// try tx.upsert(["icao": "EGLL", "name": "Heathrow"], into: "airport")
  /// try tx.upsert(["iata": "LHR", "closed": .null], into: "airport", on: .index("airport_iata"), .ignore)
  /// ```
  ///
  /// SQL: `UPSERT INTO airport (icao, name) VALUES ('EGLL', 'Heathrow')`.
  ///
  /// - Parameters:
  ///   - target: by which keys the row may meet another; the primary key unless said.
  ///   - ambiguity: what happens if it meets several rows by several keys of the target.
  ///   - clauses: several answers in place of target, action and ambiguity: the first whose target meets a row is the one.
  /// - Returns: what became of the row.
  /// - Throws: `uniqueViolation`, `notNullViolation`, `checkViolation`, `typeMismatch` and other errors of the
  ///   row; nothing has then changed.
  @discardableResult
  public func upsert(
    _ row: RowInput, into table: String, on target: ConflictTarget = .primaryKey,
    _ action: ConflictAction = .merge, ambiguity: AmbiguityPolicy = .fail, clauses: [ConflictClause]? = nil
  ) throws(UpkeepError) -> UpsertOutcome {
    if clauses != nil {
      let result = try upsert(
        contentsOf: CollectionOfOne(row), into: table, on: target, action, ambiguity: ambiguity,
        clauses: clauses, collectsOutcomes: true)
      return try result.onlyOutcome
    }
    let schema = try scope.table(table)
    let prepared = try plans.take(schema, ConflictClause(target, action, ambiguity: ambiguity))
    defer { plans.putBack(prepared) }
    try prepared.binding.follow(row)
    let positions = prepared.binding.positions
    if let outcome = try prepared.upsert.run(row.values, positions, scope) { return outcome }
    let batch = try UpsertBatch(scope, prepared.upsert.plan, collectsOutcomes: true, now: .now())
    do throws(UpkeepError) {
      try batch.add(prepared.binding.given(row), number: 1)
    } catch {
      try batch.abandon()
      throw error
    }
    return try batch.finish().onlyOutcome
  }

  /// Puts rows into a table, as one statement: keys are judged when all rows are in, so that rows may swap keys
  /// and their order does not matter, and either all that are to go in do or none.
  ///
  /// ```swift
  /// let result = try tx.upsert(contentsOf: rows, into: "airport", ambiguity: .displace, rejects: .collect(limit: 100))
  /// print(result)   // 616 inserted, 12,727 updated, 14,909 unchanged, 39 rejected
  /// ```
  ///
  /// - Parameters:
  ///   - target: by which keys a row may meet another; the primary key unless said.
  ///   - ambiguity: what happens to a row that meets several by several keys of the target.
  ///   - clauses: several answers in place of target, action and ambiguity: the first whose target meets a row is the one.
  ///   - duplicates: what happens to several rows with one key.
  ///   - rejects: whether a bad row fails the statement or is set aside.
  ///   - collectsOutcomes: whether the result has an outcome for each row.
  ///   - dryRun: whether to take everything back at the end: the result tells what would have happened.
  ///   - progress: called after every thousand rows or so, and at the end.
  @discardableResult
  @inlinable
  public func upsert(
    contentsOf rows: some Sequence<RowInput>, into table: String, on target: ConflictTarget = .primaryKey,
    _ action: ConflictAction = .merge, ambiguity: AmbiguityPolicy = .fail, clauses: [ConflictClause]? = nil,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false,
    dryRun: Bool = false, progress: ((UpsertProgress) -> Void)? = nil
  ) throws(UpkeepError) -> UpsertResult {
    let feed = try feed(
      .upsert(target, action, ambiguity, or: clauses), into: table,
      BatchOptions(
        duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun),
      progress)
    for row in rows { try feed.add(row) }
    return try feed.finish()
  }

  /// Makes a table equal to `rows`: what they have is merged in, what they lack is deleted.
  ///
  /// - Parameters:
  ///   - key: what identifies a row; the primary key unless said.
  ///   - allowsEmpty: whether no rows at all empty the table; otherwise they are an error.
  ///   - duplicates: what happens to several rows with one key.
  ///   - rejects: whether a bad row fails the statement or is set aside. The row that it is about stays.
  ///   - displaces: whether rows give way whose other unique keys an incoming row claims.
  ///   - collectsOutcomes: whether the result has an outcome for each row.
  ///   - dryRun: whether to take everything back at the end: the result tells what would have happened.
  ///   - progress: called after every thousand rows or so, and at the end.
  @discardableResult
  @inlinable
  public func sync(
    _ table: String, with rows: some Sequence<RowInput>, by key: ConflictTarget = .primaryKey,
    allowsEmpty: Bool = false, duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail,
    displaces: Bool = false, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil
  ) throws(UpkeepError) -> UpsertResult {
    let feed = try feed(
      .sync(by: key, allowsEmpty: allowsEmpty, displaces: displaces), into: table,
      BatchOptions(
        duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun),
      progress)
    for row in rows { try feed.add(row) }
    return try feed.finish()
  }

  @usableFromInline
  func feed(
    _ statement: BatchStatement, into table: String, _ options: BatchOptions,
    _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> RowFeed {
    try RowFeed(scope, try statement.plan(try scope.table(table), options), options, progress)
  }

  /// Runs a statement over rows that were gathered before.
  func run(
    _ statement: BatchStatement, into table: String, _ rows: RowInputSpool, _ options: BatchOptions,
    _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> UpsertResult {
    let feed = try RowFeed(
      scope, try statement.plan(try scope.table(table), options), options, rowsRead: rows.count, progress)
    try rows.forEach { row throws(UpkeepError) in try feed.add(row) }
    return try feed.finish()
  }
}

extension UpsertResult {
  /// The outcome of a statement of one row.
  var onlyOutcome: UpsertOutcome {
    get throws(UpkeepError) {
      guard let outcome = outcomes?.first else {
        throw UpkeepError(.misuse, "the upsert of a row gave no outcome")
      }
      return outcome
    }
  }
}
