/// A SELECT made ready: names bound, the way to its rows chosen.
final class SelectPlan {
  /// A column of the result.
  struct Output {
    var name: String
    /// nil for a plain column of the table.
    var expression: CompiledExpression?
    /// The column of the table, where it is just that; else -1.
    var column: Int
  }

  /// What a SELECT is over: a table, or one row of nothing.
  struct Source {
    var schema: TableSchema
    var names: [String]
  }

  let source: Source?
  /// The columns of the table, and behind them those of aggregates.
  let expressions: ExpressionScope
  let outputs: [Output]
  /// For each output its column; -1 for an expression.
  let outputColumns: [Int]
  /// For each output its expression; nil for a column.
  let outputNodes: [ExpressionNode?]
  /// The aggregates of the result; empty for a query of rows.
  let aggregates: [AggregateCall]
  let isAggregated: Bool
  let condition: Expression?
  let order: [SortTerm]
  /// The rows that the query is about; nil without a table.
  let selection: RowSelection?
  /// For aggregates that need not visit rows, by their numbers, the way to what they are of.
  var shortcuts: [Int: RowSelection] = [:]
  /// Whether rows are put in order after they are found.
  private(set) var isSorting: Bool
  private(set) var limit: UInt64?
  private(set) var offset: UInt64
  /// LIMIT and OFFSET as they were written.
  private let written: (limit: Expression?, offset: Expression?)
  /// Whether the way to the rows alone can give the order wanted.
  private let mayComeInOrder: Bool

  /// An aggregate and how it was written.
  struct AggregateCall {
    var expression: Expression
    var aggregate: Aggregate
  }

  /// Whether the result shows anything of the table's rows but through aggregates.
  var showsRows: Bool {
    outputs.contains { output in
      output.column >= 0 || output.expression?.columnsRead.contains { $0.slot == 0 } == true
    }
  }

  /// The key of the one row that the query is about, where it is known and leads to the row itself.
  var pointKey: [UInt8]? {
    guard let path = selection?.path, path.isPoint, !path.isCovering, path.search.ranges.count == 1 else {
      return nil
    }
    return path.search.ranges[0].lower
  }

  /// How many rows in order are needed, at most.
  var most: UInt64? { limit.map { $0 > UInt64.max - offset ? .max : $0 + offset } }

  /// A query of one block over at most one stored table, without groups.
  init(
    _ query: Query, _ select: Select, _ subqueries: SubqueryScope?, _ scope: TransactionScope,
    _ statement: StatementContext
  ) throws(UpkeepError) {
    let source: Source? = try select.storedTable.map { reference throws(UpkeepError) in
      Source(schema: try scope.table(reference.name), names: [reference.alias ?? reference.name])
    }
    self.source = source
    condition = select.condition
    let limit = try statement.rowCount(query.limit, of: "LIMIT")
    let offset = try statement.rowCount(query.offset, of: "OFFSET") ?? 0
    self.limit = limit
    self.offset = offset
    written = (query.limit, query.offset)
    let columns = try Self.expanded(select.columns, source)
    let terms = try Self.resolved(query.order, columns)

    var rows =
      source.map { ExpressionScope(names: $0.names, columns: $0.schema.columnList) } ?? ExpressionScope()
    rows.subqueries = subqueries
    let calls = try Self.aggregateCalls(in: columns.map(\.expression) + terms.map(\.expression), rows)
    aggregates = calls
    isAggregated = !calls.isEmpty
    let expressions = try Self.scope(rows, with: calls)
    self.expressions = expressions
    var outputs: [Output] = []
    for column in columns {
      if source != nil, case .column(let reference) = column.expression {
        let place = try rows.resolve(reference)
        outputs.append(Output(name: column.name, expression: nil, column: place.ordinal))
      } else {
        let compiled = try CompiledExpression.compile(column.expression, in: expressions)
        outputs.append(Output(name: column.name, expression: compiled, column: -1))
      }
    }
    self.outputs = outputs
    outputColumns = outputs.map(\.column)
    outputNodes = outputs.map { $0.expression?.node }
    var order: [SortTerm] = []
    for term in terms {
      order.append(SortTerm(try CompiledExpression.compile(term.expression, in: expressions), term))
    }

    guard let source else {
      selection = nil
      isSorting = false
      mayComeInOrder = false
      self.order = []
      if let condition = select.condition { _ = try CompiledExpression.compile(condition, in: rows) }
      return
    }
    var request = PlanRequest(
      schema: source.schema, names: source.names, condition: select.condition, columns: [])
    request.columns = Set(outputs.map(\.column))
    request.columns.remove(-1)
    var read = outputs.compactMap(\.expression) + order.compactMap(\.expression)
    read += calls.flatMap(\.aggregate.expressions)
    for expression in read {
      for column in expression.columnsRead where column.slot == 0 { request.columns.insert(column.ordinal) }
    }
    if calls.isEmpty {
      let reader = ConjunctReader(schema: source.schema, names: source.names, statement)
      for term in terms {
        guard let subject = reader.subject(term.expression) else {
          request.isOrderComplete = false
          break
        }
        request.order.append(
          SubjectOrder(
            subject: subject.number, collation: subject.collation, isDescending: term.isDescending,
            nullsFirst: term.nullsFirst ?? !term.isDescending))
      }
      request.most = limit.map { $0 > UInt64.max - offset ? .max : $0 + offset }
    }
    let selection = try RowSelection(request, in: rows, scope, statement)
    self.selection = selection
    mayComeInOrder = request.isOrderComplete
    isSorting = calls.isEmpty && !terms.isEmpty && !(request.isOrderComplete && selection.path.isOrdered)
    self.order = calls.isEmpty ? order : []
  }

