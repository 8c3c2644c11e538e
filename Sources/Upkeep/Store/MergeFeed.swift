/// The rows of a MERGE's source, as its caller's loop gives them: they have the columns of the table.
///
/// Its life: `add` for each row, then `finish`. An error ends the statement and takes back what it did.
@usableFromInline
final class MergeFeed {
  private let scope: TransactionScope
  private let batch: MergeBatch
  @exclusivity(unchecked) private var binding: RowBinding
  @exclusivity(unchecked) private var number = 0
  /// What a dry run returns to.
  private var beforeDryRun: ScopeSavepoint?

  init(_ scope: TransactionScope, _ merge: MergeStatement, dryRun: Bool) throws(UpkeepError) {
    self.scope = scope
    let schema = try scope.table(merge.table.name)
    let statement = StatementContext()
    let plan = try MergePlan(merge, schema, source: schema.columnList) {
      statement.admittingQueries($0, scope)
    }
    binding = RowBinding(schema)
    if dryRun { beforeDryRun = try scope.savepoint() }
    batch = try MergeBatch(scope, plan, statement)
  }

  deinit { try? endDryRun() }

  /// Gives the statement a row.
  @usableFromInline
  func add(_ row: RowInput) throws(UpkeepError) {
    try whole { () throws(UpkeepError) in
      try binding.follow(row)
      try add(given: binding.given(row))
    }
  }

  /// The same of a row in the order of the table's columns, nil where none is given.
  func add(given row: [Value?]) throws(UpkeepError) {
    number += 1
    try whole { () throws(UpkeepError) in try batch.add(row, number: number) }
  }

  @usableFromInline
  func finish() throws(UpkeepError) -> MergeResult {
    var result = try whole { () throws(UpkeepError) in try batch.finish() }
    try batch.returned.forEach { row throws(UpkeepError) in result.returned.append(row) }
    try endDryRun()
    return result
  }

  private func whole<T>(_ body: () throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    do throws(UpkeepError) { return try body() } catch {
      try batch.abandon()
      try endDryRun()
      throw error
    }
  }

  private func endDryRun() throws(UpkeepError) {
    guard let savepoint = beforeDryRun else { return }
    beforeDryRun = nil
    try scope.rollback(to: savepoint)
    scope.release(savepoint)
  }
}
