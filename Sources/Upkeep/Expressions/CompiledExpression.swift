/// An expression made ready once per statement: names bound to slots and positions, constants folded.
package struct CompiledExpression: Sendable {
  /// The columns it reads.
  package let columnsRead: Set<SlotColumn>
  /// The columns that it reads of the queries around its own.
  package let outerColumnsRead: Set<OuterColumn>
  /// Whether a query is part of it.
  package let hasSubquery: Bool
  /// Whether it reads neither columns nor anything of its surroundings.
  package let isConstant: Bool
  /// Whether it gives the same for the same row, whenever it is evaluated.
  package let isDeterministic: Bool
  /// Whether it may give something else each time within one statement, as random numbers do.
  package let isVolatile: Bool
  /// Whether it gives the same for the same row throughout a statement, whose time and parameters it may ask for.
  package let isFixedInStatement: Bool
  /// The column, if it is nothing but a column.
  package let plainColumn: SlotColumn?
  /// How its text compares, if it says: by COLLATE or by its column.
  package let collation: Collation?
  /// The type it always gives (or NULL): that of a column or CAST. Nil if that is open.
  package let type: ValueType?
  let node: ExpressionNode

  /// Binds names and checks the expression.
  ///
  /// - Throws: `unknownColumn` and `unknownFunction` with the nearest name, `misuse` for an aggregate where there is
  ///   none, `limit` for an expression that is nested too deep.
  package static func compile(
    _ expression: Expression, in scope: ExpressionScope
  ) throws(UpkeepError) -> CompiledExpression {
    var compiler = ExpressionCompiler(scope: scope)
    let root = try compiler.compile(expression, depth: scope.depth)
    let isConstant = compiler.columnsRead.isEmpty && compiler.isDeterministic && !compiler.readsCircumstances
    return CompiledExpression(
      columnsRead: compiler.columnsRead, outerColumnsRead: compiler.outerColumnsRead,
      hasSubquery: compiler.hasSubquery, isConstant: isConstant,
      isDeterministic: compiler.isDeterministic && !compiler.readsCircumstances,
      isVolatile: !compiler.isDeterministic,
      isFixedInStatement: compiler.isDeterministic && !compiler.tellsOfRows && !compiler.hasSubquery,
      plainColumn: (root.node as? ColumnNode)?.column, collation: root.collation, type: root.affinity,
      node: root.node)
  }

  /// The value on the rows of the context.
  @inline(__always)
  package func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    try node.evaluate(context)
  }

  /// Whether the value is true: not false, not NULL.
  @inline(__always)
  package func isTrue(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    try node.truth(context) == .true
  }

  /// Whether the value is false: not true, not NULL. What a CHECK fails on.
  package func isFalse(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    try node.truth(context) == .false
  }
}

extension Expression {
  /// How deep an expression may be nested.
  package static let maximumDepth = 500
}

/// A step of a compiled expression. Steps hold their operands, know their columns' positions, and are never changed.
class ExpressionNode: @unchecked Sendable {
  func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value { .null }

  /// Whether `scalar` mostly has an answer.
  var isNumeric: Bool { false }

  /// The value, where it is a number or NULL and that is known without making a value of it.
  func scalar(_ context: EvaluationContext) throws(UpkeepError) -> Scalar { .other }

  /// The same of many rows, which belong in slot 0. Not all nodes have a way of their own.
  func scalars(
    _ batch: RowBatch, _ context: EvaluationContext, into scalars: UnsafeMutablePointer<Scalar>
  ) throws(UpkeepError) {
    for row in 0..<batch.count {
      context.set(slot: 0, view: batch.view(row))
      scalars[row] = try scalar(context)
    }
  }

  /// The value as a condition. Nodes that are conditions answer this and derive their value from it.
  func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth { Truth(try evaluate(context)) }
}

/// True, false, or unknown (NULL).
enum Truth: Sendable {
  case `false`
  case `true`
  case unknown

  init(_ condition: Bool) { self = condition ? .true : .false }

  /// A value as a condition: numbers are true unless zero, text counts as the number it begins with.
  init(_ value: Value) {
    switch value {
    case .null: self = .unknown
    case .integer(let integer): self.init(integer != 0)
    case .boolean(let boolean): self.init(boolean)
    case .real(let real): self.init(real != 0)
    default: self.init(Arithmetic.number(value) != .integer(0) && Arithmetic.number(value) != .real(0))
    }
  }

  var negated: Truth {
    switch self {
    case .true: .false
    case .false: .true
    case .unknown: .unknown
    }
  }

  var value: Value {
    switch self {
    case .true: .integer(1)
    case .false: .integer(0)
    case .unknown: .null
    }
  }
}
