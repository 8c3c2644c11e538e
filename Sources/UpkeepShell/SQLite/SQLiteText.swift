/// The text of SQLite's statements, looked through without being understood.
enum SQLiteText {
  /// What stands in parentheses behind each CHECK.
  static func checks(in sql: String) -> [String] {
    let bytes = Array(sql.utf8)
    var checks: [String] = []
    var place = 0
    /// Where the word began that was gone over last, and blanks behind it.
    var isAfterCheck = false
    var openings: [Int] = []
    var checkDepth: Int?
    while place < bytes.count {
      let byte = bytes[place]
      let end = skip(bytes, place)
      defer { place = max(end, place + 1) }
      if end > place {
        isAfterCheck = false
        continue
      }
      switch byte {
      case UInt8(ascii: "("):
        openings.append(place)
        if isAfterCheck, checkDepth == nil { checkDepth = openings.count }
        isAfterCheck = false
      case UInt8(ascii: ")"):
        guard let opening = openings.popLast() else { continue }
        if checkDepth == openings.count + 1 {
          checks.append(String(decoding: bytes[(opening + 1)..<place], as: UTF8.self))
          checkDepth = nil
        }
      case UInt8(ascii: "C"), UInt8(ascii: "c"):
        let isStart = place == 0 || !isWord(bytes[place - 1])
        let word = bytes[place...].prefix { isWord($0) }
        if isStart, String(decoding: word, as: UTF8.self).uppercased() == "CHECK" {
          isAfterCheck = true
          place += word.count - 1
        } else {
          isAfterCheck = false
        }
      case 0x20, 0x09, 0x0A, 0x0D: break
      default: isAfterCheck = false
      }
    }
    return checks
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte &- 0x30 < 10 || byte == 0x5F || byte >= 0x80
  }

  /// Where a string, quoted name or comment that begins at a place ends; the place itself if none begins there.
  private static func skip(_ bytes: [UInt8], _ start: Int) -> Int {
    let closing: UInt8
    switch bytes[start] {
    case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): closing = bytes[start]
    case UInt8(ascii: "["): closing = UInt8(ascii: "]")
    case UInt8(ascii: "-") where bytes.dropFirst(start + 1).first == UInt8(ascii: "-"): closing = 0x0A
    case UInt8(ascii: "/") where bytes.dropFirst(start + 1).first == UInt8(ascii: "*"):
      var place = start + 2
      while place + 1 < bytes.count,
        !(bytes[place] == UInt8(ascii: "*") && bytes[place + 1] == UInt8(ascii: "/"))
      {
        place += 1
      }
      return min(place + 2, bytes.count)
    default: return start
    }
    // A doubled quote ends one part of a text and begins the next.
    return bytes[(start + 1)...].firstIndex(of: closing).map { $0 + 1 } ?? bytes.count
  }
}
