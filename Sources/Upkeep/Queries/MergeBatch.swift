internal import UpkeepStorage

/// A MERGE at work: source rows one after the other, as one statement, whole or not at all.
///
/// Its life: `add` for each row of the source, then `finish`; or `abandon`, as if it had never begun. Rows are matched
/// on the table as it was; what they claim is judged at the end, by the same claims as an upsert's.
///
/// Every row of the table that is to be inserted, updated or deleted is a *change*, numbered from 0, and so is every
/// error. Where bad rows are set aside, that is a change: the other rows that its source row matches go their ways.
final class MergeBatch {
  let scope: TransactionScope
  let plan: MergePlan
  let schema: TableSchema
  let claims: KeyClaims
  let context: EvaluationContext
  let rowActions: RowActions
  private let statement: StatementContext
  private let check: RowCheck
  private let search: MergeSearch
  /// The table as it was, for the rows that nothing matches.
  private let before: TreeCursor
  private var savepoint: ScopeSavepoint?

  /// Rows of the table that were matched, where that matters later, and for each the source row that changed it; 0 where
  /// none did.
  private let matched: SpillKeys
  private let keepsMatches: Bool
  /// For each change the number of its source row; those of rows that nothing matches come behind them.
  private var numbers = RowNumbers()
  private(set) var lastNumber = 0
  /// For each change what became of it; `ignored` for one that was set aside after it was made.
  private let kinds = RowKinds()
  /// The change that is being made.
  private var current: Int?
  /// Whether what the current change made is being shown.
  private var isShowing = false
  /// What each change did, where that is asked for.
  private let steps: SpillMap<UpsertStep>
  /// Why changes were set aside.
  private let rejects: SpillMap<SpilledError>
  /// How many changes were set aside so far; claims may still fail at the end.
  private(set) var rejectedCount = 0
  private let collectsRejects: Bool
  private let collectsOutcomes: Bool
  /// The lowest row with an error that fails the statement.
  private var firstError: (number: Int, error: UpkeepError)?
  /// The rows of RETURNING: in the order of the source, then the rows that it does not match.
  private(set) var returned: RowSpool<Value>

  init(
    _ scope: TransactionScope, _ plan: MergePlan, _ statement: StatementContext,
    collectsOutcomes: Bool = false
  ) throws(UpkeepError) {
    self.scope = scope
    self.plan = plan
    self.statement = statement
    self.collectsOutcomes = collectsOutcomes
    if case .collect = plan.rejects { collectsRejects = true } else { collectsRejects = false }
    schema = plan.schema
    context = statement.makeEvaluationContext()
    rowActions = RowActions(plan.schema, context)
    check = RowCheck(plan.schema)
    keepsMatches = !plan.notMatchedBySource.isEmpty
    claims = try KeyClaims(scope, plan.schema, startsLater: true)
    savepoint = try scope.savepoint()
    try claims.start()
    search = try MergeSearch(scope, plan, statement)
    let transaction = claims.transaction
    matched = SpillKeys(transaction, claims.budget)
    steps = SpillMap(transaction, claims.budget)
    rejects = SpillMap(transaction, claims.budget)
    returned = RowSpool(limit: transaction.spillByteCount, files: transaction.temporaryFiles)
    let tree = plan.schema.tree
    before = try storing { () throws(StorageError) in try transaction.cursor(tree) }
  }

  deinit {
    try? abandon()
    matched.end()
    steps.end()
    rejects.end()
  }

  /// Takes a row of the source; nil where it does not give a column.
  func add(_ row: [Value?], number: Int) throws(UpkeepError) {
    guard savepoint != nil else { throw UpkeepError(.misuse, "the statement has ended") }
    lastNumber = number
    let values = row.map { $0 ?? .null }
    try step(number, failsWhole: keepsMatches) { () throws(UpkeepError) in
      context.set(slot: 1, row: values)
      var isMatched = false
      try search.forEachMatch(context) { view throws(UpkeepError) in
        isMatched = true
        try take(view, plan.matched, row, values, number)
      }
      if isMatched { return }
      context.clear(slot: 0)
      try step(number) { () throws(UpkeepError) in
        guard let clause = try clause(of: plan.notMatched) else { return }
        try insert(clause, row, values, number)
      }
    }
    try goOn()
  }

  /// Tells of a row of the source that cannot be read.
  func refuse(_ number: Int, because problem: UpkeepError) throws(UpkeepError) {
    guard savepoint != nil else { throw UpkeepError(.misuse, "the statement has ended") }
    lastNumber = number
    try step(number, failsWhole: keepsMatches) { () throws(UpkeepError) in throw problem }
    try goOn()
  }

  /// Ends the statement: rows that nothing matched, then keys are judged.
  func finish() throws(UpkeepError) -> MergeResult {
    guard let savepoint else { throw UpkeepError(.misuse, "the statement has ended") }
    if keepsMatches { try takeUnmatched() }
    if let verdict = try claims.settle(displaced: { _ in }), let first = verdict.firstFailure {
      if collectsRejects {
        try verdict.forEachFailed { failure, change throws(UpkeepError) in
          try reject(change, lostClaim(failure))
          kinds[change] = .ignored
        }
        try takeLostFromReturned()
      } else {
        note(lostClaim(first), numbers[first.claim])
      }
    }
    if let firstError { throw firstError.error }
    try returned.finish()
    try search.end()
    try claims.write()
    let result = try result()
    self.savepoint = nil
    scope.release(savepoint)
    return result
  }

