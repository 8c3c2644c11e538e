/// VALUES.
final class ValuesBlock: BlockPlan {
  private enum Row {
    /// Of constants, as most are where there are many.
    case constants([Value])
    case expressions([CompiledExpression])
  }

  private let rows: [Row]
  private let statement: StatementContext
  private var number = 0

  override var estimate: Double { Double(rows.count) }

  init(_ rows: [[Expression]], _ place: QueryPlace) throws(UpkeepError) {
    statement = place.host.statement
    let width = rows.first?.count ?? 0
    if let number = rows.firstIndex(where: { $0.count != width }) {
      throw UpkeepError(
        .misuse, "row \(number + 1) of VALUES has \(rows[number].count) values where the first has \(width)")
    }
    var scope = ExpressionScope()
    scope.outer = place.outer
    scope.depth = place.depth
    scope.subqueries = SubqueryScope(place.host, place.commonTables, nesting: place.nesting)
    var compiled: [Row] = []
    compiled.reserveCapacity(rows.count)
    var reads: Set<OuterColumn> = []
    for row in rows {
      if let constants = Self.constants(row) {
        compiled.append(.constants(constants))
        continue
      }
      var list: [CompiledExpression] = []
      for expression in row {
        let value = try CompiledExpression.compile(expression, in: scope)
        reads.formUnion(value.outerColumnsRead)
        list.append(value)
      }
      compiled.append(.expressions(list))
    }
    self.rows = compiled
    super.init(
      columns: (0..<width).map { SubqueryColumn(name: "column\($0 + 1)", type: nil, collation: nil) },
      reads: reads, context: place.host.statement.makeEvaluationContext(slotCount: 1))
  }

  private static func constants(_ row: [Expression]) -> [Value]? {
    var values: [Value] = []
    values.reserveCapacity(row.count)
    for expression in row {
      guard case .literal(let value) = expression else { return nil }
      values.append(Coercion.coerce(value, to: .any) ?? .null)
    }
    return values
  }

  override var description: [String] { ["\(rows.count) \(rows.count == 1 ? "row" : "rows") of VALUES"] }

  override func run(
    _ outer: EvaluationContext?, _ row: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) {
    context.outer = outer
    for next in rows.indices {
      try statement.step()
      number = next
      guard try row() else { return }
    }
  }

  override func appendValues(to values: inout [Value]) throws(UpkeepError) { values += try self.values() }

  override func values() throws(UpkeepError) -> [Value] {
    switch rows[number] {
    case .constants(let values): return values
    case .expressions(let list):
      var values: [Value] = []
      values.reserveCapacity(list.count)
      for expression in list { values.append(try expression.evaluate(context)) }
      return values
    }
  }
}
