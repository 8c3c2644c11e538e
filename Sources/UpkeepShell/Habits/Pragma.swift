import Foundation
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
    let word = statement.prefix(6)
    guard Names.folded(String(decoding: word, as: UTF8.self)) == "pragma",
      statement.count == 6 || !SQLWords.continuesWord(Character(UnicodeScalar(statement[6])))
    else { return nil }
    var rest = String(decoding: statement.dropFirst(6), as: UTF8.self)[...]
    while let last = rest.last, last == ";" || last.isWhitespace { rest.removeLast() }
    rest = rest.drop(while: \.isWhitespace)
    var name = rest.prefix { SQLWords.continuesWord($0) || $0 == "." }
    rest = rest.dropFirst(name.count).drop(while: \.isWhitespace)
    if let dot = name.lastIndex(of: ".") { name = name[dot...].dropFirst() }
    self.name = Names.folded(String(name))
    // What tells of tables and indexes is SQL.
    if Self.queries.contains(self.name) { return nil }
    if rest.first == "(", rest.last == ")" {
      argument = Self.bare(rest.dropFirst().dropLast())
    } else if rest.first == "=" {
      argument = Self.bare(rest.dropFirst())
    } else {
      argument = nil
    }
  }

  private static func bare(_ text: Substring) -> String {
    let word = text.trimmingCharacters(in: .whitespaces)
    let quotes: [(Character, Character)] = [("'", "'"), ("\"", "\""), ("`", "`"), ("[", "]")]
    for (open, close) in quotes where word.count >= 2 && word.first == open && word.last == close {
      return String(word.dropFirst().dropLast())
    }
    return word
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
