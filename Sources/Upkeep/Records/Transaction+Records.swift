internal import UpkeepStorage

extension Transaction {
  /// Puts a record, or what is given of one, into its table: inserts it, or, where it meets a row, does what `action` says.
  ///
  /// ```swift
  /// try tx.upsert(airport)
  /// try tx.upsert(airport, on: .on(\.iata), .update { $0.seen += $1.seen })
  /// try tx.upsert(airport, clauses: [.on(.on(\.iata), .merge(\.name)), .on(.primaryKey, .replace)])
  /// try tx.upsert(Airport.partial { $0.icao = "EGLL"; $0.name = "Heathrow" })
  /// if case .ignored(let stored, _) = try tx.upsert(airport, .ignore) { print(stored.name) }
  /// ```
  ///
  /// - Parameters:
  ///   - target: by which keys the record may meet a row; the primary key unless said.
  ///   - ambiguity: what happens if it meets several rows by several keys of the target.
  ///   - clauses: several answers in place of target, action and ambiguity: the first whose target meets a row is the one.
  /// - Returns: what became of the record.
  /// - Throws: `uniqueViolation`, `notNullViolation`, `checkViolation`, `typeMismatch` and other errors of the record, or
  ///   of a stored row that cannot be read as one; nothing has then changed.
  @discardableResult
  public func upsert<Input: RecordInput>(
    _ record: Input, on target: RecordTarget<Input.Model> = .primaryKey,
    _ action: RecordAction<Input.Model> = .merge, ambiguity: AmbiguityPolicy = .fail,
    clauses: [RecordClause<Input.Model>]? = nil
  ) throws(UpkeepError) -> RecordOutcome<Input.Model> {
    if clauses == nil {
      return try upsertOne(record, RecordClause(target: target, action: action, ambiguity: ambiguity))
    }
    return try scope.statement { () throws(UpkeepError) in
      let result = try upsert(
        contentsOf: CollectionOfOne(record), on: target, action, ambiguity: ambiguity, clauses: clauses,
        collectsOutcomes: true)
      return try RecordOutcome(
        try result.result.onlyOutcome, RecordRow<Input.Model>(try scope.table(Input.Model.table)))
    }
  }

  /// Inserts a record or, where its primary key is there, updates that row: what was given before stays where the record
  /// has no column for it. The record's values are set as they are; merge rules are for what comes from elsewhere.
  ///
  /// - Returns: the record as it is stored, with its id and its defaults.
  @discardableResult
  public func save<R: Record>(_ record: R) throws(UpkeepError) -> R {
    let set = R.columns.names.names.map { MergeColumn($0, .set) }
    return try upsert(record, RecordAction(.merge(columns: set))).stored ?? record
  }

  /// The row that a record meets, or else the record, which is then inserted: get or create.
  ///
  /// ```swift
  /// let (country, isNew) = try tx.findOrInsert(Country(code: "GB", name: "United Kingdom"))
  /// ```
  public func findOrInsert<R: Record>(
    _ record: R, on target: RecordTarget<R> = .primaryKey
  ) throws(UpkeepError) -> (record: R, isNew: Bool) {
    let outcome = try upsert(record, on: target, .ignore)
    return (outcome.stored ?? record, outcome.kind == .inserted)
  }

  /// Removes the record with this primary key, one value for each of its columns.
  ///
  /// - Returns: false if there is none.
  @discardableResult
  public func delete<R: Record>(_ type: R.Type, _ key: any ColumnValue...) throws(UpkeepError) -> Bool {
    try delete(from: R.table, keys: CollectionOfOne(key.map(\.columnValue))) > 0
  }

  /// Removes the records for which a condition holds.
  ///
  /// - Returns: how many there were.
  @discardableResult
  public func delete<R: Record>(
    _ type: R.Type, where condition: ColumnExpression<R, Bool>
  ) throws(UpkeepError) -> Int {
    try scope.statement { () throws(UpkeepError) in
      let statement = DeleteStatement(TableReference(R.table), where: condition.expression)
      return try DeleteExecutor(scope: scope, statement: StatementContext()).run(statement).summary.changes
    }
  }

  // MARK: One record

  private func upsertOne<R: Record>(
    _ record: some RecordInput<R>, _ clause: RecordClause<R>
  ) throws(UpkeepError) -> RecordOutcome<R> {
    let schema = try scope.table(R.table)
    let prepared = try plans.take(schema, clause.clause)
    defer { plans.putBack(prepared) }
    let buffers: RecordBuffers<R>
    if let known = prepared.buffer as? RecordBuffers<R> {
      buffers = known
    } else {
      buffers = try RecordBuffers(schema)
      prepared.buffer = buffers
    }
    let values = buffers.values
    try values.take(record)
    try prepared.binding.follow(R.columns.names)
    var positions = prepared.binding.positions
    if !values.isWhole { values.narrow(prepared.binding.positions, into: &positions) }
    // An outcome that cannot be told as records is refused before anything is written.
    var told: RecordOutcome<R>?
    let outcome = try prepared.upsert.run(values.values, positions, scope) { outcome throws(UpkeepError) in
      told = try RecordOutcome(outcome, buffers.row)
    }
    if let told { return told }
    if let outcome { return try RecordOutcome(outcome, buffers.row) }
    return try scope.statement { () throws(UpkeepError) in
      try RecordOutcome(try judge(values, positions, prepared), buffers.row)
    }
  }

  /// What the short way leaves alone.
  private func judge<R: Record>(
    _ values: RecordValues<R>, _ positions: [Int], _ prepared: PlanCache.Prepared
  ) throws(UpkeepError) -> UpsertOutcome {
    let batch = try UpsertBatch(scope, prepared.upsert.plan, collectsOutcomes: true, now: .now())
    do throws(UpkeepError) {
      try batch.add(positions.map { $0 < 0 ? nil : values.values[$0] }, number: 1)
    } catch {
      try batch.abandon()
      throw error
    }
    return try batch.finish().onlyOutcome
  }
}

/// What single upserts of one kind of record use again and again.
private final class RecordBuffers<R: Record> {
  let values = RecordValues<R>()
  let row: RecordRow<R>

  init(_ schema: TableSchema) throws(UpkeepError) { row = try RecordRow(schema) }
}
