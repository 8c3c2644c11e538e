// The nodes that stand for most of an expression. Conditions that a scan evaluates for every row have nodes of
// their own in ColumnComparison.swift.

final class LiteralNode: ExpressionNode, @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
  override func evaluate(_ context: EvaluationContext) -> Value { value }
  override var isNumeric: Bool { Scalar(value).kind != .other }
  override func scalar(_ context: EvaluationContext) -> Scalar { Scalar(value) }
  override func scalars(
    _ batch: RowBatch, _ context: EvaluationContext, into scalars: UnsafeMutablePointer<Scalar>
  ) {
    scalars.update(repeating: Scalar(value), count: batch.count)
  }
}

final class ColumnNode: ExpressionNode, @unchecked Sendable {
  let column: SlotColumn
  /// The type of the column, as far as the scope knows.
  private let type: ValueType
  init(_ column: SlotColumn, _ type: ValueType = .any) {
    self.column = column
    self.type = type
  }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    try context.value(column)
  }
  override var isNumeric: Bool { type == .integer || type == .real }
  override func scalar(_ context: EvaluationContext) throws(UpkeepError) -> Scalar {
    try context.scalar(column)
  }
  override func scalars(
    _ batch: RowBatch, _ context: EvaluationContext, into scalars: UnsafeMutablePointer<Scalar>
  ) throws(UpkeepError) {
    if column.slot == 0 { return try batch.scalars(column.ordinal, into: scalars) }
    scalars.update(repeating: try scalar(context), count: batch.count)
  }
}

final class ParameterNode: ExpressionNode, @unchecked Sendable {
  let number: Int
  init(_ number: Int) { self.number = number }
  override func evaluate(_ context: EvaluationContext) -> Value {
    number <= context.parameters.count ? context.parameters[number - 1] : .null
  }
}

/// Unary plus: the same value, without the type of a column.
final class SameNode: ExpressionNode, @unchecked Sendable {
  let operand: ExpressionNode
  init(_ operand: ExpressionNode) { self.operand = operand }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    try operand.evaluate(context)
  }
}

final class UnaryNode: ExpressionNode, @unchecked Sendable {
  let op: UnaryOperator
  let operand: ExpressionNode
  init(_ op: UnaryOperator, _ operand: ExpressionNode) {
    self.op = op
    self.operand = operand
  }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    let value = try operand.evaluate(context)
    if op == .minus { return Arithmetic.negated(value) }
    return Arithmetic.integer(value).map { .integer(~$0) } ?? .null
  }
}

final class ArithmeticNode: ExpressionNode, @unchecked Sendable {
  let op: BinaryOperator
  let left: ExpressionNode
  let right: ExpressionNode
  init(_ op: BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode) {
    self.op = op
    self.left = left
    self.right = right
  }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    Arithmetic.apply(op, try left.evaluate(context), try right.evaluate(context))
  }
  override var isNumeric: Bool {
    switch op {
    case .add, .subtract, .multiply, .divide, .remainder: left.isNumeric && right.isNumeric
    default: false
    }
  }
  override func scalar(_ context: EvaluationContext) throws(UpkeepError) -> Scalar {
    Arithmetic.apply(op, try left.scalar(context), try right.scalar(context))
  }
  override func scalars(
    _ batch: RowBatch, _ context: EvaluationContext, into scalars: UnsafeMutablePointer<Scalar>
  ) throws(UpkeepError) {
    try left.scalars(batch, context, into: scalars)
    if let constant = right as? LiteralNode {
      return Arithmetic.apply(op, scalars, batch.count, Scalar(constant.value))
    }
    let others = ScalarColumn()
    try right.scalars(batch, context, into: others.values)
    Arithmetic.apply(op, scalars, batch.count, UnsafePointer(others.values))
  }
}

final class ConcatenationNode: ExpressionNode, @unchecked Sendable {
  let left: ExpressionNode
  let right: ExpressionNode
  init(_ left: ExpressionNode, _ right: ExpressionNode) {
    self.left = left
    self.right = right
  }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    guard let a = try left.evaluate(context).castText, let b = try right.evaluate(context).castText else {
      return .null
    }
    if a.utf8.count + b.utf8.count > RowCodec.longestValue {
      throw UpkeepError(.limit, "|| gives a text longer than \(RowCodec.longestValue) bytes")
    }
    return .text(a + b)
  }
}

