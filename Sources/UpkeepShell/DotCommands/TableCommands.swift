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
        ".schema", "\\d", arguments: "[TABLE]", does: "show the SQL that makes tables, indexes and views",
        example: ".schema airport"
      ) { shell, arguments in
        let name = try arguments.atMostOne("a table")
        let views = try shell.views(name)
        if name == nil || views.isEmpty {
          for table in try shell.tables(name) { shell.results.write(SchemaText.of(table)) }
        }
        for view in views { shell.results.write(SchemaText.of(view)) }
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
