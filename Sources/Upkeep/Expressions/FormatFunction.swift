/// `printf()`, also called `format()`: a text with values put in where it says `%d`, `%s` and so on.
///
/// A value that is missing is NULL: 0 as a number, nothing as a text. What is left over is not looked at. Width and
/// precision of texts count characters.
enum FormatFunction {
  static func apply(_ call: ValueCall) throws(UpkeepError) -> Value {
    guard let format = call.values[0].castText else { return .null }
    var writer = Writer(format: Array(format.utf8), values: call.values.dropFirst())
    try writer.run()
    try writer.requireRoom(0)
    return .text(String(decoding: writer.result, as: UTF8.self))
  }

  /// What stands between `%` and the letter.
  private struct Directive {
    var isLeft = false
    var hasPlus = false
    var hasBlank = false
    var isAlternate = false
    var padsZeros = false
    var groups = false
    var keepsPoint = false
    var width = 0
    var precision: Int?
  }

  private struct Writer {
    let format: [UInt8]
    var values: ArraySlice<Value>
    var result: [UInt8] = []
    var position = 0

    private var byte: UInt8 { position < format.count ? format[position] : 0 }

    mutating func run() throws(UpkeepError) {
      while position < format.count {
        guard byte == UInt8(ascii: "%") else {
          result.append(byte)
          position += 1
          continue
        }
        position += 1
        if position == format.count { return result.append(UInt8(ascii: "%")) }
        let directive = directive()
        let letter = byte
        position += 1
        guard try write(letter, directive) else { return }
      }
    }

    /// Makes sure that so many bytes more can be given.
    func requireRoom(_ count: Int) throws(UpkeepError) {
      if count > RowCodec.longestValue - result.count {
        throw UpkeepError(.limit, "printf() gives a text longer than \(RowCodec.longestValue) bytes")
      }
    }

    private mutating func next() -> Value { values.popFirst() ?? .null }

    private mutating func directive() -> Directive {
      var directive = Directive()
      flags: while true {
        switch byte {
        case UInt8(ascii: "-"): directive.isLeft = true
        case UInt8(ascii: "+"): directive.hasPlus = true
        case UInt8(ascii: " "): directive.hasBlank = true
        case UInt8(ascii: "#"): directive.isAlternate = true
        case UInt8(ascii: "0"): directive.padsZeros = true
        case UInt8(ascii: ","): directive.groups = true
        case UInt8(ascii: "!"): directive.keepsPoint = true
        default: break flags
        }
        position += 1
      }
      let width = count()
      if width < 0 { directive.isLeft = true }
      directive.width = abs(width)
      if byte == UInt8(ascii: ".") {
        position += 1
        directive.precision = abs(count())
      }
      // The sizes of C's numbers mean nothing here.
      while byte == UInt8(ascii: "l") || byte == UInt8(ascii: "h") { position += 1 }
      return directive
    }

    /// Digits, or a `*` for the next value; held within what can be asked for.
    private mutating func count() -> Int {
      let most = RowCodec.longestValue + 1
      if byte == UInt8(ascii: "*") {
        position += 1
        return Int(min(Int64(most), max(Int64(-most), Arithmetic.integer(next()) ?? 0)))
      }
      var count = 0
      while byte &- 0x30 < 10 {
        count = min(most, count * 10 + Int(byte &- 0x30))
        position += 1
      }
      return count
    }

