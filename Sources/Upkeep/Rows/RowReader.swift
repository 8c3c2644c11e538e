internal import UpkeepStorage

/// Finds rows by key, in their tables and through their indexes.
///
/// A `RowView` and the bytes handed out are valid until the next call on the same transaction.
package struct RowReader {
  package let scope: TransactionScope

  package init(_ scope: TransactionScope) { self.scope = scope }

  /// The row with this primary key; the view keeps the key's bytes, which are the caller's.
  package func find(
    _ schema: TableSchema, key: UnsafeRawBufferPointer
  ) throws(UpkeepError) -> RowView? {
    let read = scope.read
    let tree = schema.tree
    guard let value = try storing({ () throws(StorageError) in try read.get(tree, key) }) else { return nil }
    return RowView(schema: schema, key: key, value: value)
  }

  package func contains(_ schema: TableSchema, key: UnsafeRawBufferPointer) throws(UpkeepError) -> Bool {
    let read = scope.read
    let tree = schema.tree
    return try storing { () throws(StorageError) in try read.get(tree, key) } != nil
  }

  /// The primary key of the row that holds `key` in a unique index.
  ///
  /// - Parameter key: from `IndexEntry.append` with the state `.entry`; a key with a NULL is held by nobody.
  package func holder(
    of key: UnsafeRawBufferPointer, in index: IndexSchema
  ) throws(UpkeepError) -> UnsafeRawBufferPointer? {
    let read = scope.read
    let tree = index.tree
    return try storing { () throws(StorageError) in try read.get(tree, key) }
  }

  package func count(_ schema: TableSchema, in range: KeyBounds = .all) throws(UpkeepError) -> UInt64 {
    try count(schema.tree, in: range)
  }

  package func count(_ index: IndexSchema, in range: KeyBounds) throws(UpkeepError) -> UInt64 {
    try count(index.tree, in: range)
  }

  func count(_ tree: TreeID, in range: KeyBounds) throws(UpkeepError) -> UInt64 {
    let read = scope.read
    if range.lower == nil && range.upper == nil {
      return try storing { () throws(StorageError) in try read.count(tree) }
    }
    return try range.withBytes { lower, upper throws(UpkeepError) in
      try storing { () throws(StorageError) in try read.count(tree, from: lower, to: upper) }
    }
  }

  /// A walk over the rows of a range of primary keys, in key order.
  package func scan(_ schema: TableSchema, in range: KeyBounds = .all) throws(UpkeepError) -> RowCursor {
    RowCursor(schema, try EntryCursor(scope, schema.tree, in: range))
  }

  /// A walk over the entries of a range of an index, in index order.
  package func scan(
    _ index: IndexSchema, of schema: TableSchema, in range: KeyBounds = .all
  ) throws(UpkeepError) -> IndexCursor {
    IndexCursor(schema, index, try EntryCursor(scope, index.tree, in: range))
  }
}
