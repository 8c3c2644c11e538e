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
  /// - Returns: what became of the row.
  /// - Throws: `uniqueViolation`, `notNullViolation`, `checkViolation`, `typeMismatch` and other errors of the
  ///   row; nothing has then changed.
  @discardableResult
  public func upsert(
    _ row: RowInput, into table: String, on target: ConflictTarget = .primaryKey,
    _ action: ConflictAction = .merge,
    ambiguity: AmbiguityPolicy = .fail
  ) throws(UpkeepError) -> UpsertOutcome {
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
    guard let outcome = try batch.finish().outcomes?.first else {
      throw UpkeepError(.misuse, "the upsert of a row gave no outcome")
    }
    return outcome
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
  ///   - duplicates: what happens to several rows with one key.
  ///   - rejects: whether a bad row fails the statement or is set aside.
  ///   - collectsOutcomes: whether the result has an outcome for each row.
  @discardableResult
  @inlinable
  public func upsert(
    contentsOf rows: some Sequence<RowInput>, into table: String, on target: ConflictTarget = .primaryKey,
    _ action: ConflictAction = .merge, ambiguity: AmbiguityPolicy = .fail,
    duplicates: DuplicatePolicy = .fold,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false
  ) throws(UpkeepError) -> UpsertResult {
    let feed = try feed(
      into: table, ConflictClause(target, action, ambiguity: ambiguity), duplicates, rejects,
      collectsOutcomes: collectsOutcomes)
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
  @discardableResult
  @inlinable
  public func sync(
    _ table: String, with rows: some Sequence<RowInput>, by key: ConflictTarget = .primaryKey,
    allowsEmpty: Bool = false, duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail,
    displaces: Bool = false, collectsOutcomes: Bool = false
  ) throws(UpkeepError) -> UpsertResult {
    let feed = try feed(
      syncing: table, by: key, allowsEmpty: allowsEmpty, duplicates, rejects, displaces: displaces,
      collectsOutcomes: collectsOutcomes)
    for row in rows { try feed.add(row) }
    return try feed.finish()
  }

  @usableFromInline
  func feed(
    into table: String, _ clause: ConflictClause, _ duplicates: DuplicatePolicy, _ rejects: RejectPolicy,
    collectsOutcomes: Bool
  ) throws(UpkeepError) -> RowFeed {
    let plan = try UpsertPlan(
      try scope.table(table), clauses: [clause], duplicates: duplicates, rejects: rejects)
    return try RowFeed(scope, plan, collectsOutcomes: collectsOutcomes)
  }

  @usableFromInline
  func feed(
    syncing table: String, by key: ConflictTarget, allowsEmpty: Bool, _ duplicates: DuplicatePolicy,
    _ rejects: RejectPolicy, displaces: Bool, collectsOutcomes: Bool
  ) throws(UpkeepError) -> RowFeed {
    let plan = try UpsertPlan(
      syncing: try scope.table(table), by: key, allowsEmpty: allowsEmpty, duplicates: duplicates,
      rejects: rejects, displaces: displaces)
    return try RowFeed(scope, plan, collectsOutcomes: collectsOutcomes)
  }
}
