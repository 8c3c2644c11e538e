internal import UpkeepStorage

/// What a statement that changes rows did, with the rows of its RETURNING, which are shown when it is whole.
struct ChangeResult {
  var summary: StatementSummary
  /// The columns of RETURNING; nil without one.
  var columns: [String]?
  var rows: RowSpool<Value>?

  init(summary: StatementSummary, columns: [String]?, rows: RowSpool<Value>?) {
    self.summary = summary
    self.columns = columns
    self.rows = rows
  }

  /// What an upsert did.
  init(_ result: UpsertResult, _ batch: UpsertBatch) {
    summary = result.summary
    summary.rejects = result.rejects.map { RejectedRow($0) }
    summary.displaced = batch.displacements
    columns = batch.plan.returning.map(\.names)
    rows = batch.returned
  }
}

/// RETURNING of UPDATE and DELETE, ready for use. A bare column is the row as the statement left it, for a deleted
/// row as it was; `old` and `new` are the row before and after.
struct ReturningList {
  let names: [String]
  private let expressions: [CompiledExpression]
  private let context: EvaluationContext
  let rows: RowSpool<Value>

  private enum Slot {
    static let current = 0
    static let old = 1
    static let new = 2
  }

  init(
    _ returning: Returning, _ table: TableReference, _ schema: TableSchema, _ scope: TransactionScope,
    _ statement: StatementContext
  ) throws(UpkeepError) {
    let transaction = try scope.writing
    let names = [table.alias ?? table.name]
    var seen = ExpressionScope(slots: [
      ExpressionScope.Slot(names: names, columns: schema.columnList),
      ExpressionScope.Slot(names: ["old"], columns: schema.columnList),
      ExpressionScope.Slot(names: ["new"], columns: schema.columnList),
    ])
    seen.tells = [.action, .ordinal]
    seen = statement.admittingQueries(seen, scope)
    var shown: [String] = []
    var expressions: [CompiledExpression] = []
    for column in returning.columns {
      switch column {
      case .expression(let expression, let name):
        shown.append(name)
        expressions.append(try CompiledExpression.compile(expression, in: seen))
      case .all(let qualifier):
        for column in schema.columns {
          shown.append(column.name)
          let reference = ColumnReference(column.name, of: qualifier)
          expressions.append(try CompiledExpression.compile(.column(reference), in: seen))
        }
      }
    }
    self.names = shown
    self.expressions = expressions
    context = statement.makeEvaluationContext()
    rows = RowSpool(limit: transaction.spillByteCount, files: transaction.temporaryFiles)
  }

  /// Takes a row that the statement changed.
  mutating func add(old: [Value], new: [Value]?, kind: StatementSummary.Kind) throws(UpkeepError) {
    context.set(slot: Slot.current, row: new ?? old)
    context.set(slot: Slot.old, row: old)
    if let new { context.set(slot: Slot.new, row: new) } else { context.clear(slot: Slot.new) }
    context.action = kind.rawValue
    context.rowOrdinal = rows.count + 1
    var values: [Value] = []
    values.reserveCapacity(expressions.count)
    for expression in expressions { values.append(try expression.evaluate(context)) }
    try rows.append(values)
  }
}
