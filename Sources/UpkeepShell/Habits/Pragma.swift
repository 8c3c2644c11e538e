import Upkeep
import UpkeepSQL

/// SQLite's PRAGMA, as far as it is about more than tables, of which SQL tells: whether all is whole, what is open. What
/// only asks for how things are done anyway is passed over with a notice, so that scripts made for SQLite run; all else
/// is refused with what to do instead.
struct Pragma {
  let name: String
  let argument: String?

  /// The pragma that a statement is, or nil if it is none.
  init?(_ statement: [UInt8]) {
    var words = PragmaWords(statement)
    guard let first = words.next(), !first.isQuoted, Names.folded(first.text) == "pragma" else { return nil }
    var name = words.next()
    var sign = words.next()
    // A schema before it: there is one.
    if name != nil, sign?.text == ".", sign?.isQuoted == false {
      name = words.next()
      sign = words.next()
    }
    self.name = Names.folded(name?.text ?? "")
    // What tells of tables and indexes is SQL.
    if Self.queries.contains(self.name) { return nil }
    guard let sign, !sign.isQuoted, sign.text == "(" || sign.text == "=" else {
      argument = nil
      return
    }
    var value = ""
    while let word = words.next(), word.isQuoted || word.text != ")" && word.text != ";" {
      value += word.text
    }
    argument = value
  }

  private static let queries = ["table_info", "table_list", "index_list", "index_info"]
  private static let others = [
    "foreign_key_list", "foreign_key_check", "database_list", "collation_list", "encoding", "page_size",
    "page_count", "integrity_check", "quick_check", "wal_checkpoint",
  ]
  /// The names of those that there are.
  static var names: [String] { (queries + others + passedOver.keys).sorted() }

  /// What a pragma does here that only says how SQLite is to work.
  static let passedOver: [String: String] = [
    "analysis_limit": "plans need no statistics",
    "auto_vacuum": "the file gets shorter by itself, and .compact does it at once",
    "automatic_index": "queries make what they need",
    "busy_timeout": "--wait SECONDS says how long to wait for another process",
    "cache_size": "--cache SIZE says how much memory pages may take",
    "defer_foreign_keys": "there are no foreign keys",
    "journal_mode": "there is always a log, and reads go on during writes",
    "journal_size_limit": "the log is kept short by itself",
    "legacy_file_format": "there is one format",
    "locking_mode": "one process has the database at a time",
    "mmap_size": "--cache SIZE says how much memory pages may take",
    "optimize": "plans need no statistics",
    "page_size": "pages have the size with which the database was made",
    "shrink_memory": "--cache SIZE says how much memory pages may take",
    "synchronous": "--durability full, interval or none says when a commit returns",
    "temp_store": "what a statement keeps leaves memory when there is much of it",
    "threads": "a statement runs in one thread",
    "wal_autocheckpoint": "checkpoints come by themselves, and .checkpoint writes one at once",
  ]

  /// What to do in place of a pragma that is refused.
  static let advice: [String: String] = [
    "application_id": "a table of your own can hold it",
    "case_sensitive_like": "GLOB minds the case of letters",
    "compile_options": "upkeep --version tells the version",
    "database_size": ".stats tells it",
    "foreign_keys": "foreign keys are not enforced",
    "freelist_count": ".stats tells how much of the file is free",
    "function_list": "Docs/SQL.md lists the functions",
    "ignore_check_constraints": "drop the table's CHECK, or load with --rejects",
    "query_only": "--readonly opens the database so",
    "index_xinfo": "write PRAGMA index_info(INDEX)",
    "recursive_triggers": "there are no triggers",
    "table_xinfo": "write PRAGMA table_info(TABLE)",
    "user_version": "a table of your own can hold it",
  ]
}

extension Shell {
  /// Answers a pragma with rows, or passes it over.
  func answer(_ pragma: Pragma, into sink: ResultSink) throws {
    func give(_ columns: [String], _ rows: [[Value]]) throws {
      try sink.begin(columns: columns)
      for row in rows { try sink.row(row) }
    }
    switch pragma.name {
    case "foreign_key_list":
      _ = try tables(try required(pragma, "table"))
      try give(["id", "seq", "table", "from", "to", "on_update", "on_delete", "match"], [])
    case "foreign_key_check": try give(["table", "rowid", "parent", "fkid"], [])
    case "database_list":
      try give(["seq", "name", "file"], [[.integer(0), .text("main"), .text(database.path ?? "")]])
    case "collation_list":
      let names = ["BINARY", "NOCASE", "RTRIM"]
      try give(["seq", "name"], names.enumerated().map { [.integer(Int64($0.offset)), .text($0.element)] })
    case "encoding" where Names.folded(pragma.argument ?? "utf-8") == "utf-8" || pragma.argument == "UTF8":
      try give(["encoding"], [[.text("UTF-8")]])
    case "page_size" where pragma.argument == nil:
      try give(["page_size"], [[.integer(Int64(try database.store.statistics().pageSize))]])
    case "page_count":
      try give(["page_count"], [[.integer(Int64(clamping: try database.store.statistics().pageCount))]])
    case "integrity_check", "quick_check":
      let store = database.store
      let problems = try watched { watch in try store.verify(watch: watch) }
      try give([pragma.name], (problems.isEmpty ? ["ok"] : problems).map { [.text($0)] })
      if !problems.isEmpty { raise(to: .corrupt) }
    case "wal_checkpoint": try database.store.checkpoint()
    case "foreign_keys" where pragma.argument == nil: try give(["foreign_keys"], [[.integer(0)]])
    case "foreign_keys" where ["0", "off", "no", "false"].contains(Names.folded(pragma.argument ?? "")): break
    case "": throw UpkeepError(.syntax, "PRAGMA takes a name, as in PRAGMA table_info(TABLE)")
    case let name:
      if let reason = Pragma.passedOver[name] {
        return messages.notice("PRAGMA \(name) has no effect: \(reason)")
      }
      let advice = Pragma.advice[name].map { "; \($0)" } ?? Names.suggestion(for: name, among: Pragma.names)
      throw UpkeepError(.unsupported, "PRAGMA \(name) is not supported\(advice)")
    }
  }

  private func required(_ pragma: Pragma, _ what: String) throws -> String {
    guard let argument = pragma.argument, !argument.isEmpty else {
      throw UpkeepError(.misuse, "PRAGMA \(pragma.name) takes \(what == "index" ? "an" : "a") \(what)")
    }
    return argument
  }
}
