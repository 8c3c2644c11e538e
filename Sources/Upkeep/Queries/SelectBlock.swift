/// A SELECT made ready: joins, groups, and what is shown.
final class SelectBlock: BlockPlan {
  private let joins: Joins
  /// Conditions that read no source.
  private let constants: [CompiledExpression]
  private let groups: Groups?
  private let windows: Windows?
  private let outputs: [CompiledExpression]
  /// The same without what is known of them.
  private let nodes: [ExpressionNode]
  private let terms: [SortTerm]
  private let isEachOnce: Bool
  /// Whether the rows come in the order of ORDER BY, those of DISTINCT with equal ones together, those of a group too.
  private let isInOrder: Bool
  private let areEqualTogether: Bool
  /// Holds the row that is met while groups come one after the other; nil if they do not.
  private let met: EvaluationContext?
  /// Makes keys that tell equal rows, without values, where that can be.
  private let maker: KeyMaker?
  private let statement: StatementContext
  private let memory: QueryMemory
  private let slotCount: Int
  /// Groups of a run before, with nothing in them.
  private var keptGroups: Groups.Found?

  private let innerNames: JoinedNames?

  override var isDistinct: Bool { isEachOnce }
  override var joinedNames: JoinedNames? { innerNames }
  override var order: [SortTerm] { terms }
  override var isOrdered: Bool { isInOrder }
  override var hasEqualTogether: Bool { areEqualTogether }
  override var estimate: Double {
    if let groups, groups.areAll { return 1 }
    // How many rows are alike nobody has counted, unless an index was asked.
    let isKnown = joins.isCounting || (groups == nil && !isEachOnce)
    return isKnown ? joins.estimate : max(1, joins.estimate / 4)
  }

