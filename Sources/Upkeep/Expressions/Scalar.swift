/// A number or NULL that an expression gives, without a value being made of it.
struct Scalar {
  enum Kind: UInt8 {
    case null
    case integer
    case real
    /// The expression must be evaluated to know.
    case other
  }

  let kind: Kind
  private let bits: UInt64

  @inline(__always)
  private init(_ kind: Kind, _ bits: UInt64) {
    self.kind = kind
    self.bits = bits
  }

  static var null: Scalar { Scalar(.null, 0) }
  static var other: Scalar { Scalar(.other, 0) }

  @inline(__always)
  init(_ integer: Int64) { self.init(.integer, UInt64(bitPattern: integer)) }

  /// A REAL; NaN is NULL, -0 is 0.
  @inline(__always)
  init(_ real: Double) {
    if real.isNaN { self.init(.null, 0) } else { self.init(.real, (real == 0 ? 0 : real).bitPattern) }
  }

  init(_ value: Value) {
    switch value {
    case .null: self = .null
    case .integer(let integer): self.init(integer)
    case .real(let real): self.init(.real, real.bitPattern)
    default: self = .other
    }
  }

  /// The integer; of an `integer` only.
  @inline(__always)
  var integer: Int64 { Int64(bitPattern: bits) }

  /// The REAL; of a `real` only.
  @inline(__always)
  var real: Double { Double(bitPattern: bits) }

  /// The number as a REAL; of numbers only.
  @inline(__always)
  var asReal: Double { kind == .integer ? Double(integer) : real }
}

extension Arithmetic {
  /// The same as `apply` of two values, for what is no text and no bits.
  @inline(__always)
  static func apply(_ op: BinaryOperator, _ a: Scalar, _ b: Scalar) -> Scalar {
    if a.kind == .integer && b.kind == .integer { return apply(op, integers: a.integer, b.integer) }
    if a.kind == .other || b.kind == .other { return .other }
    if a.kind == .null || b.kind == .null { return .null }
    let (x, y) = (a.asReal, b.asReal)
    switch op {
    case .add: return Scalar(x + y)
    case .subtract: return Scalar(x - y)
    case .multiply: return Scalar(x * y)
    case .divide: return y == 0 ? .null : Scalar(x / y)
    default: return .other
    }
  }

  @inline(__always)
  private static func apply(_ op: BinaryOperator, integers x: Int64, _ y: Int64) -> Scalar {
    switch op {
    case .add:
      let (sum, overflow) = x.addingReportingOverflow(y)
      return overflow ? Scalar(Double(x) + Double(y)) : Scalar(sum)
    case .subtract:
      let (difference, overflow) = x.subtractingReportingOverflow(y)
      return overflow ? Scalar(Double(x) - Double(y)) : Scalar(difference)
    case .multiply:
      let (product, overflow) = x.multipliedReportingOverflow(by: y)
      return overflow ? Scalar(Double(x) * Double(y)) : Scalar(product)
    case .divide:
      if y == 0 { return .null }
      if let (x, y) = small(x, y) { return Scalar(Int64(x / y)) }
      // The only quotient that overflows.
      return y == -1 && x == .min ? Scalar(-Double(x)) : Scalar(x / y)
    case .remainder:
      if y == 0 { return .null }
      if let (x, y) = small(x, y) { return Scalar(Int64(x % y)) }
      return Scalar(y == -1 ? 0 : x % y)
    default: return .other
    }
  }

  /// Two integers as ones of four bytes, which processors divide in a fraction of the time; nil if they are none.
  @inline(__always)
  private static func small(_ x: Int64, _ y: Int64) -> (UInt32, UInt32)? {
    guard UInt64(bitPattern: x | y) >> 32 == 0 else { return nil }
    return (UInt32(truncatingIfNeeded: x), UInt32(truncatingIfNeeded: y))
  }
}

extension Arithmetic {
  /// Applies the same operation to many left sides and one right side, and puts the results in the left sides' places.
  static func apply(_ op: BinaryOperator, _ left: UnsafeMutablePointer<Scalar>, _ count: Int, _ right: Scalar)
  {
    apply(op, left, count) { _ in right }
  }

  /// The same with a right side for each.
  static func apply(
    _ op: BinaryOperator, _ left: UnsafeMutablePointer<Scalar>, _ count: Int, _ right: UnsafePointer<Scalar>
  ) {
    apply(op, left, count) { right[$0] }
  }

  /// The operation is chosen once, so that each has a loop of its own.
  @inline(__always)
  private static func apply(
    _ op: BinaryOperator, _ left: UnsafeMutablePointer<Scalar>, _ count: Int, _ right: (Int) -> Scalar
  ) {
    switch op {
    case .add: for row in 0..<count { left[row] = apply(.add, left[row], right(row)) }
    case .subtract: for row in 0..<count { left[row] = apply(.subtract, left[row], right(row)) }
    case .multiply: for row in 0..<count { left[row] = apply(.multiply, left[row], right(row)) }
    case .divide: for row in 0..<count { left[row] = apply(.divide, left[row], right(row)) }
    case .remainder: for row in 0..<count { left[row] = apply(.remainder, left[row], right(row)) }
    default: for row in 0..<count { left[row] = apply(op, left[row], right(row)) }
    }
  }
}
