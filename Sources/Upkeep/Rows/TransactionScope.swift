package import UpkeepStorage

/// What tables, upserts and queries need of a transaction: the trees, the catalog and reusable buffers.
///
/// Its life:
/// 1. `Store` makes it around a read or a write transaction.
/// 2. The catalog is fetched on first use, from the store's cache where that is of the right version.
/// 3. Statements run inside `statement { }`; a failed one leaves no trace, in the trees or in here.
/// 4. `commit()` or `rollback()` ends it; after that every use throws.
package final class TransactionScope {
  package private(set) var read: ReadTransaction
  /// The same transaction, if it may write; nil in a snapshot.
  package let write: WriteTransaction?
  private let cache: SchemaCache
  @exclusivity(unchecked) private var loadedCatalog: Catalog?
  /// Whether the catalog was changed in here, so that the cache learns of it at commit only.
  private var catalogChanged = false
  /// The schema looked up last: one table is mostly asked for again and again.
  @exclusivity(unchecked) private var lastTable: TableSchema? {
    didSet {
      guard lastTable == nil else { return }
      (rowFinder, indexFinder) = (nil, nil)
      finders = []
      tables = []
    }
  }
  /// The few tables that were looked up lately, by the names that were asked for.
  @exclusivity(unchecked) private var tables: [(name: String, schema: TableSchema)] = []
  private static let mostTables = 8
  /// What found a row by primary key last, and by an index: mostly they are asked again.
  @exclusivity(unchecked) private var rowFinder: RowFinder?
  @exclusivity(unchecked) private var indexFinder: RowFinder?
  /// The few that were used lately, so that who goes from table to table makes none anew.
  private var finders: [RowFinder] = []
  private static let mostFinders = 8
  /// AUTOINCREMENT counters raised in here and not yet written to the catalog tree, by table.
  private var raisedCounters: [UInt64: Int64] = [:]
  /// What is known of the automatic ids of tables, by table.
  private var ids: [UInt64: AutomaticIDs] = [:]
  @exclusivity(unchecked) package private(set) var isOpen = true
  /// What ended a loop over entries, which has no place for an error. It is thrown where the transaction ends.
  @exclusivity(unchecked) var walkFailure: UpkeepError?
  /// A change that failed half way, outside any statement: nothing may follow but a return to before it.
  @exclusivity(unchecked) private var failure: UpkeepError?

  /// For the key of one look-up; free again when the look-up is over.
  package var keyBuffer: ByteBuffer {
    if let madeKeyBuffer { return madeKeyBuffer }
    let made = ByteBuffer(capacity: 64)
    madeKeyBuffer = made
    return made
  }
  @exclusivity(unchecked) private var madeKeyBuffer: ByteBuffer?

  /// Tells whether what was looked up in the catalog is right for a later snapshot; nil where nothing was, or it
  /// is not.
  private var catalogStamp: UInt64?

  package init(reading transaction: ReadTransaction, cache: SchemaCache) {
    read = transaction
    write = nil
    self.cache = cache
  }

  package init(writing transaction: WriteTransaction, cache: SchemaCache) {
    read = transaction
    write = transaction
    self.cache = cache
  }

  /// The state of now, for reading: what the transaction writes later does not show in it. It is to be ended by
  /// `rollback()` before the transaction is.
  package func frozen() throws(UpkeepError) -> TransactionScope {
    let transaction = try writing
    let catalog = try catalog
    let state = try storing { () throws(StorageError) in try transaction.frozen() }
    let scope = TransactionScope(reading: state, cache: cache)
    scope.owner = owner
    scope.loadedCatalog = catalog
    return scope
  }

  deinit { rollback() }

  /// Who looks on while a statement runs in here; nil where nobody does.
  package var watch: StatementWatch?

  /// The session whose temporary tables the transaction sees.
  package var owner: UInt64? {
    didSet {
      loadedCatalog = loadedCatalog?.seen(by: owner)
      lastTable = nil
    }
  }

  /// All schemas as this transaction sees them.
  package var catalog: Catalog {
    get throws(UpkeepError) {
      try requireOpen()
      if let loadedCatalog { return loadedCatalog }
      let catalog = try cache.catalog(for: read).seen(by: owner)
      loadedCatalog = catalog
      catalogStamp = cache.stamp(for: read.version)
      return catalog
    }
  }

  /// Goes on with a catalog that a change of the schema gave.
  package func adopt(_ catalog: Catalog) {
    loadedCatalog = catalog
    catalogChanged = true
    lastTable = nil
  }

  /// A table's schema by name, or an error that names the nearest one.
  package func table(_ name: String) throws(UpkeepError) -> TableSchema {
    if let lastTable, lastTable.name == name { return lastTable }
    try requireOpen()
    for number in 0..<tables.count where tables[number].name == name { return tables[number].schema }
    let schema: TableSchema
    if let loadedCatalog {
      schema = try loadedCatalog.table(name)
    } else if owner != nil {
      schema = try catalog.table(name)
    } else {
      schema = try cache.table(name, for: read)
      catalogStamp = cache.stamp(for: read.version)
    }
    // Of a qualified name the table may be another than the one that its bare name means.
    if schema.name == name || owner == nil { lastTable = schema }
    if lastTable != nil {
      // They are forgotten when the last one is.
      if tables.count == Self.mostTables { tables.removeFirst() }
      tables.append((name, schema))
    }
    return schema
  }

  /// Finds rows of a table by their primary key.
  @inline(__always)
  func finder(_ table: String) throws(UpkeepError) -> RowFinder {
    try requireOpen()
    if let rowFinder, rowFinder.tableName == table { return rowFinder }
    return try changeFinder(table)
  }

  /// Finds rows of a table by their keys in a unique index.
  @inline(__always)
  func finder(_ table: String, by index: String) throws(UpkeepError) -> RowFinder {
    try requireOpen()
    if let indexFinder, indexFinder.tableName == table, indexFinder.indexName == index { return indexFinder }
    return try changeFinder(table, by: index)
  }

  /// - Parameter indexName: nil for the primary key.
  private func takeFinder(_ name: String, by indexName: String?) throws(UpkeepError) -> RowFinder {
    for known in finders where known.tableName == name && known.indexName == indexName { return known }
    let schema = try table(name)
    let index: IndexSchema? = if let indexName { try schema.requiredUniqueIndex(indexName) } else { nil }
    let made = RowFinder(schema, called: name, by: index, called: indexName, in: read, buffer: keyBuffer)
    if finders.count == Self.mostFinders { finders.removeFirst() }
    finders.append(made)
    return made
  }

  @inline(never)
  private func changeFinder(_ name: String) throws(UpkeepError) -> RowFinder {
    let finder = try takeFinder(name, by: nil)
    rowFinder = finder
    return finder
  }

  @inline(never)
  private func changeFinder(_ name: String, by indexName: String) throws(UpkeepError) -> RowFinder {
    let finder = try takeFinder(name, by: indexName)
    indexFinder = finder
    return finder
  }

  /// The transaction for writing, or an error in a snapshot or after the end.
  package var writing: WriteTransaction {
    get throws(UpkeepError) {
      try requireOpen()
      guard let write else {
        throw UpkeepError(.readOnly, "a snapshot does not write; use write { } for changes")
      }
      return write
    }
  }

  @inline(__always)
  package func requireOpen() throws(UpkeepError) {
    if !isOpen || failure != nil { throw refusal }
  }

  private var refusal: UpkeepError {
    guard isOpen, let failure else { return Self.ended }
    var error = failure
    error.message = "nothing more can be done in this transaction after an earlier error: \(failure.message)"
    return error
  }

  /// One change of a tree without a statement around it, which would cost more than the change.
  ///
  /// What is refused because of its size changed nothing; any other error may have left the change half done,
  /// and the transaction then ends in a rollback, unless a savepoint takes it back to before.
  func change<T>(
    _ body: (WriteTransaction) throws(StorageError) -> T
  ) throws(UpkeepError) -> T {
    let transaction = try writing
    do throws(StorageError) {
      return try body(transaction)
    } catch {
      let told = UpkeepError(error)
      if told.code != .tooLong { failure = told }
      throw told
    }
  }

  private static var ended: UpkeepError {
    UpkeepError(.misuse, "the transaction has ended; use it only within the closure that it was given to")
  }
}

