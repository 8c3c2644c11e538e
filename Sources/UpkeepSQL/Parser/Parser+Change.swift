import Upkeep

/// UPDATE, DELETE, and SET lists.
extension Parser {
  mutating func update() throws(SyntaxError) -> UpdateStatement {
    try advance()
    let otherwise = try accept(.or) ? try conflictResolution() : .abort
    let table = try changedTable()
    try expect(.set)
    var statement = UpdateStatement(table, set: try assignments(), otherwise: otherwise)
    if try accept(.from) { statement.sources = try fromItems() }
    if try accept(.where) { statement.condition = try expression() }
    statement.returning = try returning(allowsAll: false)
    if at(.order) || at(.limit) { throw unsupported("\(describe(token)) in UPDATE") }
    return statement
  }

  mutating func delete() throws(SyntaxError) -> DeleteStatement {
    try advance()
    try expect(.from)
    var statement = DeleteStatement(try changedTable())
    if try accept(.using) { statement.sources = try fromItems() }
    if try accept(.where) { statement.condition = try expression() }
    statement.returning = try returning(allowsAll: false)
    if at(.order) || at(.limit) { throw unsupported("\(describe(token)) in DELETE") }
    return statement
  }

  private mutating func changedTable() throws(SyntaxError) -> TableReference {
    let table = try tableName()
    let alias = try accept(.as) ? try name("an alias") : nil
    try passIndexHint()
    return TableReference(written: table, as: alias)
  }

  /// `a = x, (b, c) = (y, z), d = DEFAULT`
  mutating func assignments() throws(SyntaxError) -> [Assignment] {
    var list: [Assignment] = []
    var seen: Set<String> = []
    repeat {
      let start = token.start
      let columns = at(.leftParen) ? try columnList() : [try columnName()]
      let isRow = source.bytes[start] == UInt8(ascii: "(")
      if at(.dot) {
        throw source.error(
          .syntax, "a column in a SET list is named without its table", at: token.start)
      }
      for column in columns {
        guard seen.insert(column.lowercased()).inserted else {
          throw source.error(.misuse, "column \(column) is set twice", at: start)
        }
      }
      try expect(.equal)
      guard isRow else {
        list.append(Assignment(columns[0], try assigned()))
        continue
      }
      let valuesStart = token.start
      if at(.row) { try advance() }
      try expect(.leftParen)
      if try atQuery {
        let query = try subquery().query
        try expect(.rightParen)
        for (number, column) in columns.enumerated() {
          list.append(Assignment(column, .subquery(query, column: number, of: columns.count)))
        }
        continue
      }
      var values: [Expression?] = []
      repeat { values.append(try assigned()) } while try accept(.comma)
      try expect(.rightParen)
      guard values.count == columns.count else {
        throw source.error(
          .syntax, "\(values.count) values are set to \(columns.count) columns", at: valuesStart)
      }
      for (column, value) in zip(columns, values) { list.append(Assignment(column, value)) }
    } while try accept(.comma)
    return list
  }

  private mutating func assigned() throws(SyntaxError) -> Expression? {
    if try accept(.default) { return nil }
    return try expression()
  }
}
