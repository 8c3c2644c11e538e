/// An UPDATE made ready: assignments bound, the way to its rows chosen.
struct UpdatePlan {
  struct SetColumn {
    var column: ColumnSchema
    /// nil: the column's default.
    var value: CompiledExpression?
  }

  let schema: TableSchema
  let assignments: [SetColumn]
  let selection: RowSelection
  /// The columns that may change, by position: those assigned, and the TOUCH columns.
  let changing: Set<Int>
  /// The TOUCH columns that are not assigned.
  private let touched: [Int]
  /// Whether a key that is unique may change.
  let movesKeys: Bool
  /// Whether evaluating the statement twice for one row gives the same.
  let isRepeatable: Bool
  /// Whether a NULL that may not be becomes the column's default: what OR REPLACE does.
  private let replacesNulls: Bool

  init(
    _ given: UpdateStatement, _ scope: TransactionScope, _ statement: StatementContext
  ) throws(UpkeepError) {
    let update = given.withoutSources
    schema = try scope.table(update.table.name)
    var expressions = statement.admittingQueries(
      ExpressionScope(table: schema, alias: update.table.alias), scope)
    expressions.isBesideSources = !given.sources.isEmpty
    var assignments: [SetColumn] = []
    for assignment in update.assignments {
      let ordinal = try schema.requiredOrdinal(of: assignment.column)
      guard ordinal < schema.columns.count else {
        throw UpkeepError(
          .misuse, "the rowid of \(schema.name) cannot be assigned; declare a primary key to change it")
      }
      if assignments.contains(where: { $0.column.ordinal == ordinal }) {
        var error = UpkeepError(
          .misuse, "\(schema.name).\(assignment.column) is assigned twice in one SET list; assign it once")
        error.table = schema.name
        error.column = assignment.column
        throw error
      }
      let value = try assignment.value.map { value throws(UpkeepError) in
        try CompiledExpression.compile(value, in: expressions)
      }
      assignments.append(SetColumn(column: schema.columns[ordinal], value: value))
    }
    self.assignments = assignments
    replacesNulls = update.otherwise == .replace
    let assigned = Set(assignments.map(\.column.ordinal))
    let touched = (schema.mergeRules?.touched ?? []).filter { !assigned.contains($0) }
    changing = assigned.union(touched)
    self.touched = touched
    var keyColumns = Set(schema.primaryKey)
    for index in schema.indexes where index.isUnique { keyColumns.formUnion(index.columnsRead) }
    movesKeys = !changing.isDisjoint(with: keyColumns)
    var evaluated = update.assignments.compactMap(\.value)
    if let condition = update.condition { evaluated.append(condition) }
    for assignment in assignments where assignment.value == nil {
      if let value = assignment.column.defaultExpression { evaluated.append(value) }
    }
    isRepeatable = !evaluated.contains { $0.isVolatile }
    let request = PlanRequest(
      schema: schema, names: [update.table.alias ?? update.table.name], condition: update.condition,
      columns: Set(0..<schema.rowWidth))
    selection = try RowSelection(request, in: expressions, scope, statement)
  }

  /// The row that the assignments make of a row, which is in slot 0 of the context.
  func changed(_ old: [Value], _ context: EvaluationContext) throws(UpkeepError) -> [Value] {
    var new = old
    for assignment in assignments {
      let column = assignment.column
      do throws(UpkeepError) {
        let value: Value
        if let expression = assignment.value {
          value = try expression.evaluate(context)
        } else {
          value = try defaultValue(of: column, context)
        }
        new[column.ordinal] = try Coercion.coerce(value, to: column)
        if replacesNulls, !column.isNullable, new[column.ordinal] == .null {
          new[column.ordinal] = try Coercion.coerce(try defaultValue(of: column, context), to: column)
        }
      } catch {
        throw error.isOfRow ? error.inRow(schema.keyDescription(of: old)) : error
      }
    }
    if !touched.isEmpty { try schema.touch(&new, old, touched, at: context.now) { _ in false } }
    return new
  }

  private func defaultValue(
    of column: ColumnSchema, _ context: EvaluationContext
  ) throws(UpkeepError) -> Value {
    if let constant = column.constantDefault { return constant }
    return try column.compiledDefault?.evaluate(context) ?? .null
  }
}

extension Expression {
  /// Whether a function in it gives something else each time.
  var isVolatile: Bool {
    var found = false
    _ = replacing { part in
      if case .function(let name, _) = part, ValueFunction.all[name]?.isRandom == true { found = true }
      return nil
    }
    return found
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
