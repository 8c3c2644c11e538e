extension Value: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  /// An INTEGER.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// A REAL.
  public init(floatLiteral value: Double) { self = value.isNaN ? .null : .real(value) }
  /// A TEXT.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A BOOLEAN.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  /// NULL.
  public init(nilLiteral: ()) { self = .null }
}
