/// Runs SYNC: evaluates the source and gives its rows, column by name, to the batch that makes the table equal to them.
struct SyncExecutor {
  let scope: TransactionScope
  let statement: StatementContext

  func run(_ sync: SyncStatement) throws(UpkeepError) -> ChangeResult {
    let schema = try scope.table(sync.table)
    let plan = try UpsertPlan(
      syncing: schema, by: sync.key, allowsEmpty: sync.allowsEmpty, rejects: sync.rejects,
      displaces: sync.displaces, returning: sync.returning)
    let batch = try UpsertBatch(scope, plan, parameters: statement.parameters, now: statement.now)
    do throws(UpkeepError) {
      try feed(batch, sync.source, schema)
    } catch {
      try batch.abandon()
      throw error.saying(rowOf: schema.name)
    }
    do throws(UpkeepError) {
      return ChangeResult(try batch.finish(), plan)
    } catch {
      throw error.saying(rowOf: schema.name)
    }
  }

  private func feed(
    _ batch: UpsertBatch, _ source: SyncSource, _ schema: TableSchema
  ) throws(UpkeepError) {
    var given = [Value?](repeating: nil, count: schema.rowWidth)
    var number = 0
    switch source {
    case .values(let rows, let columns):
      let ordinals = try schema.ordinals(ofGiven: columns)
      let context = statement.makeEvaluationContext()
      for row in rows {
        try statement.step()
        number += 1
        for (position, expression) in row.enumerated() {
          given[ordinals[position]] = try expression.map { expression throws(UpkeepError) in
            try CompiledExpression.compile(expression, in: ExpressionScope()).evaluate(context)
          }
        }
        try batch.add(given, number: number)
      }
    case .query(let query):
      var ordinals: [Int] = []
      try QueryExecutor(scope, statement).run(query) { names throws(UpkeepError) in
        ordinals = try schema.ordinals(ofGiven: names)
      } row: { values throws(UpkeepError) in
        number += 1
        for (position, value) in values.enumerated() { given[ordinals[position]] = value }
        try batch.add(given, number: number)
      }
    }
  }
}

extension TableSchema {
  /// The places of the columns that a source gives, each named once.
  func ordinals(ofGiven names: [String]) throws(UpkeepError) -> [Int] {
    var ordinals: [Int] = []
    for column in names {
      let ordinal = try requiredOrdinal(of: column)
      if ordinals.contains(ordinal) {
        var error = UpkeepError(.misuse, "\(name).\(column) is named twice; name each column once")
        error.table = name
        error.column = column
        throw error
      }
      ordinals.append(ordinal)
    }
    return ordinals
  }
}

extension UpkeepError {
  /// The error with the row's number in front, where the statement had more than that one.
  ///
  /// - Parameter isOnly: whether the statement gave one row, which needs no number.
  func saying(rowOf table: String, isOnly: Bool = false) -> UpkeepError {
    guard let rowNumber, !isOnly, self.table == table, isOfRow || code == .unreadableKey else { return self }
    var error = self
    error.message = "row \(rowNumber): \(message)"
    return error
  }
}
