/// What the strings of JSON say.
enum JSONStringText {
  /// The inside of a string without escapes. A lone surrogate stays as it was written: no text has it.
  static func unescaped(_ written: ArraySlice<UInt8>) -> [UInt8] {
    guard written.contains(UInt8(ascii: "\\")) else { return Array(written) }
    var result: [UInt8] = []
    var index = written.startIndex
    while index < written.endIndex {
      guard written[index] == UInt8(ascii: "\\"), index + 1 < written.endIndex else {
        result.append(written[index])
        index += 1
        continue
      }
      let letter = written[index + 1]
      if letter == UInt8(ascii: "u"), let (scalar, count) = scalar(written[index...]) {
        result += Array(String(Character(scalar)).utf8)
        index += count
        continue
      }
      switch letter {
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "u"): result += [UInt8(ascii: "\\"), letter]
      default: result.append(letter)
      }
      index += 2
    }
    return result
  }

  /// The scalar that `\uXXXX`, or two of them as a surrogate pair, begin the bytes with, and how many those are.
  private static func scalar(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar, Int)? {
    guard let first = unit(bytes) else { return nil }
    if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
    guard (0xD800..<0xDC00).contains(first), let second = unit(bytes.dropFirst(6)),
      (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { return nil }
    return (scalar, 12)
  }

  private static func unit(_ bytes: ArraySlice<UInt8>) -> UInt32? {
    let bytes = Array(bytes.prefix(6))
    guard bytes.count == 6, bytes[0] == UInt8(ascii: "\\"), bytes[1] == UInt8(ascii: "u") else {
      return nil
    }
    var unit: UInt32 = 0
    for byte in bytes[2...] {
      guard let digit = NumberParser.hexDigit(byte) else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }
}
