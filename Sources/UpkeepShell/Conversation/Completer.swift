import Upkeep
import UpkeepSQL

/// Finds what a word that is being typed can become.
struct Completer {
  /// A table as far as completion knows it.
  struct Table {
    var name: String
    var columns: [String]
    var indexes: [String]
  }

  var tables: [Table]
  /// The lines of the statement before the one being typed.
  var statement = ""
  /// How many queries are around.
  private var depth = 0

  init(tables: [Table], statement: String = "", depth: Int = 0) {
    self.tables = tables
    self.statement = statement
    self.depth = depth
  }

  /// - Parameters:
  ///   - before: the line up to the cursor.
  ///   - after: the rest of it, which may name tables too.
  func completion(before: String, after: String = "") -> LineEditor.Completion {
    let line = before.drop { $0 == " " || $0 == "\t" }
    if statement.isEmpty, let first = line.first, first == "." || first == "\\" {
      return DotCompletion(tables: tables) { Completer(tables: tables).completion(before: $0) }.completion(
        line)
    }
    let text = SQLWords(statement + before)
    if text.ending == .literal { return LineEditor.Completion() }
    let word = before.suffix(while: SQLWords.continuesWord)
    if text.ending == .name { return quoted(before, after) }
    let typed = String(word)
    var earlier = text.words
    if !typed.isEmpty { earlier.removeLast() }
    let all = SQLWords(statement + before + after).words
    let own = DerivedTables(all, known: tables).tables
    let scope = Completer(tables: own + tables).scope(all, besides: typed)
    if earlier.last == "." {
      return completion(typed, columns(of: earlier.dropLast().last ?? "", in: scope))
    }
    return completion(typed, candidates(typed, after: earlier, in: scope, own: own.map(\.name)))
  }

  /// A name in double quotes that is not closed.
  private func quoted(_ before: String, _ after: String) -> LineEditor.Completion {
    guard let start = before.lastIndex(of: "\"") else { return LineEditor.Completion() }
    let typed = before[start...].dropFirst()
    let names = tables.map(\.name) + tables.flatMap(\.columns)
    let found = Set(names.filter { Self.begins($0, with: String(typed)) }).sorted().map { "\"\($0)\"" }
    return LineEditor.Completion(length: typed.count + 1, candidates: found)
  }

  private func completion(_ typed: String, _ candidates: [String]) -> LineEditor.Completion {
    var seen: Set<String> = []
    let found = candidates.filter { Self.begins($0, with: typed) && seen.insert($0).inserted }
    return LineEditor.Completion(length: typed.count, candidates: found)
  }

  static func begins(_ name: String, with typed: String) -> Bool {
    let bare = name.hasPrefix("\"") ? name.dropFirst() : name[...]
    return typed.isEmpty || Names.folded(String(bare)).hasPrefix(Names.folded(typed))
  }

  // MARK: - What can stand where

  private static let beginnings = [
    "ALTER TABLE", "BEGIN", "COMMIT", "CREATE INDEX", "CREATE TABLE", "CREATE UNIQUE INDEX", "DELETE FROM",
    "DROP INDEX",
    "DROP TABLE", "EXPLAIN", "INSERT INTO", "MERGE INTO", "PREVIEW", "RELEASE", "ROLLBACK", "SAVEPOINT",
    "SELECT",
    "SYNC", "UPDATE", "UPSERT INTO", "VALUES", "WITH",
  ]
  private static let functions: [String] = {
    let others = [
      "avg", "count", "dense_rank", "group_concat", "lag", "lead", "rank", "row_number", "string_agg", "sum",
      "total",
    ]
    return Set(FunctionNames.ofValues + others).sorted().map { $0 + "(" }
  }()

