internal import UpkeepStorage

/// A statement, with what need not be found out anew when it runs again.
///
/// A read or change of one row by a whole key, and an upsert of one row, remember how they go. Queries of tables without queries in
/// them, and such an UPDATE or DELETE, keep plans that run again; anything else is planned anew each time. All of that
/// holds for as long as the schemas of the tables are those that it was made for.
package final class StatementPlan: Sendable {
  package let statement: Statement
  /// Whether it gives rows and changes none.
  package let isQuery: Bool
  /// Reads the queries of views.
  private let viewReader: (any ViewReading)?
  /// The block of a query that may be a read by key, the values of an upsert that may be of one row.
  private let query: Select?
  /// Its table.
  private let tableName: String?
  private let single: SingleRowUpsert?
  private let point = Guarded<PointRead?>(nil)
  /// The query, if plans of it can be kept, and those that are.
  private let repeatable: Query?
  /// Asked at every run, for which the query itself is not looked at.
  private let isRepeatable: Bool
  private let readyQueries = ReadyPlans<(query: ReadyQuery, names: ColumnNames)>()
  private let isRepeatableChange: Bool
  /// The table of an UPDATE or DELETE whose plan is kept, which gives no rows, and of which nothing stays if it fails.
  private let changedTable: String?
  private let readyChanges = ReadyPlans<ReadyChange>()
  private let pointChanges = ReadyPlans<(schema: TableSchema, change: PointChange?)>()

  package init(_ statement: Statement, viewReader: (any ViewReading)? = nil) {
    self.statement = statement
    isQuery =
      switch statement {
      case .select, .values, .explain: true
      case .with(_, .statement(let inner)):
        if case .select = inner { true } else { false }
      default: false
      }
    self.viewReader = viewReader
    var query: Select?
    var single: SingleRowUpsert?
    switch statement {
    case .select(let asked):
      if asked == Query(asked.block), case .select(let select) = asked.block, select.storedTable != nil,
        !select.isDistinct, select.grouping.isEmpty, select.groupCondition == nil
      {
        query = select
      }
    case .upsert(let upsert): single = SingleRowUpsert(upsert)
    default: break
    }
    self.query = query
    tableName = query?.storedTable?.name
    self.single = single
    if case .select(let asked) = statement, asked.isRepeatable {
      repeatable = asked
    } else {
      repeatable = nil
    }
    isRepeatable = repeatable != nil
    isRepeatableChange = statement.isRepeatableChange
    changedTable =
      switch statement {
      case .update(let update)
      where isRepeatableChange && update.returning == nil && update.otherwise == .abort:
        update.table.name
      case .delete(let delete) where isRepeatableChange && delete.returning == nil: delete.table.name
      default: nil
      }
  }

  // MARK: Queries

  /// Runs a query in one transaction, until `row` wants no more.
  package func read(
    _ parameters: [Value], in scope: TransactionScope, cancellation: Cancellation = .never,
    row: (Row) throws(UpkeepError) -> Bool
  ) throws(UpkeepError) {
    if let read = pointRead(scope), scope.write == nil, try read.run(parameters, scope, row) { return }
    if try readAgain(parameters, in: scope, cancellation, row) { return }
    let context = StatementContext(parameters: parameters, cancellation: cancellation)
    context.viewReader = viewReader
    defer { context.release() }
    var names = ColumnNames([])
    try QueryExecutor(scope, context).run(
      statement, begin: { list throws(UpkeepError) in names = ColumnNames(list) },
      take: { values throws(UpkeepError) in try row(Row(names, values)) })
  }

  /// Runs a plan that is kept, or makes one to be kept; false if the query has none.
  private func readAgain(
    _ parameters: [Value], in scope: TransactionScope, _ cancellation: Cancellation,
    _ row: (Row) throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    guard isRepeatable else { return false }
    if let ready = readyQueries.take(where: { $0.query.isValid(in: scope) }),
      try ready.query.run(
        parameters, in: scope, cancellation,
        { values throws(UpkeepError) in try row(Row(ready.names, values)) })
    {
      readyQueries.putBack(ready)
      return true
    }
    guard let repeatable, let made = try ReadyQuery(repeatable, parameters, in: scope, cancellation) else {
      return false
    }
    let names = ColumnNames(made.columns)
    _ = try made.run(
      parameters, in: scope, cancellation, { values throws(UpkeepError) in try row(Row(names, values)) })
    readyQueries.putBack((made, names))
    return true
  }

  /// How the row is read by its key; nil if the query is none of that kind.
  private func pointRead(_ scope: TransactionScope) -> PointRead? {
    guard let tableName else { return nil }
    // What is no table may be a view, which is read the long way.
    guard let schema = try? scope.table(tableName) else { return nil }
    if let known = point.withLock({ $0 }), known.schema === schema { return known.isUsable ? known : nil }
    guard let query, let table = query.storedTable else { return nil }
    let made = PointRead(query, table, schema)
    point.withLock { $0 = made }
    return made.isUsable ? made : nil
  }

  // MARK: Changes

  /// Changes rows within a transaction, as one statement of it.
  package func change(
    _ parameters: [Value], in scope: TransactionScope,
    row: (Row) throws(UpkeepError) -> Bool = { _ in true }
  ) throws(UpkeepError) -> StatementSummary {
    var returned: Row?
    if let summary = try changeOfOneRow(parameters, scope, returned: { returned = $0 }) {
      if let returned { _ = try row(returned) }
      return summary
    }
    let context = StatementContext(parameters: parameters)
    context.viewReader = viewReader
    let result: ChangeResult
    if isRepeatableChange {
      defer { context.release() }
      result = try changeAgain(scope, context, isAlone: false)
    } else {
      result = try scope.statement { () throws(UpkeepError) in
        defer { context.release() }
        return try change(statement, scope, context)
      }
    }
    guard let columns = result.columns, let rows = result.rows else { return result.summary }
    let names = ColumnNames(columns)
    _ = try rows.walk { values throws(UpkeepError) in try row(Row(names, values)) }
    return result.summary
  }

  /// The short way of an upsert of one row, and of what keeps plans, in a transaction that holds nothing else; nil if it
  /// is no such statement.
  package func changeAlone(
    _ parameters: [Value], in store: Store, row: (Row) throws(UpkeepError) -> Bool = { _ in true }
  ) throws(UpkeepError) -> StatementSummary? {
    guard single != nil || changedTable != nil else { return nil }
    let scope = try store.beginWrite()
    var returned: Row?
    let summary: StatementSummary
    do throws(UpkeepError) {
      var found = try changeOfOneRow(parameters, scope, returned: { returned = $0 })
      if found == nil, changedTable != nil {
        let context = StatementContext(parameters: parameters)
        defer { context.release() }
        found = try changeAgain(scope, context, isAlone: true).summary
      }
      guard let found else {
        scope.rollback()
        return nil
      }
      try scope.commit()
      summary = found
    } catch {
      try scope.abandon()
      throw error.naming(store.path)
    }
    if let returned { _ = try row(returned) }
    return summary
  }

  /// The short way of a change of one row; nil if it is for the long way, and nothing was done.
  private func changeOfOneRow(
    _ parameters: [Value], _ scope: TransactionScope, returned: (Row) -> Void
  ) throws(UpkeepError) -> StatementSummary? {
    if let single { return try single.run(parameters, scope, returned: returned) }
    guard let changedTable, let schema = try? scope.table(changedTable) else { return nil }
    let ready = pointChanges.take { $0.schema === schema } ?? (schema, PointChange(statement, schema))
    defer { pointChanges.putBack(ready) }
    return try ready.change?.run(parameters, scope)
  }

  /// Runs a plan that is kept, or makes one to be kept.
  ///
  /// - Parameter isAlone: whether the transaction holds nothing else, and ends if it fails.
  private func changeAgain(
    _ scope: TransactionScope, _ context: StatementContext, isAlone: Bool
  ) throws(UpkeepError) -> ChangeResult {
    let ready: ReadyChange
    if let kept = readyChanges.take(where: { $0.isValid(in: scope) }) {
      ready = kept
    } else {
      ready = try ReadyChange(statement, scope, context)
    }
    try ready.bind(scope, context)
    let result: ChangeResult
    if let few = try ready.runFew(scope, context) {
      result = few
    } else if isAlone {
      result = try ready.run(scope, context)
    } else {
      result = try scope.statement { () throws(UpkeepError) in try ready.run(scope, context) }
    }
    readyChanges.putBack(ready)
    return result
  }

  private func change(
    _ statement: Statement, _ scope: TransactionScope, _ context: StatementContext
  ) throws(UpkeepError) -> ChangeResult {
    switch statement {
    case .with(let tables, .statement(let inner)):
      context.declarations = tables
      return try change(inner, scope, context)
    case .upsert(let upsert): return try UpsertExecutor(scope: scope, statement: context).run(upsert)
    case .sync(let sync): return try SyncExecutor(scope: scope, statement: context).run(sync)
    case .merge(let merge): return try MergeExecutor(scope: scope, statement: context).run(merge)
    case .update(let update): return try UpdateExecutor(scope: scope, statement: context).run(update)
    case .delete(let delete): return try DeleteExecutor(scope: scope, statement: context).run(delete)
    default:
      throw UpkeepError(.misuse, "within a transaction a prepared statement reads rows or changes them")
    }
  }
}
