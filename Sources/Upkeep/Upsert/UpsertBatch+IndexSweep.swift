internal import UpkeepStorage

/// The fast way of a batch whose rows meet by one unique index alone, and whose action leaves that key and the
/// primary key of the row met as they are.
///
/// 1. The rows that wait are probed in the order of their keys in the index, so that its leaves are passed once.
/// 2. Those that met a row are applied in the order of the primary keys of what they met.
/// 3. Those that met none are inserted in the order of their own primary keys, and their index entries follow.
///
/// What comes out is what row after row would give: a row depends on no row of the batch but those of its own key
/// in the index, which go the general way in input order, as do rows that a holder concerns; whatever else two rows
/// may both claim is judged at the end.
extension UpsertBatch {
  /// Whether the statement can be swept by the key of an index.
  package static func canSweepByIndex(_ plan: UpsertPlan) -> Bool {
    guard !plan.isSync, let key = plan.targetKey, key > 0, plan.probedKeys == [key] else { return false }
    let schema = plan.schema
    let index = plan.uniqueIndexes[key - 1]
    func leavesKeys(_ ordinal: Int) -> Bool {
      !schema.primaryKey.contains(ordinal) && !index.columnsRead.contains(ordinal)
    }
    switch plan.actions[0] {
    case .fail, .ignore: return true
    // A merge of what is given leaves the primary key of the row met, and gives it the key that it has.
    case .merge(nil): return index.columnOrdinals != nil
    case .mergeByRules(let rules):
      guard let mask = rules.mask else { return index.columnOrdinals != nil }
      return mask.indices.allSatisfy { !mask[$0] || leavesKeys($0) }
    case .merge(let mask?): return mask.indices.allSatisfy { !mask[$0] || leavesKeys($0) }
    case .update(let columns, _): return columns.allSatisfy { leavesKeys($0.ordinal) }
    case .replace: return false
    }
  }

  func sweepIndex(_ targetKey: Int) throws(UpkeepError) {
    let sweep = sweep
    let index = plan.uniqueIndexes[targetKey - 1]
    guard let place = schema.indexes.firstIndex(where: { $0 === index }) else { return }
    var isWaiting = Array(repeating: true, count: sweep.rows.count)
    let owners = ByteBuffer(capacity: 1024)
    var meetings: [SortedKey] = []
    try probeInOrder(place, targetKey, &isWaiting, owners, &meetings)
    KeySorter().sort(&meetings, UnsafeRawPointer(owners.base))
    for meeting in meetings {
      try applyMeeting(
        meeting.bytes(UnsafeRawPointer(owners.base)), sweep.rows[Int(meeting.number)], targetKey)
    }
    try insertInOrder(isWaiting)
    try noteSweptIDs()
  }

  /// Finds out which rows are there already. Afterwards those wait that are to be inserted.
  ///
  /// - Parameter meetings: gets the primary keys of rows met, in the arena `owners`.
  private func probeInOrder(
    _ place: Int, _ targetKey: Int, _ isWaiting: inout [Bool], _ owners: ByteBuffer,
    _ meetings: inout [SortedKey]
  ) throws(UpkeepError) {
    let sweep = sweep
    let base = UnsafeRawPointer(sweep.arena.base)
    let tree = schema.indexes[place].tree
    let reader = try storing { () throws(StorageError) in try claims.transaction.writer(of: tree) }
    let (keys, shared) = sweep.entries(inIndex: place, of: isWaiting)
    var position = 0
    while position < keys.count {
      let first = position
      let number = keys[first].number
      position += 1
      // Keys that others may have too, with a NULL in them, meet nothing.
      if !shared.isEmpty, shared.contains(number) { continue }
      while position < keys.count, keys[position].equals(keys[first], base) { position += 1 }
      let bytes = keys[first].bytes(base)
      let isHeld = try claims.isHeldHere(targetKey, bytes)
      if position > first + 1 || isHeld {
        for other in first..<position {
          isWaiting[Int(keys[other].number)] = false
          try applyGenerally(sweep.rows[Int(keys[other].number)])
        }
        continue
      }
      let owner: UnsafeRawBufferPointer?
      do throws(StorageError) { owner = try reader.get(bytes) } catch { throw UpkeepError(error) }
      guard let owner else { continue }
      isWaiting[Int(number)] = false
      // What the tree gave is gone with the next look into another one.
      let offset = owners.count
      owners.append(owner)
      let kept = UnsafeRawBufferPointer(rebasing: owners.bytes[offset...])
      if try claims.isConcerned(kept) {
        owners.truncate(to: offset)
        try applyGenerally(sweep.rows[Int(number)])
      } else {
        meetings.append(SortedKey(kept, offset: offset, number: number))
      }
    }
  }

  /// Applies the action to the row that a row met.
  private func applyMeeting(
    _ owner: UnsafeRawBufferPointer, _ row: SweepBuffer.Row, _ targetKey: Int
  ) throws(UpkeepError) {
    // What was applied since may have made a holder of it.
    if try claims.isConcerned(owner) { return try applyGenerally(row) }
    if case .ignore = plan.actions[0] {
      claims.noteSwept(owner, by: Int(row.index))
      kinds[Int(row.index)] = .ignored
      return
    }
    places[targetKey] = .native
    placeBuffers[targetKey].removeAll()
    placeBuffers[targetKey].append(owner)
    try applyKnown(givenValues(row), Int(row.index), metBy: targetKey)
    try claims.budget.settle()
  }

  /// Inserts the rows that met none, where their primary keys are free.
  private func insertInOrder(_ isWaiting: [Bool]) throws(UpkeepError) {
    let sweep = sweep
    let base = UnsafeRawPointer(sweep.arena.base)
    let writer = try storing { () throws(StorageError) in try claims.transaction.writer(of: schema.tree) }
    let keys = sweep.keys.filter { isWaiting[Int($0.number)] }
    var position = 0
    while position < keys.count {
      let first = position
      position += 1
      while position < keys.count, keys[position].equals(keys[first], base) { position += 1 }
      let row = sweep.rows[Int(keys[first].number)]
      let bytes = keys[first].bytes(base)
      // Of two rows with one primary key the second makes a holder of the first, which needs its entries for that.
      let isConcerned = try claims.isConcerned(bytes)
      if position > first + 1 || !row.isSound || isConcerned {
        for other in first..<position { try applyGenerally(sweep.rows[Int(keys[other].number)]) }
        continue
      }
      let stored: UnsafeRawBufferPointer?
      do throws(StorageError) {
        stored = try writer.insert(bytes, sweep.value(row))
      } catch {
        throw UpkeepError(error)
      }
      if stored != nil {
        try applyGenerally(row)
        continue
      }
      claims.noteSwept(bytes, by: Int(row.index))
      kinds[Int(row.index)] = .inserted
      sweptInserts.append(keys[first].number)
    }
  }
}
