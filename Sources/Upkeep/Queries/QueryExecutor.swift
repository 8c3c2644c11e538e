internal import UpkeepStorage

/// Runs queries in one transaction, and hands their rows on one by one.
package struct QueryExecutor {
  package let scope: TransactionScope
  package let statement: StatementContext

  package init(_ scope: TransactionScope, _ statement: StatementContext) {
    self.scope = scope
    self.statement = statement
  }

  /// Runs a query.
  ///
  /// - Parameters:
  ///   - begin: called once, with the names of the result's columns, before the first row.
  ///   - row: called for each row.
  package func run(
    _ query: Query, begin: ([String]) throws(UpkeepError) -> Void, row: ([Value]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let plan = try SelectPlan(query, scope, statement)
    try begin(plan.outputs.map(\.name))
    if plan.isAggregated {
      try runAggregates(plan, row)
    } else if plan.selection == nil {
      try runWithoutTable(plan, row)
    } else if plan.isSorting {
      try runSorted(plan, row)
    } else if let key = plan.pointKey, scope.write == nil {
      try runPoint(plan, key, row)
    } else {
      try runInOrder(plan, row)
    }
  }

  /// Runs VALUES on its own.
  package func run(
    values rows: [[Expression]], begin: ([String]) throws(UpkeepError) -> Void,
    row: ([Value]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let width = rows.first?.count ?? 0
    if let number = rows.firstIndex(where: { $0.count != width }) {
      throw UpkeepError(
        .misuse, "row \(number + 1) of VALUES has \(rows[number].count) values where the first has \(width)")
    }
    try begin((0..<width).map { "column\($0 + 1)" })
    let context = statement.makeEvaluationContext()
    for expressions in rows {
      try statement.step()
      var values: [Value] = []
      values.reserveCapacity(width)
      for expression in expressions {
        values.append(try CompiledExpression.compile(expression, in: ExpressionScope()).evaluate(context))
      }
      try row(values)
    }
  }
}

extension QueryExecutor {
  private func runWithoutTable(
    _ plan: SelectPlan, _ row: ([Value]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let context = statement.makeEvaluationContext()
    if let condition = plan.condition {
      guard try CompiledExpression.compile(condition, in: plan.expressions).isTrue(context) else { return }
    }
    if plan.offset > 0 || plan.limit == 0 { return }
    try row(try values(plan, context))
  }

  /// The one row with a whole unique key, got without a walk.
  private func runPoint(
    _ plan: SelectPlan, _ key: [UInt8], _ row: ([Value]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    guard let selection = plan.selection, plan.limit != 0, plan.offset == 0 else { return }
    let reader = RowReader(scope)
    var primaryKey = key
    if let index = selection.path.index {
      guard
        let holder = try KeyBounds.borrow(
          key,
          { key throws(UpkeepError) in
            try reader.holder(of: key, in: index).map { Array($0) }
          })
      else { return }
      primaryKey = holder
    }
    let shown = try KeyBounds.borrow(primaryKey) { key throws(UpkeepError) -> [Value]? in
      guard let view = try reader.find(selection.schema, key: key) else { return nil }
      let context = statement.makeEvaluationContext()
      guard try selection.filter.passes(view, context) else { return nil }
      context.set(slot: 0, view: view)
      return try values(plan, view, context)
    }
    if let shown { try row(shown) }
  }

  /// Rows as they are met: the way to them gives the order, or none is wanted.
  private func runInOrder(
    _ plan: SelectPlan, _ row: ([Value]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    guard let selection = plan.selection, plan.limit != 0 else { return }
    let context = statement.makeEvaluationContext()
    let scan = try PathScan(scope, selection.schema, selection.path)
    var toPass = plan.offset
    var left = plan.limit ?? .max
    if !selection.isFiltered && toPass > 0 {
      try scan.skip(toPass)
      toPass = 0
    }
    let isBinding = plan.outputColumns.contains(-1)
    while left > 0, try selection.next(scan, context, statement, bindsViews: isBinding) {
      if toPass > 0 {
        toPass -= 1
        continue
      }
      left -= 1
      try row(try scan.isCovering ? values(plan, context) : values(plan, scan.view, context))
    }
  }

  /// Rows kept by the keys of ORDER BY, at most so many as LIMIT asks for.
  private func runSorted(
    _ plan: SelectPlan, _ row: ([Value]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    guard let selection = plan.selection, plan.limit != 0 else { return }
    let context = statement.makeEvaluationContext()
    let scan = try PathScan(scope, selection.schema, selection.path)
    var sorter = RowSorter(most: plan.most.map { Int(clamping: $0) })
    let key = ByteBuffer()
    while try selection.next(scan, context, statement, bindsViews: true) {
      key.removeAll()
      for term in plan.order { try term.append(try term.expression.evaluate(context), to: key) }
      guard sorter.accepts(key.bytes) else { continue }
      sorter.add(key.bytes, try values(plan, context))
    }
    for values in sorter.finish().dropFirst(Int(clamping: plan.offset)) {
      try statement.step()
      try row(values)
    }
  }

  /// The result's columns on the row in the context.
  func values(_ plan: SelectPlan, _ context: EvaluationContext) throws(UpkeepError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(plan.outputs.count)
    for (number, column) in plan.outputColumns.enumerated() {
      if column >= 0 {
        values.append(try context.value(SlotColumn(slot: 0, ordinal: column)))
      } else {
        values.append(try evaluate(plan, number, context))
      }
    }
    return values
  }

  private func evaluate(
    _ plan: SelectPlan, _ number: Int, _ context: EvaluationContext
  ) throws(UpkeepError) -> Value {
    guard let expression = plan.outputs[number].expression else { return .null }
    return try expression.evaluate(context)
  }

  /// The same, with plain columns read in place.
  private func values(
    _ plan: SelectPlan, _ view: RowView, _ context: EvaluationContext
  ) throws(UpkeepError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(plan.outputs.count)
    for (number, column) in plan.outputColumns.enumerated() {
      values.append(try column >= 0 ? view.value(column) : evaluate(plan, number, context))
    }
    return values
  }
}
