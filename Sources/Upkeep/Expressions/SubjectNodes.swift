// Where one value is compared with several, it is found once: it may cost much, it may be another each time, and nodes of this
// kind within each other would ask for it twice as often with each level.

/// What a value that was found is compared with.
struct Comparand: Sendable {
  let op: BinaryOperator
  /// Of the value, for the sake of the other side.
  let conversion: Conversion
  let other: ExpressionNode
  let collation: Collation

  /// - Parameter value: not NULL.
  func truth(of value: Value, _ context: EvaluationContext) throws(UpkeepError) -> Truth {
    let other = try other.evaluate(context)
    if case .null = other { return .unknown }
    return Truth(op.holds(ValueOrder.compare(conversion.apply(value), other, collation: collation)))
  }
}

/// BETWEEN: both comparisons hold of the value.
final class BetweenNode: ConditionNode, @unchecked Sendable {
  let subject: ExpressionNode
  let low: Comparand
  let high: Comparand

  init(_ subject: ExpressionNode, _ low: Comparand, _ high: Comparand) {
    (self.subject, self.low, self.high) = (subject, low, high)
  }

  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    let value = try subject.evaluate(context)
    if case .null = value { return .unknown }
    let above = try low.truth(of: value, context)
    if above == .false { return .false }
    let below = try high.truth(of: value, context)
    return below == .true ? above : below
  }
}

/// CASE of a value: the result beside the first that it equals.
final class SubjectCaseNode: ExpressionNode, @unchecked Sendable {
  let subject: ExpressionNode
  let cases: [Comparand]
  let results: [ExpressionNode]
  let otherwise: ExpressionNode

  init(
    _ subject: ExpressionNode, _ cases: [Comparand], _ results: [ExpressionNode], _ otherwise: ExpressionNode
  ) {
    (self.subject, self.cases, self.results, self.otherwise) = (subject, cases, results, otherwise)
  }

  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    let value = try subject.evaluate(context)
    if case .null = value { return try otherwise.evaluate(context) }
    for position in cases.indices where try cases[position].truth(of: value, context) == .true {
      return try results[position].evaluate(context)
    }
    return try otherwise.evaluate(context)
  }
}

extension ExpressionNode {
  /// Whether asking twice is as good as asking once.
  var isAtHand: Bool { self is ColumnNode || self is LiteralNode || self is ParameterNode }
}
