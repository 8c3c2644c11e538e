internal import UpkeepStorage

/// The fast way of a batch whose rows meet by the primary key alone, and whose actions do not assign it: rows wait,
/// encoded, and are then probed and applied in one sweep over the table; keys of unique indexes that inserted rows
/// claim follow in a sweep for each index. What comes out is what row after row would give, because a row then
/// depends on no row but those of its own key, which stay in input order; and claims are judged at the end.
///
/// Rows that are not plain (a key that another row of the batch has too, a row that a holder concerns, a changed
/// index key, a failing CHECK) go the general way, `apply`, from within the sweep.
extension UpsertBatch {
  /// What a sweep does with a row that is there.
  enum SweepAction {
    /// Left to `apply`.
    case general
    case ignore
    /// The row becomes the incoming one if that gives every column.
    case overwrite(StatementSummary.Kind)
  }

  /// Whether the statement can be swept.
  static func canSweep(_ plan: UpsertPlan, keepsSteps: Bool) -> Bool {
    // A row set aside frees keys for the rows after it (rule 5): with several keys that is judged row by row.
    if case .collect = plan.rejects, plan.keyCount > 1 { return false }
    let schema = plan.schema
    guard !keepsSteps, !plan.isEager, !schema.hasHiddenRowid, schema.columns.count <= 64 else { return false }
    guard plan.duplicates == .fold || plan.isSync else { return false }
    if plan.resolver.clauses.isEmpty { return true }
    guard plan.targetKey == 0, plan.probedKeys == [0] else { return false }
    switch plan.actions[0] {
    case .fail, .ignore, .replace, .merge: return true
    case .update(let columns, _):
      return !columns.contains { schema.primaryKey.contains($0.ordinal) }
    }
  }

  static func sweepAction(_ plan: UpsertPlan) -> SweepAction {
    guard let action = plan.actions.first else { return .general }
    switch action {
    case .ignore: return .ignore
    case .replace: return .overwrite(.replaced)
    case .merge(nil): return .overwrite(.updated)
    case .fail, .merge, .update: return .general
    }
  }

  /// Lets a row wait for the sweep.
  ///
  /// - Returns: false if it must go the general way at once.
  func addToSweep(_ given: [Value?], _ index: Int) throws(UpkeepError) -> Bool {
    let sweep = sweep
    var mask: UInt64 = 0
    sweepRow.removeAll(keepingCapacity: true)
    guard given.count <= schema.columns.count, index <= Int(UInt32.max) else { return false }
    for (ordinal, column) in sweepColumns.enumerated() {
      guard ordinal < given.count, let value = given[ordinal] else {
        guard let value = column.defaultValue else { return false }
        sweepRow.append(value)
        continue
      }
      mask |= 1 << UInt64(ordinal)
      switch (column.type, value) {
      case (.integer, .integer), (.text, .text), (_, .null): sweepRow.append(value)
      default:
        guard let value = try? Coercion.coerce(value, to: schema.columns[ordinal]) else { return false }
        sweepRow.append(value)
      }
    }
    for ordinal in schema.primaryKey where sweepRow[ordinal] == .null {
      guard ordinal == schema.automaticID, !plan.isSync, greatestSweptID != .max else { return false }
      let id = max(try nextID(), (greatestSweptID ?? .min) &+ 1)
      sweepRow[ordinal] = .integer(id)
      // An id is used up only by a row that is inserted.
      guard isSound(sweepRow) else { return false }
      mask &= ~(1 << UInt64(ordinal))
    }
    let start = sweep.arena.count
    do throws(UpkeepError) {
      try encodeForSweep(mask, index, start)
    } catch {
      sweep.arena.truncate(to: start)
      return false
    }
    if let ordinal = schema.automaticID, case .integer(let id) = sweepRow[ordinal],
      sweep.rows.last?.isSound == true
    {
      greatestSweptID = max(greatestSweptID ?? id, id)
    }
    return true
  }

  private func isSound(_ row: [Value]) -> Bool { (try? check.check(row)) != nil }

