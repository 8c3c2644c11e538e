import Upkeep

/// `MERGE INTO t [alias] USING source [alias] ON condition | USING (columns) WHEN … THEN … [ON ERROR REJECT [LIMIT n]]
/// [RETURNING …]`
extension Parser {
  mutating func merge() throws(SyntaxError) -> MergeStatement {
    try advance()
    try expect(.into)
    let name = try tableName()
    let table = TableReference(written: name, as: try alias())
    try expect(.using)
    let (source, sourceName) = try mergeSource()
    let (condition, commonColumns) = try mergeCondition(table.alias ?? table.name, sourceName)
    var statement = MergeStatement(into: table, using: source, as: sourceName, on: condition, [])
    statement.commonColumns = commonColumns
    while try accept(.when) { statement.clauses.append(try mergeClause()) }
    if statement.clauses.isEmpty { throw unexpected() }
    if try accept(.on, .error) {
      try expect(.reject)
      statement.rejects = .collect(limit: try accept(.limit) ? try count() : nil)
    }
    statement.returning = try returning(allowsAll: false)
    return statement
  }

  /// A source with the name of its rows.
  private mutating func mergeSource() throws(SyntaxError) -> (SyncSource, String) {
    let start = token.start
    let isNamed = !at(.leftParen)
    let (source, alias) = try syncSource()
    if let alias { return (source, alias) }
    if isNamed, case .query(let query) = source, let name = query.onlyTable { return (source, name) }
    throw sourceNeedsName(at: start)
  }

  private func sourceNeedsName(at start: Int) -> SyntaxError {
    source.error(.syntax, "this source needs a name for its rows: (SELECT …) AS s", at: start)
  }

  /// `ON condition`, or `USING (columns)`, which are equal in both.
  private mutating func mergeCondition(
    _ table: String, _ sourceName: String
  ) throws(SyntaxError) -> (Expression, columns: [String]) {
    if try accept(.on) { return (try expression(), []) }
    guard try accept(.using) else { throw unexpected() }
    let columns = try columnList()
    return (.equal(columns, of: table, and: sourceName), columns)
  }

  /// Behind WHEN.
  private mutating func mergeClause() throws(SyntaxError) -> MergeClause {
    var match = MergeClause.Match.matched
    if try accept(.not) {
      match = .notMatched
      try expect(.matched)
      if try accept(.by) {
        if try accept(.source) { match = .notMatchedBySource } else { try expect(.target) }
      }
    } else {
      try expect(.matched)
    }
    let condition = try accept(.and) ? try expression() : nil
    try expect(.then)
    return MergeClause(match, and: condition, try mergeAction(match))
  }

  private mutating func mergeAction(_ match: MergeClause.Match) throws(SyntaxError) -> MergeClause.Action {
    if try accept(.do) {
      try expect(.nothing)
      return .nothing
    }
    if try accept(.error) { return .error }
    if match == .notMatched {
      if try accept(.insert) { return try mergeInsert() }
      throw unexpected()
    }
    if try accept(.delete) { return .delete }
    guard try accept(.update) else { throw unexpected() }
    try expect(.set)
    if match == .matched, at(.star) {
      try advance()
      return .updateAll
    }
    return .update(try assignments())
  }

  /// `*`, `DEFAULT VALUES`, `[(columns)] VALUES (…)`
  private mutating func mergeInsert() throws(SyntaxError) -> MergeClause.Action {
    if at(.star) {
      try advance()
      return .insertAll
    }
    if try accept(.default) {
      try expect(.values)
      return .insertDefaults
    }
    let columns = at(.leftParen) ? try columnList() : nil
    let start = token.start
    let rows = try valueRows()
    guard rows.count == 1, let values = rows.first else {
      throw source.error(.syntax, "WHEN NOT MATCHED inserts one row for each of the source's", at: start)
    }
    if let columns, columns.count != values.count {
      throw source.error(
        .syntax, "a row of VALUES has \(values.count) values, but \(columns.count) columns are named",
        at: start)
    }
    return .insert(columns: columns, values: values)
  }
}

extension Query {
  /// The name of the table all of which it is.
  fileprivate var onlyTable: String? {
    guard case .select(let select) = block, case .table(let reference)? = select.from.first?.source else {
      return nil
    }
    return reference.alias ?? reference.name
  }
}

extension Expression {
  /// Columns of two rows are equal.
  static func equal(_ columns: [String], of one: String, and other: String) -> Expression {
    var condition: Expression?
    for column in columns {
      let equal = Expression.binary(
        .equal, .column(ColumnReference(column, of: one)), .column(ColumnReference(column, of: other)))
      condition = condition.map { .binary(.and, $0, equal) } ?? equal
    }
    return condition ?? .literal(.integer(1))
  }
}
