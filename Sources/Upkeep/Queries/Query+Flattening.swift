/// A query over nothing but a view, or over a query in parentheses, that passes on rows of one table is a query over that
/// table: what leads to the table's rows then leads to its own, as if the text of the view stood in it.
extension Query {
  /// The same query, its blocks over tables as far as that is possible.
  ///
  /// - Parameter place: where it stands, without its own WITH.
  func flattened(_ place: QueryPlace) -> Query {
    guard commonTables.isEmpty, place.outer?.scope.isBesideSources != true,
      place.host.statement.columnUses == nil
    else { return self }
    var query = self
    if compounds.isEmpty {
      guard case .select(let select) = block, select.isOverOne else { return self }
      guard let (flat, terms) = select.flattened(order, place) else { return self }
      query.block = .select(flat)
      query.order = terms
      return query
    }
    // Terms of an order name what its blocks show, as it is written there.
    guard order.isEmpty else { return self }
    query.block = block.flattened(place)
    for number in compounds.indices {
      query.compounds[number].block = compounds[number].block.flattened(place)
    }
    return query
  }

  /// Whether there is something to do.
  func isOverViews(_ scope: TransactionScope) -> Bool {
    ([block] + compounds.map(\.block)).contains { block in
      guard case .select(let select) = block, select.isOverOne else { return false }
      if case .table(let table) = select.from[0].source { return scope.isView(table.name) }
      return true
    }
  }
}

extension QueryBlock {
  fileprivate func flattened(_ place: QueryPlace) -> QueryBlock {
    guard case .select(let select) = self, select.isOverOne, let (flat, _) = select.flattened([], place)
    else {
      return self
    }
    return .select(flat)
  }
}

/// A view, or a query in parentheses, that passes on rows of a stored table.
private struct PassedTable {
  /// Of how many parts a column may be that is written out wherever it is named: more would be found again and again, and what
  /// is made of such columns in its turn would be without bounds.
  static let mostParts = 50

  /// A column of what is passed on; nil where it cannot stand in an expression of the query around.
  struct Column {
    var name: String
    var expression: Expression
    /// Whether a term of an order or of groups means the same by it: numbers would be positions.
    var hasColumns: Bool
  }

  /// The table, called as the view or query was.
  var table: TableReference
  var columns: [Column]
  var condition: Expression?

  /// What a reference to it stands for; nil if it means nothing here, or what cannot be put in its place.
  func find(_ reference: ColumnReference, _ place: QueryPlace) -> Expression? {
    if let qualifier = reference.qualifier, !Names.equal(qualifier, table.alias ?? "") {
      return place.outer == nil ? nil : .column(reference)
    }
    guard let column = columns.first(where: { Names.equal($0.name, reference.name) }), column.hasColumns
    else {
      return nil
    }
    return column.expression
  }

  /// An expression of the query around in terms of the table.
  func within(_ expression: Expression, _ place: QueryPlace) -> Expression? {
    if expression.hasQuery { return nil }
    var isPossible = true
    let inner = expression.replacing { part in
      guard case .column(let reference) = part else { return nil }
      if let found = find(reference, place) { return found }
      isPossible = false
      return part
    }
    return isPossible ? inner : nil
  }
}

extension Select {
  fileprivate var isOverOne: Bool {
    guard from.count == 1, from[0].condition == nil else { return false }
    switch from[0].source {
    case .table, .query: return true
    case .call, .join: return false
    }
  }

  /// The block and the terms of its order over the table whose rows its source passes on; nil if it does not.
  fileprivate func flattened(_ order: [OrderTerm], _ place: QueryPlace) -> (Select, [OrderTerm])? {
    guard windows.isEmpty, !hasWindow, let passed = passedTable(place) else { return nil }
    var flat = self
    flat.from = [FromItem(.table(passed.table))]
    flat.columns = []
    var names: [String] = []
    for column in columns {
      switch column {
      case .expression(let expression, let name):
        guard let inner = passed.within(expression, place) else { return nil }
        names.append(expression.nameShown(name))
        flat.columns.append(.expression(inner, name: expression.nameShown(name)))
      case .all(let qualifier):
        if let qualifier, !Names.equal(qualifier, passed.table.alias ?? "") { return nil }
        for column in passed.columns {
          names.append(column.name)
          flat.columns.append(.expression(column.expression, name: column.name))
        }
      }
    }
    flat.condition = passed.condition
    if let condition {
      guard let inner = passed.within(condition, place) else { return nil }
      flat.condition = .joined(passed.condition, inner)
    }
    for (number, term) in grouping.enumerated() {
      guard let inner = passed.within(term, place) else { return nil }
      flat.grouping[number] = inner
    }
    if let groupCondition {
      guard let inner = passed.within(groupCondition, place) else { return nil }
      flat.groupCondition = inner
    }
    var terms = order
    for (number, term) in order.enumerated() {
      // Names of the result go first, and stay.
      if let name = term.expression.bareName, names.contains(where: { Names.equal($0, name) }) { continue }
      guard let inner = passed.within(term.expression, place) else { return nil }
      terms[number].expression = inner
    }
    return (flat, terms)
  }

