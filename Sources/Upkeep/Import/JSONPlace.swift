/// A place in a JSON text, and the rules of RFC 8259 for going on from it. Strings are left as they stand: whether their
/// escapes make text is asked when they are wanted.
struct JSONPlace {
  /// Why a text is no JSON from a place on.
  enum Flaw: Error {
    /// The bytes end where more must come.
    case ended
    /// Something else must stand here.
    case expected(StaticString)
    case deep
    /// Anything else.
    case other(StaticString)

    var isEnd: Bool { if case .ended = self { true } else { false } }

    var reason: String {
      switch self {
      case .ended: "the text ends within a value"
      case .expected(let what): "\(what) is expected here"
      case .other(let reason): "\(reason)"
      case .deep: "arrays and objects lie in one another more than \(JSONText.deepest) deep"
      }
    }
  }

  var place: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>

  @inline(__always)
  mutating func skipSpace() {
    while place < end, place.pointee <= 0x20, Self.isSpace(place.pointee) { place += 1 }
  }

  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

  /// The byte here; at the end there is none.
  @inline(__always)
  func byte() throws(Flaw) -> UInt8 {
    guard place < end else { throw .ended }
    return place.pointee
  }

  /// Goes over a string, whose opening quote stands here.
  ///
  /// - Returns: whether there are escapes in it.
  @inline(__always)
  mutating func string() throws(Flaw) -> Bool {
    place += 1
    var hasEscapes = false
    while true {
      while end - place >= 8 {
        let marks = Self.specials(FeedText.word(place))
        if marks != 0 {
          place += marks.trailingZeroBitCount / 8
          break
        }
        place += 8
      }
      let byte = try byte()
      if byte == UInt8(ascii: "\"") {
        place += 1
        return hasEscapes
      }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        try escape()
      } else if byte < 0x20 {
        throw .other("a control character stands in a string; write it as an escape")
      } else {
        place += 1
      }
    }
  }

  /// Marks bytes that may be a quote, a backslash or a control character: the lowest mark is right if its byte is one,
  /// and whoever looks there sees whether it is.
  @inline(__always)
  private static func specials(_ word: UInt64) -> UInt64 {
    FeedText.marks(word, FeedText.pattern(UInt8(ascii: "\"")))
      | FeedText.marks(word, FeedText.pattern(UInt8(ascii: "\\")))
      | FeedText.marks(word & FeedText.pattern(0xE0), 0)
  }

  private mutating func escape() throws(Flaw) {
    place += 1
    switch try byte() {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      place += 1
    case UInt8(ascii: "u"):
      place += 1
      for _ in 0..<4 {
        guard NumberParser.hexDigit(try byte()) != nil else { throw .expected("a hexadecimal digit") }
        place += 1
      }
    default: throw .expected("one of \" \\ / b f n r t u")
    }
  }

  /// Goes over a number.
  mutating func number() throws(Flaw) {
    if try byte() == UInt8(ascii: "-") { place += 1 }
    if try byte() == UInt8(ascii: "0") { place += 1 } else { try digits() }
    if place < end, place.pointee == UInt8(ascii: ".") {
      place += 1
      try digits()
    }
    if place < end, place.pointee | 0x20 == UInt8(ascii: "e") {
      place += 1
      let sign = try byte()
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { place += 1 }
      try digits()
    }
  }

  private mutating func digits() throws(Flaw) {
    guard try byte() &- 0x30 < 10 else { throw .expected("a digit") }
    while place < end, place.pointee &- 0x30 < 10 { place += 1 }
  }

  mutating func word(_ word: StaticString) throws(Flaw) {
    for offset in 0..<word.utf8CodeUnitCount {
      guard try byte() == word.utf8Start[offset] else { throw .expected(word) }
      place += 1
    }
  }

  /// Goes over a value that is no array or object.
  mutating func scalar() throws(Flaw) {
    switch try byte() {
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    case UInt8(ascii: "-"), 0x30...0x39: try number()
    default: throw .expected("a value")
    }
  }

  /// Goes over an array or object, which begins here, and all that lies in it. What is open is kept as bits, so that no
  /// depth takes memory.
  mutating func nested() throws(Flaw) {
    var open = Openings()
    while true {
      // A value begins here.
      switch try byte() {
      case UInt8(ascii: "{"):
        place += 1
        skipSpace()
        if try byte() == UInt8(ascii: "}") {
          place += 1
        } else {
          try open.push(isObject: true)
          try memberName()
          continue
        }
      case UInt8(ascii: "["):
        place += 1
        skipSpace()
        if try byte() == UInt8(ascii: "]") {
          place += 1
        } else {
          try open.push(isObject: false)
          continue
        }
      default: try scalar()
      }
      // A value ended here: what is open may end too.
      while true {
        guard open.depth > 0 else { return }
        skipSpace()
        let inObject = open.isObject
        switch try byte() {
        case UInt8(ascii: ","):
          place += 1
          skipSpace()
          if inObject { try memberName() }
        case UInt8(ascii: "}") where inObject, UInt8(ascii: "]") where !inObject:
          place += 1
          open.pop()
          continue
        default: throw .expected(inObject ? "a comma or }" : "a comma or ]")
        }
        break
      }
    }
  }

  /// Goes over a name in an object, the colon behind it and blanks.
  private mutating func memberName() throws(Flaw) {
    guard try byte() == UInt8(ascii: "\"") else { throw .expected("a name in double quotes") }
    _ = try string()
    try colon()
  }

  @inline(__always)
  mutating func colon() throws(Flaw) {
    skipSpace()
    guard try byte() == UInt8(ascii: ":") else { throw .expected("a colon") }
    place += 1
    skipSpace()
  }

  /// Which of the open arrays and objects are objects, a bit for each.
  private struct Openings {
    private(set) var depth = 0
    private var bits: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (
      0, 0, 0, 0, 0, 0, 0, 0
    )

    var isObject: Bool {
      withUnsafeBytes(of: bits) { $0[(depth - 1) >> 3] & 1 << UInt8((depth - 1) & 7) != 0 }
    }

    mutating func push(isObject: Bool) throws(Flaw) {
      guard depth < JSONText.deepest else { throw .deep }
      let place = depth
      withUnsafeMutableBytes(of: &bits) { bytes in
        let bit: UInt8 = 1 << UInt8(place & 7)
        if isObject { bytes[place >> 3] |= bit } else { bytes[place >> 3] &= ~bit }
      }
      depth += 1
    }

    mutating func pop() { depth -= 1 }
  }
}
