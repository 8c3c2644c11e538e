/// Makes records of the rows of a query, whose columns are found by the names that the query shows.
public final class RecordMaker<R: Record> {
  private let row: RecordRow<R>

  /// - Throws: `unknownColumn` if the query does not show a column of the record.
  public init(_ shown: ColumnNames) throws(UpkeepError) {
    var ordinals: [Int] = []
    for name in R.columns.names.names {
      guard let position = shown.position(of: name) else {
        var error = UpkeepError(
          .unknownColumn,
          "the query shows no column \(name), which \(R.self) has"
            + Names.suggestion(for: name, among: shown.names))
        error.name = name
        throw error
      }
      ordinals.append(position)
    }
    row = RecordRow(ordinals: ordinals)
  }

  /// The record of a row.
  public func record(_ shown: Row) throws(UpkeepError) -> R { try row.record(shown.values) }
}