  /// - Parameter most: how many rows will be taken at most, where that is known.
  init(_ select: Select, order: [OrderTerm], most: UInt64?, _ place: QueryPlace) throws(UpkeepError) {
    var sources = try Sources(select.from, place, where: select.condition)
    statement = place.host.statement
    memory = place.host.memory
    isEachOnce = select.isDistinct
    let shown = try ShownColumns(select.columns, sources)
    innerNames = select.columns == [.all(of: Sources.everything)] ? sources.joinedNames : nil
    let terms = try shown.resolved(order)
    let grouping = try shown.resolved(grouping: select.grouping, sources.scope)
    let having = select.groupCondition.map { shown.replacingAliases(in: $0, sources.scope) }

    let calls = try SelectPlan.aggregateCalls(
      in: shown.list.map(\.expression) + terms.map(\.expression) + (having.map { [$0] } ?? [])
        + select.windows.flatMap { $0.definition.partition + $0.definition.order.map(\.expression) },
      sources.scope)
    let isGrouped = !calls.isEmpty || !grouping.isEmpty
    if having != nil, !isGrouped {
      throw UpkeepError(.misuse, "HAVING is about groups: it needs GROUP BY or an aggregate")
    }
    var scope = sources.scope
    if isGrouped { try scope.addAggregates(calls) }
    let groupSlot = sources.scope.slots.count
    var windows: Windows?
    var seenCalls: Set<Expression> = []
    let windowCalls = (shown.list.map(\.expression) + terms.map(\.expression)).flatMap { expression in
      expression.windowCalls.filter { seenCalls.insert($0).inserted }
    }
    if !windowCalls.isEmpty {
      let made = try Windows(windowCalls, select.windows, in: scope)
      windows = made
      try scope.addResults(of: windowCalls)
    }
    slotCount = max(scope.slots.count, groupSlot + 1)

    var read: [CompiledExpression] = windows?.expressions ?? []
    outputs = try CompiledExpression.list(shown.list.map(\.expression), in: scope)
    nodes = outputs.map(\.node)
    // Columns and numbers made of columns are the same each time that they are asked for.
    let areSame = outputs.allSatisfy { $0.plainColumn != nil || $0.node.isNumeric }
    maker =
      select.isDistinct && areSame
      ? KeyMaker(outputs, outputs.map { KeyPart(.any, collation: $0.collation ?? .binary) }) : nil
    read += outputs
    var sortTerms: [SortTerm] = []
    for term in terms {
      let compiled = try CompiledExpression.compile(term.expression, in: scope)
      read.append(compiled)
      sortTerms.append(SortTerm(compiled, term))
    }
    self.terms = sortTerms
    self.windows = windows?.keeping(read.reduce(into: []) { $0.formUnion($1.columnsRead) })
    let context = statement.makeEvaluationContext(slotCount: slotCount)
    var goal = JoinGoal()
    if isGrouped {
      let condition = try having.map { having throws(UpkeepError) in
        try CompiledExpression.compile(having, in: scope)
      }
      let keys = try CompiledExpression.list(grouping, in: sources.scope)
      let shownColumns = (read + (condition.map { [$0] } ?? [])).reduce(into: Set<SlotColumn>()) {
        $0.formUnion($1.columnsRead)
      }
      groups = Groups(
        keys: keys, calls: calls.map(\.aggregate), condition: condition,
        shown: shownColumns.filter { $0.slot < groupSlot }, slot: groupSlot)
      if !keys.isEmpty { goal = JoinGoal(keys.map { ($0, nil) }, .groups) }
      read += keys + calls.flatMap(\.aggregate.expressions) + (condition.map { [$0] } ?? [])
    } else {
      groups = nil
      if self.windows == nil {
        if !terms.isEmpty {
          goal = JoinGoal(zip(sortTerms, terms).map { ($0.expression, $1) }, .sort)
        } else if isEachOnce {
          goal = JoinGoal(outputs.map { ($0, nil) }, .groups)
        }
        if !isEachOnce { goal.most = most }
      }
    }
    try sources.add(condition: select.condition)
    constants = sources.constants
    read += constants
    if case .groups = goal.disorder { goal.counts = groups?.countRows ?? true }
    joins = try Joins(sources, read: read, goal, place)
    met = groups != nil && joins.isOrdered ? statement.makeEvaluationContext(slotCount: slotCount) : nil
    areEqualTogether = groups == nil && isEachOnce && terms.isEmpty && joins.isOrdered
    isInOrder =
      !terms.isEmpty && self.windows == nil
      && (groups.map { $0.areOrdered(by: sortTerms, terms) } ?? joins.isOrdered)
    var reads = joins.reads
    for expression in read { reads.formUnion(expression.outerColumnsRead) }
    var columns: [SubqueryColumn] = []
    for (column, output) in zip(shown.list, outputs) {
      columns.append(SubqueryColumn(name: column.name, type: output.type, collation: output.collation))
    }
    super.init(columns: columns, reads: reads, context: context)
  }

  override func walks(_ table: CommonTableSource) -> Bool {
    groups == nil && windows == nil && !isEachOnce && constants.isEmpty && joins.walks(table)
  }

  override func rebind() throws(UpkeepError) -> Bool { windows == nil ? try joins.rebind() : false }

  override func rest() { joins.rest() }

  /// Groups for one run.
  private func open(_ groups: Groups) -> Groups.Found {
    defer { keptGroups = nil }
    return keptGroups ?? groups.begin(memory)
  }

  /// Keeps the groups for the next run, if they are small.
  private func close(_ found: Groups.Found) { if found.forgetAll() { keptGroups = found } }

  override func run(
    _ outer: EvaluationContext?, _ row: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) {
    context.outer = outer
    guard let windows else { return try runGroups(row) }
    let found = windows.begin(memory)
    try runGroups { () throws(UpkeepError) in
      try found.add(context)
      return true
    }
    try found.forEach(context, statement, row)
  }