    /// - Returns: false for a letter that means nothing, where the text ends.
    private mutating func write(_ letter: UInt8, _ directive: Directive) throws(UpkeepError) -> Bool {
      switch letter {
      case UInt8(ascii: "%"): try pad([UInt8(ascii: "%")], directive)
      case UInt8(ascii: "d"), UInt8(ascii: "i"):
        let integer = Arithmetic.integer(next()) ?? 0
        try pad(number: String(integer.magnitude), isNegative: integer < 0, directive)
      case UInt8(ascii: "u"):
        let integer = Arithmetic.integer(next()) ?? 0
        try pad(number: String(UInt64(bitPattern: integer)), isNegative: nil, directive)
      case UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "o"), UInt8(ascii: "p"):
        let bits = UInt64(bitPattern: Arithmetic.integer(next()) ?? 0)
        let isOctal = letter == UInt8(ascii: "o")
        let isUpper = letter == UInt8(ascii: "X") || letter == UInt8(ascii: "p")
        let prefix = !directive.isAlternate || bits == 0 ? "" : isOctal ? "0" : isUpper ? "0X" : "0x"
        let digits = String(bits, radix: isOctal ? 8 : 16, uppercase: isUpper)
        try pad(number: digits, isNegative: nil, prefix: prefix, directive)
      case UInt8(ascii: "f"), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "g"), UInt8(ascii: "G"):
        try real(letter, Arithmetic.real(next()) ?? 0, directive)
      case UInt8(ascii: "c"):
        let first = (next().castText ?? "").unicodeScalars.prefix(1)
        let character = Array(String(String.UnicodeScalarView(first)).utf8)
        let count = max(1, directive.precision ?? 1)
        try requireRoom(count * character.count)
        try pad(Self.repeated(character, count), directive)
      case UInt8(ascii: "s"), UInt8(ascii: "z"):
        try pad(Self.start(of: next().castText ?? "", directive.precision), directive)
      case UInt8(ascii: "q"), UInt8(ascii: "Q"), UInt8(ascii: "w"): try quoted(letter, directive)
      case UInt8(ascii: "n"): break
      default: return false
      }
      return true
    }

    private static func repeated(_ character: [UInt8], _ count: Int) -> [UInt8] {
      if character.count == 1 { return [UInt8](repeating: character[0], count: count) }
      return [UInt8](unsafeUninitializedCapacity: count * character.count) { place, written in
        for byte in 0..<count * character.count {
          place.initializeElement(at: byte, to: character[byte % character.count])
        }
        written = count * character.count
      }
    }

    /// The first characters of a text; all without a number.
    private static func start(of text: String, _ count: Int?) -> [UInt8] {
      guard let count, count < text.utf8.count else { return Array(text.utf8) }
      return Array(String(text.unicodeScalars.prefix(count)).utf8)
    }

    /// `%q`, `%Q`, `%w`: quotes doubled, so that the text can stand in a string or a name.
    private mutating func quoted(_ letter: UInt8, _ directive: Directive) throws(UpkeepError) {
      let value = next()
      let isWhole = letter == UInt8(ascii: "Q")
      guard let text = value.castText else {
        return try pad(Array((isWhole ? "NULL" : "(NULL)").utf8), directive)
      }
      let quote = letter == UInt8(ascii: "w") ? UInt8(ascii: "\"") : UInt8(ascii: "'")
      let source = Self.start(of: text, directive.precision)
      let length = source.count + source.count { $0 == quote } + (isWhole ? 2 : 0)
      try requireRoom(length)
      var bytes: [UInt8] = isWhole ? [quote] : []
      bytes.reserveCapacity(length)
      for byte in source {
        bytes.append(byte)
        if byte == quote { bytes.append(quote) }
      }
      if isWhole { bytes.append(quote) }
      try pad(bytes, directive)
    }

    /// Puts a text in, with blanks up to the width, which counts characters.
    private mutating func pad(_ text: [UInt8], _ directive: Directive) throws(UpkeepError) {
      var blanks = 0
      if directive.width > 0 {
        blanks = max(0, directive.width - text.withUnsafeBytes { TextFunctions.characterCount($0) })
      }
      try requireRoom(text.count + blanks)
      let filler = repeatElement(UInt8(ascii: " "), count: blanks)
      if !directive.isLeft { result += filler }
      result += text
      if directive.isLeft { result += filler }
    }

    /// - Parameter isNegative: nil for a number without a sign.
    private mutating func pad(
      number digits: String, isNegative: Bool?, prefix: String = "", _ directive: Directive
    ) throws(UpkeepError) {
      var sign = prefix
      if let isNegative {
        sign = isNegative ? "-" : directive.hasPlus ? "+" : directive.hasBlank ? " " : ""
      }
      var least = directive.precision ?? 0
      if directive.padsZeros { least = max(least, directive.width - sign.utf8.count) }
      let zeros = max(0, least - digits.utf8.count)
      try requireRoom(zeros + digits.utf8.count)
      var text = [UInt8](repeating: UInt8(ascii: "0"), count: zeros) + digits.utf8
      if directive.groups {
        try requireRoom(text.count + text.count / 3)
        text = grouped(text)
      }
      try pad(sign.utf8 + text, directive)
    }

    private func grouped(_ digits: [UInt8]) -> [UInt8] {
      var text: [UInt8] = []
      text.reserveCapacity(digits.count + digits.count / 3)
      for (position, byte) in digits.enumerated() {
        if position > 0, (digits.count - position) % 3 == 0 { text.append(UInt8(ascii: ",")) }
        text.append(byte)
      }
      return text
    }

    // MARK: REAL

    private mutating func real(
      _ letter: UInt8, _ real: Double, _ directive: Directive
    ) throws(UpkeepError) {
      var sign = real < 0 ? "-" : directive.hasPlus ? "+" : directive.hasBlank ? " " : ""
      guard real.isFinite else {
        if real.isNaN { sign = "" }
        return try pad(Array((sign + (real.isNaN ? "NaN" : "Inf")).utf8), directive)
      }
      let precision = min(directive.precision ?? 6, 350)
      let isUpper = letter == UInt8(ascii: "E") || letter == UInt8(ascii: "G")
      var text: String
      switch letter | 0x20 {
      case UInt8(ascii: "f"): text = RealText.fixed(real.magnitude, precision)
      case UInt8(ascii: "e"): text = RealText.scientific(real.magnitude, precision)
      default: text = RealText.general(real.magnitude, max(1, precision), keepsZeros: directive.isAlternate)
      }
      if isUpper { text = text.uppercased() }
      if directive.keepsPoint || directive.isAlternate, !text.utf8.contains(UInt8(ascii: ".")) {
        let end = text.firstIndex { $0 == "e" || $0 == "E" } ?? text.endIndex
        text.insert(contentsOf: directive.keepsPoint ? ".0" : ".", at: end)
      }
      let zeros =
        directive.padsZeros && !directive.isLeft ? directive.width - sign.utf8.count - text.utf8.count : 0
      try requireRoom(zeros)
      try pad(sign.utf8 + [UInt8](repeating: UInt8(ascii: "0"), count: max(0, zeros)) + text.utf8, directive)
    }
  }
}
