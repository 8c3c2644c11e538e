#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Functions of numbers. What is no number, and what has no result, is NULL.
enum NumberFunctions {
  /// Functions of one REAL.
  static let ofOneNumber: [String: @Sendable (Double) -> Double] = [
    "sqrt": { $0.squareRoot() }, "exp": { exp($0) },
    // Of 0 too there is no logarithm here, rather than an infinite one.
    "ln": { $0 > 0 ? log($0) : .nan }, "log2": { $0 > 0 ? log2($0) : .nan },
    "log10": { $0 > 0 ? log10($0) : .nan },
    "sin": { sin($0) }, "cos": { cos($0) }, "tan": { tan($0) },
    "asin": { asin($0) }, "acos": { acos($0) }, "atan": { atan($0) },
    "sinh": { sinh($0) }, "cosh": { cosh($0) }, "tanh": { tanh($0) },
    "asinh": { asinh($0) }, "acosh": { acosh($0) }, "atanh": { atanh($0) },
    "degrees": { $0 * (180 / .pi) }, "radians": { $0 * (.pi / 180) },
  ]

  static func apply(_ function: (Double) -> Double, _ call: ValueCall) -> Value {
    guard let number = real(call.values[0]) else { return .null }
    return Arithmetic.result(function(number))
  }

  /// A value that is a number, or a text that is one from end to end.
  private static func number(_ value: Value) -> Value? {
    switch value {
    case .integer, .real: return value
    case .boolean(let truth): return .integer(truth ? 1 : 0)
    case .timestamp(let moment): return .integer(moment.microseconds)
    case .text(var text):
      return text.withUTF8 { bytes in
        switch NumberParser.number(UnsafeRawBufferPointer(bytes)) {
        case .integer(let integer): .integer(integer)
        case .real(let real): .real(real)
        case nil: nil
        }
      }
    default: return nil
    }
  }

  private static func real(_ value: Value) -> Double? {
    switch number(value) {
    case .integer(let integer): Double(integer)
    case .real(let real): real
    default: nil
    }
  }

  static func sign(_ call: ValueCall) -> Value {
    guard let number = real(call.values[0]) else { return .null }
    return .integer(number < 0 ? -1 : number > 0 ? 1 : 0)
  }

  static func whole(_ call: ValueCall, _ rule: FloatingPointRoundingRule) -> Value {
    switch number(call.values[0]) {
    case .integer(let integer)?: .integer(integer)
    case .real(let real)?: Arithmetic.result(real.rounded(rule))
    default: .null
    }
  }

  static func remainder(_ call: ValueCall) -> Value {
    guard let a = real(call.values[0]), let b = real(call.values[1]) else { return .null }
    return Arithmetic.result(fmod(a, b))
  }

  static func power(_ call: ValueCall) -> Value {
    guard let a = real(call.values[0]), let b = real(call.values[1]) else { return .null }
    return Arithmetic.result(pow(a, b))
  }

  static func angle(_ call: ValueCall) -> Value {
    guard let a = real(call.values[0]), let b = real(call.values[1]) else { return .null }
    return Arithmetic.result(atan2(a, b))
  }

  /// `log(x)` to the base 10, `log(base, x)`.
  static func logarithm(_ call: ValueCall) -> Value {
    guard let first = real(call.values[0]), first > 0 else { return .null }
    guard call.values.count > 1 else { return Arithmetic.result(log10(first)) }
    guard let x = real(call.values[1]), x > 0, log(first) > 0 else { return .null }
    return Arithmetic.result(log(x) / log(first))
  }

  // MARK: Bytes

  static func randomBytes(_ call: ValueCall) throws(UpkeepError) -> Value {
    let count = max(1, try byteCount(call))
    // The system's numbers, which nobody can guess, take their time; what is long is made of some of them.
    var system = SystemRandomNumberGenerator()
    var stretched = StretchedRandom(&system)
    let isLong = count > 4_096
    return .blob(
      [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        var position = 0
        while position < count {
          var word = isLong ? stretched.next() : system.next()
          for _ in 0..<min(8, count - position) {
            buffer[position] = UInt8(truncatingIfNeeded: word)
            word >>= 8
            position += 1
          }
        }
        filled = count
      })
  }

  /// xoshiro256**: many numbers out of four.
  private struct StretchedRandom {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init(_ seeds: inout SystemRandomNumberGenerator) {
      state = (seeds.next() | 1, seeds.next(), seeds.next(), seeds.next())
    }

    mutating func next() -> UInt64 {
      func turned(_ word: UInt64, _ count: UInt64) -> UInt64 { word << count | word >> (64 - count) }
      let result = turned(state.1 &* 5, 7) &* 9
      let shifted = state.1 << 17
      state.2 ^= state.0
      state.3 ^= state.1
      state.1 ^= state.2
      state.0 ^= state.3
      state.2 ^= shifted
      state.3 = turned(state.3, 45)
      return result
    }
  }

  static func zeroBytes(_ call: ValueCall) throws(UpkeepError) -> Value {
    .blob([UInt8](repeating: 0, count: try byteCount(call)))
  }

  private static func byteCount(_ call: ValueCall) throws(UpkeepError) -> Int {
    let count = Arithmetic.integer(call.values[0]) ?? 0
    guard count <= RowCodec.longestValue else {
      throw UpkeepError(.limit, "\(call.name)() gives at most \(RowCodec.longestValue) bytes, not \(count)")
    }
    return Int(max(0, count))
  }
}

extension UUIDValue {
  /// A random UUID (version 4).
  static func random() -> UUIDValue {
    let high = UInt64.random(in: 0 ... .max) & ~0xF000 | 0x4000
    let low = UInt64.random(in: 0 ... .max) & ~(3 << 62) | 2 << 62
    return UUIDValue(high: high, low: low)
  }
}
