/// NOT NULL and CHECK of one table, for the row that is about to be stored. One for a table and statement.
package final class RowCheck {
  package let schema: TableSchema
  private let required: [Int]
  private let context: EvaluationContext

  package init(_ scope: TransactionScope, _ schema: TableSchema) {
    self.schema = schema
    required = schema.columns.filter { !$0.isNullable }.map(\.ordinal)
    context = EvaluationContext()
  }

  package init(_ schema: TableSchema) {
    self.schema = schema
    required = schema.columns.filter { !$0.isNullable }.map(\.ordinal)
    context = EvaluationContext()
  }

  /// - Throws: `notNullViolation` or `checkViolation`, naming table, column, constraint and value.
  package func check(_ row: [Value]) throws(UpkeepError) {
    for ordinal in required where row[ordinal] == .null { throw notNull(ordinal) }
    if schema.checks.isEmpty { return }
    context.set(slot: 0, row: row)
    for check in schema.checks where try check.condition.isFalse(context) { throw broken(check, by: row) }
  }

  private func notNull(_ ordinal: Int) -> UpkeepError {
    let column = schema.columns[ordinal]
    var error = UpkeepError(
      .notNullViolation,
      "\(schema.name).\(column.name) is NOT NULL and would be NULL; give it a value, or the column a DEFAULT")
    error.table = schema.name
    error.column = column.name
    error.value = "NULL"
    return error
  }

  private func broken(_ check: CheckSchema, by row: [Value]) -> UpkeepError {
    let ordinals = Set(check.condition.columnsRead.map(\.ordinal)).sorted().filter {
      $0 < schema.columns.count
    }
    let values = ordinals.map { "\(schema.columns[$0].name) = \(row[$0].literalText)" }.joined(
      separator: ", ")
    let written = check.text ?? check.expression.shortText
    let text = written.contains("…") ? "" : " (\(written))"
    let name = check.name.map { " \($0)" } ?? ""
    let because = values.isEmpty ? "" : ": the row has \(values)"
    var error = UpkeepError(
      .checkViolation,
      "CHECK\(name)\(text) of table \(schema.name) fails\(because); give values for which it is true")
    error.table = schema.name
    error.index = check.name
    error.value = values.isEmpty ? nil : values
    if ordinals.count == 1 {
      error.column = schema.columns[ordinals[0]].name
      error.value = row[ordinals[0]].literalText
    }
    return error
  }
}
