internal import UpkeepStorage

/// The change of one row with its index entries, which is encoded whole before anything of it is written, so that what is
/// wrong with the row leaves nothing behind. Made once for a table, used again and again.
///
/// Its life, again for each row:
/// 1. The row's primary key goes into `key`.
/// 2. `insertion`, `update` or `deletion` encodes what is to be written. Where another row holds a unique key it says so.
/// 3. `write` writes it. Nothing can then fail but the store; if that does, the transaction is rolled back.
final class RowEdit {
  /// An index, and what the row has in it.
  private struct Entry {
    let encoder: IndexEncoder
    /// The columns that it reads, a bit for each.
    let reads: UInt64
    let before = ByteBuffer(capacity: 64)
    let after = ByteBuffer(capacity: 64)
    var hasBefore = false
    var hasAfter = false
  }

  /// A table of more columns has none.
  static let mostColumns = 64

  private let schema: TableSchema
  private let tree: TreeID
  private var entries: [Entry]
  /// The primary key of the row.
  let key = ByteBuffer(capacity: 64)
  private let value = ByteBuffer(capacity: 1024)
  /// Whether the row goes.
  private var isDeletion = false

  init?(_ schema: TableSchema) {
    guard schema.rowWidth <= Self.mostColumns else { return nil }
    self.schema = schema
    tree = schema.tree
    entries = schema.indexes.map { index in
      Entry(encoder: IndexEncoder(index), reads: index.columnsRead.reduce(0) { $0 | 1 << UInt64($1) })
    }
  }

  var hasIndexes: Bool { !entries.isEmpty }

  /// The columns in which two rows differ, a bit for each.
  static func difference(_ old: [Value], _ new: [Value]) -> UInt64 {
    var changed: UInt64 = 0
    for ordinal in old.indices where !old[ordinal].hasSameBytes(as: new[ordinal]) {
      changed |= 1 << UInt64(ordinal)
    }
    return changed
  }

  // MARK: Looking

  /// The stored row whose primary key is in `key`.
  func stored(_ transaction: WriteTransaction) throws(UpkeepError) -> [Value]? {
    guard let value = try get(transaction, tree, key.bytes) else { return nil }
    return try RowView(schema: schema, key: key.bytes, value: value).values()
  }

  /// The primary key of the row that holds a row's key in one of the table's indexes, which is unique.
  func holder(
    of row: [Value], in index: Int, _ transaction: WriteTransaction
  ) throws(UpkeepError) -> UnsafeRawBufferPointer? {
    let encoder = entries[index].encoder
    let bytes = entries[index].after
    guard try encoder.encode(row, into: bytes) == .entry else { return nil }
    return try get(transaction, encoder.tree, bytes.bytes)
  }

  @inline(__always)
  private func get(
    _ transaction: WriteTransaction, _ tree: TreeID, _ key: UnsafeRawBufferPointer
  ) throws(UpkeepError) -> UnsafeRawBufferPointer? {
    do throws(StorageError) { return try transaction.get(tree, key) } catch { throw UpkeepError(error) }
  }

  // MARK: Encoding

  /// - Parameter free: the index among the table's in which the row's key is known to be free; nil for none.
  /// - Returns: false if another row holds one of its unique keys.
  func insertion(
    of row: [Value], free: Int?, _ transaction: WriteTransaction
  ) throws(UpkeepError) -> Bool {
    isDeletion = false
    value.removeAll()
    try RowCodec.appendValue(of: row, schema: schema, to: value)
    for position in entries.indices {
      let encoder = entries[position].encoder
      let after = entries[position].after
      entries[position].hasBefore = false
      entries[position].hasAfter = try encode(row, encoder, into: after, transaction)
      if position != free, entries[position].hasAfter, encoder.isUnique,
        try get(transaction, encoder.tree, after.bytes) != nil
      {
        return false
      }
    }
    return true
  }

  /// - Parameter changed: the columns in which the rows differ; none of the primary key is among them.
  /// - Returns: false if another row holds one of its unique keys.
  func update(
    from old: [Value], to new: [Value], changed: UInt64, _ transaction: WriteTransaction
  ) throws(UpkeepError) -> Bool {
    isDeletion = false
    value.removeAll()
    try RowCodec.appendValue(of: new, schema: schema, to: value)
    for position in entries.indices {
      entries[position].hasBefore = false
      entries[position].hasAfter = false
      if entries[position].reads & changed == 0 { continue }
      let encoder = entries[position].encoder
      let before = entries[position].before
      let after = entries[position].after
      let hasBefore = try encode(old, encoder, into: before, transaction)
      let hasAfter = try encode(new, encoder, into: after, transaction)
      if hasBefore == hasAfter, !hasAfter || Bytes.equal(before, after) { continue }
      entries[position].hasBefore = hasBefore
      entries[position].hasAfter = hasAfter
      if hasAfter, encoder.isUnique, try get(transaction, encoder.tree, after.bytes) != nil { return false }
    }
    return true
  }

  /// - Parameter row: what the table has of it; not asked for where there are no indexes.
  func deletion(of row: [Value], _ transaction: WriteTransaction) throws(UpkeepError) {
    isDeletion = true
    for position in entries.indices {
      let before = entries[position].before
      entries[position].hasAfter = false
      entries[position].hasBefore = try encode(row, entries[position].encoder, into: before, transaction)
    }
  }

  /// Fills a buffer with the key of a row's entry in an index, the primary key among it where that belongs to it.
  ///
  /// - Returns: false if the row has none.
  private func encode(
    _ row: [Value], _ encoder: IndexEncoder, into buffer: ByteBuffer, _ transaction: WriteTransaction
  ) throws(UpkeepError) -> Bool {
    let state = try encoder.encode(row, into: buffer)
    if state == .outsidePredicate { return false }
    if IndexEntry.keyHoldsPrimaryKey(encoder.index, state) { buffer.append(key.bytes) }
    if buffer.count > min(KeyCodec.longestKey, transaction.longestKey) { throw Self.isTooLong }
    return true
  }

  // MARK: Writing

  /// - Returns: false if the row was to go and was not there.
  @discardableResult
  func write(_ scope: TransactionScope, _ transaction: WriteTransaction) throws(UpkeepError) -> Bool {
    if key.count > transaction.longestKey { throw Self.isTooLong }
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    do throws(StorageError) {
      if isDeletion {
        guard try transaction.delete(tree, key.bytes) else { return false }
      } else {
        try transaction.put(tree, key.bytes, value.bytes)
      }
      for position in entries.indices where entries[position].hasBefore || entries[position].hasAfter {
        let encoder = entries[position].encoder
        if entries[position].hasBefore {
          try transaction.delete(encoder.tree, entries[position].before.bytes)
        }
        if entries[position].hasAfter {
          try transaction.put(
            encoder.tree, entries[position].after.bytes, encoder.isUnique ? key.bytes : nothing)
        }
      }
    } catch {
      // The row may be half there.
      scope.rollback()
      throw UpkeepError(error)
    }
    return true
  }

  // Nobody sees it: it sends a row the general way.
  private static let isTooLong = UpkeepError(.tooLong, "the key is too long")
}
