/// One side of an equality, read as a whole number: most joins are by such keys, and need no bytes made of them.
struct WholeKey {
  enum Found {
    case number(Int64)
    case null
    /// It equals no whole number.
    case other
  }

  let node: ExpressionNode
  /// Whether numbers are known of it without values.
  let isNumeric: Bool
  private let conversion: Conversion

  /// Nil if what it is converted to is no number.
  init?(_ expression: CompiledExpression, _ conversion: Conversion) {
    switch conversion {
    case .none, .numeric: break
    case .text, .to: return nil
    }
    node = expression.node
    isNumeric = node.isNumeric
    self.conversion = conversion
  }

  @inline(__always)
  func find(_ context: EvaluationContext) throws(UpkeepError) -> Found {
    if isNumeric {
      if let found = Self.find(try node.scalar(context)) { return found }
    }
    return try findSlowly(context)
  }

  /// What a number or NULL equals; nil if the value must be known.
  @inline(__always)
  static func find(_ scalar: Scalar) -> Found? {
    switch scalar.kind {
    case .integer: .number(scalar.integer)
    case .null: .null
    case .real: whole(scalar.real)
    case .other: nil
    }
  }

  @inline(never)
  private func findSlowly(_ context: EvaluationContext) throws(UpkeepError) -> Found {
    switch conversion.apply(try node.evaluate(context)) {
    case .null: .null
    case .integer(let integer): .number(integer)
    case .boolean(let boolean): .number(boolean ? 1 : 0)
    case .real(let real): Self.whole(real)
    default: .other
    }
  }

  private static func whole(_ real: Double) -> Found { Int64(exactly: real).map { .number($0) } ?? .other }
}
