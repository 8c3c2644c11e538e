extension Store {
  /// Puts rows into a table as one transaction. They are read before the writer's turn is taken, so that a sequence
  /// that trickles holds up nobody. The parameters are those of `Transaction.upsert(contentsOf:into:)`.
  @discardableResult
  public func upsert(
    contentsOf rows: some Sequence<RowInput>, into table: String, on target: ConflictTarget = .primaryKey,
    _ action: ConflictAction = .merge, ambiguity: AmbiguityPolicy = .fail, clauses: [ConflictClause]? = nil,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false,
    dryRun: Bool = false, progress: ((UpsertProgress) -> Void)? = nil
  ) throws -> UpsertResult {
    let statement = try BatchStatement.upsert(target, action, ambiguity, or: clauses)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RowInputSpool(self, rows, progress)
    return try write { try $0.run(statement, into: table, gathered, options, progress) }
  }

  /// The same without blocking the task's thread. In asynchronous code this is the one that a call means.
  @discardableResult
  public func upsert(
    contentsOf rows: some Sequence<RowInput>, into table: String, on target: ConflictTarget = .primaryKey,
    _ action: ConflictAction = .merge, ambiguity: AmbiguityPolicy = .fail, clauses: [ConflictClause]? = nil,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false,
    dryRun: Bool = false, progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> UpsertResult {
    let statement = try BatchStatement.upsert(target, action, ambiguity, or: clauses)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RowInputSpool(self, rows, progress)
    return try await write { try $0.run(statement, into: table, gathered, options, progress) }
  }

  /// Puts the rows of an asynchronous sequence into a table as one transaction. They are gathered before the writer's turn
  /// is taken, beyond a share of the cache in a file; if the sequence fails or the task is cancelled meanwhile, nothing
  /// happens.
  @discardableResult
  public func upsert<Rows: AsyncSequence>(
    contentsOf rows: Rows, into table: String, on target: ConflictTarget = .primaryKey,
    _ action: ConflictAction = .merge, ambiguity: AmbiguityPolicy = .fail, clauses: [ConflictClause]? = nil,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false,
    dryRun: Bool = false, progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> UpsertResult where Rows.Element == RowInput {
    let statement = try BatchStatement.upsert(target, action, ambiguity, or: clauses)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try await RowInputSpool(self, rows, progress)
    return try await write { try $0.run(statement, into: table, gathered, options, progress) }
  }

  /// Makes a table equal to `rows`, as one transaction. They are read before the writer's turn is taken. The parameters
  /// are those of `Transaction.sync(_:with:)`.
  @discardableResult
  public func sync(
    _ table: String, with rows: some Sequence<RowInput>, by key: ConflictTarget = .primaryKey,
    allowsEmpty: Bool = false, duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail,
    displaces: Bool = false, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil
  ) throws -> UpsertResult {
    let statement = BatchStatement.sync(by: key, allowsEmpty: allowsEmpty, displaces: displaces)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RowInputSpool(self, rows, progress)
    return try write { try $0.run(statement, into: table, gathered, options, progress) }
  }

  /// The same without blocking the task's thread. In asynchronous code this is the one that a call means.
  @discardableResult
  public func sync(
    _ table: String, with rows: some Sequence<RowInput>, by key: ConflictTarget = .primaryKey,
    allowsEmpty: Bool = false, duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail,
    displaces: Bool = false, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> UpsertResult {
    let statement = BatchStatement.sync(by: key, allowsEmpty: allowsEmpty, displaces: displaces)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RowInputSpool(self, rows, progress)
    return try await write { try $0.run(statement, into: table, gathered, options, progress) }
  }

  /// Makes a table equal to the rows of an asynchronous sequence, as one transaction. They are gathered before the
  /// writer's turn is taken, beyond a share of the cache in a file; if the sequence fails or the task is cancelled
  /// meanwhile, nothing happens.
  @discardableResult
  public func sync<Rows: AsyncSequence>(
    _ table: String, with rows: Rows, by key: ConflictTarget = .primaryKey, allowsEmpty: Bool = false,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, displaces: Bool = false,
    collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> UpsertResult where Rows.Element == RowInput {
    let statement = BatchStatement.sync(by: key, allowsEmpty: allowsEmpty, displaces: displaces)
    let options = BatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try await RowInputSpool(self, rows, progress)
    return try await write { try $0.run(statement, into: table, gathered, options, progress) }
  }
}
