/// What the catalog says, as rows: sources of queries that are called as SQLite calls them.
enum CatalogRows: String, CaseIterable {
  case tableInfo = "pragma_table_info"
  case tableList = "pragma_table_list"
  case indexList = "pragma_index_list"
  case indexInfo = "pragma_index_info"

  private var columns: [String] {
    switch self {
    case .tableInfo: ["cid", "name", "type", "notnull", "dflt_value", "pk"]
    case .tableList: ["schema", "name", "type", "ncol", "wr", "strict"]
    case .indexList: ["seq", "name", "unique", "origin", "partial"]
    case .indexInfo: ["seqno", "cid", "name"]
    }
  }

  /// The query that gives the rows. What does not exist has none, as in SQLite.
  ///
  /// - Parameter arguments: constants: the name of a table or an index.
  func query(
    _ arguments: [Expression], _ place: QueryPlace
  ) throws(UpkeepError) -> (query: Query, columns: [String]) {
    try ScalarFunction.requireCount(arguments.count, of: rawValue, self == .tableList ? 0...1 : 1...1)
    var name = ""
    if let argument = arguments.first {
      guard let text = place.host.statement.constant(argument)?.value.castText else {
        throw UpkeepError(.misuse, "\(rawValue)() takes the name of a table or an index, as a constant")
      }
      name = text
    }
    let catalog = try place.host.scope.catalog
    let rows: [[Value]] =
      switch self {
      case .tableInfo: try tableInfo(name, place)
      case .tableList: tableList(catalog).filter { name.isEmpty || Names.equal($0[1].castText ?? "", name) }
      case .indexList: catalog.find(name).map { indexList($0) } ?? []
      case .indexInfo: catalog.index(name).map { indexInfo($0.index, $0.table) } ?? []
      }
    if rows.isEmpty {
      let nothing = columns.map { ResultColumn.expression(.literal(.null), name: $0) }
      return (Query(nothing, where: .literal(.integer(0))), columns)
    }
    return (Query(.values(rows.map { $0.map { .literal($0) } })), columns)
  }

  private func tableInfo(_ name: String, _ place: QueryPlace) throws(UpkeepError) -> [[Value]] {
    if let view = try place.host.view(name) {
      let plan = try QueryPlan(Query(all: .table(TableReference(view.name))), try place.innerSource())
      return plan.columns.enumerated().map { number, column in
        [
          .integer(Int64(number)), .text(column.name), .text(column.type.map(\.name) ?? ""), .integer(0),
          .null,
          .integer(0),
        ]
      }
    }
    guard let table = try place.host.scope.catalog.find(name) else { return [] }
    return table.columns.map { column in
      let key = table.primaryKey.firstIndex(of: column.ordinal)
      let type = column.declaredType ?? (column.type == .any ? "" : column.type.name)
      return [
        .integer(Int64(column.ordinal)), .text(column.name), .text(type), .integer(column.isNullable ? 0 : 1),
        column.defaultExpression.map { .text($0.shortText) } ?? .null, .integer(Int64((key ?? -1) + 1)),
      ]
    }
  }

  private func tableList(_ catalog: Catalog) -> [[Value]] {
    let tables = catalog.tables.map { table -> [Value] in
      let isTemporary = table.definition.owner != nil
      return [
        .text(isTemporary ? "temp" : "main"), .text(table.name), .text("table"),
        .integer(Int64(table.columns.count)), .integer(table.primaryKey.isEmpty ? 0 : 1), .integer(1),
      ]
    }
    let views = catalog.views.map { view -> [Value] in
      [
        .text("main"), .text(view.name), .text("view"),
        view.columns.map { .integer(Int64($0.count)) } ?? .null,
        .integer(0), .integer(0),
      ]
    }
    return tables + views
  }

  private func indexList(_ table: TableSchema) -> [[Value]] {
    table.indexes.enumerated().map { number, index in
      [
        .integer(Int64(number)), .text(index.name), .integer(index.isUnique ? 1 : 0),
        .text(index.isConstraint ? "u" : "c"), .integer(index.predicate == nil ? 0 : 1),
      ]
    }
  }

  private func indexInfo(_ index: IndexSchema, _ table: TableSchema) -> [[Value]] {
    index.parts.enumerated().map { number, part in
      // An expression has no column, which SQLite shows as -2.
      [
        .integer(Int64(number)), .integer(Int64(part.column ?? -2)),
        part.column.flatMap { $0 < table.columns.count ? .text(table.columns[$0].name) : nil } ?? .null,
      ]
    }
  }
}
