internal import UpkeepStorage

/// One row after the other: propose, probe, decide, apply.
extension UpsertBatch {
  /// What becomes of one row.
  func apply(_ given: [Value?], _ index: Int) throws(UpkeepError) {
    try step(index) { () throws(UpkeepError) in
      let proposal: [Value]
      do throws(UpkeepError) {
        proposal = try rowActions.proposal(given)
      } catch {
        if try noteKey(ofBadRow: given, isWhole: true, index, error) { return }
        throw error
      }
      let filled = plan.otherwise == .replace ? try filledWithDefaults(proposal) : proposal
      if plan.isSync { try requireKey(proposal, index) }
      try probe(filled)
      if let key = plan.targetKey, plan.isSync || plan.duplicates != .fold, keyBuffers[key].count > 0 {
        if try isDropped(index, keyBuffers[key].bytes) { return }
      }
      switch plan.resolver.decide(met: met) {
      case .insert: try insert(filled, given, index)
      case .change(let clause, let key): try change(clause, key, given, proposal, index)
      case .ignore(let key): try ignore(key, index)
      case .fail(let key):
        try claims.note(places[key], primaryKey: placeBuffers[key].bytes, chosenBy: index)
        throw try violation(key, proposal, index)
      case .ambiguous(let keys): throw try ambiguity(keys, proposal, index)
      case .replaceAll(let key): try replaceAll(key, given, filled, index)
      }
    }
  }

  /// What becomes of a row that cannot be read, of which some values may be known.
  func takeBad(_ given: [Value?], _ index: Int, _ error: UpkeepError) throws(UpkeepError) {
    try step(index) { () throws(UpkeepError) in
      if try !noteKey(ofBadRow: given, isWhole: false, index, error) { try fail(index, error) }
    }
  }

  /// What becomes of a row whose only clause is met by `key`, by the native that `places` and `placeBuffers` have.
  func applyKnown(_ given: [Value?], _ index: Int, metBy key: Int) throws(UpkeepError) {
    try step(index) { () throws(UpkeepError) in
      let proposal = try rowActions.proposal(given)
      if case .fail = plan.actions[0] {
        try claims.note(places[key], primaryKey: placeBuffers[key].bytes, chosenBy: index)
        throw try violation(key, proposal, index)
      }
      try change(0, key, given, proposal, index)
    }
  }

  /// Fills `places` and `met` with who holds the row's keys.
  private func probe(_ row: [Value]) throws(UpkeepError) {
    for key in plan.probedKeys {
      places[key] = .nobody
      met[key] = UpsertResolver.nobody
      guard try claims.encode(key, of: row, into: keyBuffers[key]) else {
        keyBuffers[key].removeAll()
        continue
      }
      places[key] = try claims.find(key, keyBuffers[key].bytes, primaryKey: placeBuffers[key])
      switch places[key] {
      case .nobody: break
      case .holder(let holder): met[key] = holder
      case .native: met[key] = nativeNumber(key)
      }
    }
  }

  /// Natives are told apart from holders, and from one another by the first key that found them.
  private func nativeNumber(_ key: Int) -> Int {
    for other in plan.probedKeys where other < key && places[other] == .native {
      if Bytes.equal(placeBuffers[other], placeBuffers[key]) { return met[other] }
    }
    return 1 << 40 + key
  }

  func nextID() throws(UpkeepError) -> Int64 { try claims.nextID() }

  private func insert(_ proposal: [Value], _ given: [Value?], _ index: Int) throws(UpkeepError) {
    var row = proposal
    try rowActions.drawDefaults(&row, given, replacesNulls: plan.otherwise == .replace)
    if let ordinal = claims.writer.idOrdinal, row[ordinal] == .null { row[ordinal] = .integer(try nextID()) }
    if plan.isEager, rowActions.keysReadDrawn {
      // What was drawn may have given it a key that another row holds.
      try probe(row)
      switch plan.resolver.decide(met: met) {
      case .insert: break
      case .ignore(let key): return try ignore(key, index)
      case .replaceAll(let key): return try replaceAll(key, given, row, index)
      case .ambiguous(let keys): throw try ambiguity(keys, row, index)
      case .fail(let key), .change(_, let key): throw try violation(key, row, index)
      }
    }
    do throws(UpkeepError) {
      try check.check(row)
    } catch {
      // INSERT OR IGNORE passes over rows that break NOT NULL or CHECK.
      guard plan.otherwise == .ignore, error.code == .notNullViolation || error.code == .checkViolation else {
        throw error
      }
      passOver(index, error)
      return
    }
    try claims.insert(row, by: index)
    if let ordinal = claims.writer.idOrdinal, case .integer(let id) = row[ordinal] { lastInsertedID = id }
    kinds[index] = .inserted
    note(index) { UpsertStep(new: row) }
  }

  private func ignore(_ key: Int, _ index: Int) throws(UpkeepError) {
    try claims.note(places[key], primaryKey: placeBuffers[key].bytes, chosenBy: index)
    kinds[index] = .ignored
    guard keepsSteps else { return }
    let row = try claims.row(places[key], primaryKey: placeBuffers[key].bytes)
    note(index) { UpsertStep(old: row, new: row, key: key) }
  }

