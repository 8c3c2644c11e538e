package import UpkeepStorage

/// Creating and dropping, in the catalog. Rows are not looked at: filling a new index is its caller's work.
extension Catalog {
  /// Adds a table, with its own unique constraints as indexes.
  package func adding(
    _ definition: TableDefinition, in transaction: WriteTransaction
  ) throws(UpkeepError) -> (Catalog, TableSchema) {
    try SchemaRules.check(definition)
    try requireFree(definition)
    let tree = try storing { () throws(StorageError) in try transaction.createTree() }
    var taken: Set<String> = [Names.folded(definition.name)]
    let table = try TableSchema(
      definition, id: tree.rawValue, tree: tree,
      indexes: { columns throws(UpkeepError) in
        var indexes: [IndexSchema] = []
        for var key in definition.uniqueKeys {
          key.table = definition.name
          key.isUnique = true
          let name = try place(of: definition.owner).nameOf(key, taken: &taken)
          let tree = try storing { () throws(StorageError) in try transaction.createTree() }
          indexes.append(
            try IndexSchema(key, name: name, id: tree.rawValue, tree: tree, isConstraint: true, of: columns))
        }
        return indexes
      })
    try put(CatalogCodec.key(CatalogCodec.Kind.table, table.id), try CatalogCodec.entry(table), transaction)
    for index in table.indexes { try put(index, of: table, transaction) }
    return (replacing(nil, with: table), table)
  }

  /// Drops a table with its indexes and rows.
  package func dropping(
    table name: String, in transaction: WriteTransaction
  ) throws(UpkeepError) -> Catalog {
    try dropping(self.table(name), transaction)
  }

  /// Drops the temporary tables of all but those who are still there.
  package func droppingTemporaries(
    but living: Set<UInt64>, in transaction: WriteTransaction
  ) throws(UpkeepError) -> Catalog {
    var catalog = self
    for table in tablesOfAll {
      guard let owner = table.definition.owner, !living.contains(owner) else { continue }
      catalog = try catalog.dropping(table, transaction)
    }
    return catalog
  }

  private func dropping(
    _ table: TableSchema, _ transaction: WriteTransaction
  ) throws(UpkeepError) -> Catalog {
    for index in table.indexes { try remove(index, transaction) }
    try remove(CatalogCodec.key(CatalogCodec.Kind.table, table.id), transaction)
    try remove(CatalogCodec.key(CatalogCodec.Kind.automaticID, table.id), transaction)
    try storing { () throws(StorageError) in try transaction.dropTree(table.tree) }
    return replacing(table, with: nil)
  }

  /// Adds an empty index.
  package func adding(
    index definition: IndexDefinition, in transaction: WriteTransaction
  ) throws(UpkeepError) -> (Catalog, TableSchema, IndexSchema) {
    try SchemaRules.check(definition)
    let table = try self.table(definition.table)
    var definition = definition
    definition.table = table.name
    var taken = Set<String>()
    let name = try place(of: table.definition.owner).nameOf(definition, taken: &taken)
    let tree = try storing { () throws(StorageError) in try transaction.createTree() }
    let index = try IndexSchema(
      definition, name: name, id: tree.rawValue, tree: tree, isConstraint: false, of: table.columnList)
    let changed = try table.with(indexes: table.indexes + [index])
    try put(index, of: changed, transaction)
    return (replacing(table, with: changed), changed, index)
  }

  /// Drops an index.
  package func dropping(
    index name: String, in transaction: WriteTransaction
  ) throws(UpkeepError) -> Catalog {
    let (table, index) = try requiredIndex(name)
    if index.isConstraint {
      var error = UpkeepError(
        .misuse, "index \(index.name) stands for a UNIQUE of table \(table.name) and goes only with the table"
      )
      error.index = index.name
      error.table = table.name
      throw error
    }
    let changed = try table.with(indexes: table.indexes.filter { $0.id != index.id })
    try remove(index, transaction)
    return replacing(table, with: changed)
  }

  /// Adds a bucket.
  package func addingBucket(
    _ name: String, types: BucketTypes? = nil, in transaction: WriteTransaction
  ) throws(UpkeepError) -> (Catalog, TreeID) {
    try SchemaRules.checkName(name, of: "a bucket")
    if buckets[name] != nil { throw UpkeepError(.exists, "there is a bucket \(name) already") }
    let tree = try storing { () throws(StorageError) in try transaction.createTree() }
    let bucket = BucketSchema(tree: tree, types: types)
    try put(CatalogCodec.bucketKey(name), CatalogCodec.bucketEntry(bucket), transaction)
    return (replacing(bucket: name, with: bucket), tree)
  }

