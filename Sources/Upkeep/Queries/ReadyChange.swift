/// An UPDATE or DELETE of one table made ready that can run again, as a query can.
final class ReadyChange {
  private enum Plan {
    case update(UpdateStatement, UpdatePlan)
    case delete(DeleteStatement, RowSelection)
  }

  private let plan: Plan
  private let table: String
  private let schema: TableSchema
  private let few: FewChanges?
  private var isNew = true

  /// For a statement that `isRepeatable`.
  init(
    _ change: Statement, _ scope: TransactionScope, _ statement: StatementContext
  ) throws(UpkeepError) {
    switch change {
    case .update(let update):
      table = update.table.name
      let plan = try UpdatePlan(update, scope, statement)
      schema = plan.schema
      few = FewChanges(update, plan)
      self.plan = .update(update, plan)
    case .delete(let delete):
      table = delete.table.name
      schema = try scope.table(delete.table.name)
      let selection = try DeleteExecutor.selection(delete, schema, scope, statement)
      few = FewChanges(delete, selection)
      plan = .delete(delete, selection)
    default: throw UpkeepError(.misuse, "an UPDATE or DELETE is wanted here")
    }
  }

  func isValid(in scope: TransactionScope) -> Bool { (try? scope.table(table)) === schema }

  /// Finds the way to the rows for other parameters.
  func bind(_ scope: TransactionScope, _ statement: StatementContext) throws(UpkeepError) {
    defer { isNew = false }
    if isNew { return }
    switch plan {
    case .update(_, let plan): try plan.selection.rebind(scope, statement, most: nil)
    case .delete(_, let selection): try selection.rebind(scope, statement, most: nil)
    }
  }

  /// Runs it without a savepoint, once it is bound; nil, with nothing done, where it needs one.
  func runFew(_ scope: TransactionScope, _ statement: StatementContext) throws(UpkeepError) -> ChangeResult? {
    try few?.run(scope, statement)
  }

  /// Runs it, once it is bound.
  func run(_ scope: TransactionScope, _ statement: StatementContext) throws(UpkeepError) -> ChangeResult {
    switch plan {
    case .update(let update, let plan):
      try UpdateExecutor(scope: scope, statement: statement).run(update, plan)
    case .delete(let delete, let selection):
      try DeleteExecutor(scope: scope, statement: statement).run(delete, by: selection)
    }
  }
}

extension Statement {
  /// Whether it is an UPDATE or DELETE of one table without queries in it: then it can be kept ready.
  package var isRepeatableChange: Bool {
    switch self {
    case .update(let update):
      update.sources.isEmpty && update.condition?.hasQuery != true
        && !update.assignments.contains { $0.value?.hasQuery == true }
    case .delete(let delete): delete.sources.isEmpty && delete.condition?.hasQuery != true
    default: false
    }
  }
}