  private func change(
    _ clause: Int, _ key: Int, _ given: [Value?], _ proposal: [Value], _ index: Int
  ) throws(UpkeepError) {
    let place = places[key]
    let primaryKey = placeBuffers[key].bytes
    try claims.note(place, primaryKey: primaryKey, chosenBy: index)
    guard let old = try claims.row(place, primaryKey: primaryKey) else { return }
    do throws(UpkeepError) {
      try change(old, place, primaryKey, clause, key, given, proposal, index)
    } catch {
      throw Self.codesOfRows.contains(error.code) ? error.inRow(schema.keyDescription(of: old)) : error
    }
  }

  private func change(
    _ old: [Value], _ place: KeyClaims.Place, _ primaryKey: UnsafeRawBufferPointer, _ clause: Int, _ key: Int,
    _ given: [Value?], _ proposal: [Value], _ index: Int
  ) throws(UpkeepError) {
    guard let new = try rowActions.changed(old, by: plan.actions[clause], given, proposal) else {
      kinds[index] = .ignored
      note(index) { UpsertStep(old: old, new: old, key: key) }
      return
    }
    let isSame = zip(old, new).allSatisfy { $0.hasSameBytes(as: $1) }
    if !isSame { try check.check(new) }
    if plan.isEager, !isSame { try requireFree(old, new, index) }
    if !isSame { try claims.update(place, primaryKey: primaryKey, from: old, to: new, by: index) }
    if isSame {
      kinds[index] = .unchanged
    } else if case .replace = plan.actions[clause] {
      kinds[index] = .replaced
    } else {
      kinds[index] = .updated
    }
    note(index) { UpsertStep(old: old, new: new, key: key) }
  }

  // MARK: Eager statements

  /// A NULL in a column that takes none becomes its default: what SQLite's OR REPLACE does.
  func filledWithDefaults(_ row: [Value]) throws(UpkeepError) -> [Value] {
    var row = row
    for column in schema.columns where !column.isNullable && row[column.ordinal] == .null {
      if column.compiledDefault?.isVolatile == true { continue }
      row[column.ordinal] = try rowActions.defaultValue(of: column)
    }
    return row
  }

  /// OR REPLACE: every row met goes at once. That of the same primary key is the one replaced, else the first one met;
  /// others are displaced.
  private func replaceAll(
    _ key: Int, _ given: [Value?], _ proposal: [Value], _ index: Int
  ) throws(UpkeepError) {
    var row = proposal
    try rowActions.drawDefaults(&row, given, replacesNulls: true)
    let isAutomatic = claims.writer.idOrdinal.map { row[$0] == .null } ?? false
    if isAutomatic, let ordinal = claims.writer.idOrdinal { row[ordinal] = .integer(try nextID()) }
    try check.check(row)
    var gone: [(key: Int, row: [Value])] = []
    for other in plan.probedKeys where met[other] != UpsertResolver.nobody {
      if gone.contains(where: { met[$0.key] == met[other] }) { continue }
      guard let old = try claims.row(places[other], primaryKey: placeBuffers[other].bytes) else { continue }
      gone.append((other, old))
    }
    guard let first = gone.first else { return }
    try claims.writer.requireShortKeys(of: row)
    let displaced = gone.dropFirst().map(\.row)
    rowActions.leaveTouchedIfSame(&row, first.row, given)
    let isSame = zip(first.row, row).allSatisfy { $0.hasSameBytes(as: $1) }
    for (other, old) in gone.dropFirst() { try claims.delete(places[other], old) }
    if places[key] == .native, places[0] == .native {
      // What stands under its own primary key is changed where it stands.
      try claims.update(places[key], primaryKey: placeBuffers[key].bytes, from: first.row, to: row, by: index)
    } else {
      try claims.delete(places[key], first.row)
      try claims.insert(row, by: index)
    }
    if isAutomatic, let ordinal = claims.writer.idOrdinal, case .integer(let id) = row[ordinal] {
      lastInsertedID = id
    }
    for (other, old) in gone.dropFirst() {
      try noteDisplaced { () throws(UpkeepError) in
        KeyClaims.Displacement(row: old, claim: index, key: other, keyText: keyText(other, old))
      }
    }
    kinds[index] = isSame ? .unchanged : .replaced
    note(index) { UpsertStep(old: first.row, new: row, key: key, displaced: displaced) }
  }

  /// Judged row by row: no key that the row newly claims may be held.
  private func requireFree(_ old: [Value], _ new: [Value], _ index: Int) throws(UpkeepError) {
    let had = ByteBuffer()
    for key in 0..<plan.keyCount {
      guard try claims.encode(key, of: new, into: keyBuffers[key]) else { continue }
      if try claims.encode(key, of: old, into: had), Bytes.equal(had, keyBuffers[key]) { continue }
      places[key] = try claims.find(key, keyBuffers[key].bytes, primaryKey: placeBuffers[key])
      if places[key] != .nobody { throw try violation(key, new, index) }
    }
  }
}
