public import Upkeep

/// Queries.
extension SQLPrinter {
  /// A query as text.
  public static func query(_ query: Query) -> String {
    var text = with(query.commonTables) + block(query.block)
    for part in query.compounds {
      switch part.operation {
      case .union: text += " UNION "
      case .unionAll: text += " UNION ALL "
      case .intersect: text += " INTERSECT "
      case .except: text += " EXCEPT "
      }
      text += block(part.block)
    }
    if !query.order.isEmpty {
      text += " ORDER BY \(orderTerms(query.order))"
    }
    if let limit = query.limit {
      text += " LIMIT \(expression(limit))"
    } else if query.offset != nil {
      text += " LIMIT -1"
    }
    if let offset = query.offset { text += " OFFSET \(expression(offset))" }
    return text
  }

  /// WITH and a blank behind it, or nothing.
  static func with(_ tables: [CommonTable]) -> String {
    if tables.isEmpty { return "" }
    let texts = tables.map { table in
      "\(name(table.name))\(table.columns.map { " \(names($0))" } ?? "") AS (\(query(table.query)))"
    }
    return "WITH \(tables[0].isRecursive ? "RECURSIVE " : "")\(texts.joined(separator: ", ")) "
  }

  private static func block(_ block: QueryBlock) -> String {
    switch block {
    case .values(let rows): return values(rows)
    case .select(let select):
      var text = "SELECT \(select.isDistinct ? "DISTINCT " : "")\(resultColumns(select.columns))"
      if !select.from.isEmpty { text += " FROM \(sources(select.from))" }
      text += condition(select.condition)
      if !select.grouping.isEmpty {
        text += " GROUP BY " + select.grouping.map(expression).joined(separator: ", ")
      }
      if let having = select.groupCondition { text += " HAVING \(expression(having))" }
      if !select.windows.isEmpty {
        let windows = select.windows.map { "\(name($0.name)) AS \(window($0.definition))" }
        text += " WINDOW " + windows.joined(separator: ", ")
      }
      return text
    }
  }

  /// What stands behind FROM.
  static func sources(_ items: [FromItem]) -> String {
    var text = ""
    for (number, item) in items.enumerated() {
      if number > 0 {
        let natural = item.condition == .natural ? "NATURAL " : ""
        switch item.kind {
        case .cross: text += ", "
        case .inner: text += " \(natural)JOIN "
        case .left: text += " \(natural)LEFT JOIN "
        case .right: text += " \(natural)RIGHT JOIN "
        case .full: text += " \(natural)FULL JOIN "
        }
      }
      text += source(item.source)
      switch item.condition {
      case .on(let condition): text += " ON \(expression(condition))"
      case .using(let columns): text += " USING \(names(columns))"
      case .natural, nil: break
      }
    }
    return text
  }

  /// A table, or a query in parentheses, with its other name.
  static func source(_ source: RowSource) -> String {
    switch source {
    case .table(let reference): return table(reference)
    case .join(let items): return "(\(sources(items)))"
    case .call(let function, let arguments, let alias):
      return "\(function)(\(arguments.map(expression).joined(separator: ", ")))"
        + (alias.map { " AS \(name($0))" } ?? "")
    case .query(let query, let alias, let columns):
      var text = "(\(self.query(query)))"
      if let alias { text += " AS \(name(alias))" }
      if let columns { text += " \(names(columns))" }
      return text
    }
  }

  static func orderTerms(_ terms: [OrderTerm]) -> String { terms.map(orderTerm).joined(separator: ", ") }

  private static func orderTerm(_ term: OrderTerm) -> String {
    var text = expression(term.expression)
    if term.isDescending { text += " DESC" }
    if let first = term.nullsFirst { text += first ? " NULLS FIRST" : " NULLS LAST" }
    return text
  }
}
