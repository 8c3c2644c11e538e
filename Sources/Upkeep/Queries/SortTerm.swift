internal import UpkeepStorage

/// One term of ORDER BY, ready to make keys.
final class SortTerm: Sendable {
  /// nil for a column of the result, which is `output`.
  let expression: CompiledExpression?
  let output: Int
  private let part: KeyPart
  /// NULLs lie at the end where the order of keys would not have them.
  private let movesNulls: Bool
  /// The expression, if it gives numbers without making values.
  private let number: ExpressionNode?

  convenience init(_ expression: CompiledExpression, _ term: OrderTerm) {
    self.init(expression, output: -1, expression.collation, term)
  }

  /// By a column of the result.
  convenience init(output: Int, _ collation: Collation?, _ term: OrderTerm) {
    self.init(nil, output: output, collation, term)
  }

  private init(_ expression: CompiledExpression?, output: Int, _ collation: Collation?, _ term: OrderTerm) {
    self.expression = expression
    self.output = output
    part = KeyPart(.any, collation: collation ?? .binary, isDescending: term.isDescending)
    movesNulls = term.nullsFirst.map { $0 == term.isDescending } ?? false
    number = expression.flatMap { $0.node.isNumeric ? $0.node : nil }
  }

  /// What the row in the context is ordered by.
  func value(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    try expression?.evaluate(context) ?? .null
  }

  /// Appends what the row in the context is ordered by. Not for a column of the result.
  func append(_ context: EvaluationContext, to buffer: ByteBuffer) throws(UpkeepError) {
    guard let number, !movesNulls else { return try append(try value(context), to: buffer) }
    try append(try number.scalar(context), context, to: buffer)
  }

  /// The same of a number that `numbers` gave of the row in the context.
  @inline(__always)
  func append(
    _ scalar: Scalar, _ context: EvaluationContext, to buffer: ByteBuffer
  ) throws(UpkeepError) {
    if scalar.kind == .other { return try append(try value(context), to: buffer) }
    let start = buffer.count
    KeyCodec.appendAny(scalar, to: buffer)
    if part.isDescending { KeyCodec.complement(buffer, from: start) }
  }

  /// What gives a number of each row of a batch to order by; nil where keys are made of values.
  var numbers: ExpressionNode? { movesNulls ? nil : number }

  /// The first eight bytes of a key that begins with a number; nil for what is none.
  @inline(__always)
  func head(_ scalar: Scalar) -> UInt64? {
    guard let head = KeyCodec.head(scalar) else { return nil }
    return part.isDescending ? ~head : head
  }

  func append(_ value: Value, to buffer: ByteBuffer) throws(UpkeepError) {
    if movesNulls {
      // Ascending with NULLs last, or descending with NULLs first.
      buffer.append(value == .null ? (part.isDescending ? 0 : 2) : 1)
    }
    try KeyCodec.append(value, part, to: buffer)
  }
}
