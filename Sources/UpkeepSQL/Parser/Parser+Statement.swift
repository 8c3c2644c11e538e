import Upkeep

/// One statement, by its first word.
extension Parser {
  /// Reads one statement up to the `;` behind it or the end of the text; nil if none is left.
  mutating func nextStatement() throws(SyntaxError) -> (statement: Statement, range: Range<Int>)? {
    while at(.semicolon) { try advance() }
    guard !at(.endOfText) else { return nil }
    parameters.beginStatement()
    lastBareAlias = nil
    places = NamePlaces()
    let start = token.start
    let statement = try statement()
    let end = lastEnd
    guard at(.semicolon) || at(.endOfText) else {
      expected.insert(.semicolon)
      throw unexpected()
    }
    return (statement, start..<end)
  }

  mutating func statement() throws(SyntaxError) -> Statement {
    guard token.kind == .word, let first = token.keyword else { throw noStatement() }
    switch first {
    case .select, .values: return Self.statement(try query())
    case .insert where try atBucketInsert(): return try insertIntoBucket()
    case .insert, .replace, .upsert: return .upsert(try upsert())
    case .update: return .update(try update())
    case .delete: return .delete(try delete())
    case .create: return try create()
    case .drop: return try drop()
    case .alter: return try alter()
    case .begin, .commit, .end, .rollback, .savepoint, .release: return try transactionControl()
    case .explain: return try explain()
    case .sync where isName(try peek()): return .sync(try sync())
    case .merge where try peek().kind == .word: return .merge(try merge())
    case .preview where try peek().kind == .word: return try preview()
    case .with: return try withStatement()
    case .pragma: return try pragma()
    case .merge, .sync, .preview, .analyze, .attach, .detach, .copy, .grant, .reindex, .truncate, .vacuum:
      // Words that are no statement here may still be a slip; followed by anything, they are refused by name.
      throw unsupported(first.text, hint: Self.hints[first])
    default: throw noStatement()
    }
  }

  /// Rows alone are a statement of their own.
  private static func statement(_ query: Query) -> Statement {
    if case .values(let rows) = query.block, query == Query(query.block) { return .values(rows) }
    return .select(query)
  }

  private static let hints: [Keyword: String] = [
    .truncate: "DELETE FROM without WHERE empties a table",
    .merge: "write MERGE INTO t USING s ON … WHEN …",
    .vacuum: "the file is kept compact without it, and upkeep compact makes it as small as it can be",
    .analyze: "plans go by counts of rows that are always there",
    .reindex: "indexes are never out of step with their table",
    .attach: "a store is one file",
  ]

  private static let beginnings: [Keyword] = [
    .select, .values, .with, .insert, .replace, .upsert, .update, .delete, .create, .drop, .alter, .begin,
    .commit,
    .end, .rollback, .savepoint, .release, .explain, .sync, .preview, .merge,
  ]

  private func noStatement() -> SyntaxError {
    var message = "found \(describe(token)), expected a statement"
    if token.kind == .word,
      let meant = Keyword.nearest(to: source.text(token.range), among: Self.beginnings)
    {
      message += "; did you mean \(meant.text)?"
    } else {
      message += " such as SELECT, UPSERT, INSERT, UPDATE, DELETE or CREATE"
    }
    return source.error(.syntax, message, at: token.start)
  }

  // MARK: - Transactions

  private mutating func transactionControl() throws(SyntaxError) -> Statement {
    switch try advance().keyword {
    case .begin:
      var immediate = false
      if try accept(.immediate) {
        immediate = true
      } else if try accept(.exclusive) {
        immediate = true
      } else {
        _ = try accept(.deferred)
      }
      _ = try accept(.transaction)
      return .begin(immediate: immediate)
    case .commit, .end:
      _ = try accept(.transaction)
      return .commit
    case .rollback:
      _ = try accept(.transaction)
      guard try accept(.to) else { return .rollback }
      return .rollbackTo(try savepointName())
    case .savepoint: return .savepoint(try name("the name of a savepoint"))
    default: return .release(try savepointName())
    }
  }

  /// `[SAVEPOINT] name`; a savepoint may itself be called savepoint.
  private mutating func savepointName() throws(SyntaxError) -> String {
    if at(.savepoint), isName(try peek()) { try advance() }
    return try name("the name of a savepoint")
  }

  private mutating func explain() throws(SyntaxError) -> Statement {
    try advance()
    if try accept(.query) { try expect(.plan) }
    switch token.keyword {
    case .select?, .values?, .with?, .insert?, .replace?, .upsert?, .update?, .delete?, .sync?, .merge?:
      return .explain(.statement(try statement()))
    default: throw unexpected("SELECT, WITH, UPSERT, INSERT, REPLACE, UPDATE, DELETE, SYNC or MERGE")
    }
  }

  private mutating func preview() throws(SyntaxError) -> Statement {
    try advance()
    switch token.keyword {
    case .with?, .insert?, .replace?, .upsert?, .update?, .delete?, .sync?, .merge?:
      return .preview(.statement(try statement()))
    default: throw unexpected("UPSERT, INSERT, REPLACE, UPDATE, DELETE, SYNC or MERGE")
    }
  }
}
