extension Store {
  /// The record with this primary key, as the store is now.
  public func find<R: Record>(_ type: R.Type, _ key: any ColumnValue...) throws -> R? {
    try read { snapshot in
      let finder = try snapshot.scope.finder(R.table)
      guard let view = try finder.find(key: key.map(\.columnValue)) else { return nil }
      return try RecordRow<R>.of(finder).record(view)
    }
  }

  /// Puts records into their table as one transaction. They are read before the writer's turn is taken, so that a sequence
  /// that trickles holds up nobody. The parameters are those of `Transaction.upsert(contentsOf:)`.
  @discardableResult
  public func upsert<Input: RecordInput>(
    contentsOf records: some Sequence<Input>, on target: RecordTarget<Input.Model> = .primaryKey,
    _ action: RecordAction<Input.Model> = .merge, ambiguity: AmbiguityPolicy = .fail,
    clauses: [RecordClause<Input.Model>]? = nil, duplicates: DuplicatePolicy = .fold,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil
  ) throws -> RecordResult<Input.Model> {
    let statement = try BatchStatement.upsert(target, action, ambiguity, or: clauses)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RecordSpool(self, records, progress)
    return try write { try $0.run(statement, gathered, options, progress) }
  }

  /// The same without blocking the task's thread. In asynchronous code this is the one that a call means.
  @discardableResult
  public func upsert<Input: RecordInput>(
    contentsOf records: some Sequence<Input>, on target: RecordTarget<Input.Model> = .primaryKey,
    _ action: RecordAction<Input.Model> = .merge, ambiguity: AmbiguityPolicy = .fail,
    clauses: [RecordClause<Input.Model>]? = nil, duplicates: DuplicatePolicy = .fold,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> RecordResult<Input.Model> {
    let statement = try BatchStatement.upsert(target, action, ambiguity, or: clauses)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RecordSpool(self, records, progress)
    return try await write { try $0.run(statement, gathered, options, progress) }
  }

  /// Puts the records of an asynchronous sequence into their table as one transaction. They are gathered before the
  /// writer's turn is taken, beyond a share of the cache in a file; if the sequence fails or the task is cancelled
  /// meanwhile, nothing happens.
  @discardableResult
  public func upsert<Input: RecordInput, Records: AsyncSequence>(
    contentsOf records: Records, on target: RecordTarget<Input.Model> = .primaryKey,
    _ action: RecordAction<Input.Model> = .merge, ambiguity: AmbiguityPolicy = .fail,
    clauses: [RecordClause<Input.Model>]? = nil, duplicates: DuplicatePolicy = .fold,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> RecordResult<Input.Model> where Records.Element == Input {
    let statement = try BatchStatement.upsert(target, action, ambiguity, or: clauses)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try await RecordSpool(self, records, progress)
    return try await write { try $0.run(statement, gathered, options, progress) }
  }

  /// Makes a table equal to `records`, as one transaction. They are read before the writer's turn is taken. The parameters
  /// are those of `Transaction.sync(with:)`.
  @discardableResult
  public func sync<Input: RecordInput>(
    with records: some Sequence<Input>, by key: RecordTarget<Input.Model> = .primaryKey,
    allowsEmpty: Bool = false, duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail,
    displaces: Bool = false, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil
  ) throws -> RecordResult<Input.Model> {
    let statement = BatchStatement.sync(by: key, allowsEmpty: allowsEmpty, displaces: displaces)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RecordSpool(self, records, progress)
    return try write { try $0.run(statement, gathered, options, progress) }
  }

  /// The same without blocking the task's thread. In asynchronous code this is the one that a call means.
  @discardableResult
  public func sync<Input: RecordInput>(
    with records: some Sequence<Input>, by key: RecordTarget<Input.Model> = .primaryKey,
    allowsEmpty: Bool = false, duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail,
    displaces: Bool = false, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> RecordResult<Input.Model> {
    let statement = BatchStatement.sync(by: key, allowsEmpty: allowsEmpty, displaces: displaces)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RecordSpool(self, records, progress)
    return try await write { try $0.run(statement, gathered, options, progress) }
  }

  /// Makes a table equal to the records of an asynchronous sequence, as one transaction. They are gathered before the
  /// writer's turn is taken, beyond a share of the cache in a file; if the sequence fails or the task is cancelled
  /// meanwhile, nothing happens.
  @discardableResult
  public func sync<Input: RecordInput, Records: AsyncSequence>(
    with records: Records, by key: RecordTarget<Input.Model> = .primaryKey,
    allowsEmpty: Bool = false, duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail,
    displaces: Bool = false, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> RecordResult<Input.Model> where Records.Element == Input {
    let statement = BatchStatement.sync(by: key, allowsEmpty: allowsEmpty, displaces: displaces)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try await RecordSpool(self, records, progress)
    return try await write { try $0.run(statement, gathered, options, progress) }
  }
}
