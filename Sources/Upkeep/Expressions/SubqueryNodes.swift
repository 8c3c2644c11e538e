/// A column of a query around another.
package struct OuterColumn: Sendable, Hashable {
  /// 1 is the query right around.
  package var level: Int
  package var column: SlotColumn

  package init(level: Int, column: SlotColumn) {
    self.level = level
    self.column = column
  }
}

/// Makes the queries within a statement's expressions ready. Who runs queries gives it to the scopes of expressions.
package protocol SubqueryCompiling: AnyObject, Sendable {
  /// - Parameter scope: where the query stands: its names are visible in it.
  func compile(_ query: Query, in scope: ExpressionScope) throws(UpkeepError) -> CompiledSubquery
  /// To be called for each part of an expression: now and then looks whether the statement shall stop.
  func step() throws(UpkeepError)
}

/// A column that a query gives, as far as comparisons ask.
package struct SubqueryColumn: Sendable, Hashable {
  package var name: String
  /// The type it always has (or NULL); nil if that is open.
  package var type: ValueType?
  package var collation: Collation?

  package init(name: String, type: ValueType?, collation: Collation?) {
    self.name = name
    self.type = type
    self.collation = collation
  }
}

/// How IN compares with the rows of a query.
package struct MembershipTest: Sendable, Hashable {
  var collation: Collation
  /// What becomes of the query's values first.
  var conversion: Conversion
}

/// A query within an expression, made ready. It belongs to one statement, which one thread runs.
package class CompiledSubquery: @unchecked Sendable {
  package let columns: [SubqueryColumn]
  /// What it reads of the queries around: level 1 is the one in which it stands.
  package let reads: Set<OuterColumn>

  init(columns: [SubqueryColumn], reads: Set<OuterColumn>) {
    self.columns = columns
    self.reads = reads
  }

  /// The first row; nil without one.
  func firstRow(_ context: EvaluationContext) throws(UpkeepError) -> [Value]? { nil }

  /// Whether there is a row.
  func hasRow(_ context: EvaluationContext) throws(UpkeepError) -> Bool { false }

  /// Whether a value is among those of the only column: unknown if it is not and one of them is NULL, or it is NULL
  /// itself and there is any.
  func contains(
    _ value: Value, _ test: MembershipTest, _ context: EvaluationContext
  ) throws(UpkeepError) -> Truth { .false }

  /// The same for a row of values. It is unknown if it is not among the rows, and one of them may be equal to it for all
  /// that NULLs tell.
  func contains(
    row: [Value], _ tests: [MembershipTest], _ context: EvaluationContext
  ) throws(UpkeepError) -> Truth { .false }

  func requireWidth(_ count: Int) throws(UpkeepError) {
    guard columns.count == count else {
      let wanted = count == 1 ? "one column is" : "\(count) columns are"
      throw UpkeepError(.misuse, "a subquery gives \(columns.count) columns where \(wanted) wanted")
    }
  }
}

/// A column of the query that is `level` steps around.
final class OuterColumnNode: ExpressionNode, @unchecked Sendable {
  let level: Int
  let column: SlotColumn
  init(_ level: Int, _ column: SlotColumn) {
    self.level = level
    self.column = column
  }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    var place = context
    for _ in 0..<level {
      guard let outer = place.outer else { return .null }
      place = outer
    }
    return try place.value(column)
  }
}

/// The first of several columns that is not NULL: what a column of USING is.
final class FirstPresentNode: ExpressionNode, @unchecked Sendable {
  let nodes: [ExpressionNode]
  init(_ nodes: [ExpressionNode]) { self.nodes = nodes }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    for node in nodes {
      let value = try node.evaluate(context)
      if value != .null { return value }
    }
    return .null
  }
}

/// A column of the first row of a query.
final class SubqueryNode: ExpressionNode, @unchecked Sendable {
  let subquery: CompiledSubquery
  let column: Int
  init(_ subquery: CompiledSubquery, _ column: Int) {
    self.subquery = subquery
    self.column = column
  }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    try subquery.firstRow(context)?[column] ?? .null
  }
}

/// EXISTS
final class ExistsNode: ConditionNode, @unchecked Sendable {
  let subquery: CompiledSubquery
  init(_ subquery: CompiledSubquery) { self.subquery = subquery }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    Truth(try subquery.hasRow(context))
  }
}

/// IN and NOT IN over the rows of a query.
final class InQueryNode: ConditionNode, @unchecked Sendable {
  let operand: ExpressionNode
  let subquery: CompiledSubquery
  let test: MembershipTest
  let isNegated: Bool
  init(_ operand: ExpressionNode, _ subquery: CompiledSubquery, _ test: MembershipTest, isNegated: Bool) {
    self.operand = operand
    self.subquery = subquery
    self.test = test
    self.isNegated = isNegated
  }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    let found = try subquery.contains(try operand.evaluate(context), test, context)
    return isNegated ? found.negated : found
  }
}

/// IN and NOT IN of a row of values over the rows of a query.
final class InRowsNode: ConditionNode, @unchecked Sendable {
  let operands: [ExpressionNode]
  let subquery: CompiledSubquery
  let tests: [MembershipTest]
  let isNegated: Bool
  init(
    _ operands: [ExpressionNode], _ subquery: CompiledSubquery, _ tests: [MembershipTest], isNegated: Bool
  ) {
    self.operands = operands
    self.subquery = subquery
    self.tests = tests
    self.isNegated = isNegated
  }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    var row: [Value] = []
    row.reserveCapacity(operands.count)
    for operand in operands { row.append(try operand.evaluate(context)) }
    let found = try subquery.contains(row: row, tests, context)
    return isNegated ? found.negated : found
  }
}
