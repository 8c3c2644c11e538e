/// An UPDATE made ready: assignments bound, the way to its rows chosen.
struct UpdatePlan {
  let schema: TableSchema
  let assignments: RowAssignments
  let selection: RowSelection
  /// Whether a key that is unique may change.
  let movesKeys: Bool
  /// Whether evaluating the statement twice for one row gives the same.
  let isRepeatable: Bool

  init(
    _ given: UpdateStatement, _ scope: TransactionScope, _ statement: StatementContext
  ) throws(UpkeepError) {
    let update = given.withoutSources
    schema = try scope.table(update.table.name)
    var expressions = statement.admittingQueries(
      ExpressionScope(table: schema, alias: update.table.alias), scope)
    expressions.isBesideSources = !given.sources.isEmpty
    assignments = try RowAssignments(update, schema, in: expressions)
    var keyColumns = Set(schema.primaryKey)
    for index in schema.indexes where index.isUnique { keyColumns.formUnion(index.columnsRead) }
    movesKeys = !assignments.changing.isDisjoint(with: keyColumns)
    isRepeatable = assignments.isRepeatable && update.condition?.isVolatile != true
    let request = PlanRequest(
      schema: schema, names: [update.table.alias ?? update.table.name], condition: update.condition,
      columns: Set(0..<schema.rowWidth))
    selection = try RowSelection(request, in: expressions, scope, statement)
  }
}

// MARK: - UPDATE … FROM and DELETE … USING

extension UpdateStatement {
  /// The same with its other sources in a query: a row is changed if that has a row, and to what its first row says.
  var withoutSources: UpdateStatement {
    if sources.isEmpty { return self }
    var update = self
    let given = assignments.compactMap { assignment in
      assignment.value.map { ResultColumn.expression($0, name: assignment.column) }
    }
    let query = Query(
      .select(
        Select(given.isEmpty ? [.expression(.literal(1), name: "1")] : given, from: sources, where: condition)
      ))
    var number = 0
    for place in update.assignments.indices where update.assignments[place].value != nil {
      update.assignments[place].value = .subquery(query, column: number, of: given.count)
      number += 1
    }
    update.sources = []
    update.condition = query.isThere(besides: condition, of: table)
    return update
  }
}

extension DeleteStatement {
  /// The same with its other sources in a query: a row is deleted if that has a row.
  var withoutSources: DeleteStatement {
    if sources.isEmpty { return self }
    var delete = self
    let query = Query(
      .select(Select([.expression(.literal(1), name: "1")], from: sources, where: condition)))
    delete.sources = []
    delete.condition = query.isThere(besides: condition, of: table)
    return delete
  }
}

extension Query {
  /// The query has a row; and, so that the table's rows are found by them, what the condition says of them alone.
  fileprivate func isThere(besides condition: Expression?, of table: TableReference) -> Expression {
    var result: Expression?
    for part in condition?.conjuncts ?? [] where part.isOnly(of: table.alias ?? table.name) {
      result = .joined(result, part)
    }
    return .joined(result, .exists(self))
  }
}

extension Expression {
  /// Whether every column in it is said to be of the table, and there is one.
  fileprivate func isOnly(of table: String) -> Bool {
    var isOnly = !hasQuery
    var hasColumn = false
    _ = replacing { part in
      if case .column(let reference) = part {
        hasColumn = true
        if reference.qualifier.map({ Names.equal($0, table) }) != true { isOnly = false }
      }
      return nil
    }
    return isOnly && hasColumn
  }

  /// Whether a query is part of it.
  package var hasQuery: Bool {
    switch self {
    case .literal, .column, .parameter: return false
    default: break
    }
    var found = false
    _ = replacing { part in
      switch part {
      case .subquery, .exists, .inQuery: found = true
      default: break
      }
      return nil
    }
    return found
  }
}
