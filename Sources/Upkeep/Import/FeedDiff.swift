internal import UpkeepStorage

/// What a load would change in its table, row by row in the order of the primary key: the load is done, what it made of
/// the table is held against what was there, and it is undone.
///
/// A row whose primary key the load would change is told as deleted under the old one and inserted under the new one.
package struct FeedDiff {
  /// One row that would be another.
  package enum Change {
    case inserted([Value])
    case updated(old: [Value], new: [Value])
    case deleted([Value])
  }

  private let scope: TransactionScope
  private let options: FeedOptions
  private let rejects: (any RejectSink)?
  private let progress: ((FeedProgress) -> Void)?

  package init(
    _ scope: TransactionScope, _ options: FeedOptions, rejects: (any RejectSink)? = nil,
    progress: ((FeedProgress) -> Void)? = nil
  ) {
    self.scope = scope
    self.options = options
    self.rejects = rejects
    self.progress = progress
  }

  /// Calls `body` with each change, in order, and gives what the load would tell. Rows are without a hidden rowid.
  package func run(
    _ sources: [FeedSource], _ body: (Change) throws(UpkeepError) -> Void
  ) throws(UpkeepError) -> UpsertResult {
    let before = try scope.frozen()
    defer { before.rollback() }
    let savepoint = try scope.savepoint()
    let result = try FeedImport(scope, options, rejects: rejects, progress: progress).run(sources)
    try compare(before, try scope.table(options.table), body)
    try scope.rollback(to: savepoint)
    scope.release(savepoint)
    return result
  }

  /// Goes through both states at once.
  private func compare(
    _ before: TransactionScope, _ schema: TableSchema, _ body: (Change) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let old = try RowReader(before).scan(schema)
    let new = try RowReader(scope).scan(schema)
    var hasOld = try old.next()
    var hasNew = try new.next()
    while hasOld || hasNew {
      let order =
        !hasOld ? 1 : !hasNew ? -1 : TextBytes.compare(old.entries.key, new.entries.key)
      if order < 0 {
        try body(.deleted(shown(try old.row, schema)))
      } else if order > 0 {
        try body(.inserted(shown(try new.row, schema)))
      } else if !Bytes.equal(try old.entries.value, try new.entries.value) {
        try body(.updated(old: shown(try old.row, schema), new: shown(try new.row, schema)))
      }
      if order <= 0 { hasOld = try old.next() }
      if order >= 0 { hasNew = try new.next() }
    }
  }

  private func shown(_ row: RowView, _ schema: TableSchema) throws(UpkeepError) -> [Value] {
    Array(try row.values().prefix(schema.columns.count))
  }
}
