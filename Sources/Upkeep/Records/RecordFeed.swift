internal import UpkeepStorage

/// The records of one statement, one after the other. Their values go through one buffer into the batch: no row is made
/// for them.
///
/// Its life: `add` for each record, then `finish`. An error ends the statement and takes back what it did.
@usableFromInline
final class RecordFeed<R: Record> {
  /// After so many records progress is told.
  private static var step: Int { 1024 }

  private let scope: TransactionScope
  private let plan: UpsertPlan
  private let batch: UpsertBatch
  private let values = RecordValues<R>()
  private let positions: [Int]
  @exclusivity(unchecked) private var narrowed: [Int] = []
  private let omitsNull: Bool
  @exclusivity(unchecked) private var number = 0
  private let progress: ((UpsertProgress) -> Void)?
  /// What a dry run returns to.
  private var beforeDryRun: ScopeSavepoint?

  init(
    _ scope: TransactionScope, _ plan: UpsertPlan, omitsNull: Bool, collectsOutcomes: Bool, dryRun: Bool,
    progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) {
    self.scope = scope
    self.plan = plan
    self.omitsNull = omitsNull
    self.progress = progress
    var binding = RowBinding(plan.schema)
    try binding.follow(R.columns.names)
    positions = binding.positions
    if dryRun { beforeDryRun = try scope.savepoint() }
    batch = try UpsertBatch(scope, plan, collectsOutcomes: collectsOutcomes, now: .now())
  }

  deinit { try? endDryRun() }

  @usableFromInline
  func add(_ record: R) throws(UpkeepError) {
    values.take(record)
    try addTaken()
  }

  @usableFromInline
  func add(_ partial: PartialRecord<R>) throws(UpkeepError) {
    do throws(UpkeepError) { try partial.requireKnown() } catch {
      try abandon()
      throw error
    }
    values.take(partial)
    try addTaken()
  }

  /// Gives the statement a record by its values.
  func add(given: [Value?]) throws(UpkeepError) {
    values.take(given: given)
    try addTaken()
  }

  private func addTaken() throws(UpkeepError) {
    number += 1
    do throws(UpkeepError) {
      if values.isWhole && !omitsNull {
        try batch.add(values.values, positions, number: number)
      } else {
        values.narrow(positions, omitsNull: omitsNull, into: &narrowed)
        try batch.add(values.values, narrowed, number: number)
      }
    } catch {
      try abandon()
      throw error
    }
    if let progress, number % Self.step == 0 { progress(told) }
  }

  private var told: UpsertProgress { UpsertProgress(rowsGiven: number, rejected: batch.rejectedCount) }

  @usableFromInline
  func finish() throws(UpkeepError) -> RecordResult<R> {
    let result: RecordResult<R>
    do throws(UpkeepError) {
      result = try RecordResult<R>(try batch.finish(), plan.schema)
    } catch {
      try endDryRun()
      throw error
    }
    try endDryRun()
    if let progress { progress(UpsertProgress(rowsGiven: number, rejected: result.rejected)) }
    return result
  }

  private func abandon() throws(UpkeepError) {
    try batch.abandon()
    try endDryRun()
  }

  private func endDryRun() throws(UpkeepError) {
    guard let savepoint = beforeDryRun else { return }
    beforeDryRun = nil
    try scope.rollback(to: savepoint)
    scope.release(savepoint)
  }
}
