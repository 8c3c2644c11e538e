import Upkeep

/// Reads the queries of views, which the catalog keeps as SQL.
struct SQLViewReader: ViewReading {
  func query(_ text: String) throws(UpkeepError) -> Query {
    var parser = SQLParser(text)
    switch try parser.next()?.statement {
    case .select(let query)?: return query
    case .values(let rows)?: return Query(.values(rows))
    default: throw UpkeepError(.corrupt, "the text of a view is no query: \(text)")
    }
  }

  func text(_ query: Query) -> String { SQLPrinter.query(query) }

  func naming(_ name: String, at places: Set<Int>, in text: String) -> String {
    let source = SourceText(Array(text.utf8))
    var lexer = Lexer(source)
    var result: [UInt8] = []
    var copied = 0
    for place in places.sorted() where place >= copied {
      lexer.offset = place
      guard let token = try? lexer.next() else { continue }
      result += source.bytes[copied..<place]
      result += SQLPrinter.name(name).utf8
      copied = token.end
    }
    result += source.bytes[copied...]
    return String(decoding: result, as: UTF8.self)
  }

  /// SQLite's table of what there is: a row for each table, index and view with the SQL that makes it.
  func view(of catalog: Catalog) -> ViewSchema {
    var rows: [[Value]] = []
    func add(_ type: String, _ name: String, _ table: String, _ tree: UInt64, _ sql: String?) {
      rows.append([
        .text(type), .text(name), .text(table), .integer(Int64(clamping: tree)),
        sql.map { .text($0.last == ";" ? String($0.dropLast()) : $0) } ?? .null,
      ])
    }
    for table in catalog.tables where !table.definition.isTemporary {
      add("table", table.name, table.name, table.tree.rawValue, SQLPrinter.createTable(table.definition))
      for index in table.indexes {
        let sql = index.isConstraint ? nil : SQLPrinter.createIndex(index.definition)
        add("index", index.name, table.name, index.tree.rawValue, sql)
      }
    }
    for view in catalog.views {
      let definition = ViewDefinition(view.name, columns: view.columns, as: view.text)
      add("view", view.name, view.name, 0, SQLPrinter.createView(definition))
    }
    let list = rows.map { "(\($0.map(SQLPrinter.literal).joined(separator: ", ")))" }.joined(separator: ", ")
    return ViewSchema(
      name: "sqlite_schema", columns: ["type", "name", "tbl_name", "rootpage", "sql"],
      text: rows.isEmpty ? "SELECT NULL, NULL, NULL, NULL, NULL WHERE FALSE" : "VALUES \(list)")
  }
}

extension Session {
  /// The names of a view's columns; nothing of it is run.
  package func columns(ofView name: String) throws(UpkeepError) -> [String] {
    try look { scope throws(UpkeepError) in
      let context = StatementContext()
      context.viewReader = SQLViewReader()
      return try ViewKeeper(scope, context).columns(name)
    }
  }

  /// A session whose statements read views, whoever gives them to it.
  static func readingViews(of store: Store) -> Session {
    let session = Session(store)
    session.viewReader = SQLViewReader()
    return session
  }
}
