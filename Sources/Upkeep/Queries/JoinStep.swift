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
  /// The kept rows, if its rows are kept.
  let table: JoinTable?
  /// What holds of rows that belong together.
  private let match: [ExpressionNode]
  /// What holds of joined rows besides.
  private let filter: [ExpressionNode]
  private let statement: StatementContext
  private unowned let host: QueryHost
  private var scope: TransactionScope {
    get throws(UpkeepError) { try host.scope }
  }
  /// Holds the table's row for its own conditions.
  private let own: EvaluationContext
  private var scan: PathScan?
  private var lookupScan: LookupScan?
  /// For the keys of a look-up in ranges.
  private lazy var key = ByteBuffer(capacity: 64)
  /// The first parts of an index that is walked, if of entries alike in them only the first is looked at.
  private let alike: [KeyPart]?
  /// How many rows the one in the context stands for.
  private(set) var alikeCount: UInt64 = 1
  /// How it runs, for people.
  let description: [String]

  init(
    _ slot: Int, _ kind: JoinKind, _ access: Access, match: [CompiledExpression],
    filter: [CompiledExpression], alike: [KeyPart]? = nil, _ host: QueryHost, description: [String]
  ) throws(UpkeepError) {
    self.slot = slot
    self.kind = kind
    self.access = access
    self.match = match.map(\.node)
    self.filter = filter.map(\.node)
    if case .kept(let table) = access { self.table = table } else { table = nil }
    self.alike = alike
    self.description = description
    statement = host.statement
    self.host = host
    own = host.statement.makeEvaluationContext(slotCount: 1)
  }

  /// Makes it ready to run again; false if another way may be better now.
  func rebind() throws(UpkeepError) -> Bool {
    let selection: RowSelection
    switch access {
    case .lookup(let lookup): return !lookup.readsParameters
    case .scan(let own): selection = own
    case .kept(let table):
      guard let own = table.selection else { return false }
      selection = own
    case .call, .stream: return false
    }
    let (isOrdered, cost, index) = (selection.path.isOrdered, selection.path.cost, selection.path.index)
    try selection.rebind(try scope, statement, most: nil)
    // From one value to the next it goes along one index, and counts what it passes.
    if alike != nil,
      selection.isFiltered || selection.path.index !== index || selection.path.isBackward
        || !selection.path.cases.isEmpty
    {
      return false
    }
    return selection.path.isOrdered == isOrdered && selection.path.cost <= max(AccessPath.cheap, 2 * cost)
  }

  /// Lets go of what belongs to the transaction that it ran in.
  func rest() {
    scan?.rest()
    lookupScan?.rest()
    table?.forget()
  }

  /// Whether a row stands for others that are alike.
  var isCounting: Bool { alike != nil }

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

  /// Whether it hands the rows of a recursive table's round on as they come.
  func walks(_ table: CommonTableSource) -> Bool {
    if case .stream(.round(let own)) = access { return own === table }
    return false
  }

  // MARK: Joined rows

  /// Puts each row that belongs to those before in the context; where none does, nothing in its slot if rows before it
  /// stay without a partner.
  ///
  /// - Returns: false if `body` wanted no more.
  @inline(__always)
  func run(_ context: EvaluationContext, _ body: () throws(UpkeepError) -> Bool) throws(UpkeepError) -> Bool {
    var isMatched = false
    let goesOn = try candidates(context) { () throws(UpkeepError) in
      guard try matches(context) else { return true }
      isMatched = true
      return try passes(context) ? try body() : true
    }
    if !goesOn { return false }
    return isMatched || !keepsRowsBefore ? true : try runAlone(context, body)
  }

  /// The same of kept rows found by whole numbers.
  @inline(__always)
  func run(
    _ places: RowProbe.Places, of table: JoinTable, by key: WholeKey, _ context: EvaluationContext,
    _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    try run(from: places.first(try key.find(context)), places, of: table, context, body)
  }

  /// The same from the first row on that was found; -1 for none.
  @inline(__always)
  func run(
    from first: Int, _ places: RowProbe.Places, of table: JoinTable, _ context: EvaluationContext,
    _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    var isMatched = false
    let goesOn = try table.candidates(from: first, places, context, slot) { () throws(UpkeepError) in
      guard try matches(context) else { return true }
      isMatched = true
      return try passes(context) ? try body() : true
    }
    if !goesOn { return false }
    return isMatched || !keepsRowsBefore ? true : try runAlone(context, body)
  }

  private func runAlone(
    _ context: EvaluationContext, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    context.clear(slot: slot)
    return try passes(context) ? try body() : true
  }

  /// The way to kept rows by whole numbers, if there is one.
  func probe(_ table: JoinTable, _ context: EvaluationContext) throws(UpkeepError) -> RowProbe? {
    try table.probe(context, slot, load: load)
  }

  // MARK: Candidates

  /// Puts the rows that may belong to those before in the context, one by one.
  ///
  /// - Returns: false if `body` wanted no more.
  @inline(__always)
  private func candidates(
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

  /// Begins with the rows of a table that come in batches, if no condition is left to be checked on them here.
  func openBatches() throws(UpkeepError) -> (selection: RowSelection, scan: PathScan)? {
    guard case .scan(let selection) = access, selection.path.comesInBatches, slot == 0, match.isEmpty,
      filter.isEmpty, !keepsOwnRows, alike == nil
    else { return nil }
    return (selection, try begin(selection))
  }

  private func begin(_ selection: RowSelection) throws(UpkeepError) -> PathScan {
    if let scan {
      if scan.isOpen {
        scan.restart()
        return scan
      }
      if try scan.reopen(scope, selection.path) { return scan }
    }
    let made = try selection.makeScan(scope)
    scan = made
    return made
  }

  /// Puts kept rows that found no partner in the context.
  func unmatched(
    _ context: EvaluationContext, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    guard case .kept(let table) = access else { return true }
    return try table.unmatched(context, slot, load: load, body)
  }

  @inline(__always)
  private func walk(
    _ selection: RowSelection, _ context: EvaluationContext, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    let scan = try begin(selection)
    if let alike { return try walk(selection, scan, alike, context, body) }
    while try selection.next(scan, own, statement, bindsViews: false) {
      show(scan, context)
      guard try body() else { return false }
    }
    return true
  }

  /// The first of the rows that are alike, each time.
  private func walk(
    _ selection: RowSelection, _ scan: PathScan, _ alike: [KeyPart], _ context: EvaluationContext,
    _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    while try selection.next(scan, own, statement, bindsViews: false) {
      show(scan, context)
      alikeCount = try scan.passAlike(alike)
      guard try body() else { return false }
    }
    return true
  }

  @inline(__always)
  private func show(_ scan: PathScan, _ context: EvaluationContext) {
    if scan.isCovering {
      context.set(slot: slot, lent: UnsafeBufferPointer(scan.covered))
    } else {
      context.set(slot: slot, view: scan.view)
    }
  }

  @inline(__always)
  private func look(
    _ lookup: KeyLookup, _ context: EvaluationContext, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    try statement.step()
    if lookup.tails.isBound { return try lookInRanges(lookup, context, body) }
    let scan: LookupScan
    if let before = lookupScan, before.isOpen {
      scan = before
    } else if let before = lookupScan, try before.reopen(scope) {
      scan = before
    } else {
      scan = try LookupScan(scope, lookup)
      lookupScan = scan
    }
    guard try scan.open(context) else { return true }
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

  private func lookInRanges(
    _ lookup: KeyLookup, _ context: EvaluationContext, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    let ranges = try lookup.ranges(context, key)
    if ranges.isEmpty { return true }
    let scan: PathScan
    if let before = self.scan, before.isOpen {
      scan = before
    } else if let before = self.scan, try before.reopen(scope, lookup.path) {
      scan = before
    } else {
      scan = try PathScan(scope, lookup.schema, lookup.path)
      self.scan = scan
    }
    scan.restart(in: ranges)
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
      let scan = try selection.makeScan(scope)
      while try selection.next(scan, own, statement, bindsViews: false) {
        var values = [Value](repeating: .null, count: (table.columns.last ?? -1) + 1)
        for column in table.columns {
          values[column] = scan.isCovering ? scan.covered[column] : try scan.view.value(column)
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
