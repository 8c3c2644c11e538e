import Upkeep

/// CREATE VIEW and ALTER TABLE.
extension Parser {
  /// `[IF NOT EXISTS] name [(columns)] AS query`
  mutating func createView() throws(SyntaxError) -> Statement {
    let ifNotExists = try ifNotExists()
    let start = token.start
    let written = try tableName("the name of a view")
    let qualified = QualifiedName(text: written)
    if qualified?.database == .temp { throw unsupported("CREATE TEMP VIEW", at: start) }
    let columns = at(.leftParen) ? try columnList() : nil
    try expect(.as)
    guard try atQuery else { throw unexpected("a query") }
    let queryStart = token.start
    _ = try query()
    guard !parameters.isUsed else {
      throw source.error(.misuse, "the query of a view has no parameters; write their values", at: start)
    }
    return .createView(
      ViewDefinition(qualified?.name ?? written, columns: columns, as: self.written(from: queryStart)),
      ifNotExists: ifNotExists)
  }

  /// `ALTER TABLE t RENAME TO x | RENAME [COLUMN] a TO b | ADD [COLUMN] column | DROP [COLUMN] a | AUTOINCREMENT n`
  mutating func alter() throws(SyntaxError) -> Statement {
    try advance()
    guard at(.table) else {
      if at(.index) || at(.view) || at(.database) {
        throw unsupported("ALTER \(describe(token).uppercased())")
      }
      try expect(.table)
      throw unexpected()
    }
    try advance()
    let table = try tableName()
    if try accept(.rename) {
      if try accept(.to) { return .alterTable(table, .rename(to: try name("a name for the table"))) }
      try passColumnWord()
      let column = try name("the name of a column")
      try expect(.to)
      return .alterTable(table, .renameColumn(column, to: try name("a name for the column")))
    }
    if try accept(.add) {
      if at(.constraint) || at(.primary) || at(.unique) || at(.check) || at(.foreign) {
        throw unsupported("ADD CONSTRAINT", hint: "CREATE UNIQUE INDEX makes a unique key")
      }
      try passColumnWord()
      let added = try addedColumn(table)
      return .alterTable(table, .addColumn(added.columns[0], checks: added.checks))
    }
    if try accept(.drop) {
      if at(.constraint) { throw unsupported("DROP CONSTRAINT") }
      try passColumnWord()
      return .alterTable(table, .dropColumn(try name("the name of a column")))
    }
    if try accept(.autoincrement) { return .alterTable(table, .autoincrement(after: try counter())) }
    if at(.alter) { throw unsupported("ALTER COLUMN", hint: "add a column, fill it, and drop the other") }
    throw unexpected()
  }

  /// A whole number from 0.
  private mutating func counter() throws(SyntaxError) -> Int64 {
    guard token.kind == .integer, case .integer(let id) = try number(negative: false) else {
      throw unexpected("a whole number")
    }
    return id
  }

  /// COLUMN, which is a name too where TO or nothing follows.
  private mutating func passColumnWord() throws(SyntaxError) {
    guard at(.column), isName(try peek()), try peek().keyword != .to else { return }
    try advance()
  }

  private mutating func addedColumn(_ table: String) throws(SyntaxError) -> TableDefinition {
    let start = token.start
    var definition = TableDefinition(table, columns: [])
    try column(&definition)
    let refused =
      !definition.primaryKey.isEmpty ? "PRIMARY KEY" : !definition.uniqueKeys.isEmpty ? "UNIQUE" : nil
    if let refused {
      throw unsupported(
        "\(refused) in ADD COLUMN",
        hint: refused == "UNIQUE" ? "CREATE UNIQUE INDEX makes a unique key" : nil,
        at: start)
    }
    return definition
  }
}
