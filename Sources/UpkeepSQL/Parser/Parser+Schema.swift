import Upkeep

/// CREATE and DROP.
extension Parser {
  mutating func create() throws(SyntaxError) -> Statement {
    try advance()
    switch token.keyword {
    case .temp?, .temporary?:
      try advance()
      if at(.view) { throw unsupported("CREATE TEMP VIEW", hint: "WITH names a query for one statement") }
      try expect(.table)
      return try createTable(isTemporary: true)
    case .view?:
      try advance()
      return try createView()
    case .trigger?, .materialized?, .virtual?, .schema?, .database?:
      throw unsupported("CREATE \(describe(token).uppercased())")
    case .or?: throw unsupported("CREATE OR REPLACE")
    default: break
    }
    if try atBucket() { return try createBucket() }
    if try accept(.table) { return try createTable() }
    if try accept(.unique) {
      try expect(.index)
      return try createIndex(isUnique: true)
    }
    if try accept(.index) { return try createIndex(isUnique: false) }
    throw unexpected()
  }

  mutating func drop() throws(SyntaxError) -> Statement {
    try advance()
    if try accept(.table) {
      let ifExists = try ifExists()
      return .dropTable(try tableName(), ifExists: ifExists)
    }
    if try accept(.index) {
      let ifExists = try ifExists()
      return .dropIndex(try tableName("the name of an index"), ifExists: ifExists)
    }
    if try accept(.view) {
      let ifExists = try ifExists()
      return .dropView(try tableName("the name of a view"), ifExists: ifExists)
    }
    if at(.trigger) || at(.schema) || at(.database) {
      throw unsupported("DROP \(describe(token).uppercased())")
    }
    throw unexpected()
  }

  private mutating func ifExists() throws(SyntaxError) -> Bool {
    guard try accept(.if, .exists) else { return false }
    return true
  }

  mutating func ifNotExists() throws(SyntaxError) -> Bool {
    guard at(.if), try peek().keyword == .not else {
      expected.insert(.if)
      return false
    }
    try advance()
    try advance()
    try expect(.exists)
    return true
  }

  private mutating func createIndex(isUnique: Bool) throws(SyntaxError) -> Statement {
    if at(.concurrently) { throw unsupported("CONCURRENTLY") }
    let ifNotExists = try ifNotExists()
    let written = try tableName("the name of an index")
    try expect(.on)
    var table = try tableName()
    // An index is where its table is.
    let index = QualifiedName(text: written)?.name ?? written
    if let database = QualifiedName(text: written)?.database, QualifiedName(text: table) == nil {
      table = QualifiedName(table, in: database).text
    }
    if at(.using) { throw unsupported("USING", hint: "every index is a B-tree") }
    try expect(.leftParen)
    var parts: [IndexPart] = []
    repeat { parts.append(try indexPart()) } while try accept(.comma)
    try expect(.rightParen)
    if at(.nulls), !isUnique { throw unexpected("WHERE or ;") }
    let nullsAreEqual = try nullsAreEqual()
    let predicate = try accept(.where) ? try expression() : nil
    return .createIndex(
      IndexDefinition(
        index, on: table, parts: parts, isUnique: isUnique, nullsAreEqual: nullsAreEqual, where: predicate),
      ifNotExists: ifNotExists)
  }

  /// `[NULLS [NOT] DISTINCT]`
  private mutating func nullsAreEqual() throws(SyntaxError) -> Bool {
    guard try accept(.nulls) else { return false }
    let areEqual = try accept(.not)
    try expect(.distinct)
    return areEqual
  }

  /// `expression [COLLATE c] [ASC | DESC]`
  private mutating func indexPart() throws(SyntaxError) -> IndexPart {
    let isParenthesized = at(.leftParen)
    let value = try expression()
    let isDescending = try direction()
    if at(.nulls) { throw unsupported("NULLS in an index") }
    if case .collate(let inner, let collation) = value, !isParenthesized {
      return IndexPart(inner, isDescending: isDescending, collation: collation)
    }
    return IndexPart(value, isDescending: isDescending)
  }

  // MARK: - CREATE TABLE

