/// Comparisons of a column with a constant, which read the column in place and make no value.
enum ColumnComparison {
  static func make(
    _ op: BinaryOperator, _ left: CompiledPart, _ right: CompiledPart, _ collation: Collation,
    _ scope: ExpressionScope
  ) -> ExpressionNode? {
    if op == .identical || op == .notIdentical { return nil }
    if let column = (left.node as? ColumnNode)?.column, let constant = right.literal {
      return make(op, column, constant, collation, scope)
    }
    if let column = (right.node as? ColumnNode)?.column, let constant = left.literal {
      return make(op.mirrored, column, constant, collation, scope)
    }
    return nil
  }

  private static func make(
    _ op: BinaryOperator, _ column: SlotColumn, _ constant: Value, _ collation: Collation,
    _ scope: ExpressionScope
  ) -> ExpressionNode? {
    switch (scope.column(column)?.type ?? .integer, constant) {
    case (.integer, .integer(let integer)):
      return IntegerComparisonNode(op, column, integer)
    case (.timestamp, .timestamp(let timestamp)):
      return IntegerComparisonNode(op, column, timestamp.microseconds, isTimestamp: true)
    case (.real, .real(let real)):
      return RealComparisonNode(op, column, real)
    case (.real, .integer(let integer)):
      guard let real = Double(exactly: integer) else { return nil }
      return RealComparisonNode(op, column, real)
    case (.text, .text(let text)):
      return TextComparisonNode(op, column, text, collation)
    default:
      return nil
    }
  }
}

final class IntegerComparisonNode: ConditionNode, @unchecked Sendable {
  let op: BinaryOperator
  let column: SlotColumn
  let constant: Int64
  let value: Value
  init(_ op: BinaryOperator, _ column: SlotColumn, _ constant: Int64, isTimestamp: Bool = false) {
    self.op = op
    self.column = column
    self.constant = constant
    value = isTimestamp ? .timestamp(Timestamp(microseconds: constant)) : .integer(constant)
  }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    guard let view = context.view(column.slot) else {
      return try compare(try context.value(column), value, op)
    }
    guard let integer = try view.pointee.integer(column.ordinal) else { return .unknown }
    return Truth(op.holds(integer < constant ? -1 : integer == constant ? 0 : 1))
  }
}

final class RealComparisonNode: ConditionNode, @unchecked Sendable {
  let op: BinaryOperator
  let column: SlotColumn
  let constant: Double
  init(_ op: BinaryOperator, _ column: SlotColumn, _ constant: Double) {
    self.op = op
    self.column = column
    self.constant = constant
  }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    guard let view = context.view(column.slot) else {
      return try compare(try context.value(column), .real(constant), op)
    }
    guard let real = try view.pointee.real(column.ordinal) else { return .unknown }
    return Truth(op.holds(ValueOrder.compare(real, constant)))
  }
}

final class TextComparisonNode: ConditionNode, @unchecked Sendable {
  let op: BinaryOperator
  let column: SlotColumn
  let constant: String
  let collation: Collation
  private let bytes: UnsafeRawBufferPointer
  init(_ op: BinaryOperator, _ column: SlotColumn, _ constant: String, _ collation: Collation) {
    self.op = op
    self.column = column
    self.constant = constant
    self.collation = collation
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: constant.utf8.count, alignment: 1)
    copy.copyBytes(from: constant.utf8)
    bytes = UnsafeRawBufferPointer(copy)
  }
  deinit { bytes.deallocate() }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    guard let view = context.view(column.slot) else {
      return try compare(try context.value(column), .text(constant), op, collation)
    }
    return try view.pointee.withBytes(column.ordinal) { (text) throws(UpkeepError) in
      guard let text else { return .unknown }
      if collation == .binary && (op == .equal || op == .notEqual) {
        return Truth(TextBytes.equal(text, bytes) == (op == .equal))
      }
      return Truth(op.holds(TextBytes.compare(text, bytes, collation)))
    }
  }
}

@inline(__always)
private func compare(
  _ a: Value, _ b: Value, _ op: BinaryOperator, _ collation: Collation = .binary
) throws(UpkeepError) -> Truth {
  if case .null = a { return .unknown }
  return Truth(op.holds(ValueOrder.compare(a, b, collation: collation)))
}
