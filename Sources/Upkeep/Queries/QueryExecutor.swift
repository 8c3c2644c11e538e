internal import UpkeepStorage

/// Takes the rows of a query one by one, and says whether it wants more.
typealias RowTaker = ([Value]) throws(UpkeepError) -> Bool

/// Runs queries in one transaction, and hands their rows on one by one.
///
/// What is asked of one table alone goes by `SelectPlan`, which knows counts and keys; everything else by `QueryPlan`.
package struct QueryExecutor {
  package let scope: TransactionScope
  package let statement: StatementContext
  /// Makes the queries within the query's expressions ready; nil for a plan without any.
  let subqueries: SubqueryScope?
  /// Of a plan that is kept.
  private let workspace: QueryWorkspace?

  package init(_ scope: TransactionScope, _ statement: StatementContext) {
    self.init(scope, statement, SubqueryScope(scope, statement))
  }

  init(_ scope: TransactionScope, _ statement: StatementContext, _ subqueries: SubqueryScope) {
    self.scope = scope
    self.statement = statement
    self.subqueries = subqueries
    workspace = nil
  }

  /// For a run of a plan that is kept, with no query in it.
  init(_ scope: TransactionScope, _ statement: StatementContext, _ workspace: QueryWorkspace) {
    self.scope = scope
    self.statement = statement
    subqueries = nil
    self.workspace = workspace
  }

  /// Where the rows of a run are put.
  func makeContext() -> EvaluationContext {
    workspace?.context(statement) ?? statement.makeEvaluationContext()
  }

  /// The walk of a run.
  func makeScan(_ selection: RowSelection, readsKeys: Bool? = nil) throws(UpkeepError) -> PathScan {
    if let workspace { return try workspace.scan(selection, scope, readsKeys: readsKeys) }
    return try selection.makeScan(scope, readsKeys: readsKeys)
  }

  /// Runs a query.
  ///
  /// - Parameters:
  ///   - begin: called once, with the names of the result's columns, before the first row.
  ///   - row: called for each row.
  package func run(
    _ query: Query, begin: ([String]) throws(UpkeepError) -> Void, row: ([Value]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    try run(query, begin: begin) { values throws(UpkeepError) in
      try row(values)
      return true
    }
  }

  /// The same, until `take` wants no more.
  func run(
    _ query: Query, begin: ([String]) throws(UpkeepError) -> Void, take: RowTaker
  ) throws(UpkeepError) {
    let query = statement.flattened(query, scope)
    if let select = query.selectOfOneTable(statement.commonTables(scope), scope) {
      let plan = try SelectPlan(query, select, subqueries, scope, statement)
      try begin(plan.outputs.map(\.name))
      return try run(plan, row: take)
    }
    let host = statement.host(scope)
    let plan = try QueryPlan(query, QueryPlace(host: host, commonTables: statement.commonTables))
    try begin(plan.columns.map(\.name))
    try plan.run(nil, take)
  }

  /// Runs a statement that gives rows and changes none.
  func run(
    _ asked: Statement, begin: ([String]) throws(UpkeepError) -> Void, take: RowTaker
  ) throws(UpkeepError) {
    switch asked {
    case .select(let query): try run(query, begin: begin, take: take)
    case .values(let rows): try run(Query(.values(rows)), begin: begin, take: take)
    case .with(let tables, .statement(let inner)):
      statement.declarations = tables
      try run(inner, begin: begin, take: take)
    case .explain(.statement(let explained)):
      let lines = try Explainer(scope: scope, statement: statement).lines(explained)
      try begin(["plan"])
      for line in lines { guard try take([.text(line)]) else { return } }
    default: throw UpkeepError(.misuse, "a query is wanted here")
    }
  }

  /// Runs a plan over at most one table.
  func run(_ plan: SelectPlan, row: RowTaker) throws(UpkeepError) {
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
    try run(Query(.values(rows)), begin: begin, row: row)
  }
}

extension QueryExecutor {
  private func runWithoutTable(
    _ plan: SelectPlan, _ row: RowTaker
  ) throws(UpkeepError) {
    let context = makeContext()
    if let condition = plan.condition {
      guard try CompiledExpression.compile(condition, in: plan.expressions).isTrue(context) else { return }
    }
    if plan.offset > 0 || plan.limit == 0 { return }
    _ = try row(try values(plan, context))
  }

  /// The one row with a whole unique key, got without a walk.
  private func runPoint(
    _ plan: SelectPlan, _ key: [UInt8], _ row: RowTaker
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
      let context = makeContext()
      guard try selection.filter.passes(view, context) else { return nil }
      context.set(slot: 0, view: view)
      return try values(plan, view, context)
    }
    if let shown { _ = try row(shown) }
  }

  /// Rows as they are met: the way to them gives the order, or none is wanted.
  private func runInOrder(
    _ plan: SelectPlan, _ row: RowTaker
  ) throws(UpkeepError) {
    guard let selection = plan.selection, plan.limit != 0 else { return }
    let context = makeContext()
    let scan = try makeScan(selection)
    var toPass = plan.offset
    var left = plan.limit ?? .max
    if !selection.isFiltered && toPass > 0 {
      try scan.skip(toPass)
      toPass = 0
    }
    let isBinding = plan.outputColumns.contains(-1)
    let columns = plan.outputColumns
    // Of a row that nobody keeps, the next one takes the place.
    var values: [Value] = []
    values.reserveCapacity(columns.count)
    while left > 0, try selection.next(scan, context, statement, bindsViews: isBinding) {
      if toPass > 0 {
        toPass -= 1
        continue
      }
      left -= 1
      values.removeAll(keepingCapacity: true)
      for number in 0..<columns.count {
        let column = columns[number]
        if column < 0 {
          values.append(try evaluate(plan, number, context))
        } else if scan.isCovering {
          values.append(scan.covered[column])
        } else {
          values.append(try scan.view.value(column))
        }
      }
      guard try row(values) else { return }
    }
  }

  /// Rows kept by the keys of ORDER BY, at most so many as LIMIT asks for.
  private func runSorted(
    _ plan: SelectPlan, _ row: RowTaker
  ) throws(UpkeepError) {
    guard let selection = plan.selection, plan.limit != 0, let first = plan.order.first else { return }
    let rest = plan.order.dropFirst()
    let context = makeContext()
    let scan = try makeScan(selection)
    let most = plan.most.flatMap { $0 > UInt64(Int32.max) ? nil : Int($0) }
    let sorter = RowSorter(most: most, statement.memory(scope))
    let key = ByteBuffer()
    if let numbers = first.numbers, scan.isInBatches {
      let scalars = ScalarColumn()
      while let batch = try selection.nextBatch(scan, context, statement) {
        try numbers.scalars(batch, context, into: scalars.values)
        for row in 0..<batch.count {
          if let head = first.head(scalars.values[row]), !sorter.mayAccept(head: head) { continue }
          let view = batch.view(row)
          context.set(slot: 0, view: view)
          key.removeAll()
          try first.append(scalars.values[row], context, to: key)
          for term in rest { try term.append(context, to: key) }
          guard sorter.accepts(key.bytes) else { continue }
          try sorter.add(key.bytes) { arena throws(UpkeepError) in
            try append(plan, view, context, to: arena)
          }
        }
      }
    }
    while try selection.next(scan, context, statement, bindsViews: true) {
      key.removeAll()
      try first.append(context, to: key)
      // Mostly the first term tells that the row is none of those that are kept.
      guard sorter.mayAccept(key.bytes) else { continue }
      for term in rest { try term.append(context, to: key) }
      guard sorter.accepts(key.bytes) else { continue }
      try sorter.add(key.bytes, try values(plan, context))
    }
    let rows = try sorter.finish()
    var toPass = plan.offset
    var left = plan.limit ?? .max
    while left > 0, try rows.next() {
      try statement.step()
      if toPass > 0 {
        toPass -= 1
        continue
      }
      left -= 1
      guard try row(try rows.row()) else { return }
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

  /// Appends the result's columns as they are spilled, with plain columns taken from where they lie.
  private func append(
    _ plan: SelectPlan, _ view: RowView, _ context: EvaluationContext, to buffer: ByteBuffer
  ) throws(UpkeepError) {
    buffer.spill(plan.outputColumns.count)
    for number in 0..<plan.outputColumns.count {
      let column = plan.outputColumns[number]
      if column >= 0 {
        try buffer.spill(view, column)
      } else {
        buffer.spill(try evaluate(plan, number, context))
      }
    }
  }

  private func evaluate(
    _ plan: SelectPlan, _ number: Int, _ context: EvaluationContext
  ) throws(UpkeepError) -> Value {
    try plan.outputNodes[number]?.evaluate(context) ?? .null
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

extension Query {
  /// The block of a query that asks one stored table alone, or none; nil for any other.
  func selectOfOneTable(_ commonTables: CommonTableScope?, _ scope: TransactionScope) -> Select? {
    guard self.commonTables.isEmpty, compounds.isEmpty, case .select(let select) = block,
      !select.isDistinct, select.grouping.isEmpty, select.groupCondition == nil, !select.hasWindow,
      order.allSatisfy({ $0.expression.windowCalls.isEmpty })
    else { return nil }
    if select.from.isEmpty { return select }
    guard let table = select.storedTable, commonTables?.find(table.name) == nil, !scope.isView(table.name)
    else {
      return nil
    }
    return select
  }
}
