/// An INSERT or UPSERT of one row whose values are known without looking at rows, with one clause or none, which goes the
/// way of upserts of single rows.
final class SingleRowUpsert: Sendable {
  /// A value of the row.
  private enum Operand: Sendable {
    case plain(PreparedOperand)
    case computed(CompiledExpression)
  }

  private let table: String
  private let clauses: [ConflictClause]
  private let otherwise: ConflictResolution
  private let returning: Returning?
  /// nil for the table's columns in order.
  private let columns: ColumnNames?
  private let operands: [Operand]
  private let isComputed: Bool
  private let kept = ReadyPlans<Ready>()

  /// What is ready for a table's schema, and what the statement's summaries are.
  private final class Ready {
    let schema: TableSchema
    let upsert: SingleUpsert
    let returned: ReturnedRow?
    let positions: [Int]
    let context = EvaluationContext()
    private let kinds: [StatementSummary.Kind]
    private var summaries: [(kind: StatementSummary.Kind, summary: StatementSummary)] = []

    init(
      _ schema: TableSchema, _ upsert: SingleUpsert, _ names: ColumnNames, _ returned: ReturnedRow?
    ) throws(UpkeepError) {
      self.schema = schema
      self.upsert = upsert
      self.returned = returned
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
    guard case .values(let rows) = upsert.source, rows.count == 1, upsert.duplicates == .fold,
      upsert.rejects == .fail, upsert.alias == nil, Self.isPlain(upsert),
      upsert.returning?.isPlain != false
    else { return nil }
    var operands: [Operand] = []
    for expression in rows[0] {
      guard let expression, let operand = Self.operand(expression) else { return nil }
      operands.append(operand)
    }
    if let names = upsert.columns, names.count != operands.count { return nil }
    self.operands = operands
    isComputed = operands.contains { if case .computed = $0 { true } else { false } }
    table = upsert.table
    clauses = upsert.clauses
    otherwise = upsert.otherwise
    returning = upsert.returning
    columns = upsert.columns.map { ColumnNames($0) }
  }

  private static func operand(_ expression: Expression) -> Operand? {
    if let plain = PreparedOperand(expression) { return .plain(plain) }
    guard isPlain(expression),
      let compiled = try? CompiledExpression.compile(expression, in: ExpressionScope())
    else { return nil }
    return .computed(compiled)
  }

  private static func isPlain(_ upsert: UpsertStatement) -> Bool {
    switch upsert.clauses.count {
    case 0: upsert.otherwise == .abort || upsert.otherwise == .ignore
    case 1: upsert.otherwise == .abort && isPlain(upsert.clauses[0])
    default: false
    }
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
    !expression.contains { part in
      switch part {
      case .subquery, .exists, .inQuery, .aggregate, .window, .row: true
      case .function(let name, _): ScalarFunction.Name(rawValue: name)?.tellsOfStatement == true
      default: false
      }
    }
  }

  /// - Parameter returned: takes the row of RETURNING.
  /// - Returns: nil if it is for the long way, and nothing was done.
  func run(
    _ parameters: [Value], _ scope: TransactionScope, returned: (Row) -> Void
  ) throws(UpkeepError) -> StatementSummary? {
    let schema = try scope.table(table)
    let known = kept.take { $0.schema === schema }
    guard let ready = known ?? made(schema) else { return nil }
    defer { kept.putBack(ready) }
    let parameters = StatementContext.sound(parameters)
    let now = Timestamp.now()
    ready.upsert.bind(parameters, at: now)
    guard let values = values(parameters, ready.context, now) else { return nil }
    guard let list = ready.returned else {
      guard let outcome = try ready.upsert.run(values, ready.positions, scope) else { return nil }
      return ready.summary(outcome.kind)
    }
    // What cannot be shown must not be done: the row is made before anything is written.
    var shown: [Value]?
    var isBad = false
    let outcome: UpsertOutcome?
    do throws(UpkeepError) {
      outcome = try ready.upsert.run(values, ready.positions, scope) { outcome throws(UpkeepError) in
        do throws(UpkeepError) {
          shown = try list.values(outcome, parameters, now)
        } catch {
          isBad = true
          throw error
        }
      }
    } catch {
      if isBad { return nil }
      throw error
    }
    guard let outcome else { return nil }
    if case .unchanged = outcome { shown = try list.values(outcome, parameters, now) }
    if let shown { returned(Row(list.names, shown)) }
    return ready.summary(outcome.kind)
  }

  /// Nil where the statement is wrong, which the long way tells.
  private func made(_ schema: TableSchema) -> Ready? {
    let names = columns ?? ColumnNames(schema.columnList)
    guard names.count == operands.count,
      let upsert = try? SingleUpsert(schema, clauses, otherwise: otherwise)
    else { return nil }
    let returned = returning.flatMap { ReturnedRow($0, schema) }
    if returning != nil, returned == nil { return nil }
    return try? Ready(schema, upsert, names, returned)
  }

  /// The row's values; nil where one of them is an error.
  private func values(
    _ parameters: [Value], _ context: EvaluationContext, _ now: Timestamp
  ) -> [Value]? {
    var values: [Value] = []
    values.reserveCapacity(operands.count)
    if isComputed {
      context.parameters = parameters
      context.now = now
    }
    for operand in operands {
      switch operand {
      case .plain(let operand): values.append(operand.value(parameters))
      case .computed(let expression):
        guard let value = try? expression.evaluate(context) else { return nil }
        values.append(value)
      }
    }
    return values
  }
}

extension Returning {
  /// Whether no query is in it, and nothing that tells of the statement before.
  fileprivate var isPlain: Bool {
    columns.allSatisfy { column in
      guard case .expression(let expression, _) = column else { return true }
      return !expression.hasQuery
        && !expression.contains { if case .function("changes", _) = $0 { true } else { false } }
    }
  }
}
