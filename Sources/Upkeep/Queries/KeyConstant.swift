/// A condition's constant carried over to a key's type, where only values of that type lie in order.
///
/// A REAL constant against an INTEGER column has no key of its own: `c < 2.5` is `c <= 2`, `c = 2.5` is
/// nothing. What cannot be carried over exactly, or not at all, leaves the condition to be checked row by
/// row: a bound may be too wide, never too narrow.
enum KeyConstant {
  /// The constant, in the key's type.
  case exact(Value)
  /// Between this value of the key's type and the next one above it.
  case justAbove(Value)
  /// Below every value of the key's type but NULL.
  case belowAll
  /// Above every value of the key's type.
  case aboveAll
  /// Not known to lie anywhere: the condition bounds nothing.
  case unusable

  init(_ value: Value, for type: ValueType) {
    switch (type, value) {
    case (.any, .null), (.any, .integer), (.any, .real), (.any, .text), (.any, .blob): self = .exact(value)
    case (.any, .timestamp), (.any, .uuid), (.any, .json): self = .exact(value)
    case (.integer, .integer), (.real, .real), (.text, .text), (.blob, .blob): self = .exact(value)
    case (.boolean, .boolean), (.timestamp, .timestamp), (.uuid, .uuid), (.json, .json): self = .exact(value)
    case (.any, .boolean(let truth)), (.integer, .boolean(let truth)): self = .exact(.integer(truth ? 1 : 0))
    case (.real, .boolean(let truth)): self = .exact(.real(truth ? 1 : 0))
    case (.boolean, .integer(0)): self = .exact(.boolean(false))
    case (.boolean, .integer(1)): self = .exact(.boolean(true))
    case (.integer, .real(let number)): self = Self.integer(number)
    case (.real, .integer(let number)): self = Self.real(number)
    default: self = .unusable
    }
  }

  private static func integer(_ number: Double) -> KeyConstant {
    if number.isNaN { return .unusable }
    if number < -0x1p63 { return .belowAll }
    if number >= 0x1p63 { return .aboveAll }
    let below = number.rounded(.down)
    let value = Value.integer(Int64(below))
    return below == number ? .exact(value) : .justAbove(value)
  }

  private static func real(_ number: Int64) -> KeyConstant {
    let nearest = Double(number)
    if Int64(exactly: nearest) == number { return .exact(.real(nearest)) }
    // The nearest may be 2^63, which no Int64 equals: it is above.
    let isAbove = nearest >= 0x1p63 || Int64(nearest) > number
    return .justAbove(.real(isAbove ? nearest.nextDown : nearest))
  }
}
