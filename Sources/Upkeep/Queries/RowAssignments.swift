/// The SET list of an UPDATE bound to a table: what it makes of a row.
final class RowAssignments: Sendable {
  final class SetColumn: Sendable {
    let column: ColumnSchema
    /// nil: the column's default.
    let value: CompiledExpression?

    init(_ column: ColumnSchema, _ value: CompiledExpression?) {
      self.column = column
      self.value = value
    }
  }

  let schema: TableSchema
  let assignments: [SetColumn]
  /// The columns that may change, by position: those assigned, and the TOUCH columns.
  let changing: Set<Int>
  /// The TOUCH columns that are not assigned.
  private let touched: [Int]
  /// Whether evaluating it twice for one row gives the same.
  let isRepeatable: Bool
  /// Whether what it gives may depend on the time.
  let readsTime: Bool
  /// Whether a NULL that may not be becomes the column's default: what OR REPLACE does.
  private let replacesNulls: Bool

  init(
    _ update: UpdateStatement, _ schema: TableSchema, in expressions: ExpressionScope
  ) throws(UpkeepError) {
    self.schema = schema
    var assignments: [SetColumn] = []
    for assignment in update.assignments {
      let ordinal = try schema.requiredOrdinal(of: assignment.column)
      guard ordinal < schema.columns.count else {
        throw UpkeepError(
          .misuse, "the rowid of \(schema.name) cannot be assigned; declare a primary key to change it")
      }
      if assignments.contains(where: { $0.column.ordinal == ordinal }) {
        throw assignment.repetition(in: schema)
      }
      let value = try assignment.value.map { value throws(UpkeepError) in
        try CompiledExpression.compile(value, in: expressions)
      }
      assignments.append(SetColumn(schema.columns[ordinal], value))
    }
    self.assignments = assignments
    replacesNulls = update.otherwise == .replace
    let assigned = Set(assignments.map(\.column.ordinal))
    let touched = (schema.mergeRules?.touched ?? []).filter { !assigned.contains($0) }
    changing = assigned.union(touched)
    self.touched = touched
    var evaluated = update.assignments.compactMap(\.value)
    for assignment in assignments where assignment.value == nil {
      if let value = assignment.column.defaultExpression { evaluated.append(value) }
    }
    isRepeatable = !evaluated.contains { $0.isVolatile }
    readsTime = !touched.isEmpty || evaluated.contains { $0.callsFunctions }
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
  /// Whether a function is called in it.
  var callsFunctions: Bool { contains { if case .function = $0 { true } else { false } } }

  /// Whether a function in it gives something else each time.
  var isVolatile: Bool {
    contains { part in
      if case .function(let name, _) = part { ValueFunction.all[name]?.isRandom == true } else { false }
    }
  }
}
