public import Upkeep

/// Writes values, expressions, definitions and statements as SQL text that reads back as the same value.
///
///     SQLPrinter.createTable(table.definition, indexes: table.indexes)
public enum SQLPrinter {
  // MARK: - Names and literals

  /// A name, in double quotes where it could not stand bare.
  public static func name(_ name: String) -> String {
    let bytes = name.utf8
    let isPlain =
      bytes.first.map { Lexer.startsWord($0) && $0 < 0x80 } == true
      && bytes.allSatisfy { $0 < 0x80 && Lexer.continuesWord($0) }
    if isPlain, Keyword.find(Array(bytes)[...]).map(staysAName) ?? true { return name }
    return "\"\(doubled(name, "\""))\""
  }

  /// A table's name, with that of its database if it is qualified.
  static func tableName(_ text: String) -> String {
    guard let qualified = QualifiedName(text: text) else { return name(text) }
    return "\(qualified.database.rawValue).\(name(qualified.name))"
  }

  /// Words that mean something where any name may stand are quoted; the rest of the contextual keywords are
  /// names everywhere that the printer writes one.
  private static func staysAName(_ keyword: Keyword) -> Bool {
    switch keyword {
    case .true, .false, .current_timestamp, .current_date, .current_time, .cast, .glob, .regexp, .match,
      .like, .partition, .range, .rows, .groups, .generated, .always, .merge, .raise, .row, .end, .with:
      false
    default: !keyword.startsTail
    }
  }

  /// A name of a table or column with what stands before it.
  static func qualified(_ qualifier: String?, _ name: String) -> String {
    qualifier.map { "\(self.name($0)).\(self.name(name))" } ?? self.name(name)
  }

  static func names(_ list: [String]) -> String { "(\(list.map(name).joined(separator: ", ")))" }

  /// A value as a literal.
  public static func literal(_ value: Value) -> String {
    switch value {
    case .null: return "NULL"
    case .integer(let integer): return String(integer)
    case .real(let real): return self.real(real)
    case .text(let text): return string(text)
    case .blob(let bytes): return blob(bytes)
    case .boolean(let boolean): return boolean ? "TRUE" : "FALSE"
    case .timestamp: return "TIMESTAMP \(string(value.description))"
    case .uuid: return "UUID \(string(value.description))"
    case .json(let text): return "JSON \(string(text))"
    }
  }

  static func string(_ text: String) -> String { "'\(doubled(text, "'"))'" }

  /// The shortest digits that read back as the same number; infinity as a number too great.
  private static func real(_ real: Double) -> String {
    if real.isInfinite { return real < 0 ? "-9e999" : "9e999" }
    return "\(real)"
  }

  private static func blob(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = Array("x'".utf8)
    text.reserveCapacity(bytes.count * 2 + 3)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    text.append(UInt8(ascii: "'"))
    return String(decoding: text, as: UTF8.self)
  }

  private static func doubled(_ text: String, _ quote: Character) -> String {
    guard let mark = quote.asciiValue, text.utf8.contains(mark) else { return text }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count + 8)
    for byte in text.utf8 {
      bytes.append(byte)
      if byte == mark { bytes.append(byte) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
