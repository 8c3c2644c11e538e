package import UpkeepStorage

/// Writes rows of one table, whole, with the entries of all its indexes. One for a table and statement.
///
/// It does not judge: whoever calls it has checked the row (`RowCheck`) and probed its unique keys
/// (`RowReader.holder`). Where two rows hold one key while a statement runs, the caller writes the row and
/// each index entry by themselves: `insertRowOnly`, `putIndexEntry`, `removeIndexEntry` and their like.
///
/// 1. A unique entry is removed only if it is the row's own, so that a row which gives up a key after
///    another took it over leaves the newer entry alone.
/// 2. An update writes only what changed; one that changes no stored byte writes nothing.
/// 3. With `defersIndexes`, entries of the indexes that are not unique wait until `finish()` and are then
///    written in the index's order. Call it before the statement ends.
package final class RowWriter {
  /// An index and what decides whether an update concerns it.
  private struct Target {
    let index: IndexSchema
    let columnsRead: [Int]
    /// Entries that wait for `finish()`.
    let deferred: EntryBatch?
  }

  /// Whose transaction it writes in; `owner` keeps both alive, so that a write counts no references.
  package private(set) unowned(unsafe) var scope: TransactionScope
  private unowned(unsafe) var transaction: WriteTransaction
  private var owner: TransactionScope?
  package let schema: TableSchema
  private let targets: [Target]
  /// Whether an index has a predicate or an expression, which read the row through `context`.
  private let indexesEvaluate: Bool
  private let context = EvaluationContext()
  private var changed: [Bool]
  /// Indexes whose keys, with the primary key at their end, can be too long.
  private let longIndexes: [IndexSchema]

  private let oldKey = ByteBuffer()
  private let newKey = ByteBuffer()
  private let oldValue = ByteBuffer(capacity: 1024)
  private let newValue = ByteBuffer(capacity: 1024)
  private let oldEntry = ByteBuffer()
  private let newEntry = ByteBuffer()

  /// The position of the column that gets automatic ids: the INTEGER PRIMARY KEY or the hidden rowid.
  package let idOrdinal: Int?
  /// Made when the first id is asked for, or known because others asked.
  private var knownIDs: AutomaticIDs?

  /// Above this many bytes an index's waiting entries are written, so that memory stays bounded.
  private let mostDeferredBytes: Int

  package init(
    _ scope: TransactionScope, _ schema: TableSchema, defersIndexes: Bool = false
  ) throws(UpkeepError) {
    self.scope = scope
    owner = scope
    self.schema = schema
    transaction = try scope.writing
    targets = schema.indexes.map { index in
      Target(
        index: index, columnsRead: index.columnsRead.sorted(),
        deferred: defersIndexes && !index.isUnique ? EntryBatch() : nil)
    }
    let deferredCount = targets.count { $0.deferred != nil }
    mostDeferredBytes = transaction.batchByteCount / 2 / max(deferredCount, 1)
    indexesEvaluate = schema.indexes.contains { $0.predicate != nil || $0.columnOrdinals == nil }
    changed = Array(repeating: false, count: schema.rowWidth)
    let hasLongKey = schema.keyParts.contains { $0.fixedByteCount == nil }
    longIndexes = schema.indexes.filter { index in
      (!index.isUnique || index.keys.contains(where: \.isNullable))
        && (hasLongKey || index.keys.contains { $0.fixedByteCount == nil })
    }
    idOrdinal = schema.hasHiddenRowid ? schema.columns.count : schema.automaticID
  }

  /// Goes on in another transaction, whose table has the same schema.
  func bind(_ scope: TransactionScope) throws(UpkeepError) {
    transaction = try scope.writing
    self.scope = scope
    owner = scope
    knownIDs = nil
  }

  /// Lets the transaction go; nothing is written before the next `bind`.
  func unbind() {
    owner = nil
    knownIDs = nil
  }
}

// MARK: - Whole rows

extension RowWriter {
  /// Writes a new row and its index entries.
  package func insert(_ row: [Value]) throws(UpkeepError) {
    try insertRowOnly(row)
    if indexesEvaluate { context.set(slot: 0, row: row) }
    for target in targets { try put(target, row, primaryKey: newKey.bytes) }
  }

