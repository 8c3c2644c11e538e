import Upkeep

/// What stands in FROM and USING: sources and how they are joined; and WITH.
extension Parser {
  /// How many sources a query may join.
  private static let mostSources = 64
  /// How many queries WITH may name.
  private static let mostCommonTables = 500

  /// `source [, source | [NATURAL] [INNER | LEFT | RIGHT | FULL | CROSS] JOIN source [ON … | USING (…)]] …`
  mutating func fromItems() throws(SyntaxError) -> [FromItem] {
    var items = Self.flattened(FromItem(try rowSource()), isFirst: true)
    while let item = try joinedItem() {
      items += Self.flattened(item, isFirst: false)
      guard items.count <= Self.mostSources else {
        throw source.error(.limit, "a query joins at most \(Self.mostSources) sources", at: token.start)
      }
    }
    return items
  }

  /// A join in parentheses as the items that it is made of, where joining them from left to right says the same: as the
  /// first source, and among inner joins by ON.
  private static func flattened(_ item: FromItem, isFirst: Bool) -> [FromItem] {
    guard case .join(var inner) = item.source else { return [item] }
    if isFirst { return inner }
    func isPlain(_ item: FromItem) -> Bool {
      guard item.kind == .inner || item.kind == .cross else { return false }
      if case .on? = item.condition { return true }
      return item.condition == nil
    }
    /// Among more sources, a name without one may mean another's column.
    func isSure(_ item: FromItem) -> Bool {
      if case .on(let condition)? = item.condition { return condition.namesSources }
      return true
    }
    guard isPlain(item), inner.allSatisfy(isPlain), inner.allSatisfy(isSure), let last = inner.last
    else { return [item] }
    if case .on(let condition)? = item.condition {
      var both = condition
      if case .on(let own)? = last.condition { both = .binary(.and, own, condition) }
      inner[inner.count - 1].condition = .on(both)
      inner[inner.count - 1].kind = .inner
    }
    return inner
  }

  private mutating func joinedItem() throws(SyntaxError) -> FromItem? {
    if try accept(.comma) { return FromItem(try rowSource()) }
    let isNatural = try accept(.natural)
    guard let kind = try joinKind() else {
      if isNatural { throw unexpected() }
      return nil
    }
    var item = FromItem(try rowSource(), kind: kind)
    if isNatural { item.condition = .natural }
    if at(.on), try !atTail {
      guard !isNatural else {
        throw source.error(.syntax, "a NATURAL join has no ON: it goes by names", at: token.start)
      }
      try advance()
      item.condition = .on(try expression())
    } else if try accept(.using) {
      guard !isNatural else {
        throw source.error(.syntax, "a NATURAL join has no USING: it goes by all names", at: token.start)
      }
      item.condition = .using(try columnList())
    }
    if kind == .cross, item.condition != nil { item.kind = .inner }
    return item
  }

  private mutating func joinKind() throws(SyntaxError) -> JoinKind? {
    var kind = JoinKind.inner
    if try accept(.left) {
      kind = .left
    } else if try accept(.right) {
      kind = .right
    } else if try accept(.full) {
      kind = .full
    } else if try accept(.cross) {
      kind = .cross
    } else if try !accept(.inner) {
      return try accept(.join) ? .inner : nil
    }
    if kind != .inner && kind != .cross { _ = try accept(.outer) }
    try expect(.join)
    return kind
  }

  /// Whether ON begins the tail of an upsert, as ON CONFLICT does.
  private var atTail: Bool {
    mutating get throws(SyntaxError) {
      switch try peek().keyword {
      case .conflict?, .duplicate?, .error?, .ambiguity?: break
      default: return false
      }
      let next = try peek(2)
      if next.kind == .leftParen { return true }
      guard next.kind == .word else { return false }
      switch next.keyword {
      case .and?, .or?, .is?, .in?, .not?, .like?, .between?, .collate?, .isnull?, .notnull?: return false
      default: return true
      }
    }
  }

  /// A table or a query in parentheses, with their other name.
  mutating func rowSource() throws(SyntaxError) -> RowSource {
    if at(.leftParen) {
      try advance()
      guard try atQuery else { return try joinInParentheses() }
      let query = try query()
      try expect(.rightParen)
      let alias = try alias()
      let columns = alias != nil && at(.leftParen) ? try columnList() : nil
      return .query(query, alias: alias, columns: columns)
    }
    let table = try tableName("the name of a table, or a query in parentheses")
    if at(.leftParen) {
      let function = table.lowercased()
      guard
        ["json_each", "json_tree", "generate_series"].contains(function)
          || Self.catalogFunctions.contains(function)
      else {
        throw unsupported("the table function \(table)", hint: "json_each, json_tree and generate_series are")
      }
      try advance()
      let arguments = try expressionList().map(\.value)
      try expect(.rightParen)
      return .call(function, arguments, alias: try alias())
    }
    let alias = try alias()
    try passIndexHint()
    return .table(TableReference(written: table, as: alias))
  }

