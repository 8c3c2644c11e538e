internal import UpkeepStorage

/// What a load would change in its table, row by row in the order of the primary key: the load is done, what it made of
/// the table is held against what was there, and it is undone.
///
/// A row whose primary key the load would change, which is then met by another key, is told as changed, in the place of its
/// old primary key.
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
    let plan = try FeedImport.plan(schema, options)
    let moves = plan.targetKey.flatMap { $0 > 0 ? MovedRows(schema, by: plan.uniqueIndexes[$0 - 1]) : nil }
    let old = try RowReader(before).scan(schema)
    let new = try RowReader(scope).scan(schema)
    var hasOld = try old.next()
    var hasNew = try new.next()
    var steps = 0
    while hasOld || hasNew {
      steps &+= 1
      if steps & 1023 == 0 { try scope.watch?.cancellation.check() }
      let order =
        !hasOld ? 1 : !hasNew ? -1 : TextBytes.compare(old.entries.key, new.entries.key)
      if order < 0 {
        let row = try old.row.values()
        if let moved = try moves?.find(row, in: scope, notIn: before) {
          try body(.updated(old: shown(row, schema), new: shown(moved, schema)))
        } else {
          try body(.deleted(shown(row, schema)))
        }
      } else if order > 0 {
        let row = try new.row.values()
        // One that was there under another primary key has been told of in that one's place.
        if try moves?.find(row, in: before, notIn: scope) == nil { try body(.inserted(shown(row, schema))) }
      } else if !Bytes.equal(try old.entries.value, try new.entries.value) {
        try body(
          .updated(old: shown(try old.row.values(), schema), new: shown(try new.row.values(), schema)))
      }
      if order <= 0 { hasOld = try old.next() }
      if order >= 0 { hasNew = try new.next() }
    }
  }

  private func shown(_ row: [Value], _ schema: TableSchema) -> [Value] {
    Array(row.prefix(schema.columns.count))
  }
}

/// Rows that are in two states of a table under different primary keys: one that the key of an index names in both is the
/// same one.
private struct MovedRows {
  private let schema: TableSchema
  private let encoder: IndexEncoder
  private let key = ByteBuffer()
  private let primaryKey = ByteBuffer()

  init(_ schema: TableSchema, by index: IndexSchema) {
    self.schema = schema
    encoder = IndexEncoder(index)
  }

  /// What a row is in another state, in which its own primary key is no row's; nil if it is none there.
  ///
  /// - Parameter own: the state of the row, in which the other one's primary key is no row's either.
  func find(
    _ row: [Value], in other: TransactionScope, notIn own: TransactionScope
  ) throws(UpkeepError) -> [Value]? {
    guard try encoder.encode(row, into: key) == .entry,
      let holder = try RowReader(other).holder(of: key.bytes, in: encoder.index)
    else { return nil }
    primaryKey.removeAll()
    primaryKey.append(holder)
    guard try !RowReader(own).contains(schema, key: primaryKey.bytes) else { return nil }
    return try RowReader(other).find(schema, key: primaryKey.bytes)?.values()
  }
}
