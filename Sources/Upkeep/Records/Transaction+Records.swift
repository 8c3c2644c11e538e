internal import UpkeepStorage

extension Transaction {
  /// Puts a record into its table: inserts it, or, where it meets a row, does what `action` says.
  ///
  /// ```swift
  /// try tx.upsert(airport)
  /// try tx.upsert(airport, on: .on(\.iata), .update { $0.seen += $1.seen })
  /// if case .ignored(let stored, _) = try tx.upsert(airport, .ignore) { print(stored.name) }
  /// ```
  ///
  /// - Parameters:
  ///   - target: by which keys the record may meet a row; the primary key unless said.
  ///   - ambiguity: what happens if it meets several rows by several keys of the target.
  /// - Returns: what became of the record.
  /// - Throws: `uniqueViolation`, `notNullViolation`, `checkViolation`, `typeMismatch` and other errors of the record, or
  ///   of a stored row that cannot be read as one; nothing has then changed.
  @discardableResult
  public func upsert<R: Record>(
    _ record: R, on target: RecordTarget<R> = .primaryKey, _ action: RecordAction<R> = .merge,
    ambiguity: AmbiguityPolicy = .fail
  ) throws(UpkeepError) -> RecordOutcome<R> {
    try upsertOne(RecordClause(target: target, action: action, ambiguity: ambiguity)) { $0.take(record) }
  }

  /// Puts a record of which only some properties are given into its table. The others are absent, which is not NULL.
  @discardableResult
  public func upsert<R: Record>(
    _ partial: PartialRecord<R>, on target: RecordTarget<R> = .primaryKey,
    _ action: RecordAction<R> = .merge, ambiguity: AmbiguityPolicy = .fail
  ) throws(UpkeepError) -> RecordOutcome<R> {
    try partial.requireKnown()
    return try upsertOne(RecordClause(target: target, action: action, ambiguity: ambiguity)) {
      $0.take(partial)
    }
  }

  /// Puts a record into its table; of several clauses the first whose target meets a row says what happens.
  ///
  /// ```swift
  /// try tx.upsert(airport, clauses: [.on(.on(\.iata), .merge(\.name)), .on(.primaryKey, .replace)])
  /// ```
  @discardableResult
  public func upsert<R: Record>(
    _ record: R, clauses: [RecordClause<R>]
  ) throws(UpkeepError) -> RecordOutcome<R> {
    try scope.statement { () throws(UpkeepError) in
      let result = try upsert(contentsOf: CollectionOfOne(record), clauses: clauses, collectsOutcomes: true)
      guard let outcome = try result.recordOutcomes().first else {
        throw UpkeepError(.misuse, "the upsert of a record gave no outcome")
      }
      return outcome
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
    _ clause: RecordClause<R>, _ fill: (RecordValues<R>) -> Void
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
    fill(values)
    try prepared.binding.follow(R.columns.names)
    var positions = prepared.binding.positions
    if !values.isWhole || clause.action.omitsNull {
      values.narrow(prepared.binding.positions, omitsNull: clause.action.omitsNull, into: &positions)
    }
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
    guard let outcome = try batch.finish().outcomes?.first else {
      throw UpkeepError(.misuse, "the upsert of a record gave no outcome")
    }
    return outcome
  }
}

/// What single upserts of one kind of record use again and again.
private final class RecordBuffers<R: Record> {
  let values = RecordValues<R>()
  let row: RecordRow<R>

  init(_ schema: TableSchema) throws(UpkeepError) { row = try RecordRow(schema) }
}