  private func encodeForSweep(_ mask: UInt64, _ index: Int, _ start: Int) throws(UpkeepError) {
    let arena = sweep.arena
    try RowCodec.appendKey(of: sweepRow, schema: schema, to: arena)
    let keyCount = arena.count - start
    try RowCodec.appendValue(of: sweepRow, schema: schema, to: arena)
    let valueCount = arena.count - start - keyCount
    for index in sweepIndexes {
      let state = try index.encode(sweepRow, into: sweepKey, claims.writer)
      guard state != .outsidePredicate else {
        arena.append(0)
        arena.append(littleEndian: UInt16(0))
        continue
      }
      let isClaim = index.isUnique && state == .entry
      if !isClaim {
        sweepKey.append(UnsafeRawBufferPointer(start: UnsafeRawPointer(arena.base) + start, count: keyCount))
      }
      try RowCodec.checkKeyLength(sweepKey.count, index: index.index.name, schema: schema)
      arena.append(isClaim ? 1 : 2)
      arena.append(littleEndian: UInt16(sweepKey.count))
      arena.append(sweepKey.bytes)
    }
    let key = UnsafeRawBufferPointer(start: UnsafeRawPointer(arena.base) + start, count: keyCount)
    sweep.append(
      SweepBuffer.Row(
        head: SweepBuffer.head(of: key), offset: start, keyCount: UInt32(keyCount),
        valueCount: UInt32(valueCount),
        index: UInt32(index), isSound: isSound(sweepRow), given: mask))
  }

  // MARK: The sweep

  /// Applies the rows that wait.
  func flush() throws(UpkeepError) {
    guard !sweep.isEmpty else { return }
    sweep.sort()
    // A plain INSERT meets by every key: of two rows with one key the first may be the one to fail, and what a bad
    // row meets must be in the indexes when it is judged.
    if plan.resolver.clauses.isEmpty, sweep.hasDuplicates || !sweep.rows.allSatisfy(\.isSound) {
      sweep.sortByInput()
      for row in sweep.rows { try applyGenerally(row) }
    } else {
      try sweepTable()
      try putIndexEntries()
    }
    sweep.removeAll()
    greatestSweptID = nil
    sweptInserts.removeAll(keepingCapacity: true)
  }

  /// What the general way makes of a row that waited.
  private func applyGenerally(_ row: SweepBuffer.Row) throws(UpkeepError) {
    let values = try RowView(schema: schema, key: sweep.key(row), value: sweep.value(row)).values()
    var given: [Value?] = []
    for (ordinal, value) in values.enumerated() {
      let isGiven = row.given & 1 << UInt64(ordinal) != 0 || ordinal == schema.automaticID
      given.append(isGiven ? .some(value) : nil)
    }
    try apply(given, Int(row.index))
  }

  private func sweepTable() throws(UpkeepError) {
    let transaction = claims.transaction
    let tree = schema.tree
    let rows = sweep.rows
    let allColumns: UInt64 = schema.columns.count == 64 ? .max : 1 << UInt64(schema.columns.count) - 1
    let tracks = plan.keyCount > 1 || plan.displaces
    let isSync = plan.isSync
    var position = 0
    while position < rows.count {
      let row = rows[position]
      let key = sweep.key(row)
      var end = position + 1
      while end < rows.count, rows[end].head == row.head, Bytes.equal(sweep.key(rows[end]), key) { end += 1 }
      if end > position + 1 || claims.isConcerned(key) || isSync && seenKeys.find(key) != nil {
        for position in position..<end { try applyGenerally(rows[position]) }
        position = end
        continue
      }
      position = end
      let index = Int(row.index)
      let stored = try storing { () throws(StorageError) in try transaction.get(tree, key) }
      guard let stored else {
        guard row.isSound else {
          try applyGenerally(row)
          continue
        }
        if isSync { noteSeen(key, index) }
        let value = sweep.value(row)
        do throws(StorageError) { try transaction.put(tree, key, value) } catch { throw UpkeepError(error) }
        if tracks { claims.noteSwept(key, by: index) }
        kinds[index] = .inserted
        sweptInserts.append(UInt32(end - 1))
        continue
      }
      switch sweepAction {
      case .ignore:
        if tracks { claims.noteSwept(key, by: index) }
        kinds[index] = .ignored
      case .overwrite(let kind) where row.given == allColumns:
        let value = sweep.value(row)
        if Bytes.equal(stored, value) {
          kinds[index] = .unchanged
        } else if row.isSound, try keepsIndexKeys(row, stored) {
          do throws(StorageError) { try transaction.put(tree, key, value) } catch { throw UpkeepError(error) }
          kinds[index] = kind
        } else {
          try applyGenerally(row)
          continue
        }
        if isSync { noteSeen(key, index) }
        if tracks { claims.noteSwept(key, by: index) }
      default: try applyGenerally(row)
      }
    }
    try noteSweptIDs()
  }

  private func noteSeen(_ key: UnsafeRawBufferPointer, _ index: Int) {
    _ = seenKeys.insert(key)
    lastRowOfKey.append(index)
  }