  /// Makes it ready for other parameters.
  func rebind(_ scope: TransactionScope, _ statement: StatementContext) throws(UpkeepError) {
    limit = try statement.rowCount(written.limit, of: "LIMIT")
    offset = try statement.rowCount(written.offset, of: "OFFSET") ?? 0
    guard let selection else { return }
    try selection.rebind(scope, statement, most: isAggregated ? nil : most)
    isSorting = !order.isEmpty && !(mayComeInOrder && selection.path.isOrdered)
  }

  // MARK: Names

  private struct NamedExpression {
    var name: String
    var expression: Expression
  }

  /// The result's columns, with `*` written out.
  private static func expanded(_ columns: [ResultColumn], _ source: Source?) throws(UpkeepError)
    -> [NamedExpression]
  {
    var result: [NamedExpression] = []
    for column in columns {
      switch column {
      case .expression(let expression, let name):
        result.append(NamedExpression(name: name, expression: expression))
      case .all(let qualifier):
        guard let source else {
          throw UpkeepError(.misuse, "SELECT * needs a FROM that says of which table")
        }
        if let qualifier, !source.names.contains(where: { Names.equal($0, qualifier) }) {
          var error = UpkeepError(.unknownTable, "\(qualifier).* names no table of this statement")
          error.name = qualifier
          throw error
        }
        for column in source.schema.columns {
          result.append(
            NamedExpression(
              name: column.name, expression: .column(ColumnReference(column.name, of: source.names.first))))
        }
      }
    }
    return result
  }

  /// The terms of ORDER BY, where they are names or numbers of result columns put in terms of the table.
  private static func resolved(
    _ order: [OrderTerm], _ columns: [NamedExpression]
  ) throws(UpkeepError) -> [OrderTerm] {
    var result: [OrderTerm] = []
    for term in order {
      var term = term
      term.expression = try resolved(term.expression, columns)
      result.append(term)
    }
    return result
  }

  private static func resolved(
    _ expression: Expression, _ columns: [NamedExpression]
  ) throws(UpkeepError) -> Expression {
    switch expression {
    case .collate(let inner, let collation):
      return .collate(try resolved(inner, columns), collation)
    case .literal(.integer(let position)):
      guard position >= 1, position <= columns.count else {
        throw UpkeepError(
          .misuse, "ORDER BY \(position) names no column of the result, which has \(columns.count)")
      }
      return columns[Int(position) - 1].expression
    case .column(let reference) where reference.qualifier == nil:
      return columns.first { Names.equal($0.name, reference.name) }?.expression ?? expression
    default:
      return expression
    }
  }

  // MARK: Aggregates

  static func aggregateCalls(
    in expressions: [Expression], _ rows: ExpressionScope
  ) throws(UpkeepError) -> [AggregateCall] {
    var found: [Expression] = []
    var seen: Set<Expression> = []
    for expression in expressions {
      switch expression {
      case .column, .literal, .parameter: continue
      default: break
      }
      for call in expression.aggregateCalls where seen.insert(call).inserted { found.append(call) }
    }
    var calls: [AggregateCall] = []
    for expression in found {
      calls.append(AggregateCall(expression: expression, aggregate: try Aggregate(expression, in: rows)))
    }
    return calls
  }

  /// The slot of aggregates, behind that of the table.
  static let aggregateSlot = 1

  /// The table's row, and a row of the aggregates' results.
  private static func scope(
    _ rows: ExpressionScope, with calls: [AggregateCall]
  ) throws(UpkeepError) -> ExpressionScope {
    if calls.isEmpty { return rows }
    var columns: [ColumnSchema] = []
    for ordinal in calls.indices {
      columns.append(
        try ColumnSchema(
          ColumnDefinition("aggregate \(ordinal)", .any), table: "result", ordinal: ordinal,
          isInPrimaryKey: false))
    }
    var scope = rows
    if scope.slots.isEmpty {
      scope.slots.append(ExpressionScope.Slot(names: [], columns: ColumnList([], hasHiddenRowid: false)))
    }
    scope.slots.append(ExpressionScope.Slot(names: [], columns: ColumnList(columns, hasHiddenRowid: false)))
    for (ordinal, call) in calls.enumerated() {
      scope.aggregates[call.expression] = SlotColumn(slot: aggregateSlot, ordinal: ordinal)
    }
    return scope
  }
}

extension Select {
  /// The table, if the block is over one only.
  var storedTable: TableReference? {
    guard from.count == 1, case .table(let reference) = from[0].source else { return nil }
    return reference
  }
}

extension Expression {
  /// The aggregates in the expression, outermost first, as written.
  var aggregateCalls: [Expression] {
    var found: [Expression] = []
    _ = replacing { part in
      guard case .aggregate = part else { return nil }
      found.append(part)
      return part
    }
    return found
  }
}
