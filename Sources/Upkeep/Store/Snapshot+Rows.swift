internal import UpkeepStorage

// Reads of one row by a key of one column, where the row lies. They make no array of the key, and no object at all.
extension Snapshot {
  /// Lends the row with this primary key, which is one column, to `body` where it lies.
  ///
  /// ```swift
  /// let length = try snapshot.withRow("airport", "EGLL") { row throws(UpkeepError) in try row.integer(4) }
  /// ```
  ///
  /// - Returns: what `body` makes of it; nil if there is no such row.
  /// - Complexity: O(log n), without allocating.
  @inlinable
  public func withRow<R>(
    _ table: String, _ key: Value, _ body: (borrowing StoredRow) throws(UpkeepError) -> R
  ) throws(UpkeepError) -> R? {
    guard let row = try storedRow(table, key) else { return nil }
    return try body(row)
  }

  /// Lends the row with this key in a unique index of one column to `body` where it lies.
  ///
  /// - Returns: what `body` makes of it; nil if there is no such row.
  /// - Complexity: O(log n), without allocating.
  @inlinable
  public func withRow<R>(
    _ table: String, by index: String, _ key: Value,
    _ body: (borrowing StoredRow) throws(UpkeepError) -> R
  ) throws(UpkeepError) -> R? {
    guard let row = try storedRow(table, by: index, key) else { return nil }
    return try body(row)
  }

  @usableFromInline
  func storedRow(_ table: String, _ key: Value) throws(UpkeepError) -> StoredRow? {
    let finder = try scope.finder(table)
    guard let view = try finder.find(key) else { return nil }
    return StoredRow(view, finder.schema)
  }

  @usableFromInline
  func storedRow(_ table: String, by name: String, _ key: Value) throws(UpkeepError) -> StoredRow? {
    let finder = try scope.finder(table, by: name)
    guard let view = try finder.find(key) else { return nil }
    return StoredRow(view, finder.schema)
  }
}
