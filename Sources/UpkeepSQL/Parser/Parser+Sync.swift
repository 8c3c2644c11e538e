import Upkeep

/// `SYNC t FROM source [BY key] [ALLOW EMPTY] [ON AMBIGUITY FAIL | DISPLACE] [ON DUPLICATE …] [ON ERROR REJECT [LIMIT n]] [RETURNING …]`
extension Parser {
  mutating func sync() throws(SyntaxError) -> SyncStatement {
    try advance()
    let table = try tableName()
    try expect(.from)
    var statement = SyncStatement(table, from: try syncSource().source)
    if try accept(.by) { statement.key = try syncKey() }
    if try accept(.allow) {
      try expect(.empty)
      statement.allowsEmpty = true
    }
    if try accept(.on, .ambiguity) {
      if try accept(.displace) {
        statement.displaces = true
      } else {
        try expect(.fail)
      }
    }
    if try accept(.on, .duplicate) { statement.duplicates = try duplicatePolicy() }
    if try accept(.on, .error) {
      try expect(.reject)
      statement.rejects = .collect(limit: try accept(.limit) ? try count() : nil)
    }
    statement.returning = try returning(allowsAll: true)
    return statement
  }

  /// A table, `'file'`, `(SELECT …)`, or `(VALUES …) AS name (columns)`.
  mutating func syncSource() throws(SyntaxError) -> (source: SyncSource, name: String?) {
    if at(.string) {
      let path = try unquoted(advance())
      return (.file(path), try sourceAlias())
    }
    guard try accept(.leftParen) else {
      let name = try tableName("the name of a table, a file in quotes, or a query in parentheses")
      let alias = try sourceAlias()
      return (.query(Query([.all(of: nil)], from: TableReference(written: name, as: alias))), alias)
    }
    let isWith = try atWith
    if isWith || at(.select) {
      let query = try query()
      try expect(.rightParen)
      return (.query(query), try sourceAlias())
    }
    let start = token.start
    let rows = try valueRows()
    try expect(.rightParen)
    let alias = try sourceAlias()
    guard at(.leftParen) else {
      throw source.error(
        .syntax, "VALUES need names for their columns here: (VALUES …) AS v (id, name)", at: start)
    }
    let columns = try columnList()
    if let row = rows.firstIndex(where: { $0.count != columns.count }) {
      throw source.error(
        .syntax, "row \(row + 1) of VALUES has \(rows[row].count) values for \(columns.count) columns",
        at: start)
    }
    return (.values(rows, columns: columns), alias)
  }

  private mutating func sourceAlias() throws(SyntaxError) -> String? {
    if try accept(.as) { return try name("an alias") }
    guard atName, token.keyword != .by, token.keyword != .allow, token.keyword?.startsTail != true else {
      return nil
    }
    return try name("an alias")
  }

  /// `PRIMARY KEY`, `(columns) [WHERE …]`, `ON CONSTRAINT name`, or one column without parentheses.
  private mutating func syncKey() throws(SyntaxError) -> ConflictTarget {
    if at(.leftParen) || at(.on) || at(.primary) { return try conflictTarget() }
    return .columns([.column(ColumnReference(try name("a column, or columns in parentheses")))], where: nil)
  }
}
