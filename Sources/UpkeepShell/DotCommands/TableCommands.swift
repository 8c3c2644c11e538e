import Upkeep
import UpkeepSQL

extension DotCommand {
  /// Commands that say what tables and indexes there are.
  static var tableCommands: [DotCommand] {
    [
      DotCommand(
        ".tables", "\\dt", arguments: "[PATTERN]", does: "list the tables and views, of those LIKE PATTERN",
        example: ".tables air%"
      ) { shell, arguments in
        let pattern = try arguments.atMostOne("a pattern").map { NamePattern($0) }
        let names = try shell.tables().map(\.name) + shell.views().map(\.name)
        shell.list(names.filter { pattern?.matches($0) ?? true })
      },
      DotCommand(
        ".indexes", ".indices", arguments: "[TABLE]", does: "list the indexes, of one table or all",
        example: ".indexes airport"
      ) { shell, arguments in
        let tables = try shell.tables(try arguments.atMostOne("a table"))
        shell.list(tables.flatMap { $0.indexes.map(\.name) })
      },
      DotCommand(
        ".schema", "\\d", arguments: "[NAME]",
        does: "show the SQL that makes tables, indexes and views: all, one, or those LIKE a name with %",
        example: ".schema airport"
      ) { shell, arguments in
        // SQLite's shell has --indent, which is how it always looks here.
        let words = arguments.words.filter { $0 != "--indent" }
        guard words.count <= 1 else { throw ShellError("\(arguments.name) takes a name, or nothing") }
        try shell.showSchema(words.first)
      },
      DotCommand(
        ".databases", "\\l", does: "say which database is open", example: ".databases"
      ) { shell, arguments in
        try arguments.none()
        let place = shell.database.path ?? "in memory"
        shell.results.write("main: \(place)\(shell.opening.isReadOnly ? ", for reading only" : "")\n")
      },
    ]
  }
}

extension Shell {
  /// Shows names: a line each, or in columns to a person.
  fileprivate func list(_ names: [String]) {
    if isConversing, let window = results.window {
      results.write(Columns.of(names, width: window.columns))
    } else {
      for name in names { results.write(name + "\n") }
    }
  }

  /// The tables, or the one of this name.
  func tables(_ name: String? = nil) throws -> [TableSchema] {
    try database.session.look { scope throws(UpkeepError) in
      let catalog = try scope.catalog
      guard let name else { return catalog.tables }
      return [try catalog.table(name)]
    }
  }
}

extension Shell {
  /// Shows what makes what is called so; a name with `%` is a pattern.
  fileprivate func showSchema(_ name: String?) throws {
    if let name, !name.contains("%") {
      if let view = try views(name).first { return results.write(SchemaText.of(view)) }
      if let table = try? tables(name)[0] { return results.write(SchemaText.of(table)) }
      if let found = try? index(name) {
        let text = SQLPrinter.createIndex(found.index.definition)
        let note = found.index.isConstraint ? "  -- by a constraint of \(found.table.name)" : ""
        return results.write("\(text)\(note)\n")
      }
      // Says which name is near.
      _ = try tables(name)
    }
    let pattern = name.map { NamePattern($0) }
    for table in try tables() where pattern?.matches(table.name) ?? true {
      results.write(SchemaText.of(table))
    }
    for view in try views() where pattern?.matches(view.name) ?? true { results.write(SchemaText.of(view)) }
  }

  /// The index of this name, and its table.
  func index(_ name: String) throws -> (table: TableSchema, index: IndexSchema) {
    let tables = try self.tables()
    for table in tables {
      if let index = table.indexes.first(where: { Names.equal($0.name, name) }) { return (table, index) }
    }
    let known = tables.flatMap { $0.indexes.map(\.name) }
    throw UpkeepError(.unknownIndex, "there is no index \(name)\(Names.suggestion(for: name, among: known))")
  }

  /// The columns of a view, also of one whose query names them.
  func columns(of view: ViewSchema) throws -> [String] {
    try view.columns ?? database.session.columns(ofView: view.name)
  }

  /// The views, or the one of this name.
  func views(_ name: String? = nil) throws -> [ViewSchema] {
    try database.session.look { scope throws(UpkeepError) in
      let catalog = try scope.catalog
      guard let name else { return catalog.views }
      return catalog.find(name) == nil ? catalog.view(name).map { [$0] } ?? [] : []
    }
  }
}

/// The statements that make a table as it is.
enum SchemaText {
  static func of(_ table: TableSchema) -> String {
    let indexes = table.indexes.filter { !$0.isConstraint }.map(\.definition)
    return SQLPrinter.createTable(table.definition, indexes: indexes) + "\n"
  }

  static func of(_ view: ViewSchema) -> String {
    SQLPrinter.createView(ViewDefinition(view.name, columns: view.columns, as: view.text)) + "\n"
  }
}

/// A name with `%` and `_` as LIKE has them, without regard to case.
struct NamePattern {
  private let pattern: [UInt8]

  init(_ pattern: String) { self.pattern = Array(Names.folded(pattern).utf8) }

  func matches(_ name: String) -> Bool {
    let text = Array(Names.folded(name).utf8)
    var reachable = [Bool](repeating: false, count: text.count + 1)
    reachable[0] = true
    for symbol in pattern {
      var next = [Bool](repeating: false, count: text.count + 1)
      if symbol == UInt8(ascii: "%") {
        var isReached = false
        for place in 0...text.count {
          isReached = isReached || reachable[place]
          next[place] = isReached
        }
      } else {
        for place in 0..<text.count where reachable[place] {
          if symbol == UInt8(ascii: "_") || symbol == text[place] { next[place + 1] = true }
        }
      }
      reachable = next
    }
    return reachable[text.count]
  }
}