// MARK: - Statements and savepoints

/// A moment of a transaction to which it can return, of trees, catalog and counters together.
package struct ScopeSavepoint {
  fileprivate let storage: Savepoint
  fileprivate let catalog: Catalog?
  fileprivate let catalogChanged: Bool
  fileprivate let raisedCounters: [UInt64: Int64]
}

extension TransactionScope {
  package func savepoint() throws(UpkeepError) -> ScopeSavepoint {
    let transaction = try writing
    return ScopeSavepoint(
      storage: try storing { () throws(StorageError) in try transaction.savepoint() },
      catalog: loadedCatalog, catalogChanged: catalogChanged, raisedCounters: raisedCounters)
  }

  /// Takes everything since back. The savepoint stays usable.
  package func rollback(to savepoint: ScopeSavepoint) throws(UpkeepError) {
    guard isOpen, let write else { throw Self.ended }
    try storing { () throws(StorageError) in try write.rollback(to: savepoint.storage) }
    // A catalog loaded since, and not changed since, is still right; but telling is not worth a case.
    loadedCatalog = savepoint.catalog
    catalogChanged = savepoint.catalogChanged
    raisedCounters = savepoint.raisedCounters
    lastTable = nil
    failure = nil
    for ids in ids.values { ids.isGreatestKnown = false }
  }

