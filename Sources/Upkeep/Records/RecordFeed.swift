/// The records of one statement, one after the other. Their values go through one buffer into the batch: no row is made
/// for them.
///
/// Its life: `add` for each record, then `finish`. An error ends the statement and takes back what it did.
@usableFromInline
final class RecordFeed<R: Record>: UpsertFeed {
  private let values = RecordValues<R>()
  private let positions: [Int]
  @exclusivity(unchecked) private var narrowed: [Int] = []

  override init(
    _ scope: TransactionScope, _ plan: UpsertPlan, _ options: BatchOptions, rowsRead: Int? = nil,
    _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) {
    var binding = RowBinding(plan.schema)
    try binding.follow(R.columns.names)
    positions = binding.positions
    try super.init(scope, plan, options, rowsRead: rowsRead, progress)
  }

  @usableFromInline
  func add(_ input: some RecordInput<R>) throws(UpkeepError) {
    do throws(UpkeepError) { try values.take(input) } catch { throw try abandoned(error) }
    try addTaken()
  }

  /// Gives the statement a record by its values.
  func add(given: [Value?]) throws(UpkeepError) {
    values.take(given: given)
    try addTaken()
  }

  private func addTaken() throws(UpkeepError) {
    if values.isWhole { return try add(values.values, positions) }
    values.narrow(positions, into: &narrowed)
    try add(values.values, narrowed)
  }

  @usableFromInline
  func finish() throws(UpkeepError) -> RecordResult<R> { try RecordResult(try finishRows(), plan.schema) }
}
