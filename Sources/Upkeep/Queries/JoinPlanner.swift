/// Decides in which order sources are joined, how each one's rows are found, and where each condition is checked.
///
/// 1. A condition of one table alone goes to the way to its rows, where no row without a partner is concerned.
/// 2. Inner joins at the beginning are put in the order that costs least by counts of rows; what follows a LEFT,
///    RIGHT or FULL JOIN keeps its place. Where the rows are wanted in an order that a key of one source gives, that
///    one may be the first, walked by that key: then nothing is sorted, and LIMIT ends the join early.
/// 3. The rows of a table are found by a key or index on what they are equal to, else by a hash of it, else each is
///    looked at.
/// 4. Every other condition is checked as soon as its sources are there, but never before rows that a join keeps
///    without a partner are made.
struct JoinPlanner {
  /// What is known of one source before it has its place.
  struct Draft {
    /// The conditions of the source alone.
    var local: Expression?
    /// The way to a table's rows.
    var selection: RowSelection?
    /// How many rows it may give.
    var rows = 100.0
    /// The rows of a table, whatever conditions say.
    var total = 100.0
  }

  let sources: Sources
  let place: QueryPlace
  let goal: JoinGoal
  let spread: KeySpread
  private(set) var conditions: [Sources.Condition]
  private(set) var drafts: [Draft] = []
  private(set) var needed: [Set<Int>]
  private(set) var reads: Set<OuterColumn> = []

  init(
    _ sources: Sources, read: [CompiledExpression], _ goal: JoinGoal, _ place: QueryPlace
  ) throws(UpkeepError) {
    self.sources = sources
    self.place = place
    self.goal = goal
    spread = KeySpread(try place.host.scope)
    conditions = sources.conditions
    needed = Array(repeating: [], count: sources.list.count)
    for expression in read + conditions.map(\.compiled) {
      for column in expression.columnsRead where column.slot < needed.count {
        needed[column.slot].insert(column.ordinal)
      }
    }
    for case .call(let function) in sources.list.map(\.content) {
      for column in function.expressions.flatMap(\.columnsRead) { needed[column.slot].insert(column.ordinal) }
    }
    for condition in conditions { reads.formUnion(condition.compiled.outerColumnsRead) }
    for source in sources.list { reads.formUnion(source.content.reads(from: place)) }
    for slot in sources.list.indices { drafts.append(try draft(slot)) }
  }

  func isOuter(_ slot: Int) -> Bool {
    slot > 0 && sources.list[slot].kind != .inner && sources.list[slot].kind != .cross
  }

  /// What a function gives depends on the rows of sources before it.
  func isCall(_ slot: Int) -> Bool {
    if case .call = sources.list[slot].content { return true }
    return false
  }

  /// Whether a RIGHT or FULL JOIN lies between two sources.
  private func isKept(between first: Int, and last: Int) -> Bool {
    guard first + 1 < last else { return false }
    return sources.list[(first + 1)..<last].contains { $0.kind == .right || $0.kind == .full }
  }

  /// Whether rows of a source for which the condition does not hold may be left out when they are found.
  private func decides(_ condition: Sources.Condition, on slot: Int) -> Bool {
    if let join = condition.join, isOuter(join) { return slot == join }
    return !isOuter(slot) && !isKept(between: slot, and: condition.join ?? sources.list.count)
  }

  // MARK: Conditions of one table

  private func isLocal(_ condition: Sources.Condition, _ slot: Int) -> Bool {
    guard condition.slots == [slot], !condition.compiled.hasSubquery || isMembership(condition.expression),
      condition.compiled.outerColumnsRead.isEmpty, decides(condition, on: slot)
    else { return false }
    if let join = condition.join, isOuter(join) { return sources.list[join].kind == .left }
    return true
  }

  /// Whether it is `x IN (SELECT …)` where the query reads nothing around it: that may lead to rows by a key.
  private func isMembership(_ expression: Expression) -> Bool {
    guard case .inQuery(let operand, let query, negated: false) = expression, !operand.hasQuery else {
      return false
    }
    return place.host.isIndependent(query, place.commonTables)
  }

  private mutating func draft(_ slot: Int) throws(UpkeepError) -> Draft {
    var draft = Draft()
    guard case .table(let schema) = sources.list[slot].content else {
      if let estimate = sources.list[slot].content.estimate {
        draft.rows = max(1, estimate)
        draft.total = draft.rows
      }
      return draft
    }
    var others: [Sources.Condition] = []
    for condition in conditions {
      if isLocal(condition, slot) {
        draft.local = .joined(draft.local, condition.expression)
      } else {
        others.append(condition)
      }
    }
    conditions = others
    let selection = try RowSelection(
      request(slot, schema, draft.local), in: ownScope(slot, schema), place.host.scope, place.host.statement)
    draft.selection = selection
    draft.rows = max(1, selection.path.estimate)
    draft.total = try spread.rowCount(schema)
    return draft
  }

