/// A query made ready that can run again with other parameters, in other transactions.
///
/// Its life:
/// 1. It is made for the schemas that its tables have: names are bound, expressions compiled, a way to the rows chosen.
/// 2. `run` binds parameters and finds the ranges of keys that they mean. A way that is cheap is taken again; one that
///    is not is chosen anew by the counts of rows there are now, which costs little beside what it leads to.
/// 3. Between runs it holds nothing of a transaction, but the objects that a run needs: cursors, contexts, groups.
///
/// It runs once at a time.
final class ReadyQuery {
  private enum Plan {
    case ofOneTable(SelectPlan, StatementContext, QueryWorkspace)
    case joined(QueryPlan, QueryHost, StatementContext)
  }

  private let plan: Plan
  private let tables: [(name: String, schema: TableSchema)]
  let columns: [String]
  /// Whether it was made for the run that is to come.
  private var isNew = true

  /// Nil if the query cannot be kept: it reads views, which may come to mean something else.
  init?(
    _ query: Query, _ parameters: [Value], in scope: TransactionScope, _ cancellation: Cancellation
  ) throws(UpkeepError) {
    var tables: [(name: String, schema: TableSchema)] = []
    for name in query.tableNames {
      guard let schema = try? scope.table(name) else { return nil }
      tables.append((name, schema))
    }
    self.tables = tables
    let statement = StatementContext(parameters: parameters, cancellation: cancellation)
    if let select = query.selectOfOneTable(nil, scope) {
      let plan = try SelectPlan(query, select, nil, scope, statement)
      self.plan = .ofOneTable(plan, statement, QueryWorkspace())
      columns = plan.outputs.map(\.name)
    } else {
      statement.isKeepingContexts = true
      let host = statement.host(scope)
      let plan = try QueryPlan(query, QueryPlace(host: host))
      statement.isKeepingContexts = false
      self.plan = .joined(plan, host, statement)
      columns = plan.columns.map(\.name)
    }
  }

  /// Whether its tables are what they were.
  func isValid(in scope: TransactionScope) -> Bool {
    tables.allSatisfy { (try? scope.table($0.name)) === $0.schema }
  }

  /// - Returns: false, and no row, if it must be made anew.
  func run(
    _ parameters: [Value], in scope: TransactionScope, _ cancellation: Cancellation, _ row: RowTaker
  ) throws(UpkeepError) -> Bool {
    defer { isNew = false }
    switch plan {
    case .ofOneTable(let plan, let statement, let workspace):
      defer {
        workspace.rest()
        statement.release()
      }
      if !isNew {
        statement.rebind(parameters, cancellation)
        try plan.rebind(scope, statement)
      }
      try QueryExecutor(scope, statement, workspace).run(plan, row: row)
      return true
    case .joined(let plan, let host, let statement):
      defer {
        plan.rest()
        host.rest()
        statement.rest()
      }
      if !isNew {
        statement.rebind(parameters, cancellation)
        host.rebind(scope)
        guard try plan.rebind() else { return false }
      }
      try plan.run(nil, row)
      return true
    }
  }
}

extension Query {
  /// Whether it can be kept ready: it reads tables by their names, and no query or window is in it.
  package var isRepeatable: Bool {
    guard commonTables.isEmpty,
      order.allSatisfy({ !$0.expression.hasQuery && $0.expression.windowCalls.isEmpty }),
      limit?.hasQuery != true, offset?.hasQuery != true
    else { return false }
    return blocks.allSatisfy { block in
      guard case .select(let select) = block else { return false }
      return select.isRepeatable
    }
  }

  private var blocks: [QueryBlock] { [block] + compounds.map(\.block) }

  /// The tables that it reads.
  fileprivate var tableNames: [String] {
    blocks.flatMap { block -> [String] in
      guard case .select(let select) = block else { return [] }
      return select.from.compactMap { item in
        if case .table(let table) = item.source { table.name } else { nil }
      }
    }
  }
}

extension Select {
  fileprivate var isRepeatable: Bool {
    if windows.isEmpty == false || hasWindow || from.isEmpty { return false }
    let isOverTables = from.allSatisfy { item in
      guard case .table = item.source else { return false }
      if case .on(let condition)? = item.condition { return !condition.hasQuery }
      return true
    }
    let shown = columns.contains { column in
      if case .expression(let expression, _) = column { expression.hasQuery } else { false }
    }
    return isOverTables && !shown && condition?.hasQuery != true && groupCondition?.hasQuery != true
      && !grouping.contains(where: \.hasQuery)
  }
}
