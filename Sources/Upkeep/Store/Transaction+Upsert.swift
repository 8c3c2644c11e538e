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
    let single = try plans.take(schema, ConflictClause(target, action, ambiguity: ambiguity))
    defer { plans.putBack(single) }
    if let outcome = try single.run(row, scope) { return outcome }
    let given = try single.bind(row)
    let batch = try UpsertBatch(scope, single.plan, collectsOutcomes: true, now: .now())
    do throws(UpkeepError) {
      try batch.add(given, number: 1)
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
  public func upsert(
    contentsOf rows: some Sequence<RowInput>, into table: String, on target: ConflictTarget = .primaryKey,
    _ action: ConflictAction = .merge, ambiguity: AmbiguityPolicy = .fail,
    duplicates: DuplicatePolicy = .fold,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false
  ) throws(UpkeepError) -> UpsertResult {
    let schema = try scope.table(table)
    let plan = try UpsertPlan(
      schema, clauses: [ConflictClause(target, action, ambiguity: ambiguity)], duplicates: duplicates,
      rejects: rejects)
    return try run(plan, rows, collectsOutcomes: collectsOutcomes)
  }

  /// Makes a table equal to `rows`: what they have is merged in, what they lack is deleted.
  ///
  /// - Parameters:
  ///   - key: what identifies a row; the primary key unless said.
  ///   - allowsEmpty: whether no rows at all empty the table; otherwise they are an error.
  ///   - rejects: whether a bad row fails the statement or is set aside. The row that it is about stays.
  ///   - displaces: whether rows give way whose other unique keys an incoming row claims.
  @discardableResult
  public func sync(
    _ table: String, with rows: some Sequence<RowInput>, by key: ConflictTarget = .primaryKey,
    allowsEmpty: Bool = false, rejects: RejectPolicy = .fail, displaces: Bool = false,
    collectsOutcomes: Bool = false
  ) throws(UpkeepError) -> UpsertResult {
    let schema = try scope.table(table)
    let plan = try UpsertPlan(
      syncing: schema, by: key, allowsEmpty: allowsEmpty, rejects: rejects, displaces: displaces)
    return try run(plan, rows, collectsOutcomes: collectsOutcomes)
  }

  private func run(
    _ plan: UpsertPlan, _ rows: some Sequence<RowInput>, collectsOutcomes: Bool
  ) throws(UpkeepError) -> UpsertResult {
    let batch = try UpsertBatch(scope, plan, collectsOutcomes: collectsOutcomes, now: .now())
    var binding = RowBinding(plan.schema)
    var given: [Value?] = []
    var number = 0
    for row in rows {
      number += 1
      do throws(UpkeepError) {
        try binding.bind(row, into: &given)
        try batch.add(given, number: number)
      } catch {
        try batch.abandon()
        throw error
      }
    }
    return try batch.finish()
  }
}
