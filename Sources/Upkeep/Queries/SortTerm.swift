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
    let scalar = try number.scalar(context)
    if scalar.kind == .other { return try append(try value(context), to: buffer) }
    let start = buffer.count
    KeyCodec.appendAny(scalar, to: buffer)
    if part.isDescending { KeyCodec.complement(buffer, from: start) }
  }

  func append(_ value: Value, to buffer: ByteBuffer) throws(UpkeepError) {
    if movesNulls {
      // Ascending with NULLs last, or descending with NULLs first.
      buffer.append(value == .null ? (part.isDescending ? 0 : 2) : 1)
    }
    try KeyCodec.append(value, part, to: buffer)
  }
}
