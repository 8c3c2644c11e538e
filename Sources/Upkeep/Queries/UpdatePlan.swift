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
  /// Whether a key that is unique may change.
  let movesKeys: Bool
  /// Whether evaluating the statement twice for one row gives the same.
  let isRepeatable: Bool
  /// Whether a NULL that may not be becomes the column's default: what OR REPLACE does.
  private let replacesNulls: Bool

  init(
    _ update: UpdateStatement, _ scope: TransactionScope, _ statement: StatementContext
  ) throws(UpkeepError) {
    schema = try scope.table(update.table.name)
    let expressions = ExpressionScope(table: schema, alias: update.table.alias)
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
    var keyColumns = Set(schema.primaryKey)
    for index in schema.indexes where index.isUnique { keyColumns.formUnion(index.columnsRead) }
    movesKeys = !assigned.isDisjoint(with: keyColumns)
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
      let value: Value
      if let expression = assignment.value {
        value = try expression.evaluate(context)
      } else {
        value = try defaultValue(of: column, context)
      }
      do throws(UpkeepError) {
        new[column.ordinal] = try Coercion.coerce(value, to: column)
        if replacesNulls, !column.isNullable, new[column.ordinal] == .null {
          new[column.ordinal] = try Coercion.coerce(try defaultValue(of: column, context), to: column)
        }
      } catch {
        throw error.inRow(schema.keyDescription(of: old))
      }
    }
    return new
  }

  private func defaultValue(
    of column: ColumnSchema, _ context: EvaluationContext
  ) throws(UpkeepError) -> Value {
    if let constant = column.constantDefault { return constant }
    return try column.compiledDefault?.evaluate(context) ?? .null
  }
}

extension UpkeepError {
  /// The error with the row that it concerns.
  func inRow(_ key: String) -> UpkeepError {
    var error = self
    if error.existingKey == nil {
      error.existingKey = key
      error.message += "; in the row with key \(key)"
    }
    return error
  }
}

extension Expression {
  /// Whether a function in it gives something else each time.
  var isVolatile: Bool {
    var found = false
    _ = replacing { part in
      if case .function(let name, let arguments) = part,
        let function = try? ScalarFunction.find(name, argumentCount: arguments.count),
        !function.isDeterministic
      {
        found = true
      }
      return nil
    }
    return found
  }
}
