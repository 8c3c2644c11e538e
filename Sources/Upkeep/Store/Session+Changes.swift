// Statements that change rows, or show what they would change.

extension Session {
  /// Runs a statement that changes rows, and shows what it returns when it is whole.
  func change(
    _ delivery: RowDelivery, _ context: StatementContext, resolution: ConflictResolution,
    _ run: (TransactionScope) throws(UpkeepError) -> ChangeResult
  ) throws(UpkeepError) -> StatementSummary {
    var kept: UpkeepError?
    let result: ChangeResult?
    // What the statement's queries froze is let go of before the transaction goes on.
    func body(_ scope: TransactionScope) throws(UpkeepError) -> ChangeResult {
      defer { context.release() }
      return try run(scope)
    }
    do throws(UpkeepError) {
      result = try writing { (scope) throws(UpkeepError) -> ChangeResult? in
        // Outside a transaction the whole of it is taken back.
        if transaction == nil && resolution != .fail { return try body(scope) }
        if resolution != .fail { return try scope.statement { () throws(UpkeepError) in try body(scope) } }
        // OR FAIL keeps the rows before the bad one: the transaction goes on, or commits.
        let savepoint = try scope.savepoint()
        defer { scope.release(savepoint) }
        do throws(UpkeepError) {
          return try body(scope)
        } catch {
          if error.isOfRow { kept = error } else { try scope.rollback(to: savepoint) }
          if kept == nil { throw error }
          return nil
        }
      }
    } catch {
      if resolution == .rollback && error.isOfRow { rollback() }
      throw error
    }
    if let kept { throw kept }
    guard let result else { return StatementSummary(changes: changes) }
    changes = result.summary.changes
    if let columns = result.columns { try delivery.deliver(columns, result.rows) }
    return result.summary
  }

  // MARK: Previews

  /// Runs a change, tells what it did with each row, and takes it back.
  func preview(
    _ statement: Statement, _ context: StatementContext, _ delivery: RowDelivery
  ) throws(UpkeepError) -> StatementSummary {
    if case .with(let tables, .statement(let inner)) = statement {
      context.declarations = tables
      return try preview(inner, context, delivery)
    }
    let result = try takingBack { scope throws(UpkeepError) in
      defer { context.release() }
      return switch statement.returningAll {
      case .upsert(let upsert): try UpsertExecutor(scope: scope, statement: context).run(upsert)
      case .sync(let sync): try SyncExecutor(scope: scope, statement: context).run(sync)
      case .merge(let merge): try MergeExecutor(scope: scope, statement: context).run(merge)
      case .update(let update): try UpdateExecutor(scope: scope, statement: context).run(update)
      case .delete(let delete): try DeleteExecutor(scope: scope, statement: context).run(delete)
      default: throw UpkeepError(.misuse, "PREVIEW takes a change of rows")
      }
    }
    if let columns = result.columns { try delivery.deliver(columns, result.rows) }
    var summary = result.summary
    summary.changes = changes
    summary.notices.append("this was a preview: nothing was changed")
    return summary
  }

  /// Runs `body` as a statement that writes, of which nothing stays.
  private func takingBack<T>(
    _ body: (TransactionScope) throws(UpkeepError) -> T
  ) throws(UpkeepError) -> T {
    if transaction != nil, let scope = try transaction?.writing(store, owner) {
      scope.watch = watch
      let savepoint = try scope.savepoint()
      defer { scope.release(savepoint) }
      let result: T
      do throws(UpkeepError) {
        result = try body(scope)
      } catch {
        try scope.rollback(to: savepoint)
        throw error
      }
      try scope.rollback(to: savepoint)
      return result
    }
    let scope = try store.beginWrite()
    scope.owner = owner
    scope.watch = watch
    defer { scope.rollback() }
    return try body(scope)
  }
}