  private mutating func createTable(isTemporary: Bool = false) throws(SyntaxError) -> Statement {
    let ifNotExists = try ifNotExists()
    let start = token.start
    let written = try tableName()
    let qualified = QualifiedName(text: written)
    if isTemporary, qualified?.database == .main {
      throw source.error(.misuse, "a temporary table is not in main; leave that away", at: start)
    }
    let isTemporary = isTemporary || qualified?.database == .temp
    var table = TableDefinition(qualified?.name ?? written, columns: [], isTemporary: isTemporary)
    if try accept(.as) {
      return .createTableAs(
        TableFromQuery(table.name, as: try query(), isTemporary: isTemporary, ifNotExists: ifNotExists))
    }
    try expect(.leftParen)
    repeat {
      if atTableConstraint {
        try tableConstraint(&table)
      } else {
        // SQLite and PostgreSQL let constraints of the table come last.
        guard table.columns.isEmpty || !hasTableConstraint else { throw unexpected("a table constraint") }
        try column(&table)
        continue
      }
      hasTableConstraint = true
    } while try acceptCommaBetweenConstraints()
    hasTableConstraint = false
    try expect(.rightParen)
    guard !table.columns.isEmpty else {
      throw source.error(.syntax, "a table has at least one column", at: lastEnd)
    }
    if !at(.semicolon), !at(.endOfText) {
      repeat {
        if try accept(.strict) { continue }
        if try accept(.without) {
          guard at(.rowid) else { throw unexpected("ROWID") }
          try advance()
          continue
        }
        throw unexpected()
      } while try accept(.comma)
    }
    return .createTable(table, ifNotExists: ifNotExists)
  }

  /// Table constraints may follow one another without a comma, as in SQLite.
  private mutating func acceptCommaBetweenConstraints() throws(SyntaxError) -> Bool {
    if try accept(.comma) { return true }
    return hasTableConstraint && atTableConstraint
  }

  private var atTableConstraint: Bool {
    switch token.keyword {
    case .constraint?, .primary?, .unique?, .check?, .foreign?: true
    default: false
    }
  }

  mutating func column(_ table: inout TableDefinition) throws(SyntaxError) {
    let start = token.start
    guard table.columns.count < SchemaRules.mostColumns else {
      throw source.error(
        .limit, "table \(table.name) has more columns than the limit, \(SchemaRules.mostColumns)", at: start)
    }
    let name = try name("the name of a column")
    guard !table.columns.contains(where: { Names.equal($0.name, name) }) else {
      throw source.error(.misuse, "table \(table.name) has two columns \(name)", at: start)
    }
    let type = try typeName()
    var column = ColumnDefinition(name, type?.type ?? .any, declaredType: type?.declared)
    while try columnConstraint(&column, &table) {}
    table.columns.append(column)
  }

  /// Takes one constraint of a column; false if none is there.
  private mutating func columnConstraint(
    _ column: inout ColumnDefinition, _ table: inout TableDefinition
  ) throws(SyntaxError) -> Bool {
    let start = token.start
    let constraint = try accept(.constraint) ? try name("the name of a constraint") : nil
    if try accept(.not) {
      try expect(.null)
      column.isNullable = false
    } else if try accept(.null) {
      // Said for clearness only.
    } else if try accept(.primary) {
      try expect(.key)
      guard table.primaryKey.isEmpty else { throw twoPrimaryKeys(table, at: start) }
      table.primaryKey = [IndexPart(column: column.name, isDescending: try direction())]
      table.primaryKeyName = constraint
      try refuseConflictClause()
      if try accept(.autoincrement) {
        guard column.type == .integer else {
          throw source.error(.syntax, "AUTOINCREMENT is for an INTEGER PRIMARY KEY", at: lastEnd)
        }
        table.isAutoincrement = true
      }
    } else if try accept(.unique) {
      table.uniqueKeys.append(
        IndexDefinition(
          constraint, on: table.name, parts: [IndexPart(column: column.name)], isUnique: true,
          nullsAreEqual: try nullsAreEqual()))
    } else if try accept(.check) {
      table.checks.append(try check(constraint))
    } else if try accept(.default) {
      column.defaultValue = try defaultValue()
    } else if try accept(.collate) {
      column.collation = try collation()
    } else if try accept(.merge) {
      try mergeConstraint(&column, at: start)
    } else {
      try refuseColumnConstraint()
      if constraint != nil { throw unexpected() }
      return false
    }
    try refuseConflictClause()
    return true
  }

