import Upkeep

/// SELECT, VALUES, their compounds, and lists of result columns.
extension Parser {
  /// How deep queries stand in one another.
  static let deepestQuery = 40
  /// How many blocks a compound has.
  private static let longestCompound = 500

  /// Whether a query begins here.
  var atQuery: Bool {
    mutating get throws(SyntaxError) {
      if at(.select) || at(.values) { return true }
      return try atWith
    }
  }

  /// `[WITH …] block [UNION [ALL] | INTERSECT | EXCEPT block] … [ORDER BY …] [LIMIT …]`
  mutating func query() throws(SyntaxError) -> Query {
    queryDepth += 1
    defer { queryDepth -= 1 }
    guard queryDepth <= Self.deepestQuery else {
      throw source.error(
        .limit, "queries stand at most \(Self.deepestQuery) deep in one another", at: token.start)
    }
    let commonTables = try atWith ? try self.commonTables() : []
    var query = Query(try queryBlock())
    query.commonTables = commonTables
    while let operation = try compoundOperator() {
      let start = token.start
      query.compounds.append(CompoundPart(operation, try queryBlock()))
      guard query.compounds.count < Self.longestCompound else {
        throw source.error(.limit, "a compound has at most \(Self.longestCompound) queries", at: start)
      }
    }
    try orderAndLimit(&query)
    return query
  }

  /// A query in parentheses.
  mutating func parenthesizedQuery() throws(SyntaxError) -> Query {
    try expect(.leftParen)
    let query = try query()
    try expect(.rightParen)
    return query
  }

  private mutating func queryBlock() throws(SyntaxError) -> QueryBlock {
    if at(.values) { return .values(try plainRows()) }
    return .select(try select())
  }

  private mutating func compoundOperator() throws(SyntaxError) -> CompoundOperator? {
    if try accept(.union) { return try accept(.all) ? .unionAll : .union }
    if try accept(.intersect) { return .intersect }
    return try accept(.except) ? .except : nil
  }

  private mutating func select() throws(SyntaxError) -> Select {
    guard try accept(.select) else {
      expected.insert(.values)
      throw unexpected()
    }
    let isDistinct = try accept(.distinct)
    if !isDistinct { _ = try accept(.all) }
    var select = Select(try resultColumns(), isDistinct: isDistinct)
    if try accept(.from) { select.from = try fromItems() }
    if try accept(.where) { select.condition = try expression() }
    if try accept(.group) {
      try expect(.by)
      repeat { select.grouping.append(try expression()) } while try accept(.comma)
    }
    if try accept(.having) { select.groupCondition = try expression() }
    if at(.window), isName(try peek()), try peek(2).keyword == .as { select.windows = try namedWindows() }
    return select
  }

  private mutating func orderAndLimit(_ query: inout Query) throws(SyntaxError) {
    if try accept(.order) {
      try expect(.by)
      query.order = try orderTerms()
    }
    guard try accept(.limit) else { return }
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

  /// The terms behind ORDER BY.
  mutating func orderTerms() throws(SyntaxError) -> [OrderTerm] {
    var terms: [OrderTerm] = []
    repeat { terms.append(try orderTerm()) } while try accept(.comma)
    return terms
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

  /// `VALUES (…), (…)` of a query.
  private mutating func plainRows() throws(SyntaxError) -> [[Expression]] {
    try expect(.values)
    var rows: [[Expression]] = []
    repeat {
      let start = token.start
      try expect(.leftParen)
      var row: [Expression] = []
      row.reserveCapacity(rows.first?.count ?? 4)
      repeat { row.append(try expression()) } while try accept(.comma)
      try expect(.rightParen)
      try requireWidth(row.count, rows.first?.count, row: rows.count, at: start)
      rows.append(row)
    } while try accept(.comma)
    return rows
  }

  private func requireWidth(
    _ count: Int, _ first: Int?, row: Int, at start: Int
  ) throws(SyntaxError) {
    guard let first, first != count else { return }
    throw source.error(
      .syntax, "row \(row + 1) of VALUES has \(count) values, the first has \(first)", at: start)
  }

  /// `VALUES (…), (…)`; nil stands for DEFAULT. All rows are equally long.
  mutating func valueRows() throws(SyntaxError) -> [[Expression?]] {
    try expect(.values)
    var rows: [[Expression?]] = []
    repeat {
      let start = token.start
      try expect(.leftParen)
      var row: [Expression?] = []
      row.reserveCapacity(rows.first?.count ?? 4)
      repeat {
        if try accept(.default) {
          row.append(nil)
        } else {
          row.append(try expression())
        }
      } while try accept(.comma)
      try expect(.rightParen)
      try requireWidth(row.count, rows.first?.count, row: rows.count, at: start)
      rows.append(row)
    } while try accept(.comma)
    return rows
  }
}
