extension Store {
  /// Compares rows with those of a table, as one transaction. They are read before the writer's turn is taken. The
  /// parameters are those of `Transaction.merge(into:using:on:_:)`.
  @discardableResult
  public func merge(
    into table: String, using rows: some Sequence<RowInput>, as sourceName: String = "source",
    on condition: Expression, _ clauses: [MergeClause], returning: Returning? = nil,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil
  ) throws -> MergeResult {
    let merge = MergeStatement(
      into: TableReference(table), using: .values([], columns: []), as: sourceName, on: condition, clauses,
      returning: returning)
    let options = BatchOptions(rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RowInputSpool(self, rows, progress)
    return try write { try $0.run(merge, gathered, options, progress) }
  }

  /// The same without blocking the task's thread. In asynchronous code this is the one that a call means.
  @discardableResult
  public func merge(
    into table: String, using rows: some Sequence<RowInput>, as sourceName: String = "source",
    on condition: Expression, _ clauses: [MergeClause], returning: Returning? = nil,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> MergeResult {
    let merge = MergeStatement(
      into: TableReference(table), using: .values([], columns: []), as: sourceName, on: condition, clauses,
      returning: returning)
    let options = BatchOptions(rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RowInputSpool(self, rows, progress)
    return try await write { try $0.run(merge, gathered, options, progress) }
  }

  /// Compares the rows of an asynchronous sequence with those of a table, as one transaction. They are gathered before the
  /// writer's turn is taken, beyond a share of the cache in a file; if the sequence fails or the task is cancelled
  /// meanwhile, nothing happens.
  @discardableResult
  public func merge<Rows: AsyncSequence>(
    into table: String, using rows: Rows, as sourceName: String = "source",
    on condition: Expression, _ clauses: [MergeClause], returning: Returning? = nil,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> MergeResult where Rows.Element == RowInput {
    let merge = MergeStatement(
      into: TableReference(table), using: .values([], columns: []), as: sourceName, on: condition, clauses,
      returning: returning)
    let options = BatchOptions(rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try await RowInputSpool(self, rows, progress)
    return try await write { try $0.run(merge, gathered, options, progress) }
  }
}