  /// Whether no column differs that an index reads.
  private func keepsIndexKeys(_ row: SweepBuffer.Row, _ stored: UnsafeRawBufferPointer) throws(UpkeepError)
    -> Bool
  {
    if indexedColumns.isEmpty { return true }
    let key = sweep.key(row)
    let old = RowView(schema: schema, key: key, value: stored)
    let new = RowView(schema: schema, key: key, value: sweep.value(row))
    for ordinal in indexedColumns {
      switch schema.columns[ordinal].type {
      case .integer: if try old.integer(ordinal) != new.integer(ordinal) { return false }
      case .text:
        guard let a = try old.textBytes(ordinal), let b = try new.textBytes(ordinal) else {
          if old.isNull(ordinal) && new.isNull(ordinal) { continue }
          return false
        }
        if !Bytes.equal(a, b) { return false }
      default: if !(try old.value(ordinal).hasSameBytes(as: new.value(ordinal))) { return false }
      }
    }
    return true
  }

  /// Ids that inserted rows took, for the automatic ones.
  private func noteSweptIDs() throws(UpkeepError) {
    guard let ordinal = schema.automaticID, let first = sweptInserts.first, let last = sweptInserts.last
    else { return }
    var latest = first
    for position in sweptInserts where sweep.rows[Int(position)].index > sweep.rows[Int(latest)].index {
      latest = position
    }
    for position in [first, last, latest] {
      let row = sweep.rows[Int(position)]
      let values = try RowView(schema: schema, key: sweep.key(row), value: sweep.value(row)).values()
      try claims.writer.noteID(of: values)
      if position == latest, case .integer(let id) = values[ordinal] { lastInsertedID = id }
    }
  }

  /// Puts the entries of the rows inserted, index by index in key order. Rows that claim a key which is held are
  /// taken back and go the general way, which knows both holders.
  private func putIndexEntries() throws(UpkeepError) {
    guard !sweptInserts.isEmpty, !schema.indexes.isEmpty else { return }
    let base = UnsafeRawPointer(sweep.arena.base)
    var places = sweptInserts.map { sweep.indexKeys(sweep.rows[Int($0)]) }
    var contested: Set<UInt32> = []
    var claimed = 0
    for index in schema.indexes {
      if index.isUnique { claimed += 1 }
      var entries: [SweepBuffer.Claim] = []
      entries.reserveCapacity(places.count)
      for (number, position) in sweptInserts.enumerated() {
        let place = places[number]
        let count = Int(UInt16(littleEndian: base.loadUnaligned(fromByteOffset: place + 1, as: UInt16.self)))
        places[number] = place + 3 + count
        let state = base.load(fromByteOffset: place, as: UInt8.self)
        if state == 0 { continue }
        let key = UnsafeRawBufferPointer(start: base + place + 3, count: count)
        entries.append(
          SweepBuffer.Claim(
            head: SweepBuffer.head(of: key), offset: place + 3, count: UInt32(count), row: position))
      }
      SweepBuffer.sort(&entries, base)
      try put(entries, into: index, key: claimed, base, &contested)
    }
    // All are taken back before any goes in again: one of them may hold what another claims.
    var rows: [(values: [Value], index: Int)] = []
    for position in contested {
      let row = sweep.rows[Int(position)]
      let values = try RowView(schema: schema, key: sweep.key(row), value: sweep.value(row)).values()
      rows.append((values, Int(row.index)))
      try claims.writer.delete(values)
    }
    for row in rows.sorted(by: { $0.index < $1.index }) { try claims.insert(row.values, by: row.index) }
  }

  private func put(
    _ entries: [SweepBuffer.Claim], into index: IndexSchema, key: Int, _ base: UnsafeRawPointer,
    _ contested: inout Set<UInt32>
  ) throws(UpkeepError) {
    let transaction = claims.transaction
    let tree = index.tree
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    for entry in entries {
      let bytes = UnsafeRawBufferPointer(start: base + entry.offset, count: Int(entry.count))
      let row = sweep.rows[Int(entry.row)]
      if index.isUnique, base.load(fromByteOffset: entry.offset - 3, as: UInt8.self) == 1 {
        if claims.isHeldHere(key, bytes) {
          contested.insert(entry.row)
          continue
        }
        let holder = try storing { () throws(StorageError) in try transaction.get(tree, bytes) }
        if holder != nil {
          contested.insert(entry.row)
          continue
        }
      }
      let value = index.isUnique ? sweep.key(row) : nothing
      do throws(StorageError) { try transaction.put(tree, bytes, value) } catch { throw UpkeepError(error) }
    }
  }
}
