/// The sources of a SELECT and the order in which they are joined: for each row of one step the next one is asked.
final class Joins {
  private let steps: [JoinStep]
  private let statement: StatementContext
  /// What the sources and their conditions read of the queries around.
  let reads: Set<OuterColumn>

  /// Whether the rows come in the order that the goal wants.
  let isOrdered: Bool
  /// About how many rows there are.
  let estimate: Double
  /// Whether of rows that are alike in that order only the first comes.
  var isCounting: Bool { steps.count == 1 && steps[0].isCounting }
  /// How many rows the one in the context stands for.
  var alikeCount: UInt64 { steps.count == 1 ? steps[0].alikeCount : 1 }

  /// - Parameter read: all that is evaluated on the joined rows, besides the conditions.
  init(
    _ sources: Sources, read: [CompiledExpression], _ goal: JoinGoal, _ place: QueryPlace
  ) throws(UpkeepError) {
    let planner = try JoinPlanner(sources, read: read, goal, place)
    let (steps, route) = try planner.steps()
    self.steps = steps
    isOrdered = route.isOrdered
    estimate = route.rows
    statement = place.host.statement
    reads = planner.reads
  }

  /// Makes them ready to run again with other parameters; false if they must be made anew.
  func rebind() throws(UpkeepError) -> Bool {
    for step in steps { guard try step.rebind() else { return false } }
    return true
  }

  /// Lets go of what belongs to the transaction that they ran in.
  func rest() { for step in steps { step.rest() } }

  /// Puts each joined row in the context, until `row` says that it wants no more.
  func run(_ context: EvaluationContext, _ row: () throws(UpkeepError) -> Bool) throws(UpkeepError) {
    for step in steps { step.begin() }
    // What the slots see of kept rows goes no further than the join.
    defer { for step in steps { context.clear(slot: step.slot) } }
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

  private func run(
    _ number: Int, _ context: EvaluationContext, _ row: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    guard number < steps.count else { return try row() }
    let step = steps[number]
    if number == steps.count - 1 { return try step.run(context, row) }
    if number == steps.count - 2, let table = steps[number + 1].table, let key = table.otherWhole {
      return try run(step, steps[number + 1], table, by: key, context, row)
    }
    return try step.run(context) { () throws(UpkeepError) in try run(number + 1, context, row) }
  }

  /// The last two steps, of which the last one finds kept rows by whole numbers: in one loop.
  private func run(
    _ step: JoinStep, _ last: JoinStep, _ table: JoinTable, by key: WholeKey, _ context: EvaluationContext,
    _ row: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    if key.isNumeric, step === steps[0], let rows = try step.openBatches() {
      return try run(rows, last, table, by: key, context, row)
    }
    var places: RowProbe.Places?
    return try step.run(context) { () throws(UpkeepError) in
      if let places { return try last.run(places, of: table, by: key, context, row) }
      // They are read when the first row asks for them.
      guard let found = try last.probe(table, context) else { return try last.run(context, row) }
      places = found.places
      return try last.run(found.places, of: table, by: key, context, row)
    }
  }

  /// The same of two tables of which the first one's rows come in batches: what the other is asked for is known of many
  /// rows at once.
  private func run(
    _ rows: (selection: RowSelection, scan: PathScan), _ last: JoinStep, _ table: JoinTable, by key: WholeKey,
    _ context: EvaluationContext, _ row: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    var places: RowProbe.Places?
    let scratch = ScalarColumn()
    while let batch = try rows.selection.nextBatch(rows.scan, context, statement) {
      if places == nil { places = try last.probe(table, context)?.places }
      guard let places else {
        for number in 0..<batch.count {
          context.set(slot: 0, view: batch.view(number))
          guard try last.run(context, row) else { return false }
        }
        continue
      }
      try key.node.scalars(batch, context, into: scratch.values)
      for number in 0..<batch.count {
        let first = WholeKey.find(scratch.values[number]).map { places.first($0) }
        // Most rows without a partner need not be looked at.
        if let first, first < 0, !last.keepsRowsBefore { continue }
        context.set(slot: 0, view: batch.view(number))
        guard let first else {
          guard try last.run(places, of: table, by: key, context, row) else { return false }
          continue
        }
        guard try last.run(from: first, places, of: table, context, row) else { return false }
      }
    }
    return true
  }

  /// Begins with the rows of the only source, if that is a table whose rows come in batches; nil for all others.
  func openOnlyTable() throws(UpkeepError) -> (selection: RowSelection, scan: PathScan)? {
    steps.count == 1 ? try steps[0].openBatches() : nil
  }

  /// Whether it goes from row to row of a recursive table's round, with nothing left to be done behind them.
  func walks(_ table: CommonTableSource) -> Bool {
    steps.first?.walks(table) == true && !steps.contains(where: \.keepsOwnRows)
  }

  /// How it runs, for people.
  var description: [String] {
    steps.isEmpty ? ["one row without a table"] : steps.flatMap(\.description)
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
    case .round(let table): try table.walkRound(row)
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

  /// About how many rows it has, where that is known of what is no table.
  var estimate: Double? {
    switch self {
    case .table, .call, .round: nil
    case .query(let plan): plan.estimate
    case .common(let table): table.estimate
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
