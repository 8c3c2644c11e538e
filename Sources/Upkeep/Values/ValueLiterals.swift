// There is no literal for NULL but `.null`: with `nil` for it, `condition ? value : nil` would be NULL where a
// `Value?` without a value is meant.
extension Value: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByBooleanLiteral
{
  /// An INTEGER.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// A REAL.
  public init(floatLiteral value: Double) { self = value.isNaN ? .null : .real(value) }
  /// A TEXT.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A BOOLEAN.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
}
