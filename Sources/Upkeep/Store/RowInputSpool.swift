internal import UpkeepStorage

/// Rows that are gathered before the writer's turn is taken: the first of them as they are, the rest in a file where they
/// take more than a share of the cache. One task fills it; then one write reads it.
final class RowInputSpool: @unchecked Sendable {
  private static let firstCount = 1024

  private var first: [RowInput] = []
  /// Each with the number of its columns before its values.
  private let rest: RowSpool<Value>
  /// The columns that rows in `rest` give, each with its number; mostly all give the same.
  private var columns: [ColumnNames] = []
  private var numbers: [[String]: Int] = [:]
  private var last: (columns: ColumnNames, number: Int)?

  init(_ store: Store) {
    rest = RowSpool(limit: store.storage.spillByteCount, files: store.storage.temporaryFiles)
  }

  var count: Int { first.count + rest.count }

  /// Reads a sequence to its end.
  convenience init(
    _ store: Store, _ rows: some Sequence<RowInput>, _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) {
    self.init(store)
    if let known = rows as? [RowInput] {
      // It is in memory already, whatever is done here.
      first = known
    } else {
      for row in rows { try append(row, progress) }
    }
  }

  /// Reads a sequence to its end.
  ///
  /// - Throws: what the sequence throws, and `CancellationError` where the task was cancelled: a sequence may have ended
  ///   because of that, and what it gave is not all.
  convenience init<Rows: AsyncSequence>(
    _ store: Store, _ rows: Rows, _ progress: ((UpsertProgress) -> Void)?
  ) async throws where Rows.Element == RowInput {
    self.init(store)
    for try await row in rows { try append(row, progress) }
    try Task.checkCancellation()
  }

  private func append(_ row: RowInput, _ progress: ((UpsertProgress) -> Void)?) throws(UpkeepError) {
    if first.count < Self.firstCount {
      first.append(row)
    } else {
      try rest.append([.integer(Int64(number(of: row.columns)))] + row.values)
    }
    if let progress, count % BatchFrame.step == 0 {
      progress(UpsertProgress(rowsRead: count, rowsGiven: 0, rejected: 0))
    }
  }

  private func number(of names: ColumnNames) -> Int {
    if let last, last.columns.identity == names.identity { return last.number }
    let number = numbers[names.names] ?? columns.count
    if number == columns.count {
      numbers[names.names] = number
      columns.append(names)
    }
    last = (names, number)
    return number
  }

  /// Calls `body` with each row.
  func forEach(_ body: (RowInput) throws(UpkeepError) -> Void) throws(UpkeepError) {
    for row in first { try body(row) }
    try rest.forEach { row throws(UpkeepError) in
      guard case .integer(let number)? = row.first else { return }
      try body(RowInput(columns[Int(number)], Array(row.dropFirst())))
    }
  }
}
