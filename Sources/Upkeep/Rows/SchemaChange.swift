internal import UpkeepStorage

/// Changes of the schema: each writes the catalog, makes or drops trees, and leaves the scope with the new
/// catalog. Each is a statement of its own.
package struct SchemaChange {
  package let scope: TransactionScope

  package init(_ scope: TransactionScope) { self.scope = scope }

  /// - Returns: false if the table was there and `ifNotExists`.
  @discardableResult
  package func createTable(
    _ definition: TableDefinition, ifNotExists: Bool = false
  ) throws(UpkeepError) -> Bool {
    if ifNotExists, try scope.catalog.find(definition.name) != nil { return false }
    try scope.statement { () throws(UpkeepError) in
      let (catalog, _) = try scope.catalog.adding(definition, in: scope.writing)
      scope.adopt(catalog)
    }
    return true
  }

  /// - Returns: false if there was no such table and `ifExists`.
  @discardableResult
  package func dropTable(_ name: String, ifExists: Bool = false) throws(UpkeepError) -> Bool {
    if ifExists, try scope.catalog.find(name) == nil { return false }
    try scope.statement { () throws(UpkeepError) in
      scope.adopt(try scope.catalog.dropping(table: name, in: scope.writing))
    }
    return true
  }

  /// Makes an index and fills it from the table's rows.
  ///
  /// - Returns: false if the index was there and `ifNotExists`.
  /// - Throws: `uniqueViolation`, naming both rows, where rows share a key of a unique index.
  @discardableResult
  package func createIndex(
    _ definition: IndexDefinition, ifNotExists: Bool = false
  ) throws(UpkeepError) -> Bool {
    if ifNotExists, let name = definition.name, try scope.catalog.index(name) != nil { return false }
    try scope.statement { () throws(UpkeepError) in
      let (catalog, schema, index) = try scope.catalog.adding(index: definition, in: scope.writing)
      scope.adopt(catalog)
      try IndexBuild(scope, schema, index).run()
    }
    return true
  }

  /// - Returns: false if there was no such index and `ifExists`.
  @discardableResult
  package func dropIndex(_ name: String, ifExists: Bool = false) throws(UpkeepError) -> Bool {
    if ifExists, try scope.catalog.index(name) == nil { return false }
    try scope.statement { () throws(UpkeepError) in
      scope.adopt(try scope.catalog.dropping(index: name, in: scope.writing))
    }
    return true
  }
}

/// Fills a new index from the rows that are there.
///
/// Entries are gathered, sorted and written in key order; a table larger than memory is taken in parts,
/// each sorted by itself.
struct IndexBuild {
  private let scope: TransactionScope
  private let schema: TableSchema
  private let index: IndexSchema
  private let transaction: WriteTransaction
  private static let partByteCount = 64 << 20

  init(_ scope: TransactionScope, _ schema: TableSchema, _ index: IndexSchema) throws(UpkeepError) {
    self.scope = scope
    self.schema = schema
    self.index = index
    transaction = try scope.writing
  }

  func run() throws(UpkeepError) {
    let cursor = try RowReader(scope).scan(schema)
    let batch = EntryBatch()
    let context = EvaluationContext()
    let entry = ByteBuffer()
    let evaluates = index.predicate != nil || index.columnOrdinals == nil
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    var values = [Value](repeating: .null, count: schema.rowWidth)
    let columns = evaluates ? Array(0..<schema.rowWidth) : index.columnsRead.sorted()
    while try cursor.next() {
      let row = try cursor.row
      for column in columns { values[column] = try row.value(column) }
      if evaluates { context.set(slot: 0, row: values) }
      entry.removeAll()
      let state: IndexKeyState
      do throws(UpkeepError) {
        state = try IndexEntry.appendParts(of: values, in: index, context, to: entry)
      } catch {
        throw naming(row.key, in: error)
      }
      if state == .outsidePredicate { continue }
      if IndexEntry.keyHoldsPrimaryKey(index, state) { entry.append(row.key) }
      if entry.count > KeyCodec.longestKey { throw tooLong(entry.count, row.key) }
      batch.put(entry.bytes, index.isUnique ? row.key : nothing)
      if batch.byteCount > Self.partByteCount { try write(batch) }
    }
    try write(batch)
  }

  private func write(_ batch: EntryBatch) throws(UpkeepError) {
    guard index.isUnique else { return try batch.apply(to: index.tree, in: transaction) }
    if let (key, values) = batch.firstDuplicate() {
      throw KeyBounds.borrowing(values.0, values.1) { duplicate(key, $0, $1) }
    }
    let tree = index.tree
    let transaction = transaction
    let isFirstPart = try storing { () throws(StorageError) in try transaction.count(tree) } == 0
    try batch.forEachSorted { key, value throws(UpkeepError) in
      guard let value else { return }
      if !isFirstPart, let holder = try storing({ () throws(StorageError) in try transaction.get(tree, key) })
      {
        throw duplicate(Array(key), holder, value)
      }
      try storing { () throws(StorageError) in try transaction.put(tree, key, value) }
    }
    batch.removeAll()
  }

  private func duplicate(
    _ key: [UInt8], _ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer
  ) -> UpkeepError {
    let keyText = index.keyDescription(ofKey: key)
    let first = schema.keyDescription(of: one)
    let second = schema.keyDescription(of: other)
    var error = UpkeepError(
      .uniqueViolation,
      "unique index \(index.name) cannot be made: rows \(first) and \(second) of \(schema.name) both have the key "
        + "\(keyText)")
    error.table = schema.name
    error.index = index.name
    error.key = keyText
    error.existingKey = first
    return error
  }

  private func tooLong(_ byteCount: Int, _ key: UnsafeRawBufferPointer) -> UpkeepError {
    var error = UpkeepError(
      .tooLong,
      "the key of row \(schema.keyDescription(of: key)) in index \(index.name) is \(byteCount) bytes long; "
        + "the limit is \(KeyCodec.longestKey)")
    error.table = schema.name
    error.index = index.name
    return error
  }

  private func naming(_ key: UnsafeRawBufferPointer, in error: UpkeepError) -> UpkeepError {
    var error = error
    error.message += " (row \(schema.keyDescription(of: key)) of \(schema.name), for index \(index.name))"
    error.table = schema.name
    error.index = index.name
    return error
  }
}