  private func runGroups(_ row: () throws(UpkeepError) -> Bool) throws(UpkeepError) {
    if let groups, let met { return try run(groups, oneByOne: met, row) }
    guard let groups else {
      for condition in constants { guard try condition.isTrue(context) else { return } }
      try joins.run(context, row)
      return
    }
    let found = open(groups)
    defer { close(found) }
    var isPossible = true
    for condition in constants where isPossible { isPossible = try condition.isTrue(context) }
    if isPossible, groups.takesBatches, let table = try joins.openOnlyTable() {
      while let batch = try table.selection.nextBatch(table.scan, context, statement) {
        try found.add(batch, context)
      }
      context.clear(slot: 0)
    } else if isPossible {
      try joins.run(context) { () throws(UpkeepError) in
        try found.add(context)
        return true
      }
    }
    try found.forEach(context, statement, row)
  }

  /// The rows of a group come together: each group is given when the next one begins.
  private func run(
    _ groups: Groups, oneByOne met: EvaluationContext, _ row: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) {
    for condition in constants { guard try condition.isTrue(context) else { return } }
    met.outer = context.outer
    let found = open(groups)
    defer { close(found) }
    var isOpen = false
    var goesOn = true
    func give() throws(UpkeepError) {
      try found.forEach(context, statement) { () throws(UpkeepError) in
        goesOn = try row()
        return goesOn
      }
    }
    try joins.run(met) { () throws(UpkeepError) in
      if try !found.addInOrder(met) {
        try give()
        found.forget()
        guard goesOn else { return false }
        _ = try found.addInOrder(met)
      }
      if joins.isCounting { found.add(alike: joins.alikeCount - 1) }
      isOpen = true
      return true
    }
    if isOpen && goesOn { try give() }
  }

  override func runEachOnce(
    _ outer: EvaluationContext?, _ memory: QueryMemory, _ row: RowTaker
  ) throws(UpkeepError) {
    guard let maker else { return try super.runEachOnce(outer, memory, row) }
    let seen = RowSet(columns, memory)
    guard constants.isEmpty, groups == nil, windows == nil, let table = try joins.openOnlyTable()
    else {
      return try run(outer) { () throws(UpkeepError) in
        try seen.insert(maker, context) ? try row(try values()) : true
      }
    }
    context.outer = outer
    defer { context.clear(slot: 0) }
    while let batch = try table.selection.nextBatch(table.scan, context, statement) {
      for number in 0..<batch.count {
        context.set(slot: 0, view: batch.view(number))
        guard try seen.insert(maker, context) else { continue }
        guard try row(try values()) else { return }
      }
    }
  }

  override func appendValues(to values: inout [Value]) throws(UpkeepError) {
    for number in 0..<nodes.count { values.append(try nodes[number].evaluate(context)) }
  }

  override var description: [String] {
    joins.description + (groups.map { $0.description(inOrder: met != nil) } ?? [])
      + (windows.map { $0.description } ?? [])
  }
}

extension CompiledExpression {
  static func list(
    _ expressions: [Expression], in scope: ExpressionScope
  ) throws(UpkeepError) -> [CompiledExpression] {
    var list: [CompiledExpression] = []
    for expression in expressions { list.append(try compile(expression, in: scope)) }
    return list
  }
}

extension Aggregate {
  /// All that it evaluates.
  var expressions: [CompiledExpression] {
    [argument, filter, second].compactMap { $0 } + order.compactMap(\.expression)
  }
}

extension ExpressionScope {
  /// Whether a name means a column here, or several.
  func has(_ reference: ColumnReference) -> Bool {
    do throws(UpkeepError) { return try find(reference) != nil } catch { return true }
  }

  /// Adds a row of the aggregates' results, behind the others.
  mutating func addAggregates(_ calls: [SelectPlan.AggregateCall]) throws(UpkeepError) {
    try addResults(of: calls.map(\.expression))
  }