  private func request(_ slot: Int, _ schema: TableSchema, _ local: Expression?) -> PlanRequest {
    var request = PlanRequest(
      schema: schema, names: sources.scope.slots[slot].names, condition: local, columns: needed[slot])
    request.isEstimated = true
    return request
  }

  /// The scope of a table's own conditions.
  private func ownScope(_ slot: Int, _ schema: TableSchema) -> ExpressionScope {
    var scope = ExpressionScope(names: sources.scope.slots[slot].names, columns: schema.columnList)
    scope.subqueries = sources.scope.subqueries
    return scope
  }

  /// The way to a table's rows in the order that the goal wants; nil if no key gives it.
  func selectionInOrder() throws(UpkeepError) -> RowSelection? {
    guard !goal.order.isEmpty, case .table(let schema) = sources.list[goal.slot].content else { return nil }
    var request = request(goal.slot, schema, drafts[goal.slot].local)
    request.order = goal.order
    request.needsOrder = true
    let selection = try RowSelection(
      request, in: ownScope(goal.slot, schema), place.host.scope, place.host.statement)
    return selection.path.isOrdered ? selection : nil
  }

  // MARK: Equalities

  /// The equalities of a source with those before it, or with the queries around.
  func keys(_ slot: Int, _ before: Set<Int>) throws(UpkeepError) -> [(key: JoinKey, condition: Int)] {
    var result: [(key: JoinKey, condition: Int)] = []
    for (number, condition) in conditions.enumerated() {
      guard condition.slots.contains(slot), condition.slots.subtracting(before) == [slot],
        decides(condition, on: slot), case .binary(.equal, let a, let b) = condition.expression
      else { continue }
      let left = try CompiledExpression.compile(a, in: sources.scope)
      let right = try CompiledExpression.compile(b, in: sources.scope)
      guard let isLeftOwn = ownSide(left, right, slot) else { continue }
      var collation = left.collation ?? right.collation ?? .binary
      if case .collate(_, let explicit) = b { collation = explicit }
      if case .collate(_, let explicit) = a { collation = explicit }
      let own = isLeftOwn ? left : right
      let other = isLeftOwn ? right : left
      let key = JoinKey(
        own: own, other: other, ownConversion: Conversion.of(own.type, against: other.type),
        otherConversion: Conversion.of(other.type, against: own.type), collation: collation)
      result.append((key, number))
    }
    return result
  }

  /// Which side of an equality reads this source alone while the other does not read it: the left one if true.
  private func ownSide(_ left: CompiledExpression, _ right: CompiledExpression, _ slot: Int) -> Bool? {
    func isOwn(_ side: CompiledExpression) -> Bool {
      !side.columnsRead.isEmpty && side.columnsRead.allSatisfy { $0.slot == slot } && !side.hasSubquery
        && side.outerColumnsRead.isEmpty
    }
    func isOther(_ side: CompiledExpression) -> Bool { side.columnsRead.allSatisfy { $0.slot != slot } }
    if isOwn(left) && isOther(right) { return true }
    return isOwn(right) && isOther(left) ? false : nil
  }

  /// The key or index that finds the most of what the equalities say.
  func lookup(
    _ slot: Int, _ keys: [(key: JoinKey, condition: Int)]
  ) throws(UpkeepError) -> KeyLookup? {
    guard case .table(let schema) = sources.list[slot].content, !keys.isEmpty else { return nil }
    let names = sources.scope.slots[slot].names
    let reader = ConjunctReader(schema: schema, names: names, place.host.statement)
    let own = reader.read(drafts[slot].local)
    var best:
      (
        index: IndexSchema?, parts: [SearchPart], keys: [JoinKey], isPoint: Bool, tails: KeySearch,
        shared: Double
      )?
    for index in [nil] + schema.indexes.map(Optional.some) {
      if let predicate = index?.predicateExpression {
        guard let local = drafts[slot].local,
          PredicateImplication.implies(local, predicate, columns: schema.columnList)
        else { continue }
      }
      let parts = index.map { schema.searchParts(of: $0) } ?? schema.searchParts
      var found: [JoinKey] = []
      for part in parts {
        guard let key = equality(of: part, keys, own, schema) else { break }
        found.append(key)
      }
      guard found.contains(where: { !$0.other.isConstant }) else { continue }
      let isPoint = found.count == parts.count && index?.isUnique != false
      let tails = KeySearch(Array(parts.dropFirst(found.count)), own) { schema.subjectName($0) }
      let shared = try spread.rowsPerKey(schema, index, parts: found.count) * (tails.isBound ? 0.5 : 1)
      if let best, best.isPoint || (!isPoint && best.shared <= shared) { continue }
      best = (index, parts, found, isPoint, tails, shared)
    }
    guard let best else { return nil }
    let path = AccessPath(
      index: best.index, search: KeySearch([], [], names: { _ in "" }), remaining: [], isCovering: false,
      isPoint: false, isOrdered: false, isBackward: false, rowCount: 0, cost: 0)
    return KeyLookup(
      schema: schema, path: path,
      filter: try RowFilter(own, of: schema, readsViews: true, in: ownScope(slot, schema)),
      parts: best.parts, keys: best.keys, isPoint: best.isPoint, tails: best.tails,
      readsParameters: own.contains(where: \.readsParameters))
  }

