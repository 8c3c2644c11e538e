import Upkeep

/// PRAGMA: what it tells of tables is a query; all else is refused by name.
extension Parser {
  /// Functions in FROM that tell what the catalog says.
  static let catalogFunctions: Set<String> = [
    "pragma_table_info", "pragma_table_list", "pragma_index_list", "pragma_index_info",
  ]

  /// What the others are here.
  private static let otherPragmas: [String: String] = [
    "foreign_keys": "there are no foreign keys",
    "foreign_key_list": "there are no foreign keys",
    "journal_mode": "there is one journal, which needs no mode",
    "synchronous": "durability is given when the store is opened: --durability full, interval or none",
    "cache_size": "the size of the cache is given when the store is opened: --cache SIZE",
    "temp_store": "what leaves memory lies in files beside the store",
    "integrity_check": "upkeep check DATABASE does that",
    "quick_check": "upkeep check DATABASE does that",
    "optimize": "plans go by counts of rows that are always there",
    "user_version": "keep a version of your own in a table",
    "database_list": "a store is one file",
    "page_size": "upkeep stats DATABASE tells of pages",
    "page_count": "upkeep stats DATABASE tells of pages",
    "wal_checkpoint": "checkpoints are made as the log grows",
    "busy_timeout": "how long to wait for another process is given when the store is opened: --wait SECONDS",
    "table_xinfo": "write PRAGMA table_info(t)",
  ]

  /// `PRAGMA [main.]table_info(t)` and its like.
  mutating func pragma() throws(SyntaxError) -> Statement {
    let start = token.start
    try advance()
    var name = try self.name("the name of a pragma")
    if try accept(.dot) { name = try self.name("the name of a pragma") }
    name = Names.folded(name)
    let function = "pragma_\(name)"
    guard Self.catalogFunctions.contains(function) else {
      let known = Self.catalogFunctions.map { String($0.dropFirst("pragma_".count)) }.sorted()
      let hint = Self.otherPragmas[name] ?? "there are \(known.joined(separator: ", "))"
      throw unsupported("PRAGMA \(name)", hint: hint, at: start)
    }
    var arguments: [Expression] = []
    if try accept(.leftParen) {
      arguments = [.literal(.text(try pragmaValue()))]
      try expect(.rightParen)
    } else if try accept(.equal) {
      arguments = [.literal(.text(try pragmaValue()))]
    }
    return .select(Query(all: .call(function, arguments, alias: nil)))
  }

  /// A name or a string.
  private mutating func pragmaValue() throws(SyntaxError) -> String {
    if at(.string) { return try unquoted(advance()) }
    return try name("a name")
  }
}
