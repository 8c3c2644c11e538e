/// A value that a statement names: a constant or a parameter.
enum PreparedOperand: Sendable {
  case value(Value)
  case parameter(Int)

  init?(_ expression: Expression) {
    switch expression {
    case .literal(let value): self = .value(Coercion.coerce(value, to: .any) ?? .null)
    case .parameter(let number): self = .parameter(number)
    default: return nil
    }
  }

  func value(_ parameters: [Value]) -> Value {
    switch self {
    case .value(let value): value
    case .parameter(let number): number <= parameters.count ? parameters[number - 1] : .null
    }
  }
}
