internal import UpkeepStorage

/// An UPDATE or DELETE that changes few rows: each change is encoded before any is written, so that nothing has to be taken
/// back when a row is bad, and no savepoint is needed. What is not so (many rows, keys that move, an error) it leaves to
/// the executors, with nothing done. It is kept with a statement and runs once at a time.
final class FewChanges {
  /// More rows go the general way, which sorts what it writes.
  private static let most = 32

  private let selection: RowSelection
  private let schema: TableSchema
  /// nil: the rows go.
  private let assignments: RowAssignments?
  private let check: RowCheck
  private let context = EvaluationContext()
  /// As many as were needed so far.
  private var edits: [RowEdit] = []

  /// Nil for a statement of another kind: one that has a condition, whose rows keep their unique keys, of which nothing
  /// stays when it fails, and which gives no rows.
  init?(_ update: UpdateStatement, _ plan: UpdatePlan) {
    guard update.otherwise == .abort, update.returning == nil, update.condition != nil, !plan.movesKeys,
      let edit = RowEdit(plan.schema)
    else { return nil }
    selection = plan.selection
    schema = plan.schema
    assignments = plan.assignments
    check = RowCheck(plan.schema)
    edits = [edit]
  }

  /// The same. Without a condition, and where nothing but keys of a range decide, whole ranges go at once.
  init?(_ delete: DeleteStatement, _ selection: RowSelection) {
    guard delete.returning == nil, delete.condition != nil, let edit = RowEdit(selection.schema) else {
      return nil
    }
    self.selection = selection
    schema = selection.schema
    assignments = nil
    check = RowCheck(selection.schema)
    edits = [edit]
  }

  /// Runs it, bound to its parameters.
  ///
  /// - Returns: nil if it is for the general way, and nothing was done.
  func run(_ scope: TransactionScope, _ statement: StatementContext) throws(UpkeepError) -> ChangeResult? {
    if assignments == nil, selection.path.index == nil, !selection.isFiltered, schema.indexes.isEmpty {
      return nil
    }
    let transaction = try scope.writing
    defer { context.clear() }
    var (changed, unchanged) = (0, 0)
    do throws(UpkeepError) {
      context.parameters = statement.parameters
      context.now = statement.now
      context.changes = statement.changes
      let scan = try PathScan(scope, schema, selection.path)
      while try selection.next(scan, context, statement, bindsViews: false) {
        if changed == Self.most { return nil }
        let old = try scan.isCovering ? scan.values : scan.view.values()
        if try encode(old, at: changed, transaction) { changed += 1 } else { unchanged += 1 }
      }
    } catch {
      // What is wrong is told by the general way, which finds it again.
      return nil
    }
    for number in 0..<changed { try edits[number].write(scope, transaction) }
    if assignments == nil, changed > 0 {
      scope.knownAutomaticIDs(of: schema)?.isGreatestKnown = false
    }
    let tally: [StatementSummary.Kind: Int] =
      assignments == nil ? [.deleted: changed] : [.updated: changed, .unchanged: unchanged]
    return ChangeResult(
      summary: StatementSummary(tally: tally, changes: changed + unchanged), columns: nil, rows: nil)
  }

  /// - Returns: false if the row stays as it is.
  private func encode(
    _ old: [Value], at number: Int, _ transaction: WriteTransaction
  ) throws(UpkeepError) -> Bool {
    var new = old
    var difference: UInt64 = 0
    if let assignments {
      context.set(slot: 0, row: old)
      new = try assignments.changed(old, context)
      try check.check(new)
      difference = RowEdit.difference(old, new)
      if difference == 0 { return false }
    }
    if number == edits.count, let another = RowEdit(schema) { edits.append(another) }
    let edit = edits[number]
    edit.key.removeAll()
    try RowCodec.appendKey(of: old, schema: schema, to: edit.key)
    if assignments == nil {
      try edit.deletion(of: old, transaction)
    } else {
      _ = try edit.update(from: old, to: new, changed: difference, transaction)
    }
    return true
  }
}
