internal import UpkeepStorage

/// The fast way of a batch whose rows meet by the primary key alone, and whose actions do not assign it: rows wait,
/// encoded, and are then probed and applied in one sweep over the table; keys of unique indexes that inserted rows
/// claim follow in a sweep for each index. What comes out is what row after row would give, because a row then
/// depends on no row but those of its own key, which stay in input order; and claims are judged at the end.
///
/// Rows that meet by one unique index have a sweep of their own (`UpsertBatch+IndexSweep.swift`).
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
  package static func canSweep(_ plan: UpsertPlan, keepsSteps: Bool) -> Bool {
    // A row set aside frees keys for the rows after it (rule 5): with several keys that is judged row by row.
    if case .collect = plan.rejects, plan.keyCount > 1 { return false }
    let schema = plan.schema
    guard !keepsSteps, !plan.isEager, !schema.hasHiddenRowid else { return false }
    guard plan.duplicates == .fold || plan.isSync && plan.duplicates != .last else { return false }
    if plan.resolver.clauses.isEmpty { return true }
    guard plan.targetKey == 0, plan.probedKeys == [0] else { return canSweepByIndex(plan) }
    switch plan.actions[0] {
    case .fail, .ignore, .replace, .merge, .mergeByRules: return true
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
    case .fail, .merge, .mergeByRules, .update: return .general
    }
  }

  /// Lets a row wait for the sweep, which `encoder` has taken.
  ///
  /// - Returns: false if it must go the general way at once.
  func addToSweep(_ encoder: SweepEncoder, _ index: Int) throws(UpkeepError) -> Bool {
    guard encoder.rows.lacksKey else { return encoder.add(index, to: sweep) }
    // Who meets by another key may use up no id.
    guard let ordinal = schema.automaticID, !plan.isSync, plan.targetKey ?? 0 == 0,
      sweep.greatestID != .max
    else { return false }
    encoder.rows.setID(max(try nextID(), (sweep.greatestID ?? .min) &+ 1), ordinal)
    // An id is used up only by a row that is inserted.
    return encoder.add(index, to: sweep, mustBeSound: true)
  }

  // MARK: The sweep

  /// Applies the rows that wait.
  func flush() throws(UpkeepError) {
    guard !sweep.isEmpty else { return }
    sweep.sort()
    // A plain INSERT meets by every key: of two rows with one key the first may be the one to fail, and what a bad
    // row meets must be in the indexes when it is judged.
    if plan.resolver.clauses.isEmpty, sweep.hasDuplicates || !sweep.isSound {
      for row in sweep.rows { try applyGenerally(row) }
    } else {
      if let key = plan.targetKey, key > 0 { try sweepIndex(key) } else { try sweepTable() }
      try putIndexEntries()
    }
    sweep.removeAll()
    sweptInserts.removeAll(keepingCapacity: true)
  }

  /// What the general way makes of a row that waited.
  func applyGenerally(_ row: SweepBuffer.Row) throws(UpkeepError) {
    try apply(givenValues(row), Int(row.index))
    try claims.budget.settle()
  }

  /// What a row that waited gives.
  func givenValues(_ row: SweepBuffer.Row) throws(UpkeepError) -> [Value?] {
    let values = try RowView(schema: schema, key: sweep.key(row), value: sweep.value(row)).values()
    var given: [Value?] = []
    for (ordinal, value) in values.enumerated() {
      let isGiven = row.given & 1 << UInt64(ordinal) != 0 || ordinal == schema.automaticID
      given.append(isGiven ? .some(value) : nil)
    }
    return given
  }

  private func sweepTable() throws(UpkeepError) {
    let writer = try storing { () throws(StorageError) in try claims.transaction.writer(of: schema.tree) }
    let sweep = sweep
    let rows = sweep.rows
    let keys = sweep.keys
    let base = UnsafeRawPointer(sweep.arena.base)
    let allColumns: UInt64 = schema.columns.count == 64 ? .max : 1 << UInt64(schema.columns.count) - 1
    let tracks = plan.keyCount > 1 || plan.displaces
    let isSync = plan.isSync
    var position = 0
    while position < keys.count {
      let number = keys[position].number
      let row = rows[Int(number)]
      let key = keys[position].bytes(base)
      let first = position
      position += 1
      while position < keys.count, keys[position].equals(keys[first], base) { position += 1 }
      var isSpecial = try position > first + 1 ? true : claims.isConcerned(key)
      if isSync, !isSpecial { isSpecial = try seenKeys.find(key) != nil }
      if isSpecial {
        for place in first..<position { try applyGenerally(rows[Int(keys[place].number)]) }
        continue
      }
      let index = Int(row.index)
      let value = sweep.value(row)
      let stored: UnsafeRawBufferPointer?
      do throws(StorageError) {
        // A row that may be inserted is, where none is there.
        stored = try row.isSound ? writer.insert(key, value) : writer.get(key)
      } catch {
        throw UpkeepError(error)
      }
      guard let stored else {
        guard row.isSound else {
          try applyGenerally(row)
          continue
        }
        if isSync { noteSeen(key, index) }
        if tracks { claims.noteSwept(key, by: index) }
        kinds[index] = .inserted
        sweptInserts.append(number)
        continue
      }
      switch sweepAction {
      case .ignore:
        if tracks { claims.noteSwept(key, by: index) }
        kinds[index] = .ignored
      case .overwrite(let kind) where row.given == allColumns:
        if Bytes.equal(stored, value) {
          kinds[index] = .unchanged
        } else if row.isSound, try keepsIndexKeys(row, stored) {
          do throws(StorageError) { try writer.put(key, value) } catch { throw UpkeepError(error) }
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
    seenKeys.set(key, index)
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
  func noteSweptIDs() throws(UpkeepError) {
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
    var isInserted = Array(repeating: false, count: sweep.rows.count)
    for number in sweptInserts { isInserted[Int(number)] = true }
    let base = UnsafeRawPointer(sweep.arena.base)
    var contested: Set<UInt32> = []
    var keyNumber = 0
    for (number, index) in schema.indexes.enumerated() {
      if index.isUnique { keyNumber += 1 }
      let (entries, shared) = sweep.entries(inIndex: number, of: isInserted)
      if index.isUnique {
        try claim(entries, shared, in: index, key: keyNumber, base, &contested)
      } else {
        try put(entries, into: index, base)
      }
    }
    // All are taken back before any goes in again: one of them may hold what another claims.
    var rows: [(values: [Value], index: Int)] = []
    for number in contested {
      let row = sweep.rows[Int(number)]
      let values = try RowView(schema: schema, key: sweep.key(row), value: sweep.value(row)).values()
      rows.append((values, Int(row.index)))
      try claims.writer.delete(values)
    }
    for row in rows.sorted(by: { $0.index < $1.index }) {
      try claims.insert(row.values, by: row.index)
      try claims.budget.settle()
    }
  }

  /// - Parameter shared: the rows whose keys others may have too.
  private func claim(
    _ entries: [SortedKey], _ shared: Set<UInt32>, in index: IndexSchema, key: Int, _ base: UnsafeRawPointer,
    _ contested: inout Set<UInt32>
  ) throws(UpkeepError) {
    let rows = sweep.rows
    let claims = claims
    let writer = try storing { () throws(StorageError) in try claims.transaction.writer(of: index.tree) }
    for entry in entries {
      let bytes = entry.bytes(base)
      let primaryKey = sweep.key(rows[Int(entry.number)])
      let isShared = !shared.isEmpty && shared.contains(entry.number)
      if !isShared, try claims.isHeldHere(key, bytes) {
        contested.insert(entry.number)
        continue
      }
      do throws(StorageError) {
        if isShared {
          try writer.put(bytes, primaryKey)
        } else if try writer.insert(bytes, primaryKey) != nil {
          contested.insert(entry.number)
        }
      } catch {
        throw UpkeepError(error)
      }
    }
  }

  private func put(
    _ entries: [SortedKey], into index: IndexSchema, _ base: UnsafeRawPointer
  ) throws(UpkeepError) {
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    do throws(StorageError) {
      let writer = try claims.transaction.writer(of: index.tree)
      for entry in entries { try writer.put(entry.bytes(base), nothing) }
    } catch {
      throw UpkeepError(error)
    }
  }
}
