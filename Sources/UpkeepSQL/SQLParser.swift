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
  /// Stops the reader of a long text; to be reset by who sets it.
  package var cancellation: Cancellation?

  /// The names of the parameters of the statement read last, by number from 1; nil for one that has only a number.
  package var parameterNames: [String?] { parser?.parameters.names ?? [] }

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
    parser.cancellation = cancellation
    guard let (statement, range) = try parser.nextStatement() else {
      offset = source.bytes.count
      statementStart = offset
      return nil
    }
    // What runs the statement begins with a button that nobody pressed.
    try parser.look()
    offset = range.upperBound
    statementStart = offset
    self.parser = parser
    return SQLStatement(statement, source: source, range: range, places: parser.places)
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
