/// Aggregates over the whole of a query's rows.
///
/// 1. Where counts of key ranges or the end of an index answer all of them, no row is visited.
/// 2. Otherwise one walk feeds them all.
/// 3. Columns outside aggregates show a row: that of the least or greatest value if there is one `min()` or
///    `max()`, else the first row; NULL where there is none.
extension QueryExecutor {
  func runAggregates(_ plan: SelectPlan, _ row: RowTaker) throws(UpkeepError) {
    let context = makeContext()
    let results: [Value]
    if let selection = plan.selection {
      if let short = try resultsWithoutWalk(plan) {
        results = short
      } else {
        results = try resultsOfWalk(plan, selection, context)
      }
    } else {
      results = try resultsWithoutTable(plan, context)
    }
    context.set(slot: SelectPlan.aggregateSlot, row: results)
    if plan.offset > 0 || plan.limit == 0 { return }
    _ = try row(try values(plan, context))
  }

  private func resultsWithoutTable(
    _ plan: SelectPlan, _ context: EvaluationContext
  ) throws(UpkeepError) -> [Value] {
    var isRow = true
    if let condition = plan.condition {
      isRow = try CompiledExpression.compile(condition, in: rows(of: nil)).isTrue(context)
    }
    var results: [Value] = []
    for call in plan.aggregates {
      var state = AggregateState(call.aggregate)
      if isRow { try state.feed(call.aggregate, context, nil, group: 0) }
      results.append(try state.result())
    }
    return results
  }

  // MARK: By a walk

  private func resultsOfWalk(
    _ plan: SelectPlan, _ selection: RowSelection, _ context: EvaluationContext
  ) throws(UpkeepError) -> [Value] {
    let readsKeys = plan.showsRows || selection.readsKeys
    let scan = try makeScan(selection, readsKeys: readsKeys)
    let feeds = plan.aggregates.map { Feed($0.aggregate, selection.schema, readsViews: !scan.isCovering) }
    let states = UnsafeMutableBufferPointer<AggregateState>.allocate(capacity: plan.aggregates.count)
    _ = states.initialize(from: plan.aggregates.map { AggregateState($0.aggregate) })
    defer { states.deinitialize().deallocate() }
    let memory = statement.memory(scope)
    let seen = plan.aggregates.map { call in
      call.aggregate.isDistinct ? DistinctValues(call.aggregate, memory) : nil
    }
    let showsRow = plan.showsRows
    let extremes = plan.aggregates.indices.filter { plan.aggregates[$0].aggregate.isExtreme }
    let leader = showsRow && extremes.count == 1 ? extremes.first : nil
    var shown: [Value]?
    let isBinding = feeds.contains(where: \.readsContext)
    if !showsRow, scan.isInBatches, feeds.allSatisfy(\.takesBatches) {
      let scratch = ScalarColumn()
      while let batch = try selection.nextBatch(scan, context, statement) {
        for number in feeds.indices {
          try feeds[number].feed(&states[number], batch, context, scratch.values)
        }
      }
    }
    while try selection.next(scan, context, statement, bindsViews: isBinding) {
      var isLeading = shown == nil
      for number in feeds.indices {
        if case .number(let node) = feeds[number] {
          let scalar = try node.scalar(context)
          let improved =
            scalar.kind == .other
            ? try states[number].add(try node.evaluate(context)) : states[number].add(scalar)
          if improved && number == leader { isLeading = true }
        } else if case .expression = feeds[number] {
          let aggregate = plan.aggregates[number].aggregate
          let improved = try states[number].feed(aggregate, context, seen[number], group: 0)
          if improved && number == leader { isLeading = true }
        } else {
          try feeds[number].feed(&states[number], scan.view)
        }
      }
      if showsRow && isLeading { shown = try scan.isCovering ? scan.values : scan.view.values() }
    }
    if let shown { context.set(slot: 0, row: shown) } else { context.clear(slot: 0) }
    var results: [Value] = []
    for state in states { results.append(try state.result()) }
    return results
  }

