/// An INSERT or UPSERT of one row of parameters and constants with one clause without queries in it, which goes the way of upserts of single
/// rows.
final class SingleRowUpsert: Sendable {
  private let table: String
  private let clause: ConflictClause
  /// nil for the table's columns in order.
  private let columns: ColumnNames?
  private let operands: [PreparedOperand]
  private let kept = ReadyPlans<Ready>()

  /// What is ready for a table's schema, and what the statement's summaries are.
  private final class Ready {
    let schema: TableSchema
    let upsert: SingleUpsert
    let positions: [Int]
    private let kinds: [StatementSummary.Kind]
    private var summaries: [(kind: StatementSummary.Kind, summary: StatementSummary)] = []

    init(_ schema: TableSchema, _ clause: ConflictClause, _ names: ColumnNames) throws(UpkeepError) {
      self.schema = schema
      upsert = try SingleUpsert(schema, clause)
      var binding = RowBinding(schema)
      try binding.follow(names)
      positions = binding.positions
      kinds = upsert.plan.kinds
    }

    /// What is told of one row of which this became.
    func summary(_ kind: StatementSummary.Kind) -> StatementSummary {
      for known in summaries where known.kind == kind { return known.summary }
      var result = UpsertResult()
      for kind in kinds { result.tally[kind] = 0 }
      result.tally[kind] = 1
      result.notices = upsert.plan.notices
      summaries.append((kind, result.summary))
      return result.summary
    }
  }

  /// Nil for any other statement.
  init?(_ upsert: UpsertStatement) {
    guard case .values(let rows) = upsert.source, rows.count == 1, upsert.clauses.count == 1,
      upsert.otherwise == .abort, upsert.duplicates == .fold, upsert.rejects == .fail,
      upsert.returning == nil,
      upsert.alias == nil, Self.isPlain(upsert.clauses[0])
    else { return nil }
    var operands: [PreparedOperand] = []
    for expression in rows[0] {
      guard let expression, let operand = PreparedOperand(expression) else { return nil }
      operands.append(operand)
    }
    if let names = upsert.columns, names.count != operands.count { return nil }
    self.operands = operands
    table = upsert.table
    clause = upsert.clauses[0]
    columns = upsert.columns.map { ColumnNames($0) }
  }

  private static func isPlain(_ clause: ConflictClause) -> Bool {
    if case .columns(let columns, let condition) = clause.target {
      let isPlain = columns.allSatisfy { if case .column = $0 { true } else { false } }
      if !isPlain || condition != nil { return false }
    }
    switch clause.action {
    case .fail, .ignore, .replace, .merge: return true
    case .mergeNonNull: return false
    case .update(let assignments, let condition):
      return condition.map(isPlain) != false && assignments.allSatisfy { $0.value.map(isPlain) != false }
    }
  }

  /// Whether it tells of nothing but the two rows, the parameters and the time.
  private static func isPlain(_ expression: Expression) -> Bool {
    var isPlain = true
    _ = expression.replacing { part in
      switch part {
      case .subquery, .exists, .inQuery, .aggregate, .window, .row: isPlain = false
      case .function(let name, _):
        if ScalarFunction.Name(rawValue: name)?.tellsOfStatement == true { isPlain = false }
      default: break
      }
      return nil
    }
    return isPlain
  }

  /// - Returns: nil if it is for the long way, and nothing was done.
  func run(_ parameters: [Value], _ scope: TransactionScope) throws(UpkeepError) -> StatementSummary? {
    let schema = try scope.table(table)
    let known = kept.take { $0.schema === schema }
    guard let ready = try known == nil ? made(schema) : known else { return nil }
    defer { kept.putBack(ready) }
    ready.upsert.bind(StatementContext.sound(parameters))
    var values: [Value] = []
    values.reserveCapacity(operands.count)
    for operand in operands { values.append(operand.value(parameters)) }
    guard let outcome = try ready.upsert.run(values, ready.positions, scope) else { return nil }
    return ready.summary(outcome.kind)
  }

  private func made(_ schema: TableSchema) throws(UpkeepError) -> Ready? {
    let names = columns ?? ColumnNames(schema.columnList)
    guard names.count == operands.count else { return nil }
    return try Ready(schema, clause, names)
  }
}
