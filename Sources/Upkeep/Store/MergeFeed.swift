/// The rows of a MERGE's source, as its caller's loop gives them.
///
/// Its life: `add` for each row, then `finish`. An error ends the statement and takes back what it did.
@usableFromInline
final class MergeFeed {
  private let batch: MergeBatch
  private let frame: BatchFrame
  @exclusivity(unchecked) private var binding: RowBinding

  /// - Parameter source: the columns of the rows that will come; nil for those of the table.
  init(
    _ scope: TransactionScope, _ merge: MergeStatement, source: ColumnNames? = nil, _ options: BatchOptions,
    rowsRead: Int? = nil, _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) {
    let schema = try scope.table(merge.table.name)
    var merge = merge
    merge.rejects = options.rejects
    let statement = StatementContext()
    var columns = schema.columnList
    var untyped: Set<SlotColumn> = []
    if let source {
      // Their values are compared as constants are.
      let definitions = source.names.map { ColumnDefinition($0, .any) }
      columns = try ColumnList(definitions, ofSource: merge.sourceName)
      untyped = Set(source.names.indices.map { SlotColumn(slot: 1, ordinal: $0) })
    }
    let plan = try MergePlan(merge, schema, source: columns) { [untyped] expressions in
      var expressions = expressions
      expressions.untyped.formUnion(untyped)
      return statement.admittingQueries(expressions, scope)
    }
    binding = RowBinding(schema)
    frame = try BatchFrame(scope, dryRun: options.dryRun, rowsRead: rowsRead, progress)
    batch = try MergeBatch(scope, plan, statement, collectsOutcomes: options.collectsOutcomes)
  }

  /// Gives the statement a row.
  @usableFromInline
  func add(_ row: RowInput) throws(UpkeepError) {
    do throws(UpkeepError) { try binding.follow(row) } catch { throw try abandoned(error) }
    try add(given: binding.given(row))
  }

  /// The same of a row in the order of the source's columns, nil where none is given.
  func add(given row: [Value?]) throws(UpkeepError) {
    do throws(UpkeepError) { try batch.add(row, number: frame.next()) } catch { throw try abandoned(error) }
    frame.tell(rejected: batch.rejectedCount)
  }

  @usableFromInline
  func finish() throws(UpkeepError) -> MergeResult {
    var result: MergeResult
    do throws(UpkeepError) {
      result = try batch.finish()
      var returned: [[Value]] = []
      try batch.returned.forEach { row throws(UpkeepError) in returned.append(row) }
      result.returned = returned
    } catch {
      throw try abandoned(error)
    }
    try frame.end(rejected: result.rejected)
    return result
  }

  /// Ends the statement because of an error.
  func abandoned(_ error: UpkeepError) throws(UpkeepError) -> UpkeepError {
    try batch.abandon()
    try frame.takeBack()
    return error
  }
}