  /// How rows reach one aggregate, with the common cases told apart once.
  private enum Feed {
    case rows
    case presence(Int)
    case integerColumn(Int)
    case realColumn(Int)
    /// Numbers that an expression gives.
    case number(ExpressionNode)
    case expression

    /// Whether the row is to be in the context.
    var readsContext: Bool {
      switch self {
      case .number, .expression: true
      case .rows, .presence, .integerColumn, .realColumn: false
      }
    }

    init(_ aggregate: Aggregate, _ schema: TableSchema, readsViews: Bool) {
      self = .expression
      if aggregate.filter != nil { return }
      if aggregate.argument == nil {
        self = .rows
        return
      }
      if !aggregate.isDistinct, aggregate.second == nil, aggregate.order.isEmpty,
        let node = aggregate.argument?.node, node.isNumeric, !aggregate.growsWithRows
      {
        self = .number(node)
      }
      guard readsViews, !aggregate.isDistinct, let column = aggregate.column else { return }
      let type = column < schema.columns.count ? schema.columns[column].type : .integer
      switch (aggregate.function, type) {
      case (.count, _): self = .presence(column)
      case (.sum, .integer), (.total, .integer), (.avg, .integer): self = .integerColumn(column)
      case (.sum, .real), (.total, .real), (.avg, .real): self = .realColumn(column)
      default: break
      }
    }

    /// Whether it makes no difference to errors when it takes many rows before another aggregate takes them.
    var takesBatches: Bool {
      switch self {
      case .rows, .presence, .integerColumn, .realColumn, .number: true
      case .expression: false
      }
    }

    /// Takes all rows of a batch. Not of an `expression`.
    func feed(
      _ state: inout AggregateState, _ batch: RowBatch, _ context: EvaluationContext,
      _ scratch: UnsafeMutablePointer<Scalar>
    ) throws(UpkeepError) {
      switch self {
      case .rows: state.addRows(Int64(batch.count))
      case .presence(let column):
        for row in 0..<batch.count where !batch.view(row).isNull(column) { state.addRows() }
      case .integerColumn(let column):
        try batch.forEachInteger(column) { if let integer = $1 { state.addNumber(integer: integer) } }
      case .realColumn(let column): try state.addNumbers(of: batch, column)
      case .number(let node):
        try node.scalars(batch, context, into: scratch)
        for row in 0..<batch.count {
          if scratch[row].kind != .other {
            _ = state.add(scratch[row])
          } else {
            context.set(slot: 0, view: batch.view(row))
            try state.add(try node.evaluate(context))
          }
        }
      case .expression: break
      }
    }

    @inline(__always)
    func feed(_ state: inout AggregateState, _ view: RowView) throws(UpkeepError) {
      switch self {
      case .rows: state.addRows()
      case .presence(let column): if !view.isNull(column) { state.addRows() }
      case .integerColumn(let column):
        if let integer = try view.integer(column) { state.addNumber(integer: integer) }
      case .realColumn(let column):
        if let real = try view.real(column) { state.addNumber(real: real) }
      case .number, .expression: break
      }
    }
  }

  // MARK: Without a walk

  /// The results, if each follows from counts or from one end of an index; nil if rows must be visited.
  private func resultsWithoutWalk(_ plan: SelectPlan) throws(UpkeepError) -> [Value]? {
    guard let source = plan.source else { return nil }
    // Nothing is looked for where one of them needs the rows in any case.
    if plan.showsRows || !plan.aggregates.allSatisfy({ $0.aggregate.mayNeedNoRows }) { return nil }
    var results: [Value] = []
    for number in plan.aggregates.indices {
      let isCount = plan.aggregates[number].aggregate.function == .count
      guard let result = try isCount ? count(number, plan, source) : extreme(number, plan, source) else {
        return nil
      }
      results.append(result)
    }
    return results
  }

