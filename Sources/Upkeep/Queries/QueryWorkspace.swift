/// What the runs of one plan use one after the other: where rows are put, and the walk that finds them.
///
/// Between runs it holds nothing of a transaction.
final class QueryWorkspace {
  private var context: EvaluationContext?
  @exclusivity(unchecked) private var scan: PathScan?

  /// A context that is told of the parameters of other runs.
  func context(_ statement: StatementContext) -> EvaluationContext {
    if let context { return context }
    statement.isKeepingContexts = true
    let made = statement.makeEvaluationContext()
    statement.isKeepingContexts = false
    context = made
    return made
  }

  /// A walk over the rows of a selection, from its beginning.
  func scan(
    _ selection: RowSelection, _ scope: TransactionScope, readsKeys: Bool?
  ) throws(UpkeepError) -> PathScan {
    if let scan, !scan.isOpen, try scan.reopen(scope, selection.path) { return scan }
    let made = try selection.makeScan(scope, readsKeys: readsKeys)
    scan = made
    return made
  }

  /// Lets go of the transaction.
  func rest() {
    context?.clear()
    scan?.rest()
  }
}
