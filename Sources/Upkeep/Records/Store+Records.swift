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
  public func upsert<R: Record>(
    contentsOf records: some Sequence<R>, on target: RecordTarget<R> = .primaryKey,
    _ action: RecordAction<R> = .merge, ambiguity: AmbiguityPolicy = .fail,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false,
    dryRun: Bool = false, progress: ((UpsertProgress) -> Void)? = nil
  ) throws -> RecordResult<R> {
    let spooled = try RecordSpool(self, records)
    let options = RecordBatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    return try write { tx in
      try tx.upsert(spooled, .on(target, action, ambiguity: ambiguity), options, progress)
    }
  }

  /// The same without blocking the task's thread. In asynchronous code this is the one that a call means.
  @discardableResult
  public func upsert<R: Record>(
    contentsOf records: some Sequence<R>, on target: RecordTarget<R> = .primaryKey,
    _ action: RecordAction<R> = .merge, ambiguity: AmbiguityPolicy = .fail,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false,
    dryRun: Bool = false, progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> RecordResult<R> {
    let spooled = try RecordSpool(self, records)
    let options = RecordBatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    return try await write { tx in
      try tx.upsert(spooled, .on(target, action, ambiguity: ambiguity), options, progress)
    }
  }

  /// Puts the records of an asynchronous sequence into their table as one transaction. They are gathered before
  /// the writer's turn is taken, beyond a share of the cache in a file.
  @discardableResult
  public func upsert<R: Record, Records: AsyncSequence>(
    contentsOf records: Records, on target: RecordTarget<R> = .primaryKey,
    _ action: RecordAction<R> = .merge, ambiguity: AmbiguityPolicy = .fail,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, collectsOutcomes: Bool = false,
    dryRun: Bool = false, progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> RecordResult<R> where Records.Element == R {
    let spooled = RecordSpool<R>(self)
    for try await record in records { try spooled.append(record) }
    let options = RecordBatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    return try await write { tx in
      try tx.upsert(spooled, .on(target, action, ambiguity: ambiguity), options, progress)
    }
  }

  /// Makes a table equal to `records`, as one transaction. They are read before the writer's turn is taken. The parameters
  /// are those of `Transaction.sync(with:)`.
  @discardableResult
  public func sync<R: Record>(
    with records: some Sequence<R>, by key: RecordTarget<R> = .primaryKey, allowsEmpty: Bool = false,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, displaces: Bool = false,
    collectsOutcomes: Bool = false, dryRun: Bool = false, progress: ((UpsertProgress) -> Void)? = nil
  ) throws -> RecordResult<R> {
    let spooled = try RecordSpool(self, records)
    let options = RecordBatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    return try write { tx in
      try tx.sync(
        spooled, by: key, allowsEmpty: allowsEmpty, displaces: displaces, options, progress)
    }
  }

  /// The same without blocking the task's thread. In asynchronous code this is the one that a call means.
  @discardableResult
  public func sync<R: Record>(
    with records: some Sequence<R>, by key: RecordTarget<R> = .primaryKey, allowsEmpty: Bool = false,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, displaces: Bool = false,
    collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> RecordResult<R> {
    let spooled = try RecordSpool(self, records)
    let options = RecordBatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    return try await write { tx in
      try tx.sync(
        spooled, by: key, allowsEmpty: allowsEmpty, displaces: displaces, options, progress)
    }
  }

  /// Makes a table equal to the records of an asynchronous sequence, as one transaction. They are gathered before
  /// the writer's turn is taken, beyond a share of the cache in a file; if the sequence fails, nothing happens.
  @discardableResult
  public func sync<R: Record, Records: AsyncSequence>(
    with records: Records, by key: RecordTarget<R> = .primaryKey, allowsEmpty: Bool = false,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, displaces: Bool = false,
    collectsOutcomes: Bool = false, dryRun: Bool = false,
    progress: (@Sendable (UpsertProgress) -> Void)? = nil
  ) async throws -> RecordResult<R> where Records.Element == R {
    let spooled = RecordSpool<R>(self)
    for try await record in records { try spooled.append(record) }
    let options = RecordBatchOptions(
      duplicates: duplicates, rejects: rejects, collectsOutcomes: collectsOutcomes, dryRun: dryRun)
    return try await write { tx in
      try tx.sync(
        spooled, by: key, allowsEmpty: allowsEmpty, displaces: displaces, options, progress)
    }
  }
}