extension Value {
  /// As `text`, but a blob's bytes are taken for text, as CAST and `||` do.
  var castText: String? {
    if case .blob(let bytes) = self { return String(decoding: bytes, as: UTF8.self) }
    return text
  }
}

/// A node that is a condition: its value follows from its truth.
class ConditionNode: ExpressionNode, @unchecked Sendable {
  final override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    try truth(context).value
  }
}

final class NotNode: ConditionNode, @unchecked Sendable {
  let operand: ExpressionNode
  init(_ operand: ExpressionNode) { self.operand = operand }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    try operand.truth(context).negated
  }
}

/// AND: false if any is false, else unknown if any is.
final class ConjunctionNode: ConditionNode, @unchecked Sendable {
  let nodes: [ExpressionNode]
  init(_ nodes: [ExpressionNode]) { self.nodes = nodes }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    var result = Truth.true
    for node in nodes {
      switch try node.truth(context) {
      case .false: return .false
      case .unknown: result = .unknown
      case .true: break
      }
    }
    return result
  }
}

/// OR: true if any is true, else unknown if any is.
final class DisjunctionNode: ConditionNode, @unchecked Sendable {
  let nodes: [ExpressionNode]
  init(_ nodes: [ExpressionNode]) { self.nodes = nodes }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    var result = Truth.false
    for node in nodes {
      switch try node.truth(context) {
      case .true: return .true
      case .unknown: result = .unknown
      case .false: break
      }
    }
    return result
  }
}

final class NullTestNode: ConditionNode, @unchecked Sendable {
  let operand: ExpressionNode
  let isNegated: Bool
  init(_ operand: ExpressionNode, _ isNegated: Bool) {
    self.operand = operand
    self.isNegated = isNegated
  }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    if let column = (operand as? ColumnNode)?.column, let view = context.view(column.slot)?.pointee,
      column.ordinal < view.width
    {
      return Truth(view.isNull(column.ordinal) != isNegated)
    }
    return Truth((try operand.evaluate(context) == .null) != isNegated)
  }
}

final class ComparisonNode: ConditionNode, @unchecked Sendable {
  let op: BinaryOperator
  let left: ExpressionNode
  let right: ExpressionNode
  let collation: Collation
  init(_ op: BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode, _ collation: Collation) {
    self.op = op
    self.left = left
    self.right = right
    self.collation = collation
  }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    let a = try left.evaluate(context)
    let b = try right.evaluate(context)
    if case .null = a { return .unknown }
    if case .null = b { return .unknown }
    return Truth(op.holds(ValueOrder.compare(a, b, collation: collation)))
  }
}

extension BinaryOperator {
  /// Whether a comparison holds of two values that are ordered so.
  @inline(__always)
  func holds(_ order: Int) -> Bool {
    switch self {
    case .equal, .identical: order == 0
    case .notEqual, .notIdentical: order != 0
    case .less: order < 0
    case .lessOrEqual: order <= 0
    case .greater: order > 0
    case .greaterOrEqual: order >= 0
    default: false
    }
  }

  /// The comparison with its sides changed over: `<` becomes `>`.
  package var mirrored: BinaryOperator {
    switch self {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    default: self
    }
  }
}

/// IS and IS NOT: NULL is NULL.
final class IdentityNode: ConditionNode, @unchecked Sendable {
  let left: ExpressionNode
  let right: ExpressionNode
  let collation: Collation
  let isNegated: Bool
  init(_ left: ExpressionNode, _ right: ExpressionNode, _ collation: Collation, isNegated: Bool) {
    self.left = left
    self.right = right
    self.collation = collation
    self.isNegated = isNegated
  }
  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    let a = try left.evaluate(context)
    let b = try right.evaluate(context)
    return Truth((ValueOrder.compare(a, b, collation: collation) == 0) != isNegated)
  }
}

/// IN: true if one is equal, else unknown if the operand or one of them is NULL. Nothing is in an empty list.
final class InListNode: ConditionNode, @unchecked Sendable {
  let operand: ExpressionNode
  /// None, if all are constant.
  private let items: [ExpressionNode]
  private let isEmpty: Bool
  let collation: Collation
  let isNegated: Bool
  /// The items without NULL, in order, if all are constant: then they are searched by halves.
  private let constants: [Value]?
  private let hasNull: Bool