  private func candidates(
    _ typed: String, after words: [String], in scope: [Scoped], own: [String]
  ) -> [String] {
    func cased(_ keywords: [String]) -> [String] {
      typed.first?.isLowercase == true ? keywords.map { $0.lowercased() } : keywords
    }
    let names = (own + tables.map(\.name)).map { SQLPrinter.name($0) }
    switch words.last.map({ Names.folded($0) }) {
    case nil, ";", "explain", "preview": return cased(Self.beginnings)
    case "from", "join", "into", "update", "table", "sync": return names
    case "index": return tables.flatMap(\.indexes).map { SQLPrinter.name($0) }
    default: break
    }
    let columns = scope.flatMap(\.columns) + scope.compactMap(\.alias)
    if typed.isEmpty { return columns.isEmpty ? names : columns }
    guard words.last.map(Self.awaitsOperand) == true else {
      return cased(Keyword.allCases.map(\.text)) + columns + names
    }
    return columns + names + Self.functions + cased(Self.operands)
  }

  private static let operands = [
    "CASE", "CAST", "DISTINCT", "EXISTS", "FALSE", "NOT", "NULL", "SELECT", "TRUE",
  ]

  /// Whether a value follows that word or sign.
  private static func awaitsOperand(_ word: String) -> Bool {
    guard let keyword = Keyword.find(Array(word.utf8)[...]) else {
      return word.first.map { !SQLWords.continuesWord($0) && $0 != ")" && $0 != "'" && $0 != "*" } == true
    }
    switch keyword {
    case .select, .where, .and, .or, .not, .on, .having, .by, .set, .when, .then, .else, .case, .returning,
      .distinct, .between, .like, .in, .is, .offset, .limit, .values, .all:
      return true
    default: return false
    }
  }

  // MARK: - What the statement names

  struct Scoped {
    var table: String
    var alias: String?
    /// The columns' names, without the quotes that some need.
    var bareColumns: [String]

    var columns: [String] { bareColumns.map { SQLPrinter.name($0) } }

    func isCalled(_ name: String) -> Bool {
      Names.equal(table, name) || alias.map { Names.equal($0, name) } == true
    }
  }

  /// The tables that a text names, with their other names there, and those that it makes for itself.
  func scope(_ words: [String], besides typed: String? = nil) -> [Scoped] {
    var tables = tables
    var words = words
    if depth > 0 {
      tables = DerivedTables(words, known: tables, depth: depth).tables + tables
      words = Self.outsideParentheses(words)
    }
    var found: [Scoped] = []
    for (place, word) in words.enumerated() {
      guard let table = tables.first(where: { Names.equal($0.name, word) }) else { continue }
      var next = words[(place + 1)...]
      if let first = next.first, Names.equal(first, "as") { next = next.dropFirst() }
      var scoped = Scoped(table: table.name, bareColumns: table.columns)
      if let alias = next.first, alias.first.map(SQLWords.continuesWord) == true, alias != typed,
        Keyword.find(Array(alias.utf8)[...]) == nil
      {
        scoped.alias = alias
      }
      found.append(scoped)
    }
    return found
  }

  /// What `*` stands for comes of the tables beside the queries within, not of theirs.
  private static func outsideParentheses(_ words: [String]) -> [String] {
    var depth = 0
    return words.filter { word in
      if word == ")" { depth -= 1 }
      defer { if word == "(" { depth += 1 } }
      return depth <= 0
    }
  }

  private func columns(of qualifier: String, in scope: [Scoped]) -> [String] {
    if let own = scope.first(where: { $0.isCalled(qualifier) }) { return own.columns }
    let rows = ["excluded", "old", "new", "source", "target"]
    return rows.contains(Names.folded(qualifier)) ? scope.flatMap(\.columns) : []
  }
}

extension String {
  /// The longest end of the text whose characters all satisfy a condition.
  fileprivate func suffix(while condition: (Character) -> Bool) -> Substring {
    var start = endIndex
    while start > startIndex, condition(self[index(before: start)]) { start = index(before: start) }
    return self[start...]
  }
}
