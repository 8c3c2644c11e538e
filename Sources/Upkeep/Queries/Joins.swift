/// The sources of a SELECT and the order in which they are joined: for each row of one step the next one is asked.
final class Joins {
  private let steps: [JoinStep]
  /// Whether each step can be asked for one row after the other.
  private let canAdvance: Bool
  /// What the sources and their conditions read of the queries around.
  let reads: Set<OuterColumn>

  /// - Parameter read: all that is evaluated on the joined rows, besides the conditions.
  init(_ sources: Sources, read: [CompiledExpression], _ place: QueryPlace) throws(UpkeepError) {
    var planner = try JoinPlanner(sources, read: read, place)
    let steps = try planner.steps()
    self.steps = steps
    canAdvance = !steps.isEmpty && steps.allSatisfy(\.canAdvance)
    reads = planner.reads
  }

  /// Puts each joined row in the context, until `row` says that it wants no more.
  func run(_ context: EvaluationContext, _ row: () throws(UpkeepError) -> Bool) throws(UpkeepError) {
    for step in steps { step.begin() }
    if canAdvance { return try advance(context, row) }
    guard try run(0, context, row) else { return }
    // What found no partner in a RIGHT or FULL JOIN, with nothing before it.
    for (number, step) in steps.enumerated() where step.keepsOwnRows {
      let goesOn = try step.unmatched(context) { () throws(UpkeepError) in
        for before in steps[..<number] { context.clear(slot: before.slot) }
        guard try step.passes(context) else { return true }
        return try run(number + 1, context, row)
      }
      guard goesOn else { return }
    }
  }

  /// The same, where every step goes from row to row by itself.
  private func advance(
    _ context: EvaluationContext, _ row: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) {
    let last = steps.count - 1
    var number = 0
    try steps[0].open(context)
    while true {
      if try !steps[number].advance(context) {
        if number == 0 { return }
        number -= 1
      } else if number == last {
        guard try row() else { return }
      } else {
        number += 1
        try steps[number].open(context)
      }
    }
  }

  private func run(
    _ number: Int, _ context: EvaluationContext, _ row: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    guard number < steps.count else { return try row() }
    let step = steps[number]
    var isMatched = false
    let goesOn = try step.candidates(context) { () throws(UpkeepError) in
      guard try step.matches(context) else { return true }
      isMatched = true
      guard try step.passes(context) else { return true }
      return try run(number + 1, context, row)
    }
    if !goesOn { return false }
    if isMatched || !step.keepsRowsBefore { return true }
    context.clear(slot: step.slot)
    guard try step.passes(context) else { return true }
    return try run(number + 1, context, row)
  }

  /// How it runs, for people.
  var description: [String] {
    steps.isEmpty ? ["one row without a table"] : steps.flatMap(\.description)
  }
}

/// One source in a join: how its rows are found for a row of the sources before it.
final class JoinStep {
  enum Access {
    /// All rows of a table for which its own conditions hold.
    case scan(RowSelection)
    /// The rows of a table with the key that the row before asks for.
    case lookup(KeyLookup)
    /// Rows that were kept.
    case kept(JoinTable)
    /// Rows that a function gives for the row before.
    case call(TableFunction)
    /// Rows of a query as they come.
    case stream(Sources.Source.Content)
  }

  let slot: Int
  private let kind: JoinKind
  private let access: Access
  /// The way, taken apart: one of these is there, or none for what comes as a stream.
  private let selection: RowSelection?
  private let lookup: KeyLookup?
  private let table: JoinTable?
  /// What holds of rows that belong together.
  private let match: [ExpressionNode]
  /// What holds of joined rows besides.
  private let filter: [ExpressionNode]
  private let statement: StatementContext
  private let scope: TransactionScope
  /// Holds the table's row for its own conditions.
  private let own: EvaluationContext
  @exclusivity(unchecked) private var scan: PathScan?
  /// Whether there are more rows for the row before, and whether one of them belonged to it.
  @exclusivity(unchecked) private var isOpen = false
  @exclusivity(unchecked) private var isMatched = false
  /// How it runs, for people.
  let description: [String]

