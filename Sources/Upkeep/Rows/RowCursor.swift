internal import UpkeepStorage

/// A walk over rows in the order of their primary key.
package struct RowCursor {
  package let schema: TableSchema
  package let entries: EntryCursor

  package init(_ schema: TableSchema, _ entries: EntryCursor) {
    self.schema = schema
    self.entries = entries
  }

  package func next() throws(UpkeepError) -> Bool { try entries.next() }
  package func previous() throws(UpkeepError) -> Bool { try entries.previous() }

  /// The row stood on, valid until the next step.
  package var row: RowView {
    get throws(UpkeepError) { RowView(schema: schema, key: entries.key, value: try entries.value) }
  }
}

/// A walk over the entries of an index in index order.
package struct IndexCursor {
  package let schema: TableSchema
  package let index: IndexSchema
  package let entries: EntryCursor

  package init(_ schema: TableSchema, _ index: IndexSchema, _ entries: EntryCursor) {
    self.schema = schema
    self.index = index
    self.entries = entries
  }

  package func next() throws(UpkeepError) -> Bool { try entries.next() }
  package func previous() throws(UpkeepError) -> Bool { try entries.previous() }

  /// The key of the row that the entry stands for, valid until the next step.
  package var primaryKey: UnsafeRawBufferPointer {
    get throws(UpkeepError) {
      if index.isUnique { return try entries.value }
      return try IndexEntry.primaryKey(inKey: entries.key, of: index)
    }
  }
}