  /// Writes what differs between the row as it is and as it shall be; moves it if its primary key differs.
  ///
  /// - Returns: false if no stored byte differs and nothing was written.
  @discardableResult
  package func update(from old: [Value], to new: [Value]) throws(UpkeepError) -> Bool {
    guard try updateRowOnly(from: old, to: new) else { return false }
    let isMoved = !Bytes.equal(oldKey, newKey)
    for target in targets where isMoved || target.columnsRead.contains(where: { changed[$0] }) {
      try update(target, from: old, to: new, isMoved: isMoved)
    }
    return true
  }

  /// Removes a row and its index entries.
  package func delete(_ row: [Value]) throws(UpkeepError) {
    try deleteRowOnly(row)
    if indexesEvaluate { context.set(slot: 0, row: row) }
    for target in targets { try remove(target, row, primaryKey: oldKey.bytes) }
  }

  /// The bytes of the primary key written last, valid until the next call.
  package var lastPrimaryKey: UnsafeRawBufferPointer { newKey.bytes }

  /// Writes the index entries that wait.
  package func finish() throws(UpkeepError) {
    for target in targets {
      guard let deferred = target.deferred, !deferred.isEmpty else { continue }
      try deferred.apply(to: target.index.tree, in: transaction)
    }
  }
}

// MARK: - The row alone

extension RowWriter {
  /// Writes a row into its table and no index.
  package func insertRowOnly(_ row: [Value]) throws(UpkeepError) {
    newKey.removeAll()
    try appendPrimaryKey(of: row, to: newKey)
    newValue.removeAll()
    try RowCodec.appendValue(of: row, schema: schema, to: newValue)
    try putRow(newKey.bytes, newValue.bytes)
    try noteID(of: row)
  }

  /// Writes a changed row into its table and no index. Which columns differ, `update` reads from it.
  ///
  /// - Returns: false if no stored byte differs and nothing was written.
  @discardableResult
  package func updateRowOnly(from old: [Value], to new: [Value]) throws(UpkeepError) -> Bool {
    var differs = false
    for ordinal in changed.indices {
      let isSame = old[ordinal].hasSameBytes(as: new[ordinal])
      changed[ordinal] = !isSame
      if !isSame { differs = true }
    }
    guard differs else { return false }
    newKey.removeAll()
    try appendPrimaryKey(of: new, to: newKey)
    newValue.removeAll()
    try RowCodec.appendValue(of: new, schema: schema, to: newValue)
    oldKey.removeAll()
    try appendPrimaryKey(of: old, to: oldKey)
    if !Bytes.equal(oldKey, newKey) {
      try deleteRow(oldKey.bytes)
      forgetID(of: old)
      try noteID(of: new)
    }
    try putRow(newKey.bytes, newValue.bytes)
    return true
  }

  /// Removes a row from its table and no index.
  package func deleteRowOnly(_ row: [Value]) throws(UpkeepError) {
    oldKey.removeAll()
    try appendPrimaryKey(of: row, to: oldKey)
    try deleteRow(oldKey.bytes)
    forgetID(of: row)
  }

  package func appendPrimaryKey(of row: [Value], to buffer: ByteBuffer) throws(UpkeepError) {
    try RowCodec.appendKey(of: row, schema: schema, to: buffer)
  }

  private func putRow(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(UpkeepError) {
    do throws(StorageError) {
      try transaction.put(schema.tree, key, value)
    } catch {
      var told = UpkeepError(error)
      told.table = schema.name
      throw told
    }
  }

  private func deleteRow(_ key: UnsafeRawBufferPointer) throws(UpkeepError) {
    do throws(StorageError) { try transaction.delete(schema.tree, key) } catch { throw UpkeepError(error) }
  }
}

// MARK: - One index

extension RowWriter {
  /// Finds keys that are too long before anything is written, so that an error of a row leaves nothing behind. Keys of
  /// unique indexes that stand without the primary key are found when they are probed.
  package func requireShortKeys(of row: [Value]) throws(UpkeepError) {
    if longIndexes.isEmpty { return }
    oldKey.removeAll()
    try appendPrimaryKey(of: row, to: oldKey)
    for index in longIndexes {
      let state = try encodeIndexKey(index, row, into: oldEntry)
      guard state != .outsidePredicate, IndexEntry.keyHoldsPrimaryKey(index, state) else { continue }
      let byteCount = oldEntry.count + oldKey.count
      if byteCount > KeyCodec.longestKey { throw index.tooLong(byteCount, of: row, schema) }
    }
  }

