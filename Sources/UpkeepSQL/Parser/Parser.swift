import Upkeep

/// Reads statements from a text, straight into Upkeep's statement values. Names stay names: what they stand
/// for is Upkeep's to find.
///
/// One token is current and a few may be looked at ahead. What the grammar asked for at the current token
/// and did not find is remembered, so that an error can say what was expected there.
package struct Parser: Sendable {
  var lexer: Lexer
  /// The token that the grammar stands at.
  var token: Token
  /// Where the last token taken ends.
  var lastEnd = 0
  /// Tokens looked at beyond the current one, nearest first.
  private var ahead: [Token] = []
  /// What was asked for at the current token in vain.
  var expected = Expected()
  /// How deep the recursion of expressions is.
  var nesting = 0
  /// Where comparisons of rows that were read last begin, none within another that is here, and how many are within each
  /// other in it.
  var rowComparisons: [(start: Int, levels: Int)] = []
  /// How deep queries stand in one another here.
  var queryDepth = 0
  /// The depth of the deepest expression read so far: that of a query's is its own.
  var deepestSeen = 0
  /// Values for parameters, and the names met so far.
  var parameters: ParameterList
  /// The last bare word taken as an alias: perhaps a keyword mistyped.
  var lastBareAlias: Token?
  /// Where the statement names what.
  var places = NamePlaces()
  /// CREATE TABLE has come to the constraints of the table.
  var hasTableConstraint = false
  /// Stops the reader of a long text.
  var cancellation: Cancellation?
  private var tokenCount = 0

  var source: SourceText { lexer.source }

  package init(
    _ source: SourceText, from offset: Int = 0, parameters: SQLParameters? = nil
  ) throws(SyntaxError) {
    lexer = Lexer(source)
    lexer.offset = max(lexer.offset, offset)
    self.parameters = ParameterList(parameters)
    token = try lexer.next()
    lastEnd = token.start
  }

  // MARK: - Walking

  /// Goes to the next token and gives the one left behind.
  @discardableResult
  mutating func advance() throws(SyntaxError) -> Token {
    let taken = token
    tokenCount &+= 1
    if tokenCount & 4095 == 0 { try look() }
    token = ahead.isEmpty ? try lexer.next() : ahead.removeFirst()
    lastEnd = taken.end
    expected = Expected()
    return taken
  }

  /// Whether somebody wants no more of it.
  @inline(never)
  func look() throws(SyntaxError) {
    guard let cancellation else { return }
    do throws(UpkeepError) { try cancellation.check() } catch { throw SyntaxError(error) }
  }

  /// The n-th token after the current one.
  mutating func peek(_ distance: Int = 1) throws(SyntaxError) -> Token {
    while ahead.count < distance { ahead.append(try lexer.next()) }
    return ahead[distance - 1]
  }

  /// Whether the current token is this keyword. It does not count as asked for.
  func at(_ keyword: Keyword) -> Bool { token.keyword == keyword }

  /// Whether the current token is of this kind. It does not count as asked for.
  func at(_ kind: TokenKind) -> Bool { token.kind == kind }

  /// Takes the keyword if it is there.
  mutating func accept(_ keyword: Keyword) throws(SyntaxError) -> Bool {
    guard token.keyword == keyword else {
      expected.insert(keyword)
      return false
    }
    try advance()
    return true
  }

  /// Takes the symbol if it is there.
  mutating func accept(_ kind: TokenKind) throws(SyntaxError) -> Bool {
    guard token.kind == kind else {
      expected.insert(kind)
      return false
    }
    try advance()
    return true
  }

  /// Takes both keywords if they are there.
  mutating func accept(_ first: Keyword, _ second: Keyword) throws(SyntaxError) -> Bool {
    guard token.keyword == first, try peek().keyword == second else {
      expected.insert(first)
      return false
    }
    try advance()
    try advance()
    return true
  }

  /// Takes the keyword, which must be there.
  mutating func expect(_ keyword: Keyword) throws(SyntaxError) {
    guard try accept(keyword) else { throw unexpected() }
  }

  /// Takes the symbol, which must be there.
  mutating func expect(_ kind: TokenKind) throws(SyntaxError) {
    guard try accept(kind) else { throw unexpected() }
  }

  // MARK: - Names

  /// Whether the current token can be a name.
  var atName: Bool { isName(token) }

  func isName(_ token: Token) -> Bool {
    token.kind == .quotedName || (token.kind == .word && token.keyword?.isReserved != true)
  }

  /// Takes a name; `what` says of what, for the error if there is none.
  mutating func name(_ what: String) throws(SyntaxError) -> String {
    guard atName else { throw noName(what) }
    return try text(ofName: advance())
  }

  /// What a name's token names.
  func text(ofName token: Token) throws(SyntaxError) -> String {
    guard token.kind == .quotedName else { return source.text(token.range) }
    let name = try unquoted(token)
    guard !name.isEmpty else { throw source.error(.syntax, "a name cannot be empty", at: token.start) }
    guard !name.utf8.contains(0) else {
      throw source.error(.syntax, "a name cannot hold a NUL byte", at: token.start)
    }
    return name
  }

  /// The text between a token's quotes, doubled quotes made single.
  func unquoted(_ token: Token) throws(SyntaxError) -> String {
    let inner = source.bytes[token.start + 1..<token.end - 1]
    let quote = source.bytes[token.end - 1]
    var text: String?
    if inner.contains(quote) {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(inner.count)
      var index = inner.startIndex
      while index < inner.endIndex {
        bytes.append(inner[index])
        index += inner[index] == quote ? 2 : 1
      }
      text = String(validating: bytes, as: UTF8.self)
    } else {
      text = String(validating: inner, as: UTF8.self)
    }
    guard let text else {
      let what = token.kind == .string ? "string" : "name"
      throw source.error(
        .syntax, "this \(what) is not UTF-8; write bytes as a blob, x'…'", at: token.start)
    }
    return text
  }

  /// `t`, `main.t` or `temp.t`
  mutating func tableName(_ what: String = "the name of a table") throws(SyntaxError) -> String {
    let start = token.start
    places.tables.append(start)
    let first = try name(what)
    guard try accept(.dot) else { return first }
    guard let database = QualifiedName.Database(rawValue: first.lowercased()) else {
      throw noDatabase(first, at: start)
    }
    places.tables.append(token.start)
    return QualifiedName(try name(what), in: database).text
  }

  func noDatabase(_ name: String, at start: Int) -> SyntaxError {
    source.error(
      .unsupported, "there is no database \(name); there is main, and temp for temporary tables", at: start)
  }

  /// Takes the name of a column of the table that the statement is about.
  mutating func columnName() throws(SyntaxError) -> String {
    places.columns.append(token.start)
    return try name("the name of a column")
  }

  /// `(a, b, c)`, names that must differ.
  mutating func columnList() throws(SyntaxError) -> [String] {
    try expect(.leftParen)
    var names: [String] = []
    var seen: Set<String> = []
    repeat {
      let start = token.start
      let column = try columnName()
      guard seen.insert(column.lowercased()).inserted else {
        throw source.error(.misuse, "column \(column) is named twice", at: start)
      }
      names.append(column)
    } while try accept(.comma)
    try expect(.rightParen)
    return names
  }

  /// The text from a token's start to the end of the last token taken.
  func written(from start: Int) -> String { source.text(start..<max(start, lastEnd)) }
}
