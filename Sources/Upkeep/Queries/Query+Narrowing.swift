/// Conditions of a query that are about one of its sources go into that source where it is a query or a view: what it
/// reads by a key it need not read whole.
extension Query {
  /// The query with those conditions of the one around that name nothing but columns that it passes on as they are.
  ///
  /// - Parameters:
  ///   - condition: WHERE of the query around. It goes on holding there, too.
  ///   - alias: what the query is called there.
  ///   - names: what its columns are called there; nil for their own names.
  ///   - takesBareNames: whether a name without a source is one of its columns.
  func narrowed(
    by condition: Expression, called alias: String?, columns names: [String]?, takesBareNames: Bool,
    _ place: QueryPlace
  ) -> Query {
    guard commonTables.isEmpty, compounds.isEmpty, limit == nil, offset == nil,
      case .select(var select) = block, select.passesRowsOn,
      let passed = select.passedColumns(names, place), !passed.isEmpty
    else { return self }
    var isNarrowed = false
    for conjunct in condition.conjuncts {
      guard
        let inner = conjunct.within({ reference in
          if let qualifier = reference.qualifier {
            guard let alias, Names.equal(qualifier, alias) else { return nil }
          } else if !takesBareNames {
            return nil
          }
          return passed[Names.folded(reference.name)] ?? nil
        })
      else { continue }
      select.condition = .joined(select.condition, inner)
      isNarrowed = true
    }
    guard isNarrowed else { return self }
    var query = self
    query.block = .select(select)
    return query
  }
}

extension Select {
  /// Whether each row that it gives is of one row of its sources, whatever the others are.
  var passesRowsOn: Bool {
    guard !isDistinct, grouping.isEmpty, groupCondition == nil, !hasWindow else { return false }
    return columns.allSatisfy { column in
      guard case .expression(let expression, _) = column else { return true }
      return !expression.hasAggregate
    }
  }

  /// For each name of a result column the column that it is, nil where it is something else or there are two of the
  /// name. Nil if the names are not known.
  fileprivate func passedColumns(_ names: [String]?, _ place: QueryPlace) -> [String: ColumnReference?]? {
    var list: [(name: String, column: ColumnReference?)] = []
    for column in columns {
      switch column {
      case .expression(let expression, let name):
        var own: ColumnReference?
        if case .column(let reference) = expression { own = reference }
        list.append((expression.nameShown(name), own))
      case .all(of: nil):
        guard let table = storedTable, place.commonTables?.find(table.name) == nil,
          let schema = try? place.host.scope.table(table.name)
        else { return nil }
        list += schema.columns.map { ($0.name, ColumnReference($0.name)) }
      case .all: return nil
      }
    }
    if let names {
      guard names.count == list.count else { return nil }
      for (position, name) in names.enumerated() { list[position].name = name }
    }
    return Dictionary(list.map { (Names.folded($0.name), $0.column) }, uniquingKeysWith: { _, _ in nil })
  }
}

extension Expression {
  /// The condition with its columns put in other terms; nil if one of them cannot be, if it has none, or if it is about
  /// more than a row's columns.
  fileprivate func within(_ column: (ColumnReference) -> ColumnReference?) -> Expression? {
    var isPossible = true
    var hasColumn = false
    let inner = replacing { part in
      switch part {
      case .column(let reference):
        hasColumn = true
        if let own = column(reference) { return .column(own) }
        isPossible = false
      case .aggregate, .window, .subquery, .exists, .inQuery: isPossible = false
      default: break
      }
      return nil
    }
    return isPossible && hasColumn && !isVolatile ? inner : nil
  }
}
