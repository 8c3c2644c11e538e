extension Store {
  /// Compares records with the rows of a table, as one transaction. They are read before the writer's turn is taken. The
  /// parameters are those of `Transaction.merge(into:using:on:_:)`.
  @discardableResult
  public func merge<R: Record, Input: RecordInput>(
    into type: R.Type, using records: some Sequence<Input>,
    on condition: RecordMerge<R, Input.Model>.Condition,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: ((UpsertProgress) -> Void)? = nil,
    _ clauses: (inout RecordMerge<R, Input.Model>) -> Void
  ) throws -> RecordMergeResult<R> {
    let merge = RecordMerge(condition, clauses).statement
    let options = BatchOptions(rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RecordSpool(self, records, progress)
    return try write { try $0.run(merge, into: type, gathered, options, progress) }
  }

  /// The same without blocking the task's thread. In asynchronous code this is the one that a call means.
  @discardableResult
  public func merge<R: Record, Input: RecordInput>(
    into type: R.Type, using records: some Sequence<Input>,
    on condition: RecordMerge<R, Input.Model>.Condition,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil,
    _ clauses: (inout RecordMerge<R, Input.Model>) -> Void
  ) async throws -> RecordMergeResult<R> {
    let merge = RecordMerge(condition, clauses).statement
    let options = BatchOptions(rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try RecordSpool(self, records, progress)
    return try await write { try $0.run(merge, into: type, gathered, options, progress) }
  }

  /// Compares the records of an asynchronous sequence with the rows of a table, as one transaction. They are gathered
  /// before the writer's turn is taken, beyond a share of the cache in a file; if the sequence fails or the task is
  /// cancelled meanwhile, nothing happens.
  @discardableResult
  public func merge<R: Record, Input: RecordInput, Records: AsyncSequence>(
    into type: R.Type, using records: Records, on condition: RecordMerge<R, Input.Model>.Condition,
    rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil,
    _ clauses: (inout RecordMerge<R, Input.Model>) -> Void
  ) async throws -> RecordMergeResult<R> where Records.Element == Input {
    let merge = RecordMerge(condition, clauses).statement
    let options = BatchOptions(rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    let gathered = try await RecordSpool(self, records, progress)
    return try await write { try $0.run(merge, into: type, gathered, options, progress) }
  }
}
