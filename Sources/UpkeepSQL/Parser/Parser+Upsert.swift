import Upkeep

/// INSERT, REPLACE and UPSERT with their conflict clauses.
///
/// The tail has one order: ON CONFLICT clauses, each with its ON AMBIGUITY; ON DUPLICATE; ON ERROR REJECT;
/// RETURNING.
extension Parser {
  mutating func upsert() throws(SyntaxError) -> UpsertStatement {
    let verb = try advance()
    var otherwise = ConflictResolution.abort
    if verb.keyword == .replace { otherwise = .replace }
    if verb.keyword == .insert, try accept(.or) { otherwise = try conflictResolution() }
    try expect(.into)
    var statement = UpsertStatement(into: try tableName(), source: .defaults, otherwise: otherwise)
    let isWith = try atWith
    if try accept(.as) {
      statement.alias = try name("an alias")
    } else if atName, !isWith {
      // PostgreSQL and SQLite want the AS; a word here is most likely a slip.
      expected.insert(.as)
      expected.insert(.leftParen)
      expected.insert(.values)
      expected.insert(.select)
      throw unexpected()
    }
    statement.alias = statement.alias ?? QualifiedName(text: statement.table)?.name
    if at(.leftParen) {
      let next = try peek()
      let isWith = try beginsWith(next)
      if next.keyword != .select, next.keyword != .values, !isWith {
        statement.columns = try columnList()
      }
    }
    try upsertSource(&statement)
    try conflictClauses(&statement, isUpsert: verb.keyword == .upsert)
    try batchPolicies(&statement)
    statement.returning = try returning(allowsAll: true)
    return statement
  }

  /// Whether WITH and a common table stand behind the current token.
  private mutating func beginsWith(_ next: Token) throws(SyntaxError) -> Bool {
    guard next.keyword == .with, isName(try peek(2)) else { return false }
    let third = try peek(3)
    if third.keyword == .as || third.kind == .leftParen { return true }
    return try peek(2).keyword == .recursive
  }

  /// The word after OR.
  mutating func conflictResolution() throws(SyntaxError) -> ConflictResolution {
    if try accept(.ignore) { return .ignore }
    if try accept(.replace) { return .replace }
    if try accept(.abort) { return .abort }
    if try accept(.fail) { return .fail }
    if try accept(.rollback) { return .rollback }
    throw unexpected()
  }

  private mutating func upsertSource(_ statement: inout UpsertStatement) throws(SyntaxError) {
    switch token.keyword {
    case .default?:
      try advance()
      try expect(.values)
      guard statement.columns == nil else {
        throw source.error(.syntax, "DEFAULT VALUES takes no list of columns", at: lastEnd)
      }
    case .values?:
      let start = token.start
      let rows = try valueRows()
      try refuseCompoundOfDefaults()
      if let columns = statement.columns, let first = rows.first, first.count != columns.count {
        let values = "\(first.count) \(first.count == 1 ? "value" : "values")"
        let names = "\(columns.count) \(columns.count == 1 ? "column is" : "columns are")"
        throw source.error(.syntax, "a row of VALUES has \(values), but \(names) named", at: start)
      }
      statement.source = .values(rows)
    case .select?: statement.source = .query(try query())
    case .with? where try atWith: statement.source = .query(try query())
    case .set?: throw unsupported("INSERT … SET", hint: "write (columns) VALUES (…)")
    case nil where at(.leftParen): statement.source = .query(try parenthesizedQuery())
    default:
      _ = (try accept(.values), try accept(.select), try accept(.default))
      if statement.columns == nil { expected.insert(.leftParen) }
      throw unexpected()
    }
  }

  /// `VALUES … UNION …` as a source stands in parentheses, as the rows of VALUES may say DEFAULT.
  private mutating func refuseCompoundOfDefaults() throws(SyntaxError) {
    switch token.keyword {
    case .union?, .intersect?, .except?, .order?, .limit?:
      throw source.error(
        .syntax, "\(describe(token).uppercased()) behind VALUES: put the query in parentheses",
        at: token.start)
    default: return
    }
  }

  // MARK: - ON CONFLICT

