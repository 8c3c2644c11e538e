internal import UpkeepStorage

/// Makes keys of what expressions give on a row: numbers and texts are read where they lie.
final class KeyMaker {
  private enum Way {
    case number
    case text(SlotColumn)
    case value
  }

  private let nodes: [ExpressionNode]
  private let ways: [Way]
  private let parts: [KeyPart]
  private let conversions: [Conversion]

  /// - Parameter conversions: what becomes of each value first.
  init(_ expressions: [CompiledExpression], _ parts: [KeyPart], conversions: [Conversion]? = nil) {
    let conversions = conversions ?? expressions.map { _ in .none }
    nodes = expressions.map(\.node)
    self.parts = parts
    self.conversions = conversions
    ways = zip(expressions, conversions).map { expression, conversion in
      switch conversion {
      case .none, .numeric:
        if expression.node.isNumeric { return .number }
        if conversion == .none, expression.type == .text, let column = expression.plainColumn {
          return .text(column)
        }
      case .text, .to: break
      }
      return .value
    }
  }

  /// Appends the key of the row in the context.
  ///
  /// - Returns: whether there is no NULL in it; with one the rest may be wanting.
  func append(_ context: EvaluationContext, to key: ByteBuffer) throws(UpkeepError) -> Bool {
    for number in 0..<nodes.count {
      if try !append(number, context, to: key) { return false }
    }
    return true
  }

  /// Appends the key of the row in the context, with NULL as a value among others.
  func appendWhole(_ context: EvaluationContext, to key: ByteBuffer) throws(UpkeepError) {
    for number in 0..<nodes.count { _ = try append(number, context, to: key) }
  }

  @inline(__always)
  private func append(
    _ number: Int, _ context: EvaluationContext, to key: ByteBuffer
  ) throws(UpkeepError) -> Bool {
    switch ways[number] {
    case .number:
      let scalar = try nodes[number].scalar(context)
      if scalar.kind != .other {
        KeyCodec.appendAny(scalar, to: key)
        return scalar.kind != .null
      }
    case .text(let column):
      if let view = context.view(column.slot), column.ordinal < view.pointee.width {
        switch try view.pointee.lentBytes(column.ordinal) {
        case .null:
          KeyCodec.appendAny(Scalar.null, to: key)
          return false
        case .bytes(let bytes):
          KeyCodec.appendAny(text: bytes, parts[number].collation, to: key)
          return true
        case .elsewhere: break
        }
      }
    case .value: break
    }
    let value = conversions[number].apply(try nodes[number].evaluate(context))
    try KeyCodec.append(value, parts[number], to: key)
    return value != .null
  }
}