  /// The key by which the row stands in an index, as a unique index is probed with.
  package func encodeIndexKey(
    _ index: IndexSchema, _ row: [Value], into buffer: ByteBuffer
  ) throws(UpkeepError) -> IndexKeyState {
    if indexesEvaluate { context.set(slot: 0, row: row) }
    buffer.removeAll()
    let state = try IndexEntry.appendParts(of: row, in: index, context, to: buffer)
    if buffer.count > KeyCodec.longestKey { throw index.tooLong(buffer.count, of: row, schema) }
    return state
  }

  /// Writes the row's entry in one index, over any other row's where the index is unique.
  package func putIndexEntry(_ index: IndexSchema, _ row: [Value]) throws(UpkeepError) {
    if indexesEvaluate { context.set(slot: 0, row: row) }
    newKey.removeAll()
    try appendPrimaryKey(of: row, to: newKey)
    try put(target(of: index), row, primaryKey: newKey.bytes)
  }

  /// Removes the row's entry in one index; in a unique index only if it is this row's.
  ///
  /// - Returns: false if the row has no entry, or another row holds the key by now.
  @discardableResult
  package func removeIndexEntry(_ index: IndexSchema, _ row: [Value]) throws(UpkeepError) -> Bool {
    if indexesEvaluate { context.set(slot: 0, row: row) }
    oldKey.removeAll()
    try appendPrimaryKey(of: row, to: oldKey)
    return try remove(target(of: index), row, primaryKey: oldKey.bytes)
  }

  private func target(of index: IndexSchema) throws(UpkeepError) -> Target {
    guard let target = targets.first(where: { $0.index === index }) else {
      throw UpkeepError(.misuse, "index \(index.name) does not belong to table \(schema.name)")
    }
    return target
  }

  private func put(
    _ target: Target, _ row: [Value], primaryKey: UnsafeRawBufferPointer
  ) throws(UpkeepError) {
    guard try appendEntryKey(of: row, in: target.index, primaryKey: primaryKey, to: newEntry) != nil else {
      return
    }
    try putEntry(target, newEntry.bytes, primaryKey: primaryKey)
  }

  @discardableResult
  private func remove(
    _ target: Target, _ row: [Value], primaryKey: UnsafeRawBufferPointer
  ) throws(UpkeepError) -> Bool {
    guard let state = try appendEntryKey(of: row, in: target.index, primaryKey: primaryKey, to: oldEntry)
    else {
      return false
    }
    return try removeEntry(target, state, oldEntry.bytes, primaryKey: primaryKey)
  }

  private func update(
    _ target: Target, from old: [Value], to new: [Value], isMoved: Bool
  ) throws(UpkeepError) {
    if indexesEvaluate { context.set(slot: 0, row: old) }
    let oldState = try appendEntryKey(of: old, in: target.index, primaryKey: oldKey.bytes, to: oldEntry)
    if indexesEvaluate { context.set(slot: 0, row: new) }
    let newState = try appendEntryKey(of: new, in: target.index, primaryKey: newKey.bytes, to: newEntry)
    if !isMoved && (oldState == nil) == (newState == nil) && Bytes.equal(oldEntry, newEntry) { return }
    if let oldState { try removeEntry(target, oldState, oldEntry.bytes, primaryKey: oldKey.bytes) }
    if newState != nil { try putEntry(target, newEntry.bytes, primaryKey: newKey.bytes) }
  }