  package func release(_ savepoint: ScopeSavepoint) {
    write?.release(savepoint.storage)
  }

  /// Runs a statement that happens whole or not at all: an error takes back what it did, and leaves the
  /// transaction as usable as before.
  package func statement<T>(_ body: () throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    let savepoint = try savepoint()
    do {
      let result = try body()
      release(savepoint)
      return result
    } catch {
      try rollback(to: savepoint)
      release(savepoint)
      throw error
    }
  }
}

// MARK: - Automatic ids

/// The greatest id in a table, as far as this transaction knows it.
final class AutomaticIDs {
  var isGreatestKnown = false
  /// Nil for an empty table.
  var greatest: Int64?

  func note(_ id: Int64) {
    if isGreatestKnown && id > greatest ?? .min { greatest = id }
  }
}

extension TransactionScope {
  /// What is known of a table's ids, shared by all that write it.
  func automaticIDs(of schema: TableSchema) -> AutomaticIDs {
    if let known = ids[schema.id] { return known }
    let new = AutomaticIDs()
    ids[schema.id] = new
    return new
  }

  /// The same, if anybody asked for it so far.
  func knownAutomaticIDs(of schema: TableSchema) -> AutomaticIDs? { ids.isEmpty ? nil : ids[schema.id] }

  /// Tells of an id that came into use, in a table without AUTOINCREMENT.
  @inline(__always)
  func noteID(_ id: Int64, of schema: TableSchema) {
    if !ids.isEmpty { ids[schema.id]?.note(id) }
  }

  /// The greatest id ever given in a table with AUTOINCREMENT.
  package func automaticCounter(of schema: TableSchema) throws(UpkeepError) -> Int64 {
    if let raised = raisedCounters[schema.id] { return raised }
    return try Catalog.automaticID(of: schema, in: read)
  }

  package func raiseAutomaticCounter(of schema: TableSchema, to id: Int64) {
    raisedCounters[schema.id] = id
  }

  private func writeRaisedCounters(_ transaction: WriteTransaction) throws(UpkeepError) {
    for schema in try catalog.tablesOfAll {
      if let id = raisedCounters[schema.id] { try Catalog.setAutomaticID(id, of: schema, in: transaction) }
    }
    raisedCounters = [:]
  }
}

// MARK: - The end

extension TransactionScope {
  /// Makes the changes last, as durably as the store promises. The transaction has then ended, also when
  /// this throws.
  package func commit() throws(UpkeepError) {
    try finish { transaction throws(StorageError) in try transaction.commit() }
  }

  /// The first half of a commit: others may write, and the caller is told nothing before the storage's `wait` for
  /// the ticket returned. The transaction has then ended, also when this throws.
  func commitLater() throws(UpkeepError) -> CommitTicket {
    try finish { transaction throws(StorageError) in try transaction.commitLater() }
  }

  private func finish<T>(
    _ commit: (WriteTransaction) throws(StorageError) -> T
  ) throws(UpkeepError) -> T {
    let transaction = try writing
    defer { rollback() }
    if !raisedCounters.isEmpty { try writeRaisedCounters(transaction) }
    guard catalogChanged, let loadedCatalog else {
      return try storing { () throws(StorageError) in try commit(transaction) }
    }
    let base = transaction.version
    let before = cache.beginChange(after: base)
    let result: T
    do throws(StorageError) {
      result = try commit(transaction)
    } catch {
      cache.cancelChange(before)
      throw UpkeepError(error)
    }
    cache.keep(loadedCatalog.seen(by: nil), from: base + 1)
    return result
  }

  /// Ends the transaction without its changes, and returns when what it saw is as durable as the store promises:
  /// only then may anybody hear of what was found in it.
  package func abandon() throws(UpkeepError) {
    guard isOpen else { return }
    isOpen = false
    if let write { try storing { () throws(StorageError) in try write.abandon() } }
    read.end()
  }

  /// Ends a snapshot.
  ///
  /// - Returns: whether it may be opened again: nobody but the caller holds it or what it rests on.
  func endForReuse() -> Bool {
    rollback()
    return write == nil && isKnownUniquelyReferenced(&read)
  }

  /// Makes an ended snapshot one of the store as it is now.
  func reopen() throws(UpkeepError) {
    let read = read
    try storing { () throws(StorageError) in try read.reopen() }
    isOpen = true
    walkFailure = nil
    if let catalogStamp, cache.isCurrent(catalogStamp) { return }
    catalogStamp = nil
    loadedCatalog = nil
    lastTable = nil
  }

  /// Ends the transaction; without a commit before, its changes are gone.
  package func rollback() {
    guard isOpen else { return }
    isOpen = false
    if let write { write.rollback() }
    read.end()
  }
}
