/// The rows of one table for which a condition holds, and the way to them.
final class RowSelection {
  let schema: TableSchema
  @exclusivity(unchecked) private(set) var path: AccessPath
  private(set) var filter: RowFilter
  /// Whether columns of the primary key are among those that the request names and those of its condition.
  let readsKeys: Bool
  /// The columns that the request names, and those of its condition.
  private let columns: Set<Int>
  /// What is kept for other runs: what was asked, and the conditions.
  private var request: PlanRequest
  private var conjuncts: [Conjunct]
  private let expressions: ExpressionScope
  /// How the ranges follow from parameters, where that needs no planner.
  private var recipe: KeyRecipe?
  /// How often that could not be found out.
  private var recipeAttempts = 0
  /// Whether conditions are left to be checked on each row.
  var isFiltered: Bool { !path.remaining.isEmpty }

  init(
    _ request: PlanRequest, in expressions: ExpressionScope, _ scope: TransactionScope,
    _ statement: StatementContext
  ) throws(UpkeepError) {
    // Compiled whole first: what is wrong in it is wrong by whatever way the rows are found, and its queries are ready.
    var columns = request.columns
    if let condition = request.condition {
      let compiled = try CompiledExpression.compile(condition, in: expressions)
      for column in compiled.columnsRead where column.slot == 0 { columns.insert(column.ordinal) }
    }
    let planner = Planner(scope, request, statement)
    self.request = request
    conjuncts = planner.conjuncts
    // Queries belong to one run; a statement with one is not kept.
    var kept = expressions
    kept.subqueries = nil
    self.expressions = kept
    schema = request.schema
    self.columns = columns
    let places = schema.places
    readsKeys = columns.contains { places[$0].isInKey }
    path = try planner.best()
    let isCovering = path.index != nil && path.isCovering
    filter = try RowFilter(
      path.remaining.map { planner.conjuncts[$0] }, of: schema, readsViews: !isCovering, in: expressions)
  }

  /// Finds the way for other parameters: the same one where that is cheap, else the cheapest.
  ///
  /// - Parameter most: how many rows will be taken at most, where that is known.
  func rebind(
    _ scope: TransactionScope, _ statement: StatementContext, most: UInt64?
  ) throws(UpkeepError) {
    request.most = most
    if try followRecipe(scope, statement) { return }
    let planner = Planner(scope, request, statement, again: conjuncts)
    conjuncts = planner.conjuncts
    let before = path
    if let again = try planner.again(before) { path = again } else { path = try planner.best() }
    recipe = recipeAttempts < Self.mostAttempts ? KeyRecipe(path, conjuncts, schema) : nil
    if recipe == nil { recipeAttempts += 1 }
    let isCovering = path.index != nil && path.isCovering
    // Tests of columns hold the values of parameters.
    let isSame =
      path.remaining == before.remaining && isCovering == (before.index != nil && before.isCovering)
      && !path.remaining.contains { conjuncts[$0].readsParameters }
    if isSame { return }
    filter = try RowFilter(
      path.remaining.map { conjuncts[$0] }, of: schema, readsViews: !isCovering, in: expressions)
  }

  private static let mostAttempts = 16

  /// Takes the way of before with ranges that its recipe gives; false if there is none, or the way is not cheap any more.
  private func followRecipe(
    _ scope: TransactionScope, _ statement: StatementContext
  ) throws(UpkeepError) -> Bool {
    guard let recipe, recipe.fill(&path.search.ranges, statement.parameters) else { return false }
    if path.isPoint || path.search.ranges.isEmpty { return true }
    if let most = request.mostMet(path) {
      // Few rows are taken however many there are: nothing is to be counted.
      path.rowCount = most
      path.cost = request.cost(of: path)
      if path.cost <= AccessPath.cheap { return true }
    }
    path.rowCount = try RowReader(scope).count(path.index?.tree ?? schema.tree, in: path.search.ranges[0])
    path.cost = request.cost(of: path)
    return path.cost <= AccessPath.cheap
  }

  /// A walk over the rows.
  func makeScan(_ scope: TransactionScope, readsKeys: Bool? = nil) throws(UpkeepError) -> PathScan {
    try PathScan(scope, schema, path, readsKeys: readsKeys ?? self.readsKeys, columns: columns)
  }

  /// How many rows there are, without looking at them; nil if they must be looked at.
  func countWithoutScan(_ scope: TransactionScope) throws(UpkeepError) -> UInt64? {
    if isFiltered { return nil }
    let reader = RowReader(scope)
    var total: UInt64 = 0
    for range in path.search.ranges {
      if let index = path.index {
        total += try reader.count(index, in: range)
      } else {
        total += try reader.count(schema, in: range)
      }
    }
    return total
  }

  /// Steps a walk to the next row that meets the condition. If that row comes as values, it is in slot 0 of the
  /// context; if it is a view, it is there only when `bindsViews`.
  @inline(__always)
  func next(
    _ scan: PathScan, _ context: EvaluationContext, _ statement: StatementContext, bindsViews: Bool
  ) throws(UpkeepError) -> Bool {
    try statement.step()
    if scan.isCovering { return try nextValues(scan, context, statement) }
    if scan.isInBatches {
      while try scan.next(filter, statement) {
        guard try filter.passesRest(scan.view, context) else { continue }
        if bindsViews { context.set(slot: 0, view: scan.view) }
        return true
      }
      return false
    }
    var passedOver = 0
    while try scan.next() {
      if try filter.passes(scan.view, context) {
        if bindsViews { context.set(slot: 0, view: scan.view) }
        return true
      }
      passedOver &+= 1
      if passedOver & 1023 == 0 { try statement.cancellation.check() }
    }
    return false
  }

  /// The next rows that meet the condition, all of which are to be taken. Nil after the last, and where rows do not come in
  /// batches.
  func nextBatch(
    _ scan: PathScan, _ context: EvaluationContext, _ statement: StatementContext
  ) throws(UpkeepError) -> RowBatch? {
    try scan.nextBatch(filter, context, statement)
  }

  private func nextValues(
    _ scan: PathScan, _ context: EvaluationContext, _ statement: StatementContext
  ) throws(UpkeepError) -> Bool {
    while try scan.next() {
      context.set(slot: 0, lent: UnsafeBufferPointer(scan.covered))
      if try filter.passes(context) { return true }
      try statement.step()
    }
    return false
  }

  /// The way to the rows, for EXPLAIN.
  var description: [String] {
    var lines = [path.description(of: schema)]
    if isFiltered { lines.append("check the rest of the WHERE on each row") }
    return lines
  }
}
