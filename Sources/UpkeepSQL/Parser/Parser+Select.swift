import Upkeep

/// SELECT, VALUES, and lists of result columns.
extension Parser {
  /// `SELECT list [FROM t] [WHERE …] [ORDER BY …] [LIMIT …]`
  mutating func query() throws(SyntaxError) -> Query {
    try expect(.select)
    if at(.distinct) { throw unsupported("SELECT DISTINCT") }
    _ = try accept(.all)
    var query = Query(try resultColumns())
    if try accept(.from) { query.table = try fromTable() }
    if try accept(.where) { query.condition = try expression() }
    try refuseCompound()
    if try accept(.order) {
      try expect(.by)
      repeat { query.order.append(try orderTerm()) } while try accept(.comma)
    }
    if try accept(.limit) {
      let first = try expression()
      if try accept(.offset) {
        query.limit = first
        query.offset = try expression()
      } else if try accept(.comma) {
        // LIMIT offset, count
        query.offset = first
        query.limit = try expression()
      } else {
        query.limit = first
      }
    }
    try refuseCompound()
    return query
  }

  private mutating func refuseCompound() throws(SyntaxError) {
    switch token.keyword {
    case .group?: throw unsupported("GROUP BY")
    case .having?: throw unsupported("HAVING")
    case .window?: throw unsupported("WINDOW")
    case .union?: throw unsupported("UNION")
    case .intersect?: throw unsupported("INTERSECT")
    case .except?: throw unsupported("EXCEPT")
    default: return
    }
  }

  private mutating func fromTable() throws(SyntaxError) -> TableReference {
    if at(.leftParen) { throw unsupported("a subquery in FROM") }
    let table = try tableName()
    if at(.leftParen) { throw unsupported("a table function") }
    let alias = try alias()
    if at(.comma) { throw unsupported("a join", hint: "FROM names one table") }
    switch token.keyword {
    case .join?, .natural?, .left?, .right?, .full?, .inner?, .cross?, .outer?:
      throw unsupported("JOIN", hint: "FROM names one table")
    case .indexed?: throw unsupported("INDEXED BY")
    case .not? where try peek().keyword == .indexed: throw unsupported("NOT INDEXED")
    default: break
    }
    return TableReference(table, as: alias)
  }

  /// `[AS] alias`
  mutating func alias() throws(SyntaxError) -> String? {
    if try accept(.as) { return try name("an alias") }
    guard atName, token.keyword?.startsTail != true else { return nil }
    if token.kind == .word { lastBareAlias = token }
    return try name("an alias")
  }

  /// The list after SELECT or RETURNING.
  mutating func resultColumns() throws(SyntaxError) -> [ResultColumn] {
    var columns: [ResultColumn] = []
    repeat { columns.append(try resultColumn()) } while try accept(.comma)
    return columns
  }

  private mutating func resultColumn() throws(SyntaxError) -> ResultColumn {
    if at(.star) {
      try advance()
      return .all(of: nil)
    }
    if atName, try peek().kind == .dot, try peek(2).kind == .star {
      let qualifier = try name("the name of a table")
      try advance()
      try advance()
      return .all(of: qualifier)
    }
    let start = token.start
    let value = try expression()
    let text = written(from: start)
    if at(.string), lastEnd > start {
      throw source.error(
        .syntax, "found a string, expected AS and a name; names are written bare or in double quotes",
        at: token.start)
    }
    return .expression(value, name: try alias() ?? text)
  }

  private mutating func orderTerm() throws(SyntaxError) -> OrderTerm {
    var term = OrderTerm(try expression())
    term.isDescending = try direction()
    if try accept(.nulls) {
      if try accept(.first) {
        term.nullsFirst = true
      } else {
        try expect(.last)
        term.nullsFirst = false
      }
    }
    return term
  }

  /// `[ASC | DESC]`
  mutating func direction() throws(SyntaxError) -> Bool {
    if try accept(.asc) { return false }
    return try accept(.desc)
  }

  /// VALUES on its own.
  mutating func valuesStatement() throws(SyntaxError) -> [[Expression]] {
    var rows: [[Expression]] = []
    for row in try valueRows(allowDefault: false) { rows.append(row.compactMap { $0 }) }
    try refuseCompound()
    if at(.order) || at(.limit) { throw unsupported("\(describe(token)) after VALUES") }
    return rows
  }

  /// `VALUES (…), (…)`; nil stands for DEFAULT. All rows are equally long.
  mutating func valueRows(allowDefault: Bool) throws(SyntaxError) -> [[Expression?]] {
    try expect(.values)
    var rows: [[Expression?]] = []
    repeat {
      let start = token.start
      try expect(.leftParen)
      var row: [Expression?] = []
      row.reserveCapacity(rows.first?.count ?? 4)
      repeat {
        if allowDefault, try accept(.default) {
          row.append(nil)
        } else {
          row.append(try expression())
        }
      } while try accept(.comma)
      try expect(.rightParen)
      if let first = rows.first, first.count != row.count {
        throw source.error(
          .syntax, "row \(rows.count + 1) of VALUES has \(row.count) values, the first has \(first.count)",
          at: start)
      }
      rows.append(row)
    } while try accept(.comma)
    return rows
  }
}
