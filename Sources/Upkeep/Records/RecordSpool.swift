internal import UpkeepStorage

/// Records that are gathered before the writer's turn is taken: the first of them as they are, the rest as their values,
/// which beyond a share of the cache lie in a file. One task fills it; then one write reads it.
final class RecordSpool<R: Record>: @unchecked Sendable {
  private static var firstCount: Int { 1024 }

  private var first: [R] = []
  private let rest: RowSpool<Value?>
  private let values = RecordValues<R>()

  init(_ store: Store) {
    rest = RowSpool(limit: store.storage.spillByteCount, files: store.storage.temporaryFiles)
  }

  /// Reads a sequence to its end.
  convenience init(_ store: Store, _ records: some Sequence<R>) throws(UpkeepError) {
    self.init(store)
    if let known = records as? [R] {
      // It is in memory already, whatever is done here.
      first = known
    } else {
      for record in records { try append(record) }
    }
  }

  func append(_ record: R) throws(UpkeepError) {
    if first.count < Self.firstCount { return first.append(record) }
    values.take(record)
    try rest.append(values.given)
  }

  func give(to feed: RecordFeed<R>) throws(UpkeepError) {
    for record in first { try feed.add(record) }
    try rest.forEach { row throws(UpkeepError) in try feed.add(given: row) }
  }
}

/// What may be said of an upsert of many records besides its target and action.
struct RecordBatchOptions: Sendable {
  var duplicates: DuplicatePolicy
  var rejects: RejectPolicy
  var collectsOutcomes: Bool
  var dryRun: Bool
}

extension Transaction {
  func upsert<R: Record>(
    _ records: RecordSpool<R>, _ clause: RecordClause<R>, _ options: RecordBatchOptions,
    _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> RecordResult<R> {
    let feed = try feed(
      [clause], options.duplicates, options.rejects, options.collectsOutcomes, options.dryRun, progress)
    try records.give(to: feed)
    return try feed.finish()
  }

  func sync<R: Record>(
    _ records: RecordSpool<R>, by key: RecordTarget<R>, allowsEmpty: Bool, displaces: Bool,
    _ options: RecordBatchOptions, _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) -> RecordResult<R> {
    let feed = try feed(
      syncing: key, allowsEmpty, options.duplicates, options.rejects, displaces, options.collectsOutcomes,
      options.dryRun, progress)
    try records.give(to: feed)
    return try feed.finish()
  }
}