  /// What a part of a key equals: something of the sources before, or a constant.
  private func equality(
    of part: SearchPart, _ keys: [(key: JoinKey, condition: Int)], _ own: [Conjunct], _ schema: TableSchema
  ) -> JoinKey? {
    for (key, _) in keys {
      guard let column = key.own.plainColumn?.ordinal, column == part.column, key.ownConversion == .none,
        !part.comparesText || part.collation == key.collation || part.collation == .nocase
      else { continue }
      return key
    }
    for conjunct in own {
      guard let term = conjunct.term, term.subject == part.subject, case .oneOf(let values) = term.test,
        values.count == 1, values[0] != .null,
        !part.comparesText || part.collation == term.collation || part.collation == .nocase,
        let constant = try? CompiledExpression.compile(.literal(values[0]), in: ExpressionScope())
      else { continue }
      return JoinKey(
        own: constant, other: constant, ownConversion: .none, otherConversion: .none,
        collation: term.collation)
    }
    return nil
  }

  // MARK: Steps

  func steps() throws(UpkeepError) -> (steps: [JoinStep], route: JoinRoute) {
    var steps: [JoinStep] = []
    var before: Set<Int> = []
    var isApplied = Array(repeating: false, count: conditions.count)
    let route = try route()
    for move in route.moves {
      let slot = move.slot
      let source = sources.list[slot]
      let keys = move.keys
      let isFirst = before.isEmpty
      let keepsOwn = keepsOwn(slot)
      let own = move.selection
      before.insert(slot)
      var match: [Int] = []
      var filter: [Int] = []
      for (number, condition) in conditions.enumerated() where !isApplied[number] {
        guard condition.slots.isSubset(of: before) else { continue }
        if let join = condition.join, isOuter(join) {
          guard join == slot else { continue }
          match.append(number)
        } else {
          guard !isKept(between: slot, and: condition.join ?? sources.list.count) else { continue }
          if isOuter(slot) { filter.append(number) } else { match.append(number) }
        }
        isApplied[number] = true
      }
      // What is read once is not kept to be found in: it may be without end.
      let isHashed = !keys.isEmpty && !(isFirst && place.outer == nil)
      let access: JoinStep.Access
      var line: String
      let name = source.name ?? "a subquery"
      if case .call(let function) = source.content {
        access = .call(function)
        line = "\(isFirst ? "" : "for each row ")call \(function.name)()"
      } else if let found = move.lookup {
        access = .lookup(found)
        line = "search \(name) \(found.description)"
        if !isFirst { line += " for each row" }
      } else if isHashed || keepsOwn || (!isFirst && own == nil)
        || (place.outer != nil && own == nil && source.content.isStable)
      {
        access = .kept(
          JoinTable(
            source.content, own, columns: needed[slot], keys: keys.map(\.key),
            keepsFlags: keepsOwn, place.host.memory))
        let applied = Set(keys.map(\.condition))
        match.removeAll { applied.contains($0) }
        line = "keep the rows of \(name)"
        line +=
          keys.isEmpty
          ? ", and look at each of them"
          : ", and find them by a hash of \(keys.count == 1 ? "a value" : "\(keys.count) values")"
        if !isFirst { line += " for each row" }
      } else if let selection = own {
        access = .scan(selection)
        line = (isFirst ? "" : "for each row ") + selection.path.description(of: selection.schema)
        if name != selection.schema.name { line += " as \(name)" }
        if route.alike != nil { line += ", from one value to the next" }
      } else {
        access = .stream(source.content)
        line = "read \(name)"
      }
      var lines = inner(source, name)
      if case .kept = access, let selection = own { lines += selection.description }
      lines.append(line + (isOuter(slot) ? " (\(source.kind) join)" : ""))
      if !match.isEmpty || !filter.isEmpty { lines.append("check the conditions on \(name)") }
      steps.append(
        try JoinStep(
          slot, slot == 0 ? .cross : source.kind, access, match: cheapestFirst(match),
          filter: cheapestFirst(filter), alike: route.alike, place.host, description: lines))
    }
    return (steps, route)
  }

  private func inner(_ source: Sources.Source, _ name: String) -> [String] {
    guard case .query(let plan) = source.content else { return [] }
    return plan.description.map { "\(name): \($0)" }
  }

  private func cheapestFirst(_ numbers: [Int]) -> [CompiledExpression] {
    let all = numbers.map { conditions[$0].compiled }
    return all.filter { !$0.hasSubquery } + all.filter(\.hasSubquery)
  }
}
