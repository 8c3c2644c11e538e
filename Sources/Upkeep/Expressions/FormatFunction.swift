/// `printf()`, also called `format()`: a text with values put in where it says `%d`, `%s` and so on.
///
/// A value that is missing is NULL: 0 as a number, nothing as a text. What is left over is not looked at. Width and
/// precision of texts count characters.
enum FormatFunction {
  static func apply(_ call: ValueCall) throws(UpkeepError) -> Value {
    guard let format = call.values[0].castText else { return .null }
    var writer = Writer(format: Array(format.utf8), values: call.values.dropFirst())
    try writer.run()
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
        if result.count > RowCodec.longestValue {
          throw UpkeepError(.limit, "printf() gives a text longer than \(RowCodec.longestValue) bytes")
        }
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
      let most = 1 << 26
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
      case UInt8(ascii: "%"): pad(["%"], directive)
      case UInt8(ascii: "d"), UInt8(ascii: "i"):
        let integer = Arithmetic.integer(next()) ?? 0
        pad(number: String(integer.magnitude), isNegative: integer < 0, directive)
      case UInt8(ascii: "u"):
        let integer = Arithmetic.integer(next()) ?? 0
        pad(number: String(UInt64(bitPattern: integer)), isNegative: nil, directive)
      case UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "o"), UInt8(ascii: "p"):
        let bits = UInt64(bitPattern: Arithmetic.integer(next()) ?? 0)
        let isOctal = letter == UInt8(ascii: "o")
        let isUpper = letter == UInt8(ascii: "X") || letter == UInt8(ascii: "p")
        let prefix = !directive.isAlternate || bits == 0 ? "" : isOctal ? "0" : isUpper ? "0X" : "0x"
        let digits = String(bits, radix: isOctal ? 8 : 16, uppercase: isUpper)
        pad(number: digits, isNegative: nil, prefix: prefix, directive)
      case UInt8(ascii: "f"), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "g"), UInt8(ascii: "G"):
        real(letter, Arithmetic.real(next()) ?? 0, directive)
      case UInt8(ascii: "c"):
        let first = (next().castText ?? "").unicodeScalars.prefix(1)
        let count = min(max(1, directive.precision ?? 1), RowCodec.longestValue)
        pad((0..<count).flatMap { _ in first }, directive)
      case UInt8(ascii: "s"), UInt8(ascii: "z"):
        let scalars = Array((next().castText ?? "").unicodeScalars)
        pad(directive.precision.map { Array(scalars.prefix($0)) } ?? scalars, directive)
      case UInt8(ascii: "q"), UInt8(ascii: "Q"), UInt8(ascii: "w"): quoted(letter, directive)
      case UInt8(ascii: "n"): break
      default: return false
      }
      return true
    }

    /// `%q`, `%Q`, `%w`: quotes doubled, so that the text can stand in a string or a name.
    private mutating func quoted(_ letter: UInt8, _ directive: Directive) {
      let value = next()
      let isWhole = letter == UInt8(ascii: "Q")
      guard let text = value.castText else {
        return pad(Array((isWhole ? "NULL" : "(NULL)").unicodeScalars), directive)
      }
      let quote: Unicode.Scalar = letter == UInt8(ascii: "w") ? "\"" : "'"
      var scalars: [Unicode.Scalar] = isWhole ? [quote] : []
      let source = Array(text.unicodeScalars)
      for scalar in directive.precision.map({ Array(source.prefix($0)) }) ?? source {
        scalars.append(scalar)
        if scalar == quote { scalars.append(quote) }
      }
      if isWhole { scalars.append(quote) }
      pad(scalars, directive)
    }

    private mutating func pad(_ text: [Unicode.Scalar], _ directive: Directive) {
      let blanks = [UInt8](repeating: 0x20, count: max(0, directive.width - text.count))
      if !directive.isLeft { result += blanks }
      for scalar in text { result += UTF8.encode(scalar).map { Array($0) } ?? [] }
      if directive.isLeft { result += blanks }
    }

    /// - Parameter isNegative: nil for a number without a sign.
    private mutating func pad(
      number digits: String, isNegative: Bool?, prefix: String = "", _ directive: Directive
    ) {
      var sign = prefix
      if let isNegative {
        sign = isNegative ? "-" : directive.hasPlus ? "+" : directive.hasBlank ? " " : ""
      }
      var least = directive.precision ?? 0
      if directive.padsZeros { least = max(least, directive.width - sign.utf8.count) }
      var text = String(repeating: "0", count: max(0, least - digits.utf8.count)) + digits
      if directive.groups { text = grouped(text) }
      pad(Array((sign + text).unicodeScalars), directive)
    }

    private func grouped(_ digits: String) -> String {
      let bytes = Array(digits.utf8)
      var text: [UInt8] = []
      for (position, byte) in bytes.enumerated() {
        if position > 0, (bytes.count - position) % 3 == 0 { text.append(UInt8(ascii: ",")) }
        text.append(byte)
      }
      return String(decoding: text, as: UTF8.self)
    }

    // MARK: REAL

    private mutating func real(_ letter: UInt8, _ real: Double, _ directive: Directive) {
      var sign = real < 0 ? "-" : directive.hasPlus ? "+" : directive.hasBlank ? " " : ""
      guard real.isFinite else {
        if real.isNaN { sign = "" }
        return pad(Array((sign + (real.isNaN ? "NaN" : "Inf")).unicodeScalars), directive)
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
      pad(Array((sign + String(repeating: "0", count: max(0, zeros)) + text).unicodeScalars), directive)
    }
  }
}