  /// Ends the statement as if it had never begun.
  func abandon() throws(UpkeepError) {
    guard let savepoint else { return }
    self.savepoint = nil
    try scope.rollback(to: savepoint)
    scope.release(savepoint)
  }

  // MARK: Rows

  /// The first clause whose condition holds for the rows in the context.
  private func clause(of clauses: [MergePlan.Clause]) throws(UpkeepError) -> MergePlan.Clause? {
    for clause in clauses {
      guard let condition = clause.condition else { return clause }
      if try condition.isTrue(context) { return clause }
    }
    return nil
  }

  private func takeUnmatched() throws(UpkeepError) {
    context.clear(slot: 1)
    var number = lastNumber
    let before = before
    var isThere = try storing { () throws(StorageError) in try before.first() }
    while isThere {
      try statement.step()
      if try matched.find(before.key) == nil {
        number += 1
        let value = try storing { () throws(StorageError) in try before.value() }
        let view = RowView(schema: schema, key: before.key, value: value)
        context.set(slot: 0, view: view)
        try take(view, plan.notMatchedBySource, [], [], number)
        try goOn()
      }
      isThere = try storing { () throws(StorageError) in try before.next() }
    }
  }

  /// What becomes of a row of the table, which is in slot 0 of the context.
  private func take(
    _ view: RowView, _ clauses: [MergePlan.Clause], _ given: [Value?], _ source: [Value], _ number: Int
  ) throws(UpkeepError) {
    if keepsMatches, try matched.find(view.key) == nil { matched.set(view.key, 0) }
    try step(number) { () throws(UpkeepError) in
      guard let clause = try clause(of: clauses) else { return }
      if case .nothing = clause.action { return }
      let key = Array(view.key)
      let old = try view.values()
      if case .error = clause.action { throw refusal(clause, old) }
      try KeyBounds.borrow(key) { key throws(UpkeepError) in
        if let other = try matched.find(key), other > 0 { throw changedTwice(old, other, number) }
        do throws(UpkeepError) {
          try change(old, key, clause, given, source, number)
        } catch {
          throw error.isOfRow ? error.inRow(schema.keyDescription(of: old)) : error
        }
        matched.set(key, number)
      }
    }
  }

  private func change(
    _ old: [Value], _ key: UnsafeRawBufferPointer, _ clause: MergePlan.Clause, _ given: [Value?],
    _ source: [Value], _ number: Int
  ) throws(UpkeepError) {
    let place = try claims.place(ofRowNamed: key)
    let new: [Value]
    switch clause.action {
    case .delete:
      // Ids of rows that go are not given again by the same statement.
      try claims.noteGreatestID()
      _ = begin(number)
      try claims.delete(place, old)
      return try tell(.deleted, "DELETE", old: old, new: nil, source)
    case .update(let columns):
      new = try rowActions.changed(old, by: .update(columns, where: nil), given, source) ?? old
    case .updateAll(let columns):
      var changed = old
      for column in columns where given[column.source] != nil {
        changed[column.ordinal] = try rowActions.coerced(source[column.source], column.ordinal)
      }
      try schema.touch(&changed, old, at: context.now) { ordinal in
        columns.contains { $0.ordinal == ordinal && given[$0.source] != nil }
      }
      new = changed
    case .insert, .insertAll, .nothing, .error: return
    }
    let isSame = zip(old, new).allSatisfy { $0.hasSameBytes(as: $1) }
    if !isSame { try check.check(new) }
    let change = begin(number)
    if !isSame { try claims.update(place, primaryKey: key, from: old, to: new, by: change) }
    try tell(isSame ? .unchanged : .updated, "UPDATE", old: old, new: new, source)
  }

  private func insert(
    _ clause: MergePlan.Clause, _ row: [Value?], _ source: [Value], _ number: Int
  ) throws(UpkeepError) {
    var given = [Value?](repeating: nil, count: schema.rowWidth)
    switch clause.action {
    case .insert(let columns):
      for column in columns { given[column.ordinal] = try column.value?.evaluate(context) }
    case .insertAll(let columns):
      for column in columns { given[column.ordinal] = row[column.source] }
    case .error: throw refusal(clause, nil)
    case .update, .updateAll, .delete, .nothing: return
    }
    var new = try rowActions.proposal(given)
    try rowActions.drawDefaults(&new, given)
    if let ordinal = claims.writer.idOrdinal, new[ordinal] == .null {
      new[ordinal] = .integer(try claims.nextID())
    }
    try check.check(new)
    try claims.insert(new, by: begin(number))
    try tell(.inserted, "INSERT", old: nil, new: new, source)
  }

  // MARK: What became of them