  init(_ operand: ExpressionNode, _ items: [ExpressionNode], _ collation: Collation, isNegated: Bool) {
    self.operand = operand
    self.collation = collation
    self.isNegated = isNegated
    isEmpty = items.isEmpty
    var literals: [Value] = []
    var hasNull = false
    if items.allSatisfy({ $0 is LiteralNode }) {
      literals.reserveCapacity(items.count)
      for case let item as LiteralNode in items {
        if item.value == .null { hasNull = true } else { literals.append(item.value) }
      }
      literals.sort { ValueOrder.compare($0, $1, collation: collation) < 0 }
      constants = literals
      self.items = []
    } else {
      constants = nil
      self.items = items
    }
    self.hasNull = hasNull
  }

  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    if isEmpty { return Truth(isNegated) }
    let value = try operand.evaluate(context)
    if case .null = value { return .unknown }
    let found = try find(value, context)
    return isNegated ? found.negated : found
  }

  private func find(_ value: Value, _ context: EvaluationContext) throws(UpkeepError) -> Truth {
    if let constants {
      var low = 0
      var high = constants.count
      while low < high {
        let middle = (low + high) / 2
        let order = ValueOrder.compare(constants[middle], value, collation: collation)
        if order == 0 { return .true }
        if order < 0 { low = middle + 1 } else { high = middle }
      }
      return hasNull ? .unknown : .false
    }
    var result = Truth.false
    for item in items {
      let candidate = try item.evaluate(context)
      if case .null = candidate {
        result = .unknown
      } else if ValueOrder.compare(value, candidate, collation: collation) == 0 {
        return .true
      }
    }
    return result
  }
}

/// One side of a comparison, converted for the sake of the other.
final class ConversionNode: ExpressionNode, @unchecked Sendable {
  let operand: ExpressionNode
  let conversion: Conversion
  init(_ operand: ExpressionNode, _ conversion: Conversion) {
    self.operand = operand
    self.conversion = conversion
  }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    conversion.apply(try operand.evaluate(context))
  }
}

final class CaseNode: ExpressionNode, @unchecked Sendable {
  let conditions: [ExpressionNode]
  let results: [ExpressionNode]
  let otherwise: ExpressionNode
  init(_ conditions: [ExpressionNode], _ results: [ExpressionNode], _ otherwise: ExpressionNode) {
    self.conditions = conditions
    self.results = results
    self.otherwise = otherwise
  }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    for position in 0..<conditions.count where try conditions[position].truth(context) == .true {
      return try results[position].evaluate(context)
    }
    return try otherwise.evaluate(context)
  }
}

/// CAST, as SQLite does it for its types: text gives the number it begins with, a REAL is cut. For the types that
/// SQLite does not have, what cannot be of the type is an error.
final class CastNode: ExpressionNode, @unchecked Sendable {
  let operand: ExpressionNode
  let type: ValueType
  init(_ operand: ExpressionNode, _ type: ValueType) {
    self.operand = operand
    self.type = type
  }
  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    let value = try operand.evaluate(context)
    if case .null = value { return .null }
    switch type {
    case .any: return value
    case .integer: return integer(value)
    case .real: return Arithmetic.real(value).map { Arithmetic.result($0) } ?? .null
    case .text: return value.castText.map { .text($0) } ?? .null
    case .blob:
      if case .blob = value { return value }
      if case .uuid(let uuid) = value { return .blob(uuid.bytes) }
      return .blob(Array((value.text ?? "").utf8))
    case .boolean:
      if let boolean = Coercion.coerce(value, to: .boolean) { return boolean }
      return .boolean(Truth(value) == .true)
    case .timestamp, .uuid, .json:
      if let converted = Coercion.coerce(value, to: type) { return converted }
      var error = UpkeepError(.typeMismatch, "\(value.literalText) cannot be cast to \(type.name)")
      error.value = value.literalText
      throw error
    }
  }

  private func integer(_ value: Value) -> Value {
    // Text is read up to the first character that no integer has: '12.9' and '1e3' are 12 and 1.
    if let text = value.castText, value.storedType == .text || value.storedType == .blob {
      var digits = text.utf8.drop { NumberParser.isSpace($0) }
      let sign = digits.first
      if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { digits = digits.dropFirst() }
      let number = String(decoding: digits.prefix { $0 &- 0x30 < 10 }, as: UTF8.self)
      if number.isEmpty { return .integer(0) }
      let isNegative = sign == UInt8(ascii: "-")
      return .integer(Int64((isNegative ? "-" : "") + number) ?? (isNegative ? .min : .max))
    }
    return Arithmetic.integer(value).map { .integer($0) } ?? .null
  }
}
