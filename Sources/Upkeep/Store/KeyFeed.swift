internal import UpkeepStorage

/// The primary keys of rows that one statement deletes, as its caller's loop gives them: the loop is compiled where its
/// sequence is known.
@usableFromInline
final class KeyFeed {
  private let scope: TransactionScope
  private let schema: TableSchema
  private let batch: DeleteBatch
  private let key = ByteBuffer(capacity: 64)
  /// What an error returns to; nil once the statement is over.
  private var savepoint: ScopeSavepoint?

  init(_ scope: TransactionScope, _ table: String) throws(UpkeepError) {
    self.scope = scope
    schema = try scope.table(table)
    batch = try DeleteBatch(scope, schema)
    savepoint = try scope.savepoint()
  }

  deinit { try? abandon() }

  /// Gives the statement a key of one column. An error ends it, and takes back what it did.
  @usableFromInline
  func add(_ value: Value) throws(UpkeepError) {
    try whole { () throws(UpkeepError) in
      key.removeAll()
      // A key that no row can have is that of none.
      if try schema.appendKey(value, to: key) { try batch.add(key.bytes) }
    }
  }

  /// Gives the statement a key.
  @usableFromInline
  func add(_ values: [Value]) throws(UpkeepError) {
    try whole { () throws(UpkeepError) in
      key.removeAll()
      if try schema.appendKey(values, to: key) { try batch.add(key.bytes) }
    }
  }

  /// Lets the rows go.
  ///
  /// - Returns: how many there were.
  @usableFromInline
  func finish() throws(UpkeepError) -> Int {
    try whole { () throws(UpkeepError) in try batch.finish() }
    if let savepoint { scope.release(savepoint) }
    savepoint = nil
    return batch.count
  }

  private func whole(_ body: () throws(UpkeepError) -> Void) throws(UpkeepError) {
    guard savepoint != nil else { throw UpkeepError(.misuse, "the statement has ended") }
    do throws(UpkeepError) { try body() } catch {
      try abandon()
      throw error
    }
  }

  private func abandon() throws(UpkeepError) {
    guard let savepoint else { return }
    self.savepoint = nil
    try scope.rollback(to: savepoint)
    scope.release(savepoint)
  }
}

extension Transaction {
  /// Removes the rows with these primary keys, of one column each, as one statement. Keys that no row has are passed
  /// over.
  ///
  /// ```swift
  /// let count = try tx.delete(from: "airport", keys: ["EGLL", "EGKK"])
  /// ```
  ///
  /// Many keys at once are quicker than one after the other, in whatever order they come: they are sorted, and table and
  /// indexes are each gone through once.
  ///
  /// - Returns: how many rows there were.
  @discardableResult
  @inlinable
  public func delete(from table: String, keys: some Sequence<Value>) throws(UpkeepError) -> Int {
    let feed = try keyFeed(table)
    for key in keys { try feed.add(key) }
    return try feed.finish()
  }

  /// Removes the rows with these primary keys, of one or several columns, as one statement. Keys that no row has are
  /// passed over.
  ///
  /// - Returns: how many rows there were.
  @discardableResult
  @inlinable
  public func delete(from table: String, keys: some Sequence<[Value]>) throws(UpkeepError) -> Int {
    let feed = try keyFeed(table)
    for key in keys { try feed.add(key) }
    return try feed.finish()
  }

  @usableFromInline
  func keyFeed(_ table: String) throws(UpkeepError) -> KeyFeed { try KeyFeed(scope, table) }
}
