/// What a SELECT reads: its sources with their names, and which of their rows belong together.
struct Sources {
  /// One source of FROM.
  struct Source {
    enum Content {
      case table(TableSchema)
      case query(QueryPlan)
      case common(CommonTableSource)
      /// A function that gives rows.
      case call(TableFunction)
      /// A recursive common table within itself.
      case round(CommonTableSource)
    }

    var content: Content
    /// The name by which it is called; nil for a query without one.
    var name: String?
    var kind: JoinKind
  }

  /// A condition and the sources that it reads.
  struct Condition {
    var expression: Expression
    var compiled: CompiledExpression
    var slots: Set<Int>
    /// The source whose ON it is of; nil for WHERE.
    var join: Int?
  }

  private(set) var list: [Source] = []
  /// The sources' rows, one slot each, and the queries around.
  private(set) var scope: ExpressionScope
  /// Conditions that read a source, or belong to a join that keeps rows without a partner.
  private(set) var conditions: [Condition] = []
  /// Conditions of WHERE that read none.
  private(set) var constants: [CompiledExpression] = []
  /// Columns that USING or NATURAL made one with a column before them.
  private var hidden: Set<SlotColumn> = []

  /// - Parameter condition: WHERE, of which queries among the sources are told what concerns them alone. It is yet to be
  ///   added.
  init(
    _ items: [FromItem], _ place: QueryPlace, where condition: Expression? = nil
  ) throws(UpkeepError) {
    scope = ExpressionScope(slots: [], bareSlots: [])
    scope.refusesAmbiguity = true
    scope.outer = place.outer
    scope.depth = place.depth
    if let uses = place.host.statement.columnUses, uses.depth == 1 { scope.uses = uses }
    scope.subqueries = SubqueryScope(place.host, place.commonTables, nesting: place.nesting)
    for (number, item) in items.enumerated() {
      try add(item, place, Self.decides(number, items) ? condition : nil, isOnly: items.count == 1)
    }
    // Names in ON may be of any source up to its own: they are bound once all are known.
    for (number, item) in items.enumerated() where number > 0 {
      guard case .on(let condition)? = item.condition else { continue }
      try add(condition, join: number)
    }
  }

  /// Whether rows of a source for which WHERE does not hold make no rows of the join.
  private static func decides(_ number: Int, _ items: [FromItem]) -> Bool {
    let isInner = number == 0 || items[number].kind == .inner || items[number].kind == .cross
    return isInner && !items[(number + 1)...].contains { $0.kind == .right || $0.kind == .full }
  }

  /// Adds WHERE.
  mutating func add(condition: Expression?) throws(UpkeepError) {
    if let condition { try add(condition, join: nil) }
  }

  private mutating func add(_ condition: Expression, join: Int?) throws(UpkeepError) {
    for part in condition.conjuncts {
      let compiled = try CompiledExpression.compile(part, in: scope)
      let slots = Set(compiled.columnsRead.map(\.slot))
      if let join, let late = slots.first(where: { $0 > join }) {
        throw UpkeepError(
          .misuse,
          "ON names \(list[late].name ?? "a source") before it is joined; put the condition in its ON")
      }
      if slots.isEmpty, join == nil {
        constants.append(compiled)
      } else {
        conditions.append(Condition(expression: part, compiled: compiled, slots: slots, join: join))
      }
    }
  }

  /// A name that no text can write: it tells sources apart whatever they are called.
  private static func hiddenName(_ slot: Int) -> String { "\u{0}\(slot)" }

  // MARK: Sources

