internal import UpkeepStorage

/// A MERGE at work: source rows one after the other, as one statement, whole or not at all.
///
/// Its life: `add` for each row of the source, then `finish`; or `abandon`, as if it had never begun. Rows are matched
/// on the table as it was; what they claim is judged at the end, by the same claims as an upsert's.
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
  /// For each change of a row the number of its source row; those of rows that nothing matches come behind them.
  private var numbers = RowNumbers()
  private var lastNumber = 0
  /// The lowest row with an error.
  private var firstError: (number: Int, error: UpkeepError)?
  private var result = MergeResult()
  /// The rows of RETURNING: in the order of the source, then the rows that it does not match.
  let returned: RowSpool<Value>

  init(_ scope: TransactionScope, _ plan: MergePlan, _ statement: StatementContext) throws(UpkeepError) {
    self.scope = scope
    self.plan = plan
    self.statement = statement
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
    returned = RowSpool(limit: transaction.spillByteCount, files: transaction.temporaryFiles)
    let tree = plan.schema.tree
    before = try storing { () throws(StorageError) in try transaction.cursor(tree) }
    result.returnedColumns = plan.returning?.names
    for kind in plan.kinds { result.tally[kind] = 0 }
  }

  deinit {
    try? abandon()
    matched.end()
  }

  /// Takes a row of the source; nil where it does not give a column.
  func add(_ row: [Value?], number: Int) throws(UpkeepError) {
    guard savepoint != nil else { throw UpkeepError(.misuse, "the statement has ended") }
    lastNumber = number
    let values = row.map { $0 ?? .null }
    try step(number) { () throws(UpkeepError) in
      context.set(slot: 1, row: values)
      var isMatched = false
      try search.forEachMatch(context) { view throws(UpkeepError) in
        isMatched = true
        try take(view, plan.matched, row, values, number)
      }
      if isMatched { return }
      context.clear(slot: 0)
      guard let clause = try clause(of: plan.notMatched) else { return }
      try insert(clause, row, values, number)
    }
    try stopIfHopeless()
    try claims.budget.settle()
  }

  /// Ends the statement: rows that nothing matched, then keys are judged.
  func finish() throws(UpkeepError) -> MergeResult {
    guard let savepoint else { throw UpkeepError(.misuse, "the statement has ended") }
    if keepsMatches { try takeUnmatched() }
    if let failure = try claims.settle(displaced: { _ in })?.firstFailure {
      note(lostClaim(failure), numbers[failure.claim])
    }
    if let firstError { throw firstError.error }
    try returned.finish()
    try search.end()
    try claims.write()
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
        try step(number) { () throws(UpkeepError) in
          context.set(slot: 0, view: view)
          try take(view, plan.notMatchedBySource, [], [], number)
        }
        try stopIfHopeless()
        try claims.budget.settle()
      }
      isThere = try storing { () throws(StorageError) in try before.next() }
    }
  }

  /// What becomes of a row of the table, which is in slot 0 of the context.
  private func take(
    _ view: RowView, _ clauses: [MergePlan.Clause], _ given: [Value?], _ source: [Value], _ number: Int
  ) throws(UpkeepError) {
    let clause = try clause(of: clauses)
    if keepsMatches, try matched.find(view.key) == nil { matched.set(view.key, 0) }
    guard let clause else { return }
    if case .nothing = clause.action { return }
    let key = Array(view.key)
    let old = try view.values()
    if case .error = clause.action { throw refusal(clause, old) }
    try KeyBounds.borrow(key) { key throws(UpkeepError) in
      if let other = try matched.find(key), other > 0 { throw changedTwice(old, other, number) }
      matched.set(key, number)
      do throws(UpkeepError) {
        try change(old, key, clause, given, source, number)
      } catch {
        throw error.isOfRow ? error.inRow(schema.keyDescription(of: old)) : error
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
      numbers.append(number)
      try claims.delete(place, old)
      return try tell(.deleted, "DELETE", old: old, new: nil, source)
    case .update(let columns):
      new = try rowActions.changed(old, by: .update(columns, where: nil), given, source) ?? old
    case .updateAll(let columns):
      var changed = old
      for column in columns where given[column.source] != nil {
        changed[column.ordinal] = try rowActions.coerced(source[column.source], column.ordinal)
      }
      new = changed
    case .insert, .insertAll, .nothing, .error: return
    }
    let isSame = zip(old, new).allSatisfy { $0.hasSameBytes(as: $1) }
    if !isSame {
      try check.check(new)
      numbers.append(number)
      try claims.update(place, primaryKey: key, from: old, to: new, by: numbers.count - 1)
    }
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
    numbers.append(number)
    try claims.insert(new, by: numbers.count - 1)
    try tell(.inserted, "INSERT", old: nil, new: new, source)
  }

  /// Counts a row of the table, and shows it if it is to be returned.
  private func tell(
    _ kind: StatementSummary.Kind, _ action: String, old: [Value]?, new: [Value]?, _ source: [Value]
  ) throws(UpkeepError) {
    result.tally[kind, default: 0] += 1
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
    for expression in returning.expressions { values.append(try expression.evaluate(context)) }
    try returned.append(values)
  }
}

