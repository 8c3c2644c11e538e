public import Upkeep

/// Reads statements from SQL text, one at a time, as the values that a ``Session`` runs.
///
///     var parser = SQLParser("CREATE TABLE t (id INTEGER PRIMARY KEY); UPSERT INTO t VALUES (1);")
///     while let statement = try parser.next() {
///       try session.execute(statement)
///     }
///
/// A text is read as far as it is asked for: an error in the third statement is thrown when the third is
/// asked for. After an error ``skipStatement()`` goes on behind the statement that has it.
public struct SQLParser: Sendable {
  private let source: SourceText
  private let parameters: SQLParameters?
  private var parser: Parser?
  /// Where the statement that is read next, or was read in vain, begins.
  private var statementStart = 0

  /// How many bytes of the text have been read: up to the end of the last statement, without its `;`.
  public private(set) var offset = 0

  /// A reader of a text. Without parameters, those of the text stay `.parameter`s.
  public init(_ text: String, parameters: SQLParameters? = nil, firstLine: Int = 1) {
    self.init(utf8: Array(text.utf8), parameters: parameters, firstLine: firstLine)
  }

  /// A reader of a text that may not even be UTF-8; where it is not, an error says so.
  public init(utf8: [UInt8], parameters: SQLParameters? = nil, firstLine: Int = 1) {
    source = SourceText(utf8, firstLine: firstLine)
    self.parameters = parameters
  }

  /// The next statement; nil at the end.
  ///
  /// - Throws: `syntax`, `unsupported`, `limit` or `misuse`, with line, column and the line's text. Asked
  ///   again after an error, it begins with the same statement; see ``skipStatement()``.
  public mutating func next() throws(UpkeepError) -> SQLStatement? {
    do throws(SyntaxError) {
      return try read()
    } catch {
      throw error.error
    }
  }

  private mutating func read() throws(SyntaxError) -> SQLStatement? {
    var parser: Parser
    if let current = self.parser {
      parser = current
      self.parser = nil
    } else {
      parser = try Parser(source, from: statementStart, parameters: parameters)
    }
    guard let (statement, range) = try parser.nextStatement() else {
      offset = source.bytes.count
      statementStart = offset
      return nil
    }
    offset = range.upperBound
    statementStart = offset
    self.parser = parser
    return SQLStatement(statement, source: source, range: range)
  }

  /// Goes to behind the `;` that ends the statement that could not be read.
  public mutating func skipStatement() {
    parser = nil
    var splitter = StatementSplitter()
    var index = statementStart
    let piece = 4_096
    // In pieces, as the text may be long and the statement short.
    while index < source.bytes.count {
      let end = min(index + piece, source.bytes.count)
      splitter.append(source.bytes[index..<end])
      if splitter.next() != nil { break }
      index = end
    }
    guard index < source.bytes.count else {
      statementStart = source.bytes.count
      offset = statementStart
      return
    }
    // The end lies in this piece: find its byte.
    var exact = StatementSplitter()
    exact.append(source.bytes[statementStart..<index])
    while index < source.bytes.count {
      exact.append(CollectionOfOne(source.bytes[index]))
      index += 1
      if exact.next() != nil { break }
    }
    statementStart = index
    offset = index
  }
}

/// One statement read from a text, and where it stood there.
public struct SQLStatement: Sendable {
  /// What a session runs.
  public let statement: Statement
  /// The bytes of the text that the statement stands on, without the `;`.
  public let range: Range<Int>
  let source: SourceText

  init(_ statement: Statement, source: SourceText, range: Range<Int>) {
    self.statement = statement
    self.source = source
    self.range = range
  }

  /// The statement as it was written.
  public var text: String { source.text(range) }

  /// An error of running the statement, with the place of the name that it complains of.
  ///
  /// Upkeep knows no text: it says which name it did not know, and here that name is looked for.
  func locate(_ error: UpkeepError) -> UpkeepError {
    guard error.line == nil, let name = error.name else { return error }
    switch error.code {
    case .unknownTable, .unknownColumn, .unknownIndex, .unknownFunction, .exists: break
    default: return error
    }
    var lexer = Lexer(source)
    lexer.offset = range.lowerBound
    let wanted = Names.folded(name.split(separator: ".").last.map(String.init) ?? name)
    let whole = Names.folded(name)
    while let token = try? lexer.next(), token.kind != .endOfText, token.start < range.upperBound {
      guard token.kind == .word || token.kind == .quotedName else { continue }
      var bytes = source.bytes[token.range]
      if token.kind == .quotedName { bytes = bytes.dropFirst().dropLast() }
      let found = Names.folded(String(decoding: bytes, as: UTF8.self))
      guard found == wanted || found == whole else { continue }
      var located = source.locate(error, at: token.start)
      if error.code == .unknownColumn, source.bytes[token.start] == UInt8(ascii: "\"") {
        located.message += "; a string is written in single quotes"
      }
      return located
    }
    return error
  }
}
