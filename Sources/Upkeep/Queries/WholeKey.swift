/// One side of an equality, read as a whole number: most joins are by such keys, and need no bytes made of them.
struct WholeKey {
  enum Found {
    case number(Int64)
    case null
    /// It equals no whole number.
    case other
  }

  private let node: ExpressionNode
  private let isNumeric: Bool
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
      let scalar = try node.scalar(context)
      switch scalar.kind {
      case .integer: return .number(scalar.integer)
      case .null: return .null
      case .real: return Self.whole(scalar.real)
      case .other: break
      }
    }
    return try findSlowly(context)
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