  /// - Returns: nil if the row has no entry in the index.
  private func appendEntryKey(
    of row: [Value], in index: IndexSchema, primaryKey: UnsafeRawBufferPointer, to buffer: ByteBuffer
  ) throws(UpkeepError) -> IndexKeyState? {
    buffer.removeAll()
    let state = try IndexEntry.appendParts(of: row, in: index, context, to: buffer)
    if state == .outsidePredicate { return nil }
    if IndexEntry.keyHoldsPrimaryKey(index, state) { buffer.append(primaryKey) }
    if buffer.count > KeyCodec.longestKey { throw index.tooLong(buffer.count, of: row, schema) }
    return state
  }

  private func putEntry(
    _ target: Target, _ key: UnsafeRawBufferPointer, primaryKey: UnsafeRawBufferPointer
  ) throws(UpkeepError) {
    let value = target.index.isUnique ? primaryKey : UnsafeRawBufferPointer(start: nil, count: 0)
    if let deferred = target.deferred {
      deferred.put(key, value)
      try boundWaiting(deferred, of: target.index)
      return
    }
    do throws(StorageError) {
      try transaction.put(target.index.tree, key, value)
    } catch {
      var told = UpkeepError(error)
      told.table = schema.name
      told.index = target.index.name
      throw told
    }
  }

  @discardableResult
  private func removeEntry(
    _ target: Target, _ state: IndexKeyState, _ key: UnsafeRawBufferPointer,
    primaryKey: UnsafeRawBufferPointer
  ) throws(UpkeepError) -> Bool {
    if let deferred = target.deferred {
      deferred.delete(key)
      try boundWaiting(deferred, of: target.index)
      return true
    }
    let tree = target.index.tree
    do throws(StorageError) {
      if target.index.isUnique && state == .entry {
        guard let holder = try transaction.get(tree, key), Bytes.equal(holder, primaryKey) else {
          return false
        }
      }
      return try transaction.delete(tree, key)
    } catch {
      throw UpkeepError(error)
    }
  }

  private func boundWaiting(_ deferred: EntryBatch, of index: IndexSchema) throws(UpkeepError) {
    if deferred.byteCount > mostDeferredBytes { try deferred.apply(to: index.tree, in: transaction) }
  }
}

// MARK: - Automatic ids

extension RowWriter {
  /// The id that the next row without one gets: one above the greatest. It is used up only when a row with
  /// it is inserted.
  package func nextAutomaticID() throws(UpkeepError) -> Int64 {
    let ids = knownIDs ?? scope.automaticIDs(of: schema)
    knownIDs = ids
    if !ids.isGreatestKnown {
      ids.greatest = try storedGreatestID()
      ids.isGreatestKnown = true
    }
    var greatest = ids.greatest
    if schema.isAutoincrement {
      greatest = max(greatest ?? 0, try scope.automaticCounter(of: schema))
    }
    guard let greatest else { return 1 }
    guard greatest < .max else {
      var error = UpkeepError(
        .overflow,
        "table \(schema.name) has no automatic ids left: \(greatest) is taken; give ids in the rows")
      error.table = schema.name
      throw error
    }
    return greatest + 1
  }

  private func storedGreatestID() throws(UpkeepError) -> Int64? {
    let cursor = try EntryCursor(scope, schema.tree)
    let isDescending = schema.keyParts[0].isDescending
    guard try isDescending ? cursor.next() : cursor.previous() else { return nil }
    var reader = KeyReader(cursor.key)
    guard case .integer(let id) = try reader.value(schema.keyParts[0]) else {
      throw .corrupt("table \(schema.name)", "a key is not an integer")
    }
    return id
  }

  /// Tells of an id that is in use, be its row in the table yet or not.
  package func noteID(of row: [Value]) throws(UpkeepError) {
    guard let idOrdinal, case .integer(let id) = row[idOrdinal] else { return }
    if let knownIDs { knownIDs.note(id) } else { scope.noteID(id, of: schema) }
    if schema.isAutoincrement {
      if id > (try scope.automaticCounter(of: schema)) { scope.raiseAutomaticCounter(of: schema, to: id) }
    }
  }

  private func forgetID(of row: [Value]) {
    guard let idOrdinal, let ids = knownIDs ?? scope.knownAutomaticIDs(of: schema), ids.isGreatestKnown,
      case .integer(let id) = row[idOrdinal]
    else { return }
    if id == ids.greatest { ids.isGreatestKnown = false }
  }
}