  private func refuseColumnConstraint() throws(SyntaxError) {
    switch token.keyword {
    case .references?: throw unsupported("REFERENCES (a foreign key)")
    case .generated?: throw unsupported("GENERATED (a computed column)")
    case .as?: throw unsupported("AS (a computed column)")
    default: return
    }
  }

  private mutating func refuseConflictClause() throws(SyntaxError) {
    guard at(.on), try peek().keyword == .conflict else { return }
    throw unsupported("ON CONFLICT in a constraint", hint: "write it in the statement that inserts")
  }

  private mutating func defaultValue() throws(SyntaxError) -> Expression {
    switch token.kind {
    case .leftParen:
      try advance()
      let value = try expression()
      try expect(.rightParen)
      return value
    case .plus, .minus:
      let negative = try advance().kind == .minus
      guard at(.integer) || at(.real) else { throw unexpected("a number") }
      return .literal(try number(negative: negative))
    case .integer, .real, .string, .blob: return try operand().value
    case .word:
      switch token.keyword {
      case .null?, .true?, .false?, .current_timestamp?, .current_date?, .current_time?, .timestamp?, .uuid?,
        .json?:
        return try operand().value
      default: break
      }
    default: break
    }
    throw unexpected("a literal or an expression in parentheses")
  }

  private mutating func check(_ name: String?) throws(SyntaxError) -> CheckDefinition {
    try expect(.leftParen)
    let start = token.start
    let condition = try expression()
    let text = written(from: start)
    try expect(.rightParen)
    return CheckDefinition(name, condition, text: text)
  }

  private mutating func tableConstraint(_ table: inout TableDefinition) throws(SyntaxError) {
    let start = token.start
    let constraint = try accept(.constraint) ? try name("the name of a constraint") : nil
    if try accept(.primary) {
      try expect(.key)
      guard table.primaryKey.isEmpty else { throw twoPrimaryKeys(table, at: start) }
      table.primaryKey = try keyParts(table)
      table.primaryKeyName = constraint
      if at(.autoincrement) { throw unexpected(", or )") }
    } else if try accept(.unique) {
      let areEqual = try nullsAreEqual()
      table.uniqueKeys.append(
        IndexDefinition(
          constraint, on: table.name, parts: try keyParts(table), isUnique: true, nullsAreEqual: areEqual))
    } else if try accept(.check) {
      table.checks.append(try check(constraint))
    } else if at(.foreign) {
      throw unsupported("FOREIGN KEY")
    } else {
      throw unexpected()
    }
    try refuseConflictClause()
  }

  /// `(a [COLLATE c] [ASC | DESC], …)`, columns of the table, none twice.
  private mutating func keyParts(_ table: TableDefinition) throws(SyntaxError) -> [IndexPart] {
    try expect(.leftParen)
    var parts: [IndexPart] = []
    var seen: Set<String> = []
    repeat {
      let start = token.start
      let column = try name("the name of a column")
      guard table.columns.contains(where: { Names.equal($0.name, column) }) else {
        let hint = Names.suggestion(for: column, among: table.columns.map(\.name))
        var error = source.error(
          .unknownColumn, "table \(table.name) has no column \(column)\(hint)", at: start
        ).error
        error.table = table.name
        error.name = column
        throw SyntaxError(error)
      }
      guard seen.insert(Names.folded(column)).inserted else {
        throw source.error(.misuse, "column \(column) stands twice in this key", at: start)
      }
      var part = IndexPart(column: column)
      if try accept(.collate) { part.collation = try collation() }
      part.isDescending = try direction()
      parts.append(part)
    } while try accept(.comma)
    try expect(.rightParen)
    return parts
  }

  private func twoPrimaryKeys(_ table: TableDefinition, at offset: Int) -> SyntaxError {
    source.error(.misuse, "table \(table.name) has a primary key already", at: offset)
  }
}