  private mutating func add(
    _ item: FromItem, _ place: QueryPlace, _ condition: Expression?, isOnly: Bool
  ) throws(UpkeepError) {
    let slot = list.count
    let name: String?
    let columns: ColumnList
    let content: Source.Content
    var joined: JoinedNames?
    switch item.source {
    case .table(let reference):
      name = reference.alias ?? reference.name
      if let common = place.commonTables?.find(reference.name) {
        let use = try common.use()
        content = use.isItself ? .round(common) : .common(common)
        columns = try columnList(use.columns, name, slot)
      } else if let view = try place.host.view(reference.name) {
        let plan = try QueryPlan(view, place) { query, inside in
          guard let condition else { return query }
          return query.narrowed(
            by: condition, called: name, columns: view.columns, takesBareNames: isOnly, inside)
        }
        content = .query(plan)
        columns = try columnList(
          try named(plan.columns, view.columns, of: "view \(view.name)"), name, slot)
      } else {
        let schema = try table(reference.name, place)
        content = .table(schema)
        columns = schema.columnList
      }
    case .query(let query, let alias, let names):
      name = alias
      var narrowed = query
      if let condition {
        narrowed = query.narrowed(by: condition, called: alias, columns: names, takesBareNames: isOnly, place)
      }
      let plan = try QueryPlan(narrowed, try place.innerSource())
      let shown = try named(plan.columns, names, of: alias ?? "the subquery")
      content = .query(plan)
      columns = try columnList(shown, name, slot)
    case .join(let items):
      name = nil
      let plan = try QueryPlan(
        Query(.select(Select([.all(of: Self.everything)], from: items))), try place.innerSource())
      content = .query(plan)
      columns = try columnList(plan.columns, name, slot)
      joined = plan.joinedNames
    case .call(let function, let arguments, let alias) where CatalogRows(rawValue: function) != nil:
      name = alias ?? function
      guard let rows = try CatalogRows(rawValue: function)?.query(arguments, place) else { return }
      let plan = try QueryPlan(rows.query, try place.innerSource())
      content = .query(plan)
      columns = try columnList(try named(plan.columns, rows.columns, of: function), name, slot)
    case .call(let function, let arguments, let alias):
      name = alias ?? function
      guard item.kind != .right && item.kind != .full else {
        throw UpkeepError(
          .unsupported,
          "\(function)() on the right of a \(item.kind == .right ? "RIGHT" : "FULL") JOIN is not supported")
      }
      let made = try TableFunction(function, arguments, in: scope)
      content = .call(made)
      columns = try columnList(made.columns, name, slot)
    }
    list.append(Source(content: content, name: name, kind: item.kind))
    scope.slots.append(
      ExpressionScope.Slot(names: (name.map { [$0] } ?? []) + [Self.hiddenName(slot)], columns: columns))
    scope.slots[slot].joined = joined
    if case .table(let schema) = content { scope.slots[slot].table = schema.id }
    scope.bareSlots.append(slot)
    switch item.condition {
    case .using(let names)? where slot > 0:
      for name in names { try merge(name, slot) }
    case .natural? where slot > 0:
      let before = Set(scope.slots[..<slot].flatMap { $0.shown.map { Names.folded($0.name) } })
      for column in scope.slots[slot].shown where before.contains(Names.folded(column.name)) {
        try merge(column.name, slot)
      }
    default: break
    }
  }

  /// The columns of a query under other names, if there are any.
  private func named(
    _ columns: [SubqueryColumn], _ names: [String]?, of source: String
  ) throws(UpkeepError) -> [SubqueryColumn] {
    guard let names else { return columns }
    guard names.count == columns.count else {
      throw UpkeepError(
        .misuse, "\(source) has \(names.count) names for the \(columns.count) columns of its query")
    }
    return zip(columns, names).map { SubqueryColumn(name: $1, type: $0.type, collation: $0.collation) }
  }

  private func table(_ name: String, _ place: QueryPlace) throws(UpkeepError) -> TableSchema {
    do throws(UpkeepError) {
      return try place.host.scope.table(name)
    } catch {
      guard error.code == .unknownTable,
        let near = Names.nearest(to: name, among: place.commonTables?.names ?? [])
      else { throw error }
      var named = error
      named.message = "there is no table \(name); did you mean \(near)?"
      throw named
    }
  }

  /// The columns of a query as those of a table. Of equal names the later ones are told apart as in SQLite.
  private mutating func columnList(
    _ columns: [SubqueryColumn], _ name: String?, _ slot: Int
  ) throws(UpkeepError) -> ColumnList {
    var known: [String: Int] = [:]
    var taken: Set<String> = []
    var schemas: [ColumnSchema] = []
    for (ordinal, column) in columns.enumerated() {
      var count = known[Names.folded(column.name), default: 0]
      var shown = count == 0 ? column.name : "\(column.name):\(count)"
      // A query within may have made such a name already.
      while !taken.insert(Names.folded(shown)).inserted {
        count += 1
        shown = "\(column.name):\(count)"
      }
      known[Names.folded(column.name)] = count + 1
      if column.type == nil { scope.untyped.insert(SlotColumn(slot: slot, ordinal: ordinal)) }
      schemas.append(
        try ColumnSchema(
          ColumnDefinition(shown, column.type ?? .any, collation: column.collation ?? .binary),
          table: name ?? "the subquery", ordinal: ordinal, isInPrimaryKey: false))
    }
    return ColumnList(schemas, hasHiddenRowid: false)
  }

