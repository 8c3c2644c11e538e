internal import UpkeepStorage

/// Functions of text. Characters are Unicode scalars, as in SQLite.
enum TextFunctions {
  /// The text with the 26 ASCII letters that begin at `first` changed.
  static func mapped(_ value: Value, from first: UInt8, _ change: (UInt8) -> UInt8) -> Value {
    var text = value.castText ?? ""
    return .text(
      text.withUTF8 { bytes in
        String(unsafeUninitializedCapacity: bytes.count) { place in
          for (position, byte) in bytes.enumerated() {
            place[position] = byte &- first < 26 ? change(byte) : byte
          }
          return bytes.count
        }
      })
  }

  static func hex(_ call: ValueCall) throws(UpkeepError) -> Value {
    let bytes = call.values[0].castBytes
    if bytes.count > RowCodec.longestValue / 2 {
      throw UpkeepError(.limit, "hex() gives a text longer than \(RowCodec.longestValue) bytes")
    }
    return .text(hexadecimal(bytes, digits: "0123456789ABCDEF"))
  }

  static func unhex(_ value: Value) -> Value {
    let digits = value.castBytes
    if digits.count % 2 != 0 { return .null }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
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
    var text = values[0].text ?? ""
    return .text(
      text.withUTF8 { bytes in
        let bytes = UnsafeRawBufferPointer(bytes)
        let wanted = range(start, given, in: characterCount(bytes))
        let first = byteOffset(ofCharacter: wanted.lowerBound, in: bytes, from: 0)
        let last = byteOffset(ofCharacter: wanted.count, in: bytes, from: first)
        return String(decoding: bytes[first..<last], as: UTF8.self)
      })
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

  /// How many characters UTF-8 has.
  static func characterCount(_ text: UnsafeRawBufferPointer) -> Int {
    var count = 0
    for byte in text where byte & 0xC0 != 0x80 { count += 1 }
    return count
  }

  /// Where the character of a number begins, counted from 0 at a place where one begins.
  private static func byteOffset(
    ofCharacter number: Int, in text: UnsafeRawBufferPointer, from start: Int
  ) -> Int {
    var place = start
    var left = number
    while left > 0, place < text.count {
      place += 1
      while place < text.count, text[place] & 0xC0 == 0x80 { place += 1 }
      left -= 1
    }
    return place
  }

  static func trim(_ values: [Value], left: Bool, right: Bool) -> Value {
    let unwanted = ScalarSet(values.count > 1 ? values[1].castText ?? "" : " ")
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
    let result = ByteBuffer(capacity: text.count)
    let isTooLong = text.withUnsafeBytes { text in
      old.withUnsafeBytes { old in new.withUnsafeBytes { replace(old, in: text, by: $0, into: result) } }
    }
    if isTooLong {
      throw UpkeepError(.limit, "replace() gives a text longer than \(RowCodec.longestValue) bytes")
    }
    return .text(String(decoding: result.bytes, as: UTF8.self))
  }

  /// - Returns: whether the result would be too long; then it is not whole.
  private static func replace(
    _ old: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer, by new: UnsafeRawBufferPointer,
    into result: ByteBuffer
  ) -> Bool {
    let search = ByteSearch(old)
    var position = 0
    while let place = search.first(in: text, from: position) {
      if result.count + (place - position) + new.count > RowCodec.longestValue { return true }
      if place > position { result.append(UnsafeRawBufferPointer(rebasing: text[position..<place])) }
      result.append(new)
      position = place + old.count
    }
    if result.count + text.count - position > RowCodec.longestValue { return true }
    result.append(UnsafeRawBufferPointer(rebasing: text[position...]))
    return false
  }

  /// The position of the second in the first, from 1; 0 if it is not there.
  static func position(_ values: [Value]) -> Value {
    let text = values[0].castBytes
    let wanted = values[1].castBytes
    if wanted.isEmpty { return .integer(1) }
    var isBytes = false
    if case .blob = values[0] { isBytes = true }
    return text.withUnsafeBytes { text in
      wanted.withUnsafeBytes { wanted in
        guard let place = ByteSearch(wanted).first(in: text) else { return .integer(0) }
        let before = UnsafeRawBufferPointer(rebasing: text[..<place])
        return .integer(Int64((isBytes ? place : characterCount(before)) + 1))
      }
    }
  }

  /// `char(65, 66)`: the text of these characters; what is no character is U+FFFD.
  static func characters(_ call: ValueCall) -> Value {
    var text = String.UnicodeScalarView()
    for value in call.values {
      let code = Arithmetic.integer(value) ?? 0
      text.append(UInt32(exactly: code).flatMap { Unicode.Scalar($0) } ?? "\u{FFFD}")
    }
    return .text(String(text))
  }

  /// The number of the first character; NULL for an empty text.
  static func firstScalar(_ call: ValueCall) -> Value {
    call.values[0].castText?.unicodeScalars.first.map { .integer(Int64($0.value)) } ?? .null
  }

  /// `glob(pattern, text)`, as `text GLOB pattern`.
  static func glob(_ call: ValueCall) throws(UpkeepError) -> Value {
    let pattern = call.values[0].castBytes
    if pattern.count > 50_000 { throw UpkeepError(.limit, "a GLOB pattern is longer than 50000 bytes") }
    return .integer(try GlobPattern(pattern).matches(call.values[1].castText ?? "") ? 1 : 0)
  }

  /// `like(pattern, text)`, `like(pattern, text, escape)`, as `text LIKE pattern`.
  static func like(_ call: ValueCall) throws(UpkeepError) -> Value {
    let escape = call.values.count > 2 ? Array((call.values[2].castText ?? "").utf8) : nil
    if let escape, String(decoding: escape, as: UTF8.self).unicodeScalars.count != 1 {
      throw call.misuse("ESCAPE takes one character")
    }
    let pattern = try LikePattern(call.values[0].castText ?? "", escape: escape)
    return .integer(try pattern.matches(call.values[1].castText ?? "") ? 1 : 0)
  }

  /// The texts of what is not NULL, with the separator between them.
  static func joined(_ values: [Value], separator: String) throws(UpkeepError) -> Value {
    var text = ""
    var isFirst = true
    for value in values {
      guard let piece = value.castText else { continue }
      if !isFirst { text += separator }
      text += piece
      isFirst = false
      if text.utf8.count > RowCodec.longestValue {
        throw UpkeepError(.limit, "concat() gives a text longer than \(RowCodec.longestValue) bytes")
      }
    }
    return .text(text)
  }
}

extension Value {
  /// The value as a literal of SQL.
  var quotedText: String {
    switch self {
    case .null: "NULL"
    case .text(let text): Self.inQuotes(text)
    case .blob(let bytes): "X'" + hexadecimal(bytes, digits: "0123456789ABCDEF") + "'"
    case .real(let real) where real.isInfinite: real < 0 ? "-9.0e+999" : "9.0e+999"
    case .integer, .real: description
    case .boolean(let truth): truth ? "TRUE" : "FALSE"
    case .timestamp: "TIMESTAMP '\(description)'"
    case .uuid: "UUID '\(description)'"
    case .json(let text): "JSON " + Self.inQuotes(text)
    }
  }

  private static func inQuotes(_ text: String) -> String {
    var text = text
    return text.withUTF8 { bytes in
      let quote = UInt8(ascii: "'")
      let count = bytes.count + 2 + bytes.count { $0 == quote }
      return String(unsafeUninitializedCapacity: count) { place in
        place[0] = quote
        var position = 1
        for byte in bytes {
          place[position] = byte
          position += 1
          if byte == quote {
            place[position] = quote
            position += 1
          }
        }
        place[position] = quote
        return count
      }
    }
  }
}

/// Some characters.
private struct ScalarSet {
  private var ascii: (UInt64, UInt64) = (0, 0)
  private var others: Set<UInt32> = []

  init(_ text: String) {
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0..<64: ascii.0 |= 1 << UInt64(scalar.value)
      case 64..<128: ascii.1 |= 1 << UInt64(scalar.value - 64)
      default: others.insert(scalar.value)
      }
    }
  }

  func contains(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<64: ascii.0 >> UInt64(scalar.value) & 1 == 1
    case 64..<128: ascii.1 >> UInt64(scalar.value - 64) & 1 == 1
    default: others.contains(scalar.value)
    }
  }
}
