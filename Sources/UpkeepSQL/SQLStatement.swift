public import Upkeep

/// One statement read from a text, and where it stood there.
public struct SQLStatement: Sendable {
  /// What a session runs.
  public let statement: Statement
  /// The bytes of the text that the statement stands on, without the `;`.
  public let range: Range<Int>
  let source: SourceText
  private let places: NamePlaces

  init(_ statement: Statement, source: SourceText, range: Range<Int>, places: NamePlaces) {
    self.statement = statement
    self.source = source
    self.range = range
    self.places = places
  }

  /// The statement as it was written.
  public var text: String { source.text(range) }

  /// An error of running the statement, with the place of the name that it complains of.
  ///
  /// A column in an expression knows where it was read. Of other names Upkeep says only which it did not know: that is
  /// looked for where the text has names of its kind, and then among all of them.
  func locate(_ error: UpkeepError) -> UpkeepError {
    guard error.line == nil else { return error }
    if let offset = error.place.offset, range.contains(offset) { return located(error, at: offset) }
    guard let name = error.name else { return error }
    let candidates: [Int]
    switch error.code {
    case .unknownTable: candidates = places.tables
    case .unknownColumn: candidates = places.columns
    case .unknownFunction: candidates = places.functions
    case .unknownIndex, .exists: candidates = []
    default: return error
    }
    let last = Names.folded(name.split(separator: ".").last.map(String.init) ?? name)
    let wanted = [last, Names.folded(name)]
    for offset in candidates where self.name(at: offset).map({ wanted.contains($0) }) == true {
      return located(error, at: offset)
    }
    var lexer = Lexer(source)
    lexer.offset = range.lowerBound
    while let token = try? lexer.next(), token.kind != .endOfText, token.start < range.upperBound {
      if let found = self.name(token), wanted.contains(found) { return located(error, at: token.start) }
    }
    return error
  }

  private func located(_ error: UpkeepError, at offset: Int) -> UpkeepError {
    var located = source.locate(error, at: offset)
    if error.code == .unknownColumn, source.bytes[offset] == UInt8(ascii: "\"") {
      located.message += "; a string is written in single quotes"
    }
    if error.code == .unknownColumn, !error.message.contains("did you mean"),
      ["rowid", "oid", "_rowid_"].contains(name(at: offset))
    {
      located.message += "; a table with a primary key has no rowid, its key is the row's"
    }
    return located
  }

  /// The name that stands there, folded.
  private func name(at offset: Int) -> String? {
    var lexer = Lexer(source)
    lexer.offset = offset
    guard let token = try? lexer.next() else { return nil }
    return name(token)
  }

  private func name(_ token: Token) -> String? {
    guard token.kind == .word || token.kind == .quotedName else { return nil }
    var bytes = source.bytes[token.range]
    if token.kind == .quotedName { bytes = bytes.dropFirst().dropLast() }
    return Names.folded(String(decoding: bytes, as: UTF8.self))
  }
}

/// Where a statement names things that Upkeep looks up, in bytes of the text.
struct NamePlaces: Sendable {
  var tables: [Int] = []
  /// Columns of the table that the statement is about; those in expressions know their place themselves.
  var columns: [Int] = []
  var functions: [Int] = []
}