  private func passedTable(_ place: QueryPlace) -> PassedTable? {
    switch from[0].source {
    case .query(let query, let alias, let names):
      guard let inside = try? place.innerSource() else { return nil }
      return query.passedTable(called: alias ?? "the subquery", names, inside, place)
    case .table(let table):
      guard place.commonTables?.find(table.name) == nil, let view = try? place.host.view(table.name),
        var inside = try? place.innerSource(), !place.views.contains(Names.folded(view.name)),
        let reader = place.host.statement.viewReader, let query = try? reader.query(view.text)
      else { return nil }
      inside.commonTables = nil
      inside.outer = nil
      inside.views.append(Names.folded(view.name))
      return query.passedTable(called: table.alias ?? table.name, view.columns, inside, place)
    case .call, .join: return nil
    }
  }
}

extension Query {
  /// - Parameters:
  ///   - names: what its columns are called around; nil for their own names.
  ///   - inside: where it stands; `place` is where the query around it does.
  fileprivate func passedTable(
    called alias: String, _ names: [String]?, _ inside: QueryPlace, _ place: QueryPlace
  ) -> PassedTable? {
    let query = flattened(inside)
    guard query.commonTables.isEmpty, query.compounds.isEmpty, query.limit == nil, query.offset == nil,
      query.order.isEmpty, case .select(let select) = query.block, select.passesRowsOn,
      let table = select.storedTable, inside.commonTables?.find(table.name) == nil,
      place.commonTables?.find(table.name) == nil, let schema = try? place.host.scope.table(table.name)
    else { return nil }
    let own = table.alias ?? table.name
    func called(_ expression: Expression, isShown: Bool) -> Expression? {
      if expression.hasQuery || expression.isVolatile || expression.hasAggregate { return nil }
      var isPossible = true
      var count = 0
      let renamed = expression.replacing { part in
        count += 1
        switch part {
        case .column(let reference):
          if let qualifier = reference.qualifier, !Names.equal(qualifier, own) { isPossible = false }
          if schema.ordinal(of: reference.name) == nil { isPossible = false }
          return .column(ColumnReference(reference.name, of: alias))
        // Said of a column that is shown, it gives way to that of another side; said in an expression, it does not.
        case .collate where isShown: isPossible = false
        default: break
        }
        return nil
      }
      return isPossible && (!isShown || count <= PassedTable.mostParts) ? renamed : nil
    }
    var passed = PassedTable(table: TableReference(table.name, as: alias), columns: [], condition: nil)
    for column in select.columns {
      switch column {
      case .all(let qualifier):
        if let qualifier, !Names.equal(qualifier, own) { return nil }
        passed.columns += schema.columns.map {
          PassedTable.Column(
            name: $0.name, expression: .column(ColumnReference($0.name, of: alias)), hasColumns: true)
        }
      case .expression(let expression, let name):
        guard let renamed = called(expression, isShown: true) else { return nil }
        // What is more than a column compares as BINARY says, before that which its columns say.
        if expression.bareColumn == nil, schema.columns.contains(where: { $0.collation != .binary }) {
          return nil
        }
        passed.columns.append(
          PassedTable.Column(
            name: expression.nameShown(name), expression: renamed, hasColumns: expression.hasColumn))
      }
    }
    if let names {
      guard names.count == passed.columns.count else { return nil }
      for (number, name) in names.enumerated() { passed.columns[number].name = name }
    }
    guard Set(passed.columns.map { Names.folded($0.name) }).count == passed.columns.count else { return nil }
    if let condition = select.condition {
      guard let renamed = called(condition, isShown: false) else { return nil }
      passed.condition = renamed
    }
    return passed
  }
}

extension Expression {
  /// The name, if it is nothing but that.
  fileprivate var bareName: String? {
    switch self {
    case .collate(let inner, _): inner.bareName
    case .column(let reference): reference.qualifier == nil ? reference.name : nil
    default: nil
    }
  }

  /// The column, if it is nothing but that.
  fileprivate var bareColumn: ColumnReference? {
    if case .column(let reference) = self { reference } else { nil }
  }

  /// Whether a column stands in it.
  fileprivate var hasColumn: Bool {
    var found = false
    _ = replacing { part in
      if case .column = part { found = true }
      return nil
    }
    return found
  }
}
