/// The rows of an upsert or a sync, one after the other.
///
/// Its life: `add` for each row, then `finish`. An error ends the statement and takes back what it did.
@usableFromInline
class UpsertFeed {
  final let plan: UpsertPlan
  private final let batch: UpsertBatch
  private final let frame: BatchFrame

  init(
    _ scope: TransactionScope, _ plan: UpsertPlan, _ options: BatchOptions, rowsRead: Int? = nil,
    _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) {
    self.plan = plan
    frame = try BatchFrame(scope, dryRun: options.dryRun, rowsRead: rowsRead, progress)
    batch = try UpsertBatch(scope, plan, collectsOutcomes: options.collectsOutcomes, now: .now())
  }

  /// Gives the statement a row by its values.
  ///
  /// - Parameter positions: for each of the table's columns which of them is its own; negative where none is given.
  @inline(__always)
  final func add(_ values: [Value], _ positions: [Int]) throws(UpkeepError) {
    let number = frame.next()
    do throws(UpkeepError) { try batch.add(values, positions, number: number) } catch {
      throw try abandoned(error)
    }
    frame.tell(rejected: batch.rejectedCount)
  }

  /// Ends the statement because of an error.
  final func abandoned(_ error: UpkeepError) throws(UpkeepError) -> UpkeepError {
    try batch.abandon()
    try frame.takeBack()
    return error
  }

  final func finishRows() throws(UpkeepError) -> UpsertResult {
    let result: UpsertResult
    do throws(UpkeepError) { result = try batch.finish() } catch { throw try abandoned(error) }
    try frame.end(rejected: result.rejected)
    return result
  }
}

/// The rows of one statement by the names of their columns, as its caller's loop gives them: the loop is compiled where its
/// sequence is known.
@usableFromInline
final class RowFeed: UpsertFeed {
  @exclusivity(unchecked) private var binding: RowBinding

  override init(
    _ scope: TransactionScope, _ plan: UpsertPlan, _ options: BatchOptions, rowsRead: Int? = nil,
    _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) {
    binding = RowBinding(plan.schema)
    try super.init(scope, plan, options, rowsRead: rowsRead, progress)
  }

  @usableFromInline
  func add(_ row: RowInput) throws(UpkeepError) {
    do throws(UpkeepError) { try binding.follow(row) } catch { throw try abandoned(error) }
    try add(row.values, binding.positions)
  }

  @usableFromInline
  func finish() throws(UpkeepError) -> UpsertResult { try finishRows() }
}