  private mutating func conflictClauses(
    _ statement: inout UpsertStatement, isUpsert: Bool
  ) throws(SyntaxError) {
    var catchAll = false
    while at(.on) {
      let start = token.start
      guard try accept(.on, .conflict) else { break }
      guard !catchAll else {
        throw source.error(
          .misuse,
          "the ON CONFLICT before this one has no target and covers every key; put this one before it",
          at: start)
      }
      let clause = try conflictClause()
      if case .anyUnique = clause.target { catchAll = true }
      statement.clauses.append(clause)
    }
    if isUpsert, statement.clauses.isEmpty {
      statement.clauses = [ConflictClause(.primaryKey, .merge(columns: nil))]
    }
    let start = token.start
    if try accept(.on, .ambiguity) {
      guard statement.clauses.count == 1, isUpsert else {
        throw source.error(
          .misuse, "ON AMBIGUITY belongs to an ON CONFLICT clause; the words after INSERT OR never ask it",
          at: start)
      }
      statement.clauses[0].ambiguity = try ambiguityPolicy()
    }
  }

  private mutating func conflictClause() throws(SyntaxError) -> ConflictClause {
    let target = try conflictTarget()
    try expect(.do)
    var clause = ConflictClause(target, try conflictAction())
    if try accept(.on, .ambiguity) { clause.ambiguity = try ambiguityPolicy() }
    return clause
  }

  mutating func conflictTarget() throws(SyntaxError) -> ConflictTarget {
    if try accept(.on) {
      try expect(.constraint)
      return .index(try name("the name of a unique index or constraint"))
    }
    if try accept(.primary, .key) { return .primaryKey }
    guard try accept(.leftParen) else { return .anyUnique }
    var parts: [Expression] = []
    repeat {
      parts.append(try expression())
      _ = try direction()
    } while try accept(.comma)
    try expect(.rightParen)
    let condition = try accept(.where) ? try expression() : nil
    return .columns(parts, where: condition)
  }

  private mutating func conflictAction() throws(SyntaxError) -> ConflictAction {
    if try accept(.nothing) { return .ignore }
    if try accept(.replace) { return .replace }
    if try accept(.merge) {
      if try accept(.not, .null) { return .mergeNonNull }
      return .merge(columns: at(.leftParen) ? try mergeColumns() : nil)
    }
    if at(.fail) {
      try advance()
      return .fail
    }
    if try accept(.update) {
      try expect(.set)
      let assignments = try assignments()
      return .update(assignments: assignments, where: try accept(.where) ? try expression() : nil)
    }
    throw unexpected()
  }

  private mutating func ambiguityPolicy() throws(SyntaxError) -> AmbiguityPolicy {
    if try accept(.fail) { return .fail }
    if try accept(.first) { return .first }
    if try accept(.displace) { return .displace }
    throw unexpected()
  }

  // MARK: - ON DUPLICATE, ON ERROR, RETURNING

  private mutating func batchPolicies(_ statement: inout UpsertStatement) throws(SyntaxError) {
    if try accept(.on, .duplicate) {
      if at(.key) {
        throw unsupported("ON DUPLICATE KEY UPDATE", hint: "write ON CONFLICT DO UPDATE SET …")
      }
      statement.duplicates = try duplicatePolicy()
    }
    if try accept(.on, .error) {
      try expect(.reject)
      var limit: Int?
      if try accept(.limit) { limit = try count() }
      statement.rejects = .collect(limit: limit)
    }
    // Here ON can only begin a tail that came too late, or one that does not exist.
    if at(.on) {
      let start = token.start
      switch try peek().keyword {
      case .conflict?, .ambiguity?, .duplicate?, .error?:
        throw source.error(
          .syntax,
          "ON \(describe(try peek())) comes too late or twice; the order is ON CONFLICT … [ON AMBIGUITY …], "
            + "ON DUPLICATE, ON ERROR REJECT, RETURNING", at: start)
      default:
        try advance()
        _ = (try accept(.conflict), try accept(.duplicate), try accept(.error))
        throw unexpected()
      }
    }
  }

  mutating func duplicatePolicy() throws(SyntaxError) -> DuplicatePolicy {
    if try accept(.fold) { return .fold }
    if try accept(.first) { return .first }
    if try accept(.last) { return .last }
    if try accept(.fail) { return .fail }
    throw unexpected()
  }

  /// A plain number of rows.
  mutating func count() throws(SyntaxError) -> Int {
    guard at(.integer) else { throw unexpected("a number of rows") }
    let start = token.start
    guard case .integer(let count) = try number(negative: false), let rows = Int(exactly: count) else {
      throw source.error(.limit, "this number of rows is too great", at: start)
    }
    return rows
  }

  mutating func returning(allowsAll: Bool) throws(SyntaxError) -> Returning? {
    guard try accept(.returning) else { return nil }
    let includesAll = allowsAll ? try accept(.all) : false
    return Returning(try resultColumns(), includesAll: includesAll)
  }
}
