internal import UpkeepStorage

/// An UPDATE or DELETE of the one row that has a whole unique key, made ready for a table's schema and used again.
///
/// It does what the executors do for such a row, without a savepoint, a plan or a batch: all that can be wrong is found
/// before anything is written. What is not plain (a row that moves, a key that another row holds, an error) it leaves to
/// them, with nothing done. It runs once at a time.
final class PointChange {
  let schema: TableSchema
  private let table: String
  private let key: RowKey
  /// What the key does not say of the row.
  private let condition: CompiledExpression?
  /// nil: the row goes.
  private let assignments: RowAssignments?
  private let edit: RowEdit
  private let check: RowCheck
  private let context = EvaluationContext()
  private let readsTime: Bool

  private static let none: [StatementSummary.Kind: Int] = [.updated: 0, .unchanged: 0]
  private static let updated: [StatementSummary.Kind: Int] = [.updated: 1, .unchanged: 0]
  private static let unchanged: [StatementSummary.Kind: Int] = [.updated: 0, .unchanged: 1]

  /// Nil for any other statement, and one that is wrong. It is one without sources, without queries in it and without
  /// RETURNING, of which nothing stays when it fails.
  init?(_ change: Statement, _ schema: TableSchema) {
    let target: TableReference
    let asked: Expression?
    switch change {
    case .update(let update): (target, asked) = (update.table, update.condition)
    case .delete(let delete): (target, asked) = (delete.table, delete.condition)
    default: return nil
    }
    guard let key = RowKey(asked, of: target, schema), let edit = RowEdit(schema) else { return nil }
    let expressions = ExpressionScope(table: schema, alias: target.alias)
    do throws(UpkeepError) {
      var rest: Expression?
      for condition in key.remaining { rest = .joined(rest, condition) }
      condition = try rest.map { rest throws(UpkeepError) in
        try CompiledExpression.compile(rest, in: expressions)
      }
      if case .update(let update) = change {
        let list = try RowAssignments(update, schema, in: expressions)
        // A row that moves is rare enough for the long way.
        guard list.changing.isDisjoint(with: schema.primaryKey) else { return nil }
        assignments = list
      } else {
        assignments = nil
      }
    } catch {
      return nil
    }
    self.schema = schema
    table = target.name
    self.key = key
    self.edit = edit
    check = RowCheck(schema)
    readsTime = assignments?.readsTime == true || key.remaining.contains { $0.callsFunctions }
  }

  /// - Returns: nil if it is for the long way, and nothing was done.
  func run(_ parameters: [Value], _ scope: TransactionScope) throws(UpkeepError) -> StatementSummary? {
    let transaction = try scope.writing
    do throws(UpkeepError) {
      return try decide(StatementContext.sound(parameters), scope, transaction)
    } catch {
      // What is wrong is told by the long way, which finds it again; unless the store failed to write.
      if scope.isOpen { return nil }
      throw error
    }
  }

  private func decide(
    _ parameters: [Value], _ scope: TransactionScope, _ transaction: WriteTransaction
  ) throws(UpkeepError) -> StatementSummary? {
    switch try key.locate(parameters, scope, into: edit.key) {
    case .unknown: return nil
    case .nobody: return summary(Self.none, 0)
    case .key: break
    }
    let isRead = assignments != nil || condition != nil || edit.hasIndexes
    var old: [Value] = []
    if isRead {
      guard let stored = try edit.stored(transaction) else { return summary(Self.none, 0) }
      old = stored
      if assignments != nil || condition != nil {
        context.set(slot: 0, row: old)
        context.parameters = parameters
        if readsTime { context.now = .now() }
      }
      if let condition, try !condition.isTrue(context) { return summary(Self.none, 0) }
    }
    guard let assignments else { return try delete(old, scope, transaction) }
    return try update(old, try assignments.changed(old, context), scope, transaction)
  }

  private func update(
    _ old: [Value], _ new: [Value], _ scope: TransactionScope, _ transaction: WriteTransaction
  ) throws(UpkeepError) -> StatementSummary? {
    try check.check(new)
    let changed = RowEdit.difference(old, new)
    if changed == 0 { return summary(Self.unchanged, 1) }
    guard try edit.update(from: old, to: new, changed: changed, transaction) else { return nil }
    try edit.write(scope, transaction)
    return summary(Self.updated, 1)
  }

  private func delete(
    _ row: [Value], _ scope: TransactionScope, _ transaction: WriteTransaction
  ) throws(UpkeepError) -> StatementSummary? {
    try edit.deletion(of: row, transaction)
    let isGone = try edit.write(scope, transaction)
    if isGone { scope.knownAutomaticIDs(of: schema)?.isGreatestKnown = false }
    let count = isGone ? 1 : 0
    return StatementSummary(tally: [.deleted: count], changes: count)
  }

  private func summary(_ tally: [StatementSummary.Kind: Int], _ changes: Int) -> StatementSummary {
    if assignments == nil { return StatementSummary(tally: [.deleted: 0], changes: 0) }
    return StatementSummary(tally: tally, changes: changes)
  }
}
