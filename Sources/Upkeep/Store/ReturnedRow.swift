/// RETURNING of a statement of one row, made ready for a table's schema.
final class ReturnedRow {
  let names: ColumnNames
  private let expressions: [CompiledExpression]
  private let context = EvaluationContext()

  /// Nil for a list that only the general way shows: of all rows, of a table whose rowid is not among the columns, and
  /// one that is wrong.
  init?(_ returning: Returning, _ schema: TableSchema) {
    guard !returning.includesAll, !schema.hasHiddenRowid,
      let list = try? UpsertPlan.returned(returning, schema, ExpressionScope.returned(from: schema))
    else { return nil }
    names = ColumnNames(list.names)
    expressions = list.expressions
    context.rowOrdinal = 1
  }

  /// What is shown of an outcome; nil for nothing.
  func values(
    _ outcome: UpsertOutcome, _ parameters: [Value], _ now: Timestamp
  ) throws(UpkeepError) -> [Value]? {
    switch outcome {
    case .inserted(let new): show(nil, new, nil)
    case .updated(let old, let new, let key, _), .replaced(let old, let new, let key, _): show(old, new, key)
    case .unchanged(let row, let key, _): show(row, row, key)
    case .ignored, .rejected: return nil
    }
    context.action = outcome.kind.rawValue
    context.parameters = parameters
    context.now = now
    var values: [Value] = []
    values.reserveCapacity(expressions.count)
    for expression in expressions { values.append(try expression.evaluate(context)) }
    return values
  }

  private func show(_ old: [Value]?, _ new: [Value], _ key: String?) {
    context.set(slot: 0, row: new)
    context.set(slot: 3, row: new)
    if let old { context.set(slot: 2, row: old) } else { context.clear(slot: 2) }
    context.conflictKey = key
  }
}
