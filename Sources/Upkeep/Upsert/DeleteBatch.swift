internal import UpkeepStorage

/// Rows of one table that go, named by their primary keys in any order, each perhaps more than once.
///
/// Keys wait until they are many. Then they are sorted, and the rows leave in one sweep over the table; the keys of their
/// index entries, which are read from the rows where they lie, are sorted too and leave in a sweep for each index. It is
/// part of a statement that is taken back whole if anything throws.
package final class DeleteBatch {
  private let scope: TransactionScope
  private let transaction: WriteTransaction
  private let schema: TableSchema
  private let sorter = KeySorter()
  private let mostBytes: Int

  /// Primary keys that wait.
  private let keyBytes = ByteBuffer(capacity: 1024)
  private var keys: [SortedKey] = []
  private var isSorted = true

  /// Entries of indexes, by index, that are to go.
  private let entryBytes = ByteBuffer(capacity: 1024)
  private var entries: [[SortedKey]]
  private var entryCount = 0
  private let context = EvaluationContext()
  private let needsValues: Bool

  /// Rows that went so far.
  package private(set) var count = 0

  /// - Parameter byteCount: what all that waits may take at most; nil for what the memory allows.
  package init(
    _ scope: TransactionScope, _ schema: TableSchema, byteCount: Int? = nil
  ) throws(UpkeepError) {
    self.scope = scope
    self.schema = schema
    transaction = try scope.writing
    mostBytes = byteCount ?? transaction.batchByteCount
    entries = Array(repeating: [], count: schema.indexes.count)
    needsValues = schema.indexes.contains { $0.predicate != nil || $0.columnOrdinals == nil }
  }

  /// Lets a row go, if there is one with this key.
  package func add(_ key: UnsafeRawBufferPointer) throws(UpkeepError) {
    let offset = keyBytes.count
    keyBytes.append(key)
    let place = UnsafeRawBufferPointer(start: UnsafeRawPointer(keyBytes.base) + offset, count: key.count)
    let new = SortedKey(place, offset: offset, number: 0)
    if isSorted, let last = keys.last, last.head >= new.head {
      isSorted = last.head == new.head && Bytes.compare(last.bytes(keyBytes.base), place) < 0
    }
    keys.append(new)
    if keyBytes.count + keys.count * 2 * MemoryLayout<SortedKey>.stride > mostBytes / 2 { try flush() }
  }

  /// Lets all go that wait.
  package func finish() throws(UpkeepError) {
    try flush()
    // The greatest id may have gone.
    if count > 0 { scope.knownAutomaticIDs(of: schema)?.isGreatestKnown = false }
  }

  private func flush() throws(UpkeepError) {
    guard !keys.isEmpty else { return }
    let base = UnsafeRawPointer(keyBytes.base)
    if !isSorted { sorter.sort(&keys, base) }
    let transaction = transaction
    let tree = schema.tree
    let writer = try storing { () throws(StorageError) in try transaction.writer(of: tree) }
    for position in keys.indices {
      if position > 0, keys[position].equals(keys[position - 1], base) { continue }
      let key = keys[position].bytes(base)
      guard let value = try storing({ () throws(StorageError) in try writer.get(key) }) else { continue }
      if !entries.isEmpty { try gatherEntries(RowView(schema: schema, key: key, value: value)) }
      _ = try storing { () throws(StorageError) in try writer.delete(key) }
      count += 1
      if entryBytes.count + entryCount * 2 * MemoryLayout<SortedKey>.stride > mostBytes / 2 {
        try removeEntries()
      }
    }
    keys.removeAll(keepingCapacity: true)
    keyBytes.removeAll()
    isSorted = true
    try removeEntries()
  }

  // MARK: Indexes

  private func gatherEntries(_ row: RowView) throws(UpkeepError) {
    var values: [Value] = []
    if needsValues {
      values = try row.values()
      context.set(slot: 0, row: values)
    }
    for (number, index) in schema.indexes.enumerated() {
      let start = entryBytes.count
      let state: IndexKeyState
      if needsValues {
        state = try IndexEntry.appendParts(of: values, in: index, context, to: entryBytes)
      } else {
        state = try IndexEntry.appendParts(of: row, in: index, to: entryBytes)
      }
      if state == .outsidePredicate {
        entryBytes.truncate(to: start)
        continue
      }
      if IndexEntry.keyHoldsPrimaryKey(index, state) { entryBytes.append(row.key) }
      let place = UnsafeRawBufferPointer(
        start: UnsafeRawPointer(entryBytes.base) + start, count: entryBytes.count - start)
      entries[number].append(SortedKey(place, offset: start, number: 0))
      entryCount += 1
    }
  }

  private func removeEntries() throws(UpkeepError) {
    guard entryCount > 0 else { return }
    let base = UnsafeRawPointer(entryBytes.base)
    let transaction = transaction
    for (number, index) in schema.indexes.enumerated() where !entries[number].isEmpty {
      sorter.sort(&entries[number], base)
      let tree = index.tree
      let writer = try storing { () throws(StorageError) in try transaction.writer(of: tree) }
      for entry in entries[number] {
        _ = try storing { () throws(StorageError) in try writer.delete(entry.bytes(base)) }
      }
      entries[number].removeAll(keepingCapacity: true)
    }
    entryBytes.removeAll()
    entryCount = 0
  }
}
