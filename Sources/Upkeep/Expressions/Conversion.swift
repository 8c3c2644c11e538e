/// What becomes of one side of a comparison because of the type of the other.
enum Conversion: Sendable, Hashable {
  case none
  /// Text that is a number becomes one.
  case numeric
  /// Numbers become text.
  case text
  /// What can be of the type becomes it.
  case to(ValueType)

  static func of(_ own: ValueType?, against other: ValueType?) -> Conversion {
    switch other {
    case .integer, .real:
      switch own {
      case .integer, .real, .boolean, .timestamp: return .none
      default: return .numeric
      }
    case .boolean:
      switch own {
      case .integer, .real, .boolean: return .none
      default: return .to(.boolean)
      }
    case .timestamp, .uuid, .json:
      return own == other ? .none : .to(other ?? .any)
    case .text:
      return own == nil ? .text : .none
    case .any, .blob, nil:
      return .none
    }
  }

  func apply(_ value: Value) -> Value {
    switch self {
    case .none:
      return value
    case .numeric:
      guard case .text(var text) = value else { return value }
      switch text.withUTF8({ NumberParser.number(UnsafeRawBufferPointer($0)) }) {
      case .integer(let integer): return .integer(integer)
      case .real(let real): return .real(real)
      case nil: return value
      }
    case .text:
      switch value {
      case .integer, .real, .boolean: return value.text.map { .text($0) } ?? value
      default: return value
      }
    case .to(let type):
      if let converted = Coercion.coerce(value, to: type) { return converted }
      return type == .boolean ? Conversion.numeric.apply(value) : value
    }
  }
}