  /// Adds a row of the results of aggregates or window functions, behind the others.
  mutating func addResults(of calls: [Expression]) throws(UpkeepError) {
    let slot = slots.count
    var columns: [ColumnSchema] = []
    for (ordinal, call) in calls.enumerated() {
      columns.append(
        try ColumnSchema(
          ColumnDefinition("result \(ordinal)", .any), table: "result", ordinal: ordinal,
          isInPrimaryKey: false))
      let place = SlotColumn(slot: slot, ordinal: ordinal)
      aggregates[call] = place
      untyped.insert(place)
    }
    slots.append(Slot(names: [], columns: ColumnList(columns, hasHiddenRowid: false)))
  }
}

/// What a SELECT shows, with `*` written out, and what names in ORDER BY, GROUP BY and HAVING mean by it.
struct ShownColumns {
  struct Column {
    var name: String
    var expression: Expression
  }

  private(set) var list: [Column] = []
  private let uses: ColumnUses?

  init(_ columns: [ResultColumn], _ sources: Sources) throws(UpkeepError) {
    uses = sources.scope.uses
    for column in columns {
      switch column {
      case .expression(let expression, let name):
        list.append(Column(name: expression.nameShown(name), expression: expression))
      case .all(let qualifier): list += try sources.all(of: qualifier)
      }
    }
  }

  /// The terms of ORDER BY, where they are names or numbers of what is shown put in terms of the sources.
  func resolved(_ order: [OrderTerm]) throws(UpkeepError) -> [OrderTerm] {
    var result: [OrderTerm] = []
    for var term in order {
      term.expression = try resolved(term.expression, "ORDER BY")
      result.append(term)
    }
    return result
  }

  private func resolved(_ expression: Expression, _ word: String) throws(UpkeepError) -> Expression {
    switch expression {
    case .collate(let inner, let collation): return .collate(try resolved(inner, word), collation)
    case .literal(.integer(let position)): return try column(at: position, word)
    case .column(let reference) where reference.qualifier == nil:
      guard let shown = list.first(where: { Names.equal($0.name, reference.name) }) else { return expression }
      uses?.note(reference, standsFor: shown.expression)
      return shown.expression
    default: return expression
    }
  }

  private func column(at position: Int64, _ word: String) throws(UpkeepError) -> Expression {
    guard position >= 1, position <= list.count else {
      throw UpkeepError(
        .misuse, "\(word) \(position) names no column of the result, which has \(list.count)")
    }
    return list[Int(position) - 1].expression
  }

  /// The terms of GROUP BY: numbers, columns of the sources, and what has no such column but is shown by that name.
  func resolved(grouping: [Expression], _ scope: ExpressionScope) throws(UpkeepError) -> [Expression] {
    var result: [Expression] = []
    for term in grouping {
      let expression: Expression
      if case .literal(.integer(let position)) = term {
        expression = try column(at: position, "GROUP BY")
      } else {
        expression = replacingAliases(in: term, scope)
      }
      if !expression.aggregateCalls.isEmpty {
        throw UpkeepError(.misuse, "GROUP BY makes the groups that aggregates are over; it cannot use one")
      }
      result.append(expression)
    }
    return result
  }

  func replacingAliases(in expression: Expression, _ scope: ExpressionScope) -> Expression {
    expression.replacing { part in
      guard case .column(let reference) = part, reference.qualifier == nil,
        scope.merged[Names.folded(reference.name)] == nil, !scope.has(reference)
      else { return nil }
      return list.first { Names.equal($0.name, reference.name) }?.expression
    }
  }
}

extension Expression {
  /// The name under which a column is shown: `t.a` and `"a"` are shown as `a`.
  func nameShown(_ name: String) -> String {
    guard case .column(let reference) = self else { return name }
    // Of quotes, doubled or not, and blanks around the dot nothing is told: names have them too.
    func bare(_ text: String) -> String { text.filter { !"\"`[] ".contains($0) } }
    let written = bare(name)
    let whole = bare(reference.qualifier.map { "\($0).\(reference.name)" } ?? reference.name)
    return Names.equal(written, whole) || written == "main.\(whole)" ? reference.name : name
  }
}
