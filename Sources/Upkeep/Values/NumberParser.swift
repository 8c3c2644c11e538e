/// Numbers from bytes, without making a string where the common forms suffice.
package enum NumberParser {
  /// A number as SQL and feeds write it.
  package enum Number: Equatable {
    case integer(Int64)
    case real(Double)
  }

  static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }

  static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var start = 0
    var end = bytes.count
    while start < end, isSpace(bytes[start]) { start += 1 }
    while end > start, isSpace(bytes[end - 1]) { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
  }

  /// The number that all of the bytes are, spaces around it aside; nil if they are none. Digits alone are an
  /// integer while they fit 64 bits; what has a point, an exponent or more digits is a real.
  package static func number(_ bytes: UnsafeRawBufferPointer) -> Number? {
    if let short = shortInteger(bytes) { return .integer(short) }
    let bytes = trimmed(bytes)
    guard let (number, length) = prefix(bytes), length == bytes.count else { return nil }
    return number
  }

  /// The number that all of the bytes are if they are digits, and so few that they fit whatever they are.
  @inline(__always)
  static func shortInteger(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard bytes.count > 0, bytes.count <= 18 else { return nil }
    var integer: Int64 = 0
    for byte in bytes {
      let digit = byte &- 0x30
      guard digit < 10 else { return nil }
      integer = integer &* 10 &+ Int64(digit)
    }
    return integer
  }

  /// The number that the bytes begin with, and its length; nil if they begin with none.
  package static func prefix(_ bytes: UnsafeRawBufferPointer) -> (number: Number, length: Int)? {
    var position = 0
    var isNegative = false
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
      isNegative = bytes[position] == UInt8(ascii: "-")
      position += 1
    }
    var mantissa: UInt64 = 0
    var digitCount = 0
    var fitsMantissa = true
    var scale = 0
    func digit() -> UInt64? {
      guard position < bytes.count, bytes[position] &- 0x30 < 10 else { return nil }
      return UInt64(bytes[position] &- 0x30)
    }
    func add(_ digit: UInt64) {
      let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
      let (sum, overflowAgain) = product.addingReportingOverflow(digit)
      if overflow || overflowAgain { fitsMantissa = false } else { mantissa = sum }
    }
    while let next = digit() {
      add(next)
      digitCount += 1
      position += 1
    }
    var isWhole = true
    if position < bytes.count, bytes[position] == UInt8(ascii: "."),
      digitCount > 0 || position + 1 < bytes.count && bytes[position + 1] &- 0x30 < 10
    {
      isWhole = false
      position += 1
      while let next = digit() {
        add(next)
        scale -= 1
        digitCount += 1
        position += 1
      }
    }
    if digitCount == 0 { return nil }
    if let (exponent, end) = exponent(bytes, from: position) {
      isWhole = false
      scale += exponent
      position = end
    }
    if isWhole && fitsMantissa {
      if !isNegative, mantissa <= UInt64(Int64.max) { return (.integer(Int64(mantissa)), position) }
      if isNegative, mantissa <= UInt64(Int64.max) + 1 {
        return (.integer(Int64(truncatingIfNeeded: 0 &- mantissa)), position)
      }
    }
    // Both the digits and the power of ten are exact, so that one rounding gives the nearest real.
    if fitsMantissa && mantissa <= 1 << 53 && abs(scale) <= 22 {
      let magnitude =
        scale < 0 ? Double(mantissa) / powersOfTen[-scale] : Double(mantissa) * powersOfTen[scale]
      return (.real(isNegative ? -magnitude : magnitude), position)
    }
    let text = String(decoding: bytes[..<position], as: UTF8.self)
    return (.real(Double(text) ?? (isNegative ? -Double.infinity : .infinity)), position)
  }

  /// The whole number that all of the bytes are, spaces around it aside, in whatever form (`1e3`, `12.50e1`, `7.0`), with
  /// each of its digits; nil if they are none, or none of 64 bits.
  package static func wholeNumber(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    let bytes = trimmed(bytes)
    guard let (_, length) = prefix(bytes), length == bytes.count else { return nil }
    var magnitude: UInt64 = 0
    // Zeros count only if another digit follows them.
    var zeros = 0
    var scale = 0
    var isFraction = false
    var position = 0
    scan: while position < bytes.count {
      switch bytes[position] {
      case 0x30...0x39:
        if isFraction { scale -= 1 }
        if bytes[position] == 0x30 {
          zeros += 1
        } else {
          guard let shifted = times10(magnitude, zeros + 1) else { return nil }
          let (sum, overflow) = shifted.addingReportingOverflow(UInt64(bytes[position] - 0x30))
          if overflow { return nil }
          magnitude = sum
          zeros = 0
        }
      case UInt8(ascii: "."): isFraction = true
      case UInt8(ascii: "+"), UInt8(ascii: "-"): break
      default:
        scale += exponent(bytes, from: position)?.0 ?? 0
        break scan
      }
      position += 1
    }
    guard magnitude > 0 else { return 0 }
    guard zeros + scale >= 0, let whole = times10(magnitude, zeros + scale) else { return nil }
    if bytes[0] == UInt8(ascii: "-") {
      return whole <= UInt64(Int64.max) + 1 ? Int64(truncatingIfNeeded: 0 &- whole) : nil
    }
    return Int64(exactly: whole)
  }

  private static func times10(_ number: UInt64, _ power: Int) -> UInt64? {
    if number == 0 { return 0 }
    guard power < 20 else { return nil }
    var result = number
    for _ in 0..<power {
      let (product, overflow) = result.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      result = product
    }
    return result
  }

  /// `e10`, `E-5`: the exponent, held within what can matter, and where it ends.
  private static func exponent(_ bytes: UnsafeRawBufferPointer, from start: Int) -> (Int, end: Int)? {
    guard start < bytes.count, bytes[start] | 0x20 == UInt8(ascii: "e") else { return nil }
    var position = start + 1
    var sign = 1
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
      sign = bytes[position] == UInt8(ascii: "-") ? -1 : 1
      position += 1
    }
    let firstDigit = position
    var exponent = 0
    while position < bytes.count, bytes[position] &- 0x30 < 10 {
      exponent = min(exponent * 10 + Int(bytes[position] &- 0x30), 1_000_000)
      position += 1
    }
    return position > firstDigit ? (sign * exponent, position) : nil
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
    1e20, 1e21, 1e22,
  ]
}
