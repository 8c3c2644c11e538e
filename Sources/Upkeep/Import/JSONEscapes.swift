internal import UpkeepStorage

/// The escapes of a JSON string as text.
enum JSONEscapes {
  /// Puts the text of a string's content, which is JSON, into a buffer in place of what is there.
  ///
  /// - Returns: what keeps it from being text; nil if it is.
  static func append(_ content: UnsafeRawBufferPointer, to buffer: ByteBuffer) -> String? {
    buffer.removeAll()
    var place = 0
    while place < content.count {
      let byte = content[place]
      guard byte == UInt8(ascii: "\\") else {
        buffer.append(byte)
        place += 1
        continue
      }
      let escape = content[place + 1]
      place += 2
      switch escape {
      case UInt8(ascii: "b"): buffer.append(8)
      case UInt8(ascii: "f"): buffer.append(12)
      case UInt8(ascii: "n"): buffer.append(10)
      case UInt8(ascii: "r"): buffer.append(13)
      case UInt8(ascii: "t"): buffer.append(9)
      case UInt8(ascii: "u"):
        var unit = unit(content, place)
        place += 4
        if unit & 0xFC00 == 0xD800, place + 6 <= content.count, content[place] == UInt8(ascii: "\\"),
          content[place + 1] == UInt8(ascii: "u")
        {
          let low = self.unit(content, place + 2)
          if low & 0xFC00 == 0xDC00 {
            unit = 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
            place += 6
          }
        }
        if unit == 0 { return "\\u0000, a NUL; text cannot" }
        guard let scalar = Unicode.Scalar(unit) else {
          return "\\u\(String(unit, radix: 16)), half of a surrogate pair, which is no character"
        }
        for byte in UTF8.encode(scalar).map({ Array($0) }) ?? [] { buffer.append(byte) }
      default: buffer.append(escape)
      }
    }
    return nil
  }

  private static func unit(_ content: UnsafeRawBufferPointer, _ place: Int) -> UInt32 {
    var unit: UInt32 = 0
    for offset in 0..<4 { unit = unit << 4 | UInt32(NumberParser.hexDigit(content[place + offset]) ?? 0) }
    return unit
  }
}