  // MARK: Columns made one

  /// Makes the column of that name in a source one with the one before it.
  private mutating func merge(_ name: String, _ slot: Int) throws(UpkeepError) {
    guard let (own, isAmbiguous) = scope.slots[slot].bare(name) else {
      throw noColumn(name, in: slot...slot)
    }
    let folded = Names.folded(name)
    var before: [SlotColumn]
    if let merged = scope.merged[folded] {
      before = merged
    } else {
      before = scope.slots[..<slot].enumerated().compactMap { number, row in
        row.bare(name).map { SlotColumn(slot: number, ordinal: $0.ordinal) }
      }
      let isUnclear = isAmbiguous || scope.slots[..<slot].contains { $0.bare(name)?.isAmbiguous == true }
      if before.count > 1 || isUnclear {
        var error = UpkeepError(
          .unknownColumn,
          isAmbiguous
            ? "column \(name) of USING is in several sources of the join in parentheses"
            : "column \(name) of USING is in several sources before \(list[slot].name ?? "this one")")
        error.name = name
        throw error
      }
      guard !before.isEmpty else { throw noColumn(name, in: 0...(slot - 1)) }
    }
    let right = SlotColumn(slot: slot, ordinal: own)
    for column in before + [right] { scope.uses?.noteJoin(scope.slots[column.slot].table, column.ordinal) }
    let values = before.map { reference($0) }
    let left = values.count == 1 ? values[0] : .function("coalesce", values)
    try add(.binary(.equal, left, reference(right)), join: slot)
    hidden.insert(right)
    switch list[slot].kind {
    case .right, .full: before.append(right)
    default: break
    }
    scope.merged[folded] = before
  }

  private func noColumn(_ name: String, in slots: ClosedRange<Int>) -> UpkeepError {
    let places = slots.compactMap { list[$0].name }.joined(separator: ", ")
    let known = slots.flatMap { scope.slots[$0].shown.map(\.name) }
    var error = UpkeepError(
      .unknownColumn,
      "\(places.isEmpty ? "the subquery" : places) has no column \(name) for USING"
        + Names.suggestion(for: name, among: known))
    error.name = name
    return error
  }

  func isHidden(_ column: SlotColumn) -> Bool { hidden.contains(column) }

  func reference(_ column: SlotColumn) -> Expression {
    let name = scope.column(column)?.name ?? "rowid"
    return .column(ColumnReference(name, of: Self.hiddenName(column.slot)))
  }

  // MARK: Stars

  /// What `*` or `t.*` stands for.
  func all(of qualifier: String?) throws(UpkeepError) -> [ShownColumns.Column] {
    guard !list.isEmpty else {
      throw UpkeepError(.misuse, "SELECT * needs a FROM that says of which table")
    }
    var result: [ShownColumns.Column] = []
    var isKnown = false
    if qualifier == Self.everything { return everyColumn }
    for (slot, row) in scope.slots.enumerated() {
      if let qualifier {
        let inner = row.joined?.row(qualifier)
        guard inner != nil || Names.equal(row.names[0], qualifier) else { continue }
        isKnown = true
        for (name, ordinal) in inner?.columns
          ?? row.columns.columns.map({ (name: $0.name, ordinal: $0.ordinal) })
        {
          let place = SlotColumn(slot: slot, ordinal: ordinal)
          result.append(ShownColumns.Column(name: name, expression: reference(place)))
        }
        continue
      }
      for (name, ordinal) in row.shown {
        let place = SlotColumn(slot: slot, ordinal: ordinal)
        if hidden.contains(place) { continue }
        let isMerged = scope.merged[Names.folded(name)]?.first == place
        result.append(
          ShownColumns.Column(
            name: name, expression: isMerged ? .column(ColumnReference(name)) : reference(place)))
      }
    }
    if let qualifier, !isKnown {
      var error = UpkeepError(
        .unknownTable,
        "\(qualifier).* names no table of this statement"
          + Names.suggestion(for: qualifier, among: scope.slots.flatMap(\.shownNames)))
      error.name = qualifier
      throw error
    }
    return result
  }
}

extension Expression {
  /// The conditions that must all hold.
  var conjuncts: [Expression] {
    var result: [Expression] = []
    var waiting = [self]
    while let next = waiting.popLast() {
      if case .binary(.and, let left, let right) = next {
        waiting.append(right)
        waiting.append(left)
      } else {
        result.append(next)
      }
    }
    return result
  }
}
