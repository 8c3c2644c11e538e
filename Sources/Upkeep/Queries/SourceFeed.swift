/// Evaluates the source of an upsert or a sync and gives its rows to the batch that takes them.
struct SourceFeed {
  let scope: TransactionScope
  let statement: StatementContext
  let plan: UpsertPlan

  private var schema: TableSchema { plan.schema }

  /// Runs the statement on the rows that `give` gives its batch.
  ///
  /// - Parameter hasOneRow: whether there is no other row that the statement could give, so that errors need not say
  ///   which it is.
  /// - Parameter file: where its rows come from, if from a file.
  func run(
    hasOneRow: Bool = false, of file: (any SourceFile)? = nil,
    _ give: (UpsertBatch) throws(UpkeepError) -> Void
  ) throws(UpkeepError) -> ChangeResult {
    let batch = try UpsertBatch(scope, plan, parameters: statement.parameters, now: statement.now)
    do throws(UpkeepError) {
      try give(batch)
      return ChangeResult(try batch.finish(), batch)
    } catch {
      // A batch that failed by itself has ended, and done what its OR word says.
      try batch.abandon()
      throw file.map { error.saying(recordOf: $0) } ?? error.saying(rowOf: schema.name, isOnly: hasOneRow)
    }
  }

  /// The records of a file, whose columns go by their names.
  func give(_ file: any SourceFile, _ batch: UpsertBatch) throws(UpkeepError) {
    try file.forEach(schema) { number, row, problem throws(UpkeepError) in
      try statement.step()
      if var problem {
        problem.rowNumber = number
        try batch.reject(row, number: number, because: problem)
      } else {
        try batch.add(row ?? [], number: number)
      }
    }
  }

  /// The rows of VALUES, whose values go to the columns at `ordinals`.
  func give(_ rows: [[Expression?]], to ordinals: [Int], _ batch: UpsertBatch) throws(UpkeepError) {
    // What is wrong with the statement's form is told before anything is written.
    for (number, row) in rows.enumerated() where row.count != ordinals.count {
      throw wrongWidth(row.count, ordinals.count, number + 1)
    }
    var given = [Value?](repeating: nil, count: schema.rowWidth)
    let context = statement.makeEvaluationContext()
    if rows.contains(where: { $0.contains { $0?.hasQuery == true } }) {
      // Queries in any row see what was there before the first was written.
      _ = try statement.host(scope).scope
    }
    let expressions = statement.admittingQueries(ExpressionScope(), scope)
    for (number, row) in rows.enumerated() {
      try statement.step()
      var problem: UpkeepError?
      for (position, expression) in row.enumerated() {
        let ordinal = ordinals[position]
        do throws(UpkeepError) {
          given[ordinal] = try expression.map { expression throws(UpkeepError) in
            try value(expression, expressions, context)
          }
        } catch {
          guard error.isOfRow else { throw error }
          given[ordinal] = nil
          problem = problem ?? error.of(row: number + 1, ordinal, schema)
        }
      }
      if let problem {
        try batch.reject(given, number: number + 1, because: problem)
      } else {
        try batch.add(given, number: number + 1)
      }
    }
  }

  /// The rows of a query; `ordinals` says to which columns the values of its result go, by their names.
  func give(
    _ query: Query, _ batch: UpsertBatch, to ordinals: ([String]) throws(UpkeepError) -> [Int]
  ) throws(UpkeepError) {
    // For each column of the table which value of a row goes to it.
    var positions = [Int](repeating: -1, count: schema.rowWidth)
    var number = 0
    try QueryExecutor(scope, statement).run(query) { names throws(UpkeepError) in
      let places = try ordinals(names)
      if names.count != places.count { throw wrongWidth(names.count, places.count, nil) }
      for (position, ordinal) in places.enumerated() { positions[ordinal] = position }
    } row: { values throws(UpkeepError) in
      number += 1
      try batch.add(values, positions, number: number)
    }
  }

  private func value(
    _ expression: Expression, _ expressions: ExpressionScope, _ context: EvaluationContext
  ) throws(UpkeepError) -> Value {
    switch expression {
    case .literal(let value): return value
    case .parameter(let number) where number >= 1 && number <= statement.parameters.count:
      return statement.parameters[number - 1]
    default: return try CompiledExpression.compile(expression, in: expressions).evaluate(context)
    }
  }

  private func wrongWidth(_ given: Int, _ wanted: Int, _ row: Int?) -> UpkeepError {
    let place = row.map { "row \($0)" } ?? "the query"
    var error = UpkeepError(
      .misuse,
      "\(place) gives \(given) values for \(wanted) columns of \(schema.name); name the columns to fill")
    error.table = schema.name
    error.rowNumber = row
    return error
  }
}

extension UpkeepError {
  /// An error of evaluating what a row gives a column.
  fileprivate func of(row number: Int, _ ordinal: Int, _ schema: TableSchema) -> UpkeepError {
    var error = self
    error.rowNumber = number
    error.table = schema.name
    guard ordinal < schema.columns.count else { return error }
    error.column = schema.columns[ordinal].name
    error.message = "\(schema.name).\(schema.columns[ordinal].name): \(message)"
    if hint == nil { error.message += "; give another value" }
    return error
  }
}