// MARK: - Errors of rows

extension MergeBatch {
  /// Runs a row's step; an error of the row is noted, any other ends the statement.
  private func step(_ number: Int, _ body: () throws(UpkeepError) -> Void) throws(UpkeepError) {
    do throws(UpkeepError) { try body() } catch {
      guard error.isOfRow || [.misuse, .limit, .badInput].contains(error.code) else {
        throw error
      }
      note(error, number)
    }
  }

  private func note(_ error: UpkeepError, _ number: Int) {
    if let firstError, firstError.number <= number { return }
    var error = error
    if error.table == nil { error.table = schema.name }
    if error.rowNumber == nil, number <= lastNumber { error.rowNumber = number }
    firstError = (number, error)
  }

  /// Stops at an error if no claim of a row before it can still fail.
  private func stopIfHopeless() throws(UpkeepError) {
    if let firstError, !claims.mayFail { throw firstError.error }
  }

  private func changedTwice(_ row: [Value], _ first: Int, _ second: Int) -> UpkeepError {
    let key = schema.keyDescription(of: row)
    var error = UpkeepError(
      .changedTwice,
      "row \(key) of \(schema.name) would be changed twice, by rows \(first) and \(second) of \(plan.sourceName); "
        + "let ON match each row once, or take one row of the source for each key")
    error.table = schema.name
    error.key = key
    error.existingKey = key
    error.rowNumber = second
    return error
  }

  private func refusal(_ clause: MergePlan.Clause, _ row: [Value]?) -> UpkeepError {
    let place = row.map { ", for row \(schema.keyDescription(of: $0)) of \(schema.name)" } ?? ""
    var error = UpkeepError(
      .refused,
      "WHEN clause \(clause.number) of the MERGE into \(schema.name) says ERROR\(place); "
        + "mend the row, or let a clause before that one take it")
    error.table = schema.name
    error.existingKey = row.map { schema.keyDescription(of: $0) }
    return error
  }

  private func lostClaim(_ failure: KeyClaims.FailedClaim) -> UpkeepError {
    UniqueViolation(
      schema: schema, uniqueIndexes: plan.uniqueIndexes, key: failure.key, keyText: failure.keyText,
      holder: failure.winner
    ).lost(by: failure.loser, ["free the key in the same statement", "let ON match that row"])
  }
}

extension UpkeepError.Code {
  /// Two rows of a MERGE's source change one row of the table.
  public static let changedTwice = Self(rawValue: "changed-twice")
  /// A WHEN clause of a MERGE says ERROR.
  public static let refused = Self(rawValue: "refused")
}