  /// Drops a bucket with what it holds; nothing if there is none.
  package func droppingBucket(_ name: String, in transaction: WriteTransaction) throws(UpkeepError) -> Catalog
  {
    guard let tree = buckets[name]?.tree else { return self }
    try remove(CatalogCodec.bucketKey(name), transaction)
    try storing { () throws(StorageError) in try transaction.dropTree(tree) }
    return replacing(bucket: name, with: nil)
  }

  // MARK: Counters

  /// The highest id that AUTOINCREMENT ever gave in a table; 0 if none.
  package static func automaticID(
    of table: TableSchema, in transaction: ReadTransaction
  ) throws(UpkeepError) -> Int64 {
    try counter(CatalogCodec.key(CatalogCodec.Kind.automaticID, table.id), transaction)
  }

  /// Remembers the highest id given in a table.
  package static func setAutomaticID(
    _ id: Int64, of table: TableSchema, in transaction: WriteTransaction
  ) throws(UpkeepError) {
    try setCounter(CatalogCodec.key(CatalogCodec.Kind.automaticID, table.id), id, transaction)
  }

  private static func counter(_ key: ByteBuffer, _ transaction: ReadTransaction) throws(UpkeepError) -> Int64
  {
    guard let bytes = try storing({ () throws(StorageError) in try transaction.get(.catalog, key.bytes) })
    else {
      return 0
    }
    guard bytes.count == 8 else { throw .corrupt("the catalog", "a counter of \(bytes.count) bytes") }
    return Int64(littleEndian: bytes.loadUnaligned(as: Int64.self))
  }

  private static func setCounter(
    _ key: ByteBuffer, _ number: Int64, _ transaction: WriteTransaction
  ) throws(UpkeepError) {
    let value = ByteBuffer(capacity: 16)
    value.append(littleEndian: number)
    try storing { () throws(StorageError) in try transaction.put(.catalog, key.bytes, value.bytes) }
  }

  // MARK: Names and entries

  /// A temporary table may have the name of one that lasts: its owner does not see that then, unless as `main.t`.
  private func requireFree(_ definition: TableDefinition) throws(UpkeepError) {
    if definition.owner == nil { return try place(of: nil).requireFree(definition.name) }
    if let there = find(definition.name), there.definition.owner == nil { return }
    try requireFree(definition.name)
  }

  /// Among whose names those of a table and its indexes must be free: for what lasts among all that does, though a
  /// temporary table may hide some of it here.
  private func place(of owner: UInt64?) -> Catalog { owner == nil ? seen(by: nil) : self }

  func requireFree(_ name: String) throws(UpkeepError) {
    if let holder = holder(of: name) {
      var error = UpkeepError(.exists, "the name \(name) is taken by \(holder); choose another")
      error.name = name
      throw error
    }
  }

  /// The index's name, or for a constraint without one `TABLE_COLUMNS_key` with the first number that is free.
  private func nameOf(
    _ definition: IndexDefinition, taken: inout Set<String>
  ) throws(UpkeepError) -> String {
    if let name = definition.name {
      try requireFree(name)
      if !taken.insert(Names.folded(name)).inserted {
        throw UpkeepError(.exists, "the name \(name) is given twice in table \(definition.table)")
      }
      return name
    }
    let columns = definition.parts.map { $0.columnName ?? "expression" }.joined(separator: "_")
    let base = "\(definition.table)_\(columns)_\(definition.isUnique ? "key" : "index")"
    var name = base
    var number = 1
    while holder(of: name) != nil || taken.contains(Names.folded(name)) {
      number += 1
      name = "\(base)\(number)"
    }
    taken.insert(Names.folded(name))
    return name
  }

  func put(
    _ key: ByteBuffer, _ entry: ByteBuffer, _ transaction: WriteTransaction
  ) throws(UpkeepError) {
    try storing { () throws(StorageError) in try transaction.put(.catalog, key.bytes, entry.bytes) }
  }

  func put(
    _ index: IndexSchema, of table: TableSchema, _ transaction: WriteTransaction
  ) throws(UpkeepError) {
    try put(
      CatalogCodec.key(CatalogCodec.Kind.index, index.id), try CatalogCodec.entry(index, of: table.id),
      transaction)
  }

  func remove(_ key: ByteBuffer, _ transaction: WriteTransaction) throws(UpkeepError) {
    _ = try storing { () throws(StorageError) in try transaction.delete(.catalog, key.bytes) }
  }

  private func remove(_ index: IndexSchema, _ transaction: WriteTransaction) throws(UpkeepError) {
    try remove(CatalogCodec.key(CatalogCodec.Kind.index, index.id), transaction)
    try storing { () throws(StorageError) in try transaction.dropTree(index.tree) }
  }
}