  /// `INDEXED BY name`, `NOT INDEXED`: which index serves is found out here.
  mutating func passIndexHint() throws(SyntaxError) {
    if at(.indexed) {
      try advance()
      try expect(.by)
      _ = try name("the name of an index")
    } else if at(.not), try peek().keyword == .indexed {
      try advance()
      try advance()
    }
  }

  /// `b JOIN c ON … )`, perhaps with a name: then its sources' own names are not seen any more.
  private mutating func joinInParentheses() throws(SyntaxError) -> RowSource {
    queryDepth += 1
    defer { queryDepth -= 1 }
    guard queryDepth <= Self.deepestQuery else {
      throw source.error(
        .limit, "queries stand at most \(Self.deepestQuery) deep in one another", at: token.start)
    }
    let items = try fromItems()
    try expect(.rightParen)
    let alias = try alias()
    guard let alias else { return items.count == 1 ? items[0].source : .join(items) }
    let columns = at(.leftParen) ? try columnList() : nil
    if items.count == 1, columns == nil {
      switch items[0].source {
      case .table(let table): return .table(TableReference(table.name, as: alias))
      case .query(let query, _, let columns): return .query(query, alias: alias, columns: columns)
      case .call(let function, let arguments, _): return .call(function, arguments, alias: alias)
      case .join: break
      }
    }
    return .query(
      Query(.select(Select([.all(of: nil)], from: items))), alias: alias, columns: columns)
  }

  // MARK: - WITH

  /// Whether WITH and a common table begin here: WITH is a name elsewhere.
  var atWith: Bool {
    mutating get throws(SyntaxError) {
      guard at(.with), isName(try peek()), try peek().keyword != .like else { return false }
      let next = try peek(2)
      if next.keyword == .as || next.kind == .leftParen { return true }
      return try peek().keyword == .recursive
    }
  }

  /// `WITH [RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (query), …`
  mutating func commonTables() throws(SyntaxError) -> [CommonTable] {
    try expect(.with)
    var isRecursive = false
    if at(.recursive), isName(try peek()) {
      try advance()
      isRecursive = true
    }
    var tables: [CommonTable] = []
    var seen: Set<String> = []
    repeat {
      let start = token.start
      let table = try name("a name for a query")
      guard seen.insert(Names.folded(table)).inserted else {
        throw source.error(.misuse, "WITH names \(table) twice", at: start)
      }
      guard seen.count <= Self.mostCommonTables else {
        throw source.error(.limit, "WITH names at most \(Self.mostCommonTables) queries", at: start)
      }
      let columns = at(.leftParen) ? try columnList() : nil
      try expect(.as)
      // Whether it is kept is the planner's to decide.
      if at(.not), try peek().keyword == .materialized { try advance() }
      _ = try accept(.materialized)
      tables.append(
        CommonTable(table, columns: columns, query: try parenthesizedQuery(), isRecursive: isRecursive))
    } while try accept(.comma)
    return tables
  }

  /// WITH before a statement.
  mutating func withStatement() throws(SyntaxError) -> Statement {
    let tables = try commonTables()
    if at(.select) || at(.values) {
      var query = try query()
      query.commonTables = tables
      return .select(query)
    }
    switch token.keyword {
    case .insert?, .replace?, .upsert?, .update?, .delete?, .sync?, .merge?:
      return .with(tables, .statement(try statement()))
    default: throw unexpected("SELECT, VALUES, UPSERT, INSERT, REPLACE, UPDATE, DELETE, SYNC or MERGE")
    }
  }
}

extension TableReference {
  /// A table by its name as a text has it. A qualified one goes by its bare name in the rest of the statement.
  init(written name: String, as alias: String?) {
    self.init(name, as: alias ?? QualifiedName(text: name)?.name)
  }
}

extension Expression {
  /// Whether each column in it is named with its source, and no query stands in it.
  fileprivate var namesSources: Bool {
    var areNamed = !hasQuery
    _ = replacing { part in
      if case .column(let reference) = part, reference.qualifier == nil { areNamed = false }
      return nil
    }
    return areNamed
  }
}
