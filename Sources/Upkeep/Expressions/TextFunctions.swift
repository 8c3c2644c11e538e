/// Functions of text. Characters are Unicode scalars, as in SQLite.
enum TextFunctions {
  /// The text with the 26 ASCII letters that begin at `first` changed.
  static func mapped(_ value: Value, from first: UInt8, _ change: (UInt8) -> UInt8) -> Value {
    let bytes = value.castBytes.map { $0 &- first < 26 ? change($0) : $0 }
    return .text(String(decoding: bytes, as: UTF8.self))
  }

  static func unhex(_ value: Value) -> Value {
    let digits = value.castBytes
    if digits.count % 2 != 0 { return .null }
    var bytes: [UInt8] = []
    for position in stride(from: 0, to: digits.count, by: 2) {
      guard let high = NumberParser.hexDigit(digits[position]),
        let low = NumberParser.hexDigit(digits[position + 1])
      else { return .null }
      bytes.append(high << 4 | low)
    }
    return .blob(bytes)
  }

  /// Rounds half away from zero, to at most 15 digits behind the point; always a REAL.
  static func round(_ value: Value, _ digits: Value) -> Value {
    guard let real = Arithmetic.real(value), let wanted = Arithmetic.integer(digits) else { return .null }
    let count = max(0, min(wanted, 15))
    // From 2^52 on a REAL has no fraction.
    if !real.isFinite || abs(real) >= 0x1p52 { return .real(real) }
    if count == 0 { return Arithmetic.result(real.rounded(.toNearestOrAwayFromZero)) }
    var scale = 1.0
    for _ in 0..<count { scale *= 10 }
    let scaled = real * scale
    return scaled.isFinite ? Arithmetic.result(scaled.rounded(.toNearestOrAwayFromZero) / scale) : .real(real)
  }

  static func substring(_ values: [Value]) -> Value {
    guard let start = Arithmetic.integer(values[1]) else { return .null }
    let given = values.count > 2 ? Arithmetic.integer(values[2]) : nil
    if case .blob(let bytes) = values[0] {
      let range = range(start, given, in: bytes.count)
      return .blob(Array(bytes[range]))
    }
    let scalars = Array((values[0].text ?? "").unicodeScalars)
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[range(start, given, in: scalars.count)])
    return .text(String(text))
  }

  /// The characters that `substr(x, start, length)` means: positions count from 1, or from the end if negative; a
  /// negative length takes what lies before.
  private static func range(_ start: Int64, _ length: Int64?, in count: Int) -> Range<Int> {
    let limit = Int64(count)
    let largest: Int64 = 1 << 40
    var first = max(-largest, min(start, largest))
    let isBackwards = (length ?? 1) < 0
    var taken = min(length.map { $0 == .min ? largest : abs($0) } ?? largest, largest)
    if first < 0 {
      first += limit
      if first < 0 {
        taken = max(0, taken + first)
        first = 0
      }
    } else if first > 0 {
      first -= 1
    } else if taken > 0 {
      taken -= 1
    }
    if isBackwards {
      first -= taken
      if first < 0 {
        taken += first
        first = 0
      }
    }
    let from = min(first, limit)
    return Int(from)..<Int(max(from, min(from + taken, limit)))
  }

  static func trim(_ values: [Value], left: Bool, right: Bool) -> Value {
    let unwanted = Set(values.count > 1 ? Array((values[1].castText ?? "").unicodeScalars) : [" "])
    var scalars = (values[0].castText ?? "").unicodeScalars[...]
    if left { scalars = scalars.drop { unwanted.contains($0) } }
    if right { while let last = scalars.last, unwanted.contains(last) { scalars.removeLast() } }
    return .text(String(scalars))
  }

  static func replace(_ values: [Value]) throws(UpkeepError) -> Value {
    let text = values[0].castBytes
    let old = values[1].castBytes
    let new = values[2].castBytes
    if old.isEmpty { return .text(String(decoding: text, as: UTF8.self)) }
    var result: [UInt8] = []
    var position = 0
    while position < text.count {
      if text[position] == old[0], text[position...].starts(with: old) {
        result += new
        position += old.count
      } else {
        result.append(text[position])
        position += 1
      }
      if result.count > RowCodec.longestValue {
        throw UpkeepError(.limit, "replace() gives a text longer than \(RowCodec.longestValue) bytes")
      }
    }
    return .text(String(decoding: result, as: UTF8.self))
  }

  /// The position of the second in the first, from 1; 0 if it is not there.
  static func position(_ values: [Value]) -> Value {
    let text = values[0].castBytes
    let wanted = values[1].castBytes
    if wanted.isEmpty { return .integer(1) }
    var isBytes = false
    if case .blob = values[0] { isBytes = true }
    var start = 0
    while start + wanted.count <= text.count {
      if text[start] == wanted[0], text[start...].starts(with: wanted) {
        let before = text[..<start]
        let characters = isBytes ? before.count : before.count { $0 & 0xC0 != 0x80 }
        return .integer(Int64(characters + 1))
      }
      start += 1
    }
    return .integer(0)
  }
}