  init(
    _ slot: Int, _ kind: JoinKind, _ access: Access, match: [CompiledExpression],
    filter: [CompiledExpression], _ host: QueryHost, description: [String]
  ) throws(UpkeepError) {
    self.slot = slot
    self.kind = kind
    self.access = access
    self.match = match.map(\.node)
    self.filter = filter.map(\.node)
    switch access {
    case .scan(let selection): (self.selection, lookup, table) = (selection, nil, nil)
    case .lookup(let lookup): (selection, self.lookup, table) = (nil, lookup, nil)
    case .kept(let table): (selection, lookup, self.table) = (nil, nil, table)
    case .stream, .call: (selection, lookup, table) = (nil, nil, nil)
    }
    self.description = description
    statement = host.statement
    scope = try host.scope
    own = host.statement.makeEvaluationContext(slotCount: 1)
  }

  /// Whether rows before it stay without a partner.
  var keepsRowsBefore: Bool { kind == .left || kind == .full }
  /// Whether its own rows do.
  var keepsOwnRows: Bool { kind == .right || kind == .full }

  /// The joins begin anew.
  func begin() { if case .kept(let table) = access { table.begin() } }

  @inline(__always)
  func matches(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    for number in 0..<match.count { guard try match[number].truth(context) == .true else { return false } }
    if keepsOwnRows, let table { table.noteMatch() }
    return true
  }

  @inline(__always)
  func passes(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    for number in 0..<filter.count { guard try filter[number].truth(context) == .true else { return false } }
    return true
  }

  // MARK: From row to row

  var canAdvance: Bool { !keepsOwnRows && (selection != nil || lookup != nil || table?.canAdvance == true) }

  /// Begins with the rows that may belong to the one before.
  func open(_ context: EvaluationContext) throws(UpkeepError) {
    isMatched = false
    isOpen = true
    if let table {
      try table.open(context, slot, load: load)
    } else if let lookup {
      try statement.step()
      isOpen = try open(lookup, context)
    } else if let selection {
      if let scan {
        scan.restart()
      } else {
        scan = try PathScan(scope, selection.schema, selection.path, readsKeys: selection.readsKeys)
      }
    }
  }

  private func open(_ lookup: KeyLookup, _ context: EvaluationContext) throws(UpkeepError) -> Bool {
    guard let range = try lookup.range(context) else { return false }
    if scan == nil { scan = try PathScan(scope, lookup.schema, lookup.path) }
    scan?.restart(in: [range])
    return true
  }

  /// Puts the next row that belongs to those before in the context; false if there is none.
  @inline(__always)
  func advance(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    while isOpen, try next(context) {
      guard try matches(context) else { continue }
      isMatched = true
      if try passes(context) { return true }
    }
    isOpen = false
    if isMatched || !keepsRowsBefore { return false }
    isMatched = true
    context.clear(slot: slot)
    return try passes(context)
  }

  @inline(__always)
  private func next(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    if let table { return try table.next(context, slot) }
    guard let scan else { return false }
    if let selection {
      if scan.isCovering { context.set(slot: slot, row: []) }
      guard try selection.next(scan, own, statement, bindsViews: false) else { return false }
      if scan.isCovering {
        context.set(slot: slot, row: scan.values)
      } else {
        context.set(slot: slot, view: scan.view)
      }
      return true
    }
    guard let lookup else { return false }
    while try scan.next() {
      if try lookup.filter.passes(scan.view, own) {
        context.set(slot: slot, view: scan.view)
        return true
      }
      try statement.step()
    }
    return false
  }

  // MARK: In a closure