  /// Begins a change, and gives its number.
  private func begin(_ number: Int) -> Int {
    numbers.append(number)
    kinds.append(.rejected)
    current = kinds.count - 1
    return kinds.count - 1
  }

  /// Notes that the current change was made, and shows its row if it is to be returned.
  private func tell(
    _ kind: StatementSummary.Kind, _ action: String, old: [Value]?, new: [Value]?, _ source: [Value]
  ) throws(UpkeepError) {
    guard let change = current else { return }
    kinds[change] = kind
    if collectsOutcomes { steps.set(change, UpsertStep(old: old, new: new)) }
    guard let returning = plan.returning else { return }
    context.set(slot: 0, row: new ?? old ?? [])
    context.set(slot: 1, row: source)
    context.set(slot: 2, row: old ?? [])
    context.set(slot: 3, row: new ?? [])
    context.action = kind.rawValue
    context.mergeAction = action
    context.rowOrdinal = returned.count + 1
    var values: [Value] = []
    values.reserveCapacity(returning.expressions.count)
    isShowing = true
    for expression in returning.expressions { values.append(try expression.evaluate(context)) }
    isShowing = false
    try returned.append(values)
  }

  /// Takes the rows out of RETURNING whose changes were set aside after they were made.
  private func takeLostFromReturned() throws(UpkeepError) {
    guard plan.returning != nil else { return }
    let transaction = claims.transaction
    let kept = RowSpool<Value>(limit: transaction.spillByteCount, files: transaction.temporaryFiles)
    var change = -1
    try returned.forEach { row throws(UpkeepError) in
      repeat { change += 1 } while kinds[change] == .rejected
      if kinds[change] != .ignored { try kept.append(row) }
    }
    returned = kept
  }

  private func result() throws(UpkeepError) -> MergeResult {
    var result = MergeResult()
    result.returnedColumns = plan.returning?.names
    for kind in plan.kinds { result.tally[kind] = 0 }
    for (kind, count) in kinds.tally where count > 0 {
      result.tally[kind == .ignored ? .rejected : kind, default: 0] += count
    }
    try rejects.forEach { _, reject throws(UpkeepError) in
      if result.rejects.count < UpsertResult.mostRowsListed { result.rejects.append(reject.error) }
    }
    guard collectsOutcomes else { return result }
    var outcomes: [MergeOutcome] = []
    outcomes.reserveCapacity(kinds.count)
    for change in 0..<kinds.count { outcomes.append(try outcome(change)) }
    result.outcomes = outcomes
    return result
  }

  private func outcome(_ change: Int) throws(UpkeepError) -> MergeOutcome {
    func shown(_ row: [Value]?) -> [Value]? { row.map { Array($0.prefix(schema.columns.count)) } }
    let number = numbers[change] <= lastNumber ? numbers[change] : nil
    let kind = kinds[change]
    if kind == .rejected || kind == .ignored {
      let error = try rejects.look(change)?.error
      return MergeOutcome(kind: .rejected, rowNumber: number, old: nil, new: nil, error: error)
    }
    let step = try steps.look(change)
    return MergeOutcome(
      kind: kind, rowNumber: number, old: shown(step?.old), new: shown(step?.new), error: nil)
  }

  // MARK: Errors of rows

  /// Runs a step; an error of a row is noted, or sets the row aside; any other ends the statement.
  ///
  /// - Parameter failsWhole: whether none is set aside: what the source has could not be told from what it lacks.
  private func step(
    _ number: Int, failsWhole: Bool = false, _ body: () throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    current = nil
    defer { current = nil }
    do throws(UpkeepError) { try body() } catch {
      guard error.isOfRow || [.misuse, .limit, .badInput].contains(error.code) else { throw error }
      if !collectsRejects { return note(error, number) }
      // What was made already cannot be set aside because it cannot be shown.
      if failsWhole || isShowing { throw numbered(error, number) }
      try reject(current ?? begin(number), error)
    }
  }

  private func numbered(_ error: UpkeepError, _ number: Int) -> UpkeepError {
    var error = error
    if error.table == nil { error.table = schema.name }
    if error.rowNumber == nil, number <= lastNumber { error.rowNumber = number }
    return error
  }

  private func note(_ error: UpkeepError, _ number: Int) {
    if let firstError, firstError.number <= number { return }
    firstError = (number, numbered(error, number))
  }

  private func reject(_ change: Int, _ error: UpkeepError) throws(UpkeepError) {
    let error = numbered(error, numbers[change])
    rejects.set(change, SpilledError(error))
    rejectedCount += 1
    if case .collect(let limit?) = plan.rejects, rejectedCount > limit {
      throw .tooManyRejects(limit, of: schema, last: error)
    }
  }

  /// Stops at an error if no claim of a row before it can still fail, and keeps what is remembered small.
  private func goOn() throws(UpkeepError) {
    if let firstError, !claims.mayFail { throw firstError.error }
    if kinds.count & 0xFFFF == 0 {
      kinds.settle(before: kinds.count)
      try claims.settleChoices(before: kinds.count)
    }
    try claims.budget.settle()
  }
}
