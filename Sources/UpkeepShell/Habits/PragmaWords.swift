/// The words and signs of a PRAGMA, one after the other; comments are passed over, quotes taken off.
struct PragmaWords {
  struct Word {
    var text: String
    var isQuoted = false
  }

  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next one, or nil at the end.
  mutating func next() -> Word? {
    passOver()
    guard place < bytes.count else { return nil }
    let start = place
    if let quote = Self.closing(bytes[start]) { return quoted(until: quote) }
    while place < bytes.count, Self.continuesWord(bytes[place]) { place += 1 }
    if place == start { place += 1 }
    return Word(text: String(decoding: bytes[start..<place], as: UTF8.self))
  }

  /// What ends a word in quotes that begins with `sign`; nil if it begins none.
  private static func closing(_ sign: UInt8) -> UInt8? {
    switch sign {
    case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): sign
    case UInt8(ascii: "["): UInt8(ascii: "]")
    default: nil
    }
  }

  private static func continuesWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 128...:
      true
    default: false
    }
  }

  /// Twice the quote is one of them.
  private mutating func quoted(until quote: UInt8) -> Word {
    var text: [UInt8] = []
    place += 1
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if byte == quote {
        guard place < bytes.count, bytes[place] == quote, quote != UInt8(ascii: "]") else { break }
        place += 1
      }
      text.append(byte)
    }
    return Word(text: String(decoding: text, as: UTF8.self), isQuoted: true)
  }

  /// Blanks and comments.
  private mutating func passOver() {
    while place < bytes.count {
      if bytes[place] <= 32 {
        place += 1
      } else if bytes[place...].starts(with: "--".utf8) {
        place = bytes[place...].firstIndex(of: 10) ?? bytes.count
      } else if bytes[place...].starts(with: "/*".utf8) {
        place += 2
        while place < bytes.count, !bytes[place...].starts(with: "*/".utf8) { place += 1 }
        place = min(bytes.count, place + 2)
      } else {
        return
      }
    }
  }
}