  /// Puts the rows that may belong to those before in the context, one by one.
  ///
  /// - Returns: false if `body` wanted no more.
  func candidates(
    _ context: EvaluationContext, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    switch access {
    case .scan(let selection): return try walk(selection, context, body)
    case .lookup(let lookup): return try look(lookup, context, body)
    case .kept(let table):
      return try table.candidates(context, slot, load: load, body)
    case .call(let function):
      var goesOn = true
      try function.run(context) { row throws(UpkeepError) in
        try statement.step()
        context.set(slot: slot, row: row)
        goesOn = try body()
        return goesOn
      }
      return goesOn
    case .stream(let content):
      var goesOn = true
      try content.run(context.outer) { row throws(UpkeepError) in
        try statement.step()
        context.set(slot: slot, row: row)
        goesOn = try body()
        return goesOn
      }
      return goesOn
    }
  }

  /// Puts kept rows that found no partner in the context.
  func unmatched(
    _ context: EvaluationContext, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    guard case .kept(let table) = access else { return true }
    return try table.unmatched(context, slot, load: load, body)
  }

  private func walk(
    _ selection: RowSelection, _ context: EvaluationContext, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    let scan: PathScan
    if let before = self.scan {
      scan = before
      scan.restart()
    } else {
      scan = try PathScan(scope, selection.schema, selection.path, readsKeys: selection.readsKeys)
      self.scan = scan
    }
    while true {
      if scan.isCovering { context.set(slot: slot, row: []) }
      guard try selection.next(scan, own, statement, bindsViews: false) else { return true }
      if scan.isCovering {
        context.set(slot: slot, row: scan.values)
      } else {
        context.set(slot: slot, view: scan.view)
      }
      guard try body() else { return false }
    }
  }

  private func look(
    _ lookup: KeyLookup, _ context: EvaluationContext, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    try statement.step()
    guard let range = try lookup.range(context) else { return true }
    let scan: PathScan
    if let before = self.scan {
      scan = before
    } else {
      scan = try PathScan(scope, lookup.schema, lookup.path)
    }
    self.scan = scan
    scan.restart(in: [range])
    while try scan.next() {
      guard try lookup.filter.passes(scan.view, own) else {
        try statement.step()
        continue
      }
      context.set(slot: slot, view: scan.view)
      guard try body() else { return false }
    }
    return true
  }

  /// All rows that the source has by itself, for keeping.
  private func load(
    _ table: JoinTable, _ context: EvaluationContext, _ row: ([Value]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    switch table.content {
    case .table:
      guard let selection = table.selection else { return }
      let scan = try PathScan(scope, selection.schema, selection.path, readsKeys: selection.readsKeys)
      while try selection.next(scan, own, statement, bindsViews: false) {
        var values = [Value](repeating: .null, count: (table.columns.last ?? -1) + 1)
        for column in table.columns {
          values[column] = scan.isCovering ? scan.values[column] : try scan.view.value(column)
        }
        try row(values)
      }
    default:
      try table.content.run(context.outer) { values throws(UpkeepError) in
        try statement.step()
        try row(values)
        return true
      }
    }
  }
}

extension Sources.Source.Content {
  /// The rows of a query, within the rows of the one around.
  func run(_ outer: EvaluationContext?, _ row: RowTaker) throws(UpkeepError) {
    switch self {
    // A function is called where the rows before it are at hand.
    case .table, .call: return
    case .query(let plan): try plan.run(outer, row)
    case .common(let table): try table.run(row)
    case .round(let table):
      _ = try table.rowsOfRound()?.walk(row)
    }
  }

  /// What it reads of the queries around the place where it is read.
  func reads(from place: QueryPlace) -> Set<OuterColumn> {
    switch self {
    case .table, .round: []
    case .call(let function): function.expressions.reduce(into: []) { $0.formUnion($1.outerColumnsRead) }
    case .query(let plan): plan.reads
    case .common(let table): table.reads(from: place)
    }
  }

  /// Whether its rows are the same whenever it is read.
  var isStable: Bool {
    switch self {
    case .table: true
    case .call: false
    case .query(let plan): plan.reads.isEmpty
    case .common(let table): table.reads.isEmpty
    case .round: false
    }
  }
}
