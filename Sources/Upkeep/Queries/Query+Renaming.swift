/// Queries over a table that got another name.
extension Query {
  /// The query with another table in FROM wherever this one stood. There it keeps its name as an alias, so that whatever
  /// names its columns goes on doing so.
  func renaming(table old: String, to new: String) -> Query {
    // Within a WITH that says what the name means, it is not the table.
    if commonTables.contains(where: { Names.equal($0.name, old) }) { return self }
    var query = self
    for position in query.commonTables.indices {
      query.commonTables[position].query = commonTables[position].query.renaming(table: old, to: new)
    }
    query.block = block.renaming(old, new)
    for position in query.compounds.indices {
      query.compounds[position].block = compounds[position].block.renaming(old, new)
    }
    for position in query.order.indices {
      query.order[position].expression = order[position].expression.renaming(old, new)
    }
    query.limit = limit?.renaming(old, new)
    query.offset = offset?.renaming(old, new)
    return query
  }
}

extension QueryBlock {
  fileprivate func renaming(_ old: String, _ new: String) -> QueryBlock {
    switch self {
    case .values(let rows): return .values(rows.map { $0.map { $0.renaming(old, new) } })
    case .select(var select):
      select.columns = select.columns.map { column in
        guard case .expression(let expression, let name) = column else { return column }
        return .expression(expression.renaming(old, new), name: name)
      }
      select.from = select.from.map { $0.renaming(old, new) }
      select.condition = select.condition?.renaming(old, new)
      select.grouping = select.grouping.map { $0.renaming(old, new) }
      select.groupCondition = select.groupCondition?.renaming(old, new)
      return .select(select)
    }
  }
}

extension FromItem {
  fileprivate func renaming(_ old: String, _ new: String) -> FromItem {
    var item = self
    item.source = source.renaming(old, new)
    if case .on(let condition)? = condition { item.condition = .on(condition.renaming(old, new)) }
    return item
  }
}

extension RowSource {
  fileprivate func renaming(_ old: String, _ new: String) -> RowSource {
    switch self {
    case .table(let reference):
      let qualified = QualifiedName(text: reference.name)
      let name = qualified?.name ?? reference.name
      guard Names.equal(name, old), qualified?.database != .temp else { return self }
      let written = qualified == nil ? new : QualifiedName(new, in: .main).text
      return .table(TableReference(written, as: reference.alias ?? name))
    case .query(let query, let alias, let columns):
      return .query(query.renaming(table: old, to: new), alias: alias, columns: columns)
    case .call(let function, let arguments, let alias):
      return .call(function, arguments.map { $0.renaming(old, new) }, alias: alias)
    case .join(let items): return .join(items.map { $0.renaming(old, new) })
    }
  }
}

extension Expression {
  fileprivate func renaming(_ old: String, _ new: String) -> Expression {
    replacing { part in
      switch part {
      case .subquery(let query, let column, let count):
        return .subquery(query.renaming(table: old, to: new), column: column, of: count)
      case .exists(let query): return .exists(query.renaming(table: old, to: new))
      case .inQuery(let operand, let query, let negated):
        return .inQuery(operand.renaming(old, new), query.renaming(table: old, to: new), negated: negated)
      default: return nil
      }
    }
  }
}
