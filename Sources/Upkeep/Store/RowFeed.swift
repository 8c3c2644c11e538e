/// The rows of one statement, as its caller's loop gives them: the loop is compiled where its sequence is known.
@usableFromInline
final class RowFeed {
  private let batch: UpsertBatch
  @exclusivity(unchecked) private var binding: RowBinding
  @exclusivity(unchecked) private var number = 0

  init(_ scope: TransactionScope, _ plan: UpsertPlan, collectsOutcomes: Bool) throws(UpkeepError) {
    batch = try UpsertBatch(scope, plan, collectsOutcomes: collectsOutcomes, now: .now())
    binding = RowBinding(plan.schema)
  }

  /// Gives the statement a row. An error ends it, and takes back what it did.
  @usableFromInline
  func add(_ row: RowInput) throws(UpkeepError) {
    number += 1
    do throws(UpkeepError) {
      try binding.follow(row)
      try batch.add(row.values, binding.positions, number: number)
    } catch {
      try batch.abandon()
      throw error
    }
  }

  @usableFromInline
  func finish() throws(UpkeepError) -> UpsertResult { try batch.finish() }
}
