internal import UpkeepStorage

/// Records that are gathered before the writer's turn is taken: the first of them as they are, the rest as their values,
/// which beyond a share of the cache lie in a file. One task fills it; then one write reads it.
final class RecordSpool<Input: RecordInput>: @unchecked Sendable {
  private static var firstCount: Int { 1024 }

  private var first: [Input] = []
  private let rest: RowSpool<Value?>
  private let values = RecordValues<Input.Model>()

  private init(_ store: Store) {
    rest = RowSpool(limit: store.storage.spillByteCount, files: store.storage.temporaryFiles)
  }

  var count: Int { first.count + rest.count }

  /// Reads a sequence to its end.
  convenience init(
    _ store: Store, _ records: some Sequence<Input>, _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) {
    self.init(store)
    if let known = records as? [Input] {
      // It is in memory already, whatever is done here.
      first = known
    } else {
      for record in records { try append(record, progress) }
    }
  }

  /// Reads a sequence to its end.
  ///
  /// - Throws: what the sequence throws, and `CancellationError` where the task was cancelled: a sequence may have ended
  ///   because of that, and what it gave is not all.
  convenience init<Records: AsyncSequence>(
    _ store: Store, _ records: Records, _ progress: ((UpsertProgress) -> Void)?
  ) async throws where Records.Element == Input {
    self.init(store)
    for try await record in records { try append(record, progress) }
    try Task.checkCancellation()
  }

  private func append(_ record: Input, _ progress: ((UpsertProgress) -> Void)?) throws(UpkeepError) {
    if first.count < Self.firstCount {
      first.append(record)
    } else {
      try values.take(record)
      try rest.append(values.given)
    }
    if let progress, count % BatchFrame.step == 0 {
      progress(UpsertProgress(rowsRead: count, rowsGiven: 0, rejected: 0))
    }
  }

  /// Calls `record` with each of the first, then `given` with the values of each of the others.
  func forEach(
    _ record: (Input) throws(UpkeepError) -> Void, given: ([Value?]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    for each in first { try record(each) }
    try rest.forEach(given)
  }
}

extension Transaction {
  /// Runs a statement over records that were gathered before.
  func run<Input: RecordInput>(
    _ statement: BatchStatement, _ records: RecordSpool<Input>, _ options: BatchOptions,
    _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> RecordResult<Input.Model> {
    let plan = try statement.plan(try scope.table(Input.Model.table), options)
    let feed = try RecordFeed<Input.Model>(scope, plan, options, rowsRead: records.count, progress)
    try records.forEach { record throws(UpkeepError) in
      try feed.add(record)
    } given: { values throws(UpkeepError) in
      try feed.add(given: values)
    }
    return try feed.finish()
  }
}