  /// The way to what an aggregate is of: the plan keeps it for other runs.
  private func shortcut(
    _ number: Int, _ plan: SelectPlan, _ source: SelectPlan.Source, _ request: PlanRequest
  ) throws(UpkeepError) -> RowSelection {
    if let kept = plan.shortcuts[number] {
      try kept.rebind(scope, statement, most: request.most)
      return kept
    }
    let made = try RowSelection(request, in: rows(of: source), scope, statement)
    if plan.condition?.hasQuery != true { plan.shortcuts[number] = made }
    return made
  }

  private func count(
    _ number: Int, _ plan: SelectPlan, _ source: SelectPlan.Source
  ) throws(UpkeepError) -> Value? {
    let call = plan.aggregates[number]
    var condition = plan.condition
    if let argument = call.argument {
      guard let column = call.aggregate.column else { return nil }
      if source.schema.isNullable(column) { condition = .joined(condition, .isNull(argument, negated: true)) }
    }
    var request = PlanRequest(schema: source.schema, names: source.names, condition: condition, columns: [])
    request.isCount = true
    let selection = try shortcut(number, plan, source, request)
    return try selection.countWithoutScan(scope).map { .integer(Int64(clamping: $0)) }
  }

  private func extreme(
    _ number: Int, _ plan: SelectPlan, _ source: SelectPlan.Source
  ) throws(UpkeepError) -> Value? {
    let call = plan.aggregates[number]
    guard let argument = call.argument, let column = call.aggregate.column else { return nil }
    let isGreatest = call.aggregate.function == .max
    let condition =
      source.schema.isNullable(column)
      ? Expression.joined(plan.condition, .isNull(argument, negated: true)) : plan.condition
    var request = PlanRequest(
      schema: source.schema, names: source.names, condition: condition, columns: [column])
    request.order = [
      SubjectOrder(
        subject: column, collation: call.aggregate.argument?.collation ?? .binary, isDescending: isGreatest,
        nullsFirst: !isGreatest)
    ]
    request.most = 1
    let selection = try shortcut(number, plan, source, request)
    guard selection.path.isOrdered, !selection.isFiltered || plan.aggregates.count == 1 else { return nil }
    let context = statement.makeEvaluationContext()
    let scan = try PathScan(scope, source.schema, selection.path)
    // The context sees the row where the walk has it.
    defer { withExtendedLifetime(scan) {} }
    guard try selection.next(scan, context, statement, bindsViews: true) else { return .null }
    return try context.value(SlotColumn(slot: 0, ordinal: column))
  }

  private func rows(of source: SelectPlan.Source?) -> ExpressionScope {
    var scope =
      source.map { ExpressionScope(names: $0.names, columns: $0.schema.columnList) } ?? ExpressionScope()
    scope.subqueries = subqueries
    return scope
  }

  /// How EXPLAIN tells of the shortcut for one aggregate; nil if there is none.
  func shortcutDescription(_ plan: SelectPlan) throws(UpkeepError) -> String? {
    guard plan.isAggregated, plan.source != nil, try resultsWithoutWalk(plan) != nil else { return nil }
    return plan.aggregates.allSatisfy { $0.aggregate.function == .count }
      ? "count keys without visiting rows" : "read the ends of keys without visiting other rows"
  }
}

extension SelectPlan.AggregateCall {
  /// The argument as it was written.
  var argument: Expression? {
    if case .aggregate(_, let arguments, _, _, _) = expression { return arguments.first }
    return nil
  }
}

extension Aggregate {
  var isExtreme: Bool { function == .min || function == .max }
}

extension TableSchema {
  func isNullable(_ column: Int) -> Bool { column < columns.count && columns[column].isNullable }
}

extension Expression {
  /// Both conditions.
  static func joined(_ a: Expression?, _ b: Expression) -> Expression { a.map { .binary(.and, $0, b) } ?? b }
}
