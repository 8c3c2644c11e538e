#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// REAL as text with a wanted number of digits.
enum RealText {
  /// What C's printf makes of a number.
  static func printed(_ format: String, _ precision: Int, _ real: Double) -> String {
    var buffer = [CChar](repeating: 0, count: 400 + precision)
    let count = withVaList([Int32(precision), real]) { vsnprintf(&buffer, buffer.count, format, $0) }
    return String(decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// So many digits behind the point, rounded half up as a person does who reads the number's decimal digits, which
  /// is why what lies a hair below a half counts as one. Digits behind the sixteenth are 0.
  static func fixed(_ magnitude: Double, _ precision: Int) -> String {
    let nudged =
      precision + magnitude.safeExponent / 3 < 15 ? magnitude + magnitude * 3e-16 : magnitude
    return rounded(printed("%.*f", precision + 25, nudged), precision)
  }

  /// A digit, so many behind the point, and an exponent: `1.234e+03`.
  static func scientific(_ magnitude: Double, _ precision: Int) -> String {
    let text = printed("%.*e", precision + 25, magnitude)
    guard let mark = text.firstIndex(of: "e"), var exponent = Int(text[text.index(after: mark)...]) else {
      return text
    }
    var digits = rounded(String(text[..<mark]), precision)
    if digits.hasPrefix("10") {
      digits = precision == 0 ? "1" : "1." + String(repeating: "0", count: precision)
      exponent += 1
    }
    let size = String(abs(exponent))
    return digits + (exponent < 0 ? "e-" : "e+") + (size.utf8.count < 2 ? "0" : "") + size
  }

  /// So many digits in all, with an exponent where the number is small or has more, and without zeros at the end.
  static func general(_ magnitude: Double, _ count: Int, keepsZeros: Bool) -> String {
    let text = scientific(magnitude, count - 1)
    guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else {
      return text
    }
    let isLong = exponent < -4 || exponent >= count
    var digits =
      isLong
      ? String(text[..<mark])
      : rounded(printed("%.*f", count - 1 - exponent + 25, magnitude), count - 1 - exponent)
    if !keepsZeros, digits.utf8.contains(UInt8(ascii: ".")) {
      while digits.hasSuffix("0") { digits.removeLast() }
      if digits.hasSuffix(".") { digits.removeLast() }
    }
    return isLong ? digits + text[mark...] : digits
  }

  /// Decimal digits cut to so many behind the point, rounded half up.
  private static func rounded(_ text: String, _ precision: Int) -> String {
    var digits = Array(text.utf8)
    let point = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.count
    let end = point + 1 + precision
    var carries = end < digits.count && digits[end] >= UInt8(ascii: "5")
    digits.removeSubrange(min(end, digits.count)...)
    if precision == 0 { digits.removeAll { $0 == UInt8(ascii: ".") } }
    var position = digits.count - 1
    while carries, position >= 0 {
      if digits[position] == UInt8(ascii: "9") {
        digits[position] = UInt8(ascii: "0")
      } else if digits[position] != UInt8(ascii: ".") {
        digits[position] += 1
        carries = false
      }
      position -= 1
    }
    if carries { digits.insert(UInt8(ascii: "1"), at: 0) }
    var significant = 0
    for position in digits.indices where digits[position] != UInt8(ascii: ".") {
      if significant > 0 || digits[position] != UInt8(ascii: "0") { significant += 1 }
      if significant > 16 { digits[position] = UInt8(ascii: "0") }
    }
    return String(decoding: digits, as: UTF8.self)
  }
}

extension Double {
  /// The power of two that a number begins with; that of the least number for 0.
  fileprivate var safeExponent: Int { self == 0 ? -1023 : Int(exponent) }
}
