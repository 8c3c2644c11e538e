/// JSON as text: whether it is any, and quoting.
package enum JSONText {
  /// How deep arrays and objects may lie in one another.
  static let deepest = 500

  /// How many bytes a text takes as a JSON string.
  static func quotedByteCount(_ text: String) -> Int {
    var text = text
    return text.withUTF8 { bytes in
      var count = 2
      for byte in bytes {
        switch byte {
        case 0x22, 0x5C, 0x0A, 0x0D, 0x09: count += 2
        case 0..<0x20: count += 6
        default: count += 1
        }
      }
      return count
    }
  }

  /// A text as a JSON string.
  package static func quoted(_ text: String) -> String {
    var result: [UInt8] = [0x22]
    result.reserveCapacity(text.utf8.count + 2)
    for byte in text.utf8 {
      switch byte {
      case 0x22, 0x5C: result += [0x5C, byte]
      case 0x0A: result += [0x5C, UInt8(ascii: "n")]
      case 0x0D: result += [0x5C, UInt8(ascii: "r")]
      case 0x09: result += [0x5C, UInt8(ascii: "t")]
      case 0..<0x20:
        result += [0x5C, UInt8(ascii: "u"), 0x30, 0x30, 0x30 + byte >> 4]
        result.append(byte & 15 < 10 ? 0x30 + byte & 15 : 0x57 + byte & 15)
      default: result.append(byte)
      }
    }
    result.append(0x22)
    return String(decoding: result, as: UTF8.self)
  }

  /// Whether the bytes are one JSON value (RFC 8259) and nothing else.
  package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var scanner = JSONScanner(bytes: bytes)
    return scanner.isOneValue()
  }
}

/// Goes through JSON once, with the open arrays and objects on a stack of its own.
private struct JSONScanner {
  let bytes: UnsafeRawBufferPointer
  var position = 0

  private var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

  private mutating func skipSpace() {
    while position < bytes.count {
      let byte = bytes[position]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      position += 1
    }
  }

  private mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard byte == UInt8(ascii: mark), position < bytes.count else { return false }
    position += 1
    return true
  }

  mutating func isOneValue() -> Bool {
    var isObject: [Bool] = []
    skipSpace()
    while true {
      // A value begins here.
      if take("{") {
        skipSpace()
        if !take("}") {
          isObject.append(true)
          if isObject.count > JSONText.deepest || !memberName() { return false }
          continue
        }
      } else if take("[") {
        skipSpace()
        if !take("]") {
          isObject.append(false)
          if isObject.count > JSONText.deepest { return false }
          continue
        }
      } else if !scalar() {
        return false
      }
      // A value ended here: what is open may end too.
      while true {
        skipSpace()
        guard let inObject = isObject.last else { return position == bytes.count }
        if take(",") {
          skipSpace()
          if inObject && !memberName() { return false }
          break
        }
        guard inObject ? take("}") : take("]") else { return false }
        isObject.removeLast()
      }
    }
  }

  private mutating func memberName() -> Bool {
    guard string() else { return false }
    skipSpace()
    guard take(":") else { return false }
    skipSpace()
    return true
  }

  private mutating func scalar() -> Bool {
    switch byte {
    case UInt8(ascii: "\""): string()
    case UInt8(ascii: "t"): word("true")
    case UInt8(ascii: "f"): word("false")
    case UInt8(ascii: "n"): word("null")
    default: number()
    }
  }

  private mutating func word(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard bytes.count - position >= count else { return false }
    for offset in 0..<count where bytes[position + offset] != word.utf8Start[offset] { return false }
    position += count
    return true
  }

  private mutating func string() -> Bool {
    guard take("\"") else { return false }
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == 0x22 { return true }
      if byte < 0x20 { return false }
      guard byte == 0x5C else { continue }
      guard position < bytes.count else { return false }
      let escape = bytes[position]
      position += 1
      if escape == UInt8(ascii: "u") {
        for _ in 0..<4 {
          guard position < bytes.count, NumberParser.hexDigit(bytes[position]) != nil else { return false }
          position += 1
        }
      } else if !"\"\\/bfnrt".utf8.contains(escape) {
        return false
      }
    }
    return false
  }

  private mutating func digits() -> Bool {
    let start = position
    while byte &- 0x30 < 10, position < bytes.count { position += 1 }
    return position > start
  }

  private mutating func number() -> Bool {
    _ = take("-")
    if !take("0") && !digits() { return false }
    if take(".") && !digits() { return false }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      if !digits() { return false }
    }
    return true
  }
}
