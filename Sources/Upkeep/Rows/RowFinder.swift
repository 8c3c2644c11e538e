internal import UpkeepStorage

/// Finds rows of a table one at a time, by the primary key or by that of a unique index. A transaction makes one when it is first asked and keeps it, so that a look-up finds all it needs in constants: no
/// name, no schema, no reference is looked up or counted for each.
///
/// Invariants: whoever holds a finder holds its transaction, and the schema is that of the transaction for as long as the
/// finder is used (`TransactionScope` forgets it with the schema).
final class RowFinder {
  let schema: TableSchema
  /// As its user spelled it.
  let tableName: String
  /// Of a unique index, as its user spelled it; nil for the primary key.
  let indexName: String?
  private let index: IndexSchema?
  /// What its user makes of the rows with, to be used again for the next.
  @exclusivity(unchecked) var reader: AnyObject?
  private unowned(unsafe) let transaction: ReadTransaction
  private let buffer: ByteBuffer
  private let shape: RowShape
  private let tree: TreeID
  private let indexTree: TreeID
  private let part: KeyPart
  private let hasOnePart: Bool

  /// - Parameter buffer: for keys; what is in it is no longer used when the next is looked up.
  init(
    _ schema: TableSchema, called tableName: String, by index: IndexSchema? = nil,
    called indexName: String? = nil, in transaction: ReadTransaction, buffer: ByteBuffer
  ) {
    self.schema = schema
    self.tableName = tableName
    self.indexName = indexName
    self.index = index
    self.transaction = transaction
    self.buffer = buffer
    shape = RowShape(schema)
    tree = schema.tree
    indexTree = index?.tree ?? schema.tree
    hasOnePart = (index?.parts.count ?? schema.keyParts.count) == 1
    part = index?.parts.first?.key ?? schema.keyParts.first ?? .rowid
  }

  /// The row with this key of one column, or nil. It is valid until the next call on the same transaction.
  @inline(__always)
  func find(_ key: Value) throws(UpkeepError) -> RowView? {
    guard hasOnePart, key.storedType == part.type, part.type != .any else { return try find(key: [key]) }
    buffer.removeAll()
    try KeyCodec.append(key, part, to: buffer)
    return try findBuffered()
  }

  /// The row with this key, one value for each of its columns, of whatever types.
  func find(key: [Value]) throws(UpkeepError) -> RowView? {
    buffer.removeAll()
    let canBe =
      if let index {
        try index.appendKey(key, of: schema, to: buffer)
      } else {
        try schema.appendKey(key, to: buffer)
      }
    return canBe ? try findBuffered() : nil
  }

  /// The row whose key, in the index if there is one, is in the buffer.
  @inline(__always)
  private func findBuffered() throws(UpkeepError) -> RowView? {
    if index != nil {
      guard let holder = try get(indexTree, buffer.bytes) else { return nil }
      buffer.removeAll()
      buffer.append(holder)
    }
    let key = buffer.bytes
    guard let value = try get(tree, key) else {
      if index != nil { throw lost() }
      return nil
    }
    return RowView(shape, key: key, value: value)
  }

  @inline(__always)
  private func get(
    _ tree: TreeID, _ key: UnsafeRawBufferPointer
  ) throws(UpkeepError) -> UnsafeRawBufferPointer? {
    do throws(StorageError) {
      return try transaction.get(tree, key)
    } catch {
      throw UpkeepError(error)
    }
  }

  private func lost() -> UpkeepError { .corrupt("index \(index?.name ?? "")", "an entry has no row") }
}
