/// Runs INSERT, REPLACE and UPSERT: evaluates the source and gives its rows to the batch that upserts them.
struct UpsertExecutor {
  let scope: TransactionScope
  let statement: StatementContext

  func run(_ upsert: UpsertStatement) throws(UpkeepError) -> ChangeResult {
    let schema = try scope.table(upsert.table)
    let plan = try UpsertPlan(upsert, schema)
    let ordinals =
      try upsert.columns.map { names throws(UpkeepError) in try schema.ordinals(ofGiven: names) }
      ?? Array(schema.columns.indices)
    let batch = try UpsertBatch(scope, plan, parameters: statement.parameters, now: statement.now)
    do throws(UpkeepError) {
      try feed(batch, upsert, schema, ordinals)
    } catch {
      // A batch that failed by itself has ended, and done what its OR word says.
      try batch.abandon()
      throw error.saying(rowOf: schema.name, isOnly: upsert.hasOneRow)
    }
    do throws(UpkeepError) {
      return ChangeResult(try batch.finish(), plan)
    } catch {
      throw error.saying(rowOf: schema.name, isOnly: upsert.hasOneRow)
    }
  }

  private func feed(
    _ batch: UpsertBatch, _ upsert: UpsertStatement, _ schema: TableSchema, _ ordinals: [Int]
  ) throws(UpkeepError) {
    var given = [Value?](repeating: nil, count: schema.rowWidth)
    var number = 0
    switch upsert.source {
    case .defaults:
      try batch.add(given, number: 1)
    case .values(let rows):
      // What is wrong with the statement's form is told before anything is written.
      for (number, row) in rows.enumerated() where row.count != ordinals.count {
        throw Self.wrongWidth(row.count, ordinals.count, schema, number + 1)
      }
      let context = statement.makeEvaluationContext()
      for row in rows {
        try statement.step()
        number += 1
        for (position, expression) in row.enumerated() {
          given[ordinals[position]] = try expression.map { expression throws(UpkeepError) in
            try value(expression, context)
          }
        }
        try batch.add(given, number: number)
      }
    case .query(let query):
      try QueryExecutor(scope, statement).run(query) { names throws(UpkeepError) in
        if names.count != ordinals.count { throw Self.wrongWidth(names.count, ordinals.count, schema, nil) }
      } row: { values throws(UpkeepError) in
        number += 1
        for (position, value) in values.enumerated() { given[ordinals[position]] = value }
        try batch.add(given, number: number)
      }
    }
  }

  private func value(_ expression: Expression, _ context: EvaluationContext) throws(UpkeepError) -> Value {
    switch expression {
    case .literal(let value): return value
    case .parameter(let number) where number >= 1 && number <= statement.parameters.count:
      return statement.parameters[number - 1]
    default: return try CompiledExpression.compile(expression, in: ExpressionScope()).evaluate(context)
    }
  }

  private static func wrongWidth(
    _ given: Int, _ wanted: Int, _ schema: TableSchema, _ row: Int?
  ) -> UpkeepError {
    let place = row.map { "row \($0)" } ?? "the query"
    var error = UpkeepError(
      .misuse,
      "\(place) gives \(given) values for \(wanted) columns of \(schema.name); name the columns to fill")
    error.table = schema.name
    error.rowNumber = row
    return error
  }
}

extension UpsertStatement {
  /// Whether it gives one row, by its form.
  fileprivate var hasOneRow: Bool {
    switch source {
    case .defaults: true
    case .values(let rows): rows.count == 1
    case .query: false
    }
  }
}
