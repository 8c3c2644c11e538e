internal import UpkeepStorage

/// Fills a new index from the rows that are there.
///
/// Entries are gathered and sorted, and the index is built from them, its pages packed. A table larger than memory
/// is taken in parts: each is sorted into a tree of the transaction's own, and the index is built from all of
/// those, merged.
struct IndexBuild {
  private let scope: TransactionScope
  private let schema: TableSchema
  private let index: IndexSchema
  private let transaction: WriteTransaction
  private let partByteCount: Int

  /// - Parameter partByteCount: bytes of entries after which a part is full; nil for what the memory allows.
  init(
    _ scope: TransactionScope, _ schema: TableSchema, _ index: IndexSchema, partByteCount: Int? = nil
  ) throws(UpkeepError) {
    self.scope = scope
    self.schema = schema
    self.index = index
    transaction = try scope.writing
    self.partByteCount = partByteCount ?? transaction.batchByteCount * 5 / 4
  }

  func run() throws(UpkeepError) {
    let batch = EntryBatch()
    var parts: [TreeID] = []
    try gather(into: batch) { () throws(UpkeepError) in
      parts.append(try setAside(batch))
    }
    if parts.isEmpty {
      try refuseDuplicates(batch)
      return try batch.apply(to: index.tree, in: transaction)
    }
    parts.append(try setAside(batch))
    try merge(parts)
    let transaction = transaction
    for part in parts { try storing { () throws(StorageError) in try transaction.dropTree(part) } }
  }

  /// Gathers the entries of all rows, and calls `full` each time when a part is.
  private func gather(
    into batch: EntryBatch, _ full: () throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let cursor = try RowReader(scope).scan(schema)
    let context = EvaluationContext()
    let entry = ByteBuffer()
    let evaluates = index.predicate != nil || index.columnOrdinals == nil
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    var values = [Value](repeating: .null, count: schema.rowWidth)
    let rowCount = Int(clamping: try RowReader(scope).count(schema))
    var rowNumber = 0
    while try cursor.next() {
      rowNumber += 1
      try scope.watch?.note(rowNumber, of: rowCount)
      let row = try cursor.row
      entry.removeAll()
      let state: IndexKeyState
      do throws(UpkeepError) {
        if evaluates {
          for column in values.indices { values[column] = try row.value(column) }
          context.set(slot: 0, row: values)
          state = try IndexEntry.appendParts(of: values, in: index, context, to: entry)
        } else {
          state = try IndexEntry.appendParts(of: row, in: index, to: entry)
        }
      } catch {
        throw naming(row.key, in: error)
      }
      if state == .outsidePredicate { continue }
      if IndexEntry.keyHoldsPrimaryKey(index, state) { entry.append(row.key) }
      if entry.count > KeyCodec.longestKey { throw tooLong(entry.count, row.key) }
      batch.put(entry.bytes, index.isUnique ? row.key : nothing)
      if batch.byteCount > partByteCount { try full() }
    }
  }

  /// Puts a part into a tree of its own.
  private func setAside(_ batch: EntryBatch) throws(UpkeepError) -> TreeID {
    try refuseDuplicates(batch)
    let transaction = transaction
    let tree = try storing { () throws(StorageError) in try transaction.createScratchTree() }
    try batch.apply(to: tree, in: transaction)
    return tree
  }

  /// Builds the index from parts in key order. Of equal keys the one of the earlier part comes first.
  private func merge(_ parts: [TreeID]) throws(UpkeepError) {
    let transaction = transaction
    let target = index.tree
    guard let filling = try storing({ () throws(StorageError) in try transaction.fill(target) }) else {
      throw UpkeepError(.misuse, "index \(index.name) is filled already")
    }
    // The parts that have entries left, by key; the last is the next.
    var line: [EntrySource] = []
    for (number, part) in parts.enumerated() {
      let cursor = try storing { () throws(StorageError) in try transaction.cursor(part) }
      if try storing({ () throws(StorageError) in try cursor.next() }) {
        insert(EntrySource(cursor: cursor, number: number), into: &line)
      }
    }
    let lastKey = ByteBuffer()
    let lastValue = ByteBuffer()
    var isFirst = true
    var entryCount = 0
    while let source = line.popLast() {
      entryCount += 1
      if entryCount & 1023 == 0 { try scope.watch?.cancellation.check() }
      let cursor = source.cursor
      let key = cursor.key
      let value = try storing { () throws(StorageError) in try cursor.value() }
      if index.isUnique, !isFirst, Bytes.equal(key, lastKey.bytes) {
        throw duplicate(Array(key), lastValue.bytes, value)
      }
      isFirst = false
      try storing { () throws(StorageError) in try filling.put(key, value) }
      if index.isUnique {
        lastKey.removeAll()
        lastKey.append(key)
        lastValue.removeAll()
        lastValue.append(value)
      }
      if try storing({ () throws(StorageError) in try cursor.next() }) { insert(source, into: &line) }
    }
    try storing { () throws(StorageError) in try filling.finish() }
  }

  private struct EntrySource {
    let cursor: TreeCursor
    let number: Int
  }

  private func insert(_ source: EntrySource, into line: inout [EntrySource]) {
    var low = 0
    var high = line.count
    while low < high {
      let middle = (low + high) / 2
      let order = Bytes.compare(line[middle].cursor.key, source.cursor.key)
      if order > 0 || (order == 0 && line[middle].number > source.number) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    line.insert(source, at: low)
  }

  // MARK: What cannot be

  private func refuseDuplicates(_ batch: EntryBatch) throws(UpkeepError) {
    guard index.isUnique, let (key, values) = batch.firstDuplicate() else { return }
    throw KeyBounds.borrowing(values.0, values.1) { duplicate(key, $0, $1) }
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
