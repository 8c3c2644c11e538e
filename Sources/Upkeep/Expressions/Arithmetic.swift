/// Arithmetic as in SQLite: integers that overflow become REAL, division by zero is NULL, nothing traps.
enum Arithmetic {
  /// A value as a number: text counts as the number it begins with, or 0; NULL stays NULL.
  static func number(_ value: Value) -> Value {
    switch value {
    case .null, .integer, .real: return value
    case .boolean(let boolean): return .integer(boolean ? 1 : 0)
    case .timestamp(let timestamp): return .integer(timestamp.microseconds)
    case .text(var text), .json(var text): return text.withUTF8 { number(UnsafeRawBufferPointer($0)) }
    case .blob(let bytes): return bytes.withUnsafeBytes { number($0) }
    case .uuid: return .integer(0)
    }
  }

  private static func number(_ bytes: UnsafeRawBufferPointer) -> Value {
    var start = 0
    while start < bytes.count, NumberParser.isSpace(bytes[start]) { start += 1 }
    guard let (number, _) = NumberParser.prefix(UnsafeRawBufferPointer(rebasing: bytes[start...])) else {
      return .integer(0)
    }
    switch number {
    case .integer(let integer): return .integer(integer)
    case .real(let real): return .real(real)
    }
  }

  /// A number as an integer, cut towards zero and held within 64 bits.
  static func integer(_ value: Value) -> Int64? {
    switch number(value) {
    case .integer(let integer): integer
    case .real(let real): integer(real)
    default: nil
    }
  }

  static func integer(_ real: Double) -> Int64 {
    real >= 0x1p63 ? .max : real < -0x1p63 ? .min : real.isNaN ? 0 : Int64(real)
  }

  static func real(_ value: Value) -> Double? {
    switch number(value) {
    case .integer(let integer): Double(integer)
    case .real(let real): real
    default: nil
    }
  }

  /// A REAL result; NaN is NULL, -0 is 0.
  static func result(_ real: Double) -> Value { real.isNaN ? .null : .real(real == 0 ? 0 : real) }

  static func apply(_ op: BinaryOperator, _ a: Value, _ b: Value) -> Value {
    let left = number(a)
    let right = number(b)
    if case .integer(let x) = left, case .integer(let y) = right { return apply(op, x, y) }
    if left == .null || right == .null { return .null }
    guard let x = real(left), let y = real(right) else { return .null }
    switch op {
    case .add: return result(x + y)
    case .subtract: return result(x - y)
    case .multiply: return result(x * y)
    case .divide: return y == 0 ? .null : result(x / y)
    case .remainder:
      // Both are cut to integers, and the result is a REAL, as in SQLite.
      let divisor = integer(y)
      if divisor == 0 { return .null }
      return .real(divisor == -1 ? 0 : Double(integer(x) % divisor))
    default: return bits(op, left, right)
    }
  }

  private static func apply(_ op: BinaryOperator, _ x: Int64, _ y: Int64) -> Value {
    switch op {
    case .add:
      let (sum, overflow) = x.addingReportingOverflow(y)
      return overflow ? result(Double(x) + Double(y)) : .integer(sum)
    case .subtract:
      let (difference, overflow) = x.subtractingReportingOverflow(y)
      return overflow ? result(Double(x) - Double(y)) : .integer(difference)
    case .multiply:
      let (product, overflow) = x.multipliedReportingOverflow(by: y)
      return overflow ? result(Double(x) * Double(y)) : .integer(product)
    case .divide:
      if y == 0 { return .null }
      let (quotient, overflow) = x.dividedReportingOverflow(by: y)
      return overflow ? result(-Double(x)) : .integer(quotient)
    case .remainder:
      return y == 0 ? .null : .integer(y == -1 ? 0 : x % y)
    default:
      return bits(op, .integer(x), .integer(y))
    }
  }

  private static func bits(_ op: BinaryOperator, _ a: Value, _ b: Value) -> Value {
    guard let x = integer(a), let y = integer(b) else { return .null }
    switch op {
    case .bitAnd: return .integer(x & y)
    case .bitOr: return .integer(x | y)
    // Swift's smart shifts turn round for negative counts and give 0 or -1 for large ones, as SQLite does.
    case .shiftLeft: return .integer(x << y)
    case .shiftRight: return .integer(x >> y)
    default: return .null
    }
  }

  static func negated(_ value: Value) -> Value {
    switch number(value) {
    case .integer(let integer):
      let (negated, overflow) = Int64(0).subtractingReportingOverflow(integer)
      return overflow ? .real(-Double(integer)) : .integer(negated)
    case .real(let real): return result(-real)
    default: return .null
    }
  }
}
