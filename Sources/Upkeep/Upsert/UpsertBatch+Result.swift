internal import UpkeepStorage

/// The end of a statement: claims judged, outcomes counted and shown.
extension UpsertBatch {
  /// Judges the keys held twice: rule by rule in `UpsertSettling`, with its consequences for input rows here.
  func settle() throws(UpkeepError) {
    let verdict = try claims.settle(keepsDisplaced: keepsSteps) { displacement throws(UpkeepError) in
      try noteDisplaced(displacement)
    }
    guard let verdict else { return }
    if let first = verdict.firstFailure {
      if collectsRejects {
        try verdict.forEachFailed { failure, input throws(UpkeepError) in
          if wasApplied(input) { try fail(input, lostClaim(failure, input)) }
        }
      } else {
        try fail(first.claim, lostClaim(first, first.claim))
      }
    }
    guard keepsSteps, displacedCount > 0 else { return }
    try verdict.forEachClaimant { input, rows throws(UpkeepError) in
      guard wasApplied(input), let step = try step(of: input) else { return false }
      step.displaced += rows
      return true
    }
  }

  /// Counts a row that gave way, and keeps it for the result if it is one of the first.
  func noteDisplaced(
    _ displaced: () throws(UpkeepError) -> KeyClaims.Displacement
  ) throws(UpkeepError) {
    displacedCount += 1
    guard displacedRows.count < UpsertResult.mostRowsListed else { return }
    let displacement = try displaced()
    displacedRows.append(displacement.row)
    displacements.append(
      DisplacedRow(
        table: schema.name, row: schema.keyDescription(of: displacement.row),
        number: numbers[displacement.claim],
        key: "\(keyName(displacement.key)) = \(displacement.keyText)"))
  }

  private func wasApplied(_ input: Int) -> Bool {
    switch kinds[input] {
    case .inserted, .updated, .unchanged, .replaced: true
    case .ignored, .deleted, .displaced, .rejected: false
    }
  }

  func result() throws(UpkeepError) -> UpsertResult {
    var result = UpsertResult()
    result.isSync = plan.isSync
    for kind in plan.kinds { result.tally[kind] = 0 }
    var counts = kinds.tally
    counts[.displaced] = displacedCount
    counts[.deleted] = deletedCount
    for (kind, count) in counts where count > 0 || result.tally[kind] != nil { result.tally[kind] = count }
    result.displacedRows = displacedRows
    result.notices = plan.notices
    result.lastInsertedID = lastInsertedID
    try forEachReject { error throws(UpkeepError) in
      if result.rejects.count < UpsertResult.mostRowsListed { result.rejects.append(error) }
    }
    if keepsSteps {
      if collectsOutcomes {
        var outcomes: [UpsertOutcome] = []
        outcomes.reserveCapacity(kinds.count)
        for index in 0..<kinds.count { outcomes.append(outcome(index, try shownStep(index))) }
        result.outcomes = outcomes
      }
      try collectReturned()
    }
    return result
  }

  /// A row's step; rows dropped by ON DUPLICATE show the row that the winner left.
  private func shownStep(_ index: Int) throws(UpkeepError) -> UpsertStep {
    let step = try look(index)
    guard let dropped = step.droppedKey, let key = plan.targetKey else { return step }
    let reader = RowReader(scope)
    let row = try KeyBounds.borrow(dropped) { bytes throws(UpkeepError) -> [Value]? in
      if key == 0 { return try reader.find(schema, key: bytes)?.values() }
      guard let holder = try reader.holder(of: bytes, in: plan.uniqueIndexes[key - 1]).map({ Array($0) })
      else { return nil }
      return try KeyBounds.borrow(holder) { bytes throws(UpkeepError) in
        try reader.find(schema, key: bytes)?.values()
      }
    }
    return UpsertStep(old: row, new: row, key: row == nil && key > 0 ? -1 : key)
  }

  /// A row without the hidden rowid.
  private func shown(_ row: [Value]?) -> [Value] { Array((row ?? []).prefix(schema.columns.count)) }

  private func outcome(_ index: Int, _ step: UpsertStep) -> UpsertOutcome {
    let displaced = step.displaced.map { shown($0) }
    let key = step.key < 0 ? "" : keyName(step.key)
    switch kinds[index] {
    case .inserted: return .inserted(new: shown(step.new))
    case .updated: return .updated(old: shown(step.old), new: shown(step.new), key: key, displaced: displaced)
    case .unchanged: return .unchanged(row: shown(step.new), key: key, displaced: displaced)
    case .ignored: return .ignored(stored: shown(step.old), key: key)
    case .replaced:
      return .replaced(old: shown(step.old), new: shown(step.new), key: key, displaced: displaced)
    case .rejected, .deleted, .displaced:
      return .rejected(step.error ?? UpkeepError(.badInput, "the row was rejected"))
    }
  }

  private func collectReturned() throws(UpkeepError) {
    guard let returning = plan.returning else { return }
    for index in 0..<kinds.count {
      let kind = kinds[index]
      if !returning.includesAll, kind == .ignored || kind == .rejected { continue }
      let step = try shownStep(index)
      show(step.new, inSlot: 0)
      show(nil, inSlot: 1)
      show(step.old, inSlot: 2)
      show(step.new, inSlot: 3)
      context.action = kind.rawValue
      context.conflictKey = step.key < 0 ? nil : keyName(step.key)
      context.rowOrdinal = index + 1
      var row: [Value] = []
      row.reserveCapacity(returning.expressions.count)
      for expression in returning.expressions { row.append(try expression.evaluate(context)) }
      try returned.append(row)
    }
    try returned.finish()
  }

  private func show(_ row: [Value]?, inSlot slot: Int) {
    if let row { context.set(slot: slot, row: row) } else { context.clear(slot: slot) }
  }
}

// MARK: - Errors of keys

extension UpsertBatch {
  /// `(iata)`
  func keyName(_ key: Int) -> String { plan.keyNames[key] }

  /// The index's name, or `primary key`.
  func indexName(_ key: Int) -> String { key == 0 ? "primary key" : plan.uniqueIndexes[key - 1].name }

  func keyText(_ key: Int, _ row: [Value]) -> String {
    key == 0 ? schema.keyDescription(of: row) : plan.uniqueIndexes[key - 1].keyDescription(of: row)
  }

  /// The row meets another by a key, and no clause says what then.
  func violation(_ key: Int, _ row: [Value], _ index: Int) throws(UpkeepError) -> UpkeepError {
    let existing = try claims.row(places[key], primaryKey: placeBuffers[key].bytes)
    var error = uniqueViolation(key, keyText(key, row), existing).met(plan.words)
    error.rowNumber = numbers[index]
    return error
  }

  private func uniqueViolation(_ key: Int, _ text: String, _ holder: [Value]?) -> UniqueViolation {
    UniqueViolation(
      schema: schema, uniqueIndexes: plan.uniqueIndexes, key: key, keyText: text, holder: holder)
  }

  func ambiguity(_ keys: [Int], _ row: [Value], _ index: Int) throws(UpkeepError) -> UpkeepError {
    var rows: [String] = []
    var first: [Value]?
    for key in keys {
      let existing = try claims.row(places[key], primaryKey: placeBuffers[key].bytes)
      if first == nil { first = existing }
      let holder = existing.map { schema.keyDescription(of: $0) } ?? "?"
      rows.append("row \(holder) by \(keyName(key)) = \(keyText(key, row))")
    }
    var error = UpkeepError(
      .ambiguous,
      "it meets \(rows.joined(separator: " and ")) of \(schema.name); \(plan.words.choosing)")
    error.table = schema.name
    error.index = indexName(keys[0])
    error.key = keyText(keys[0], row)
    error.value = error.key
    error.existingKey = first.map { schema.keyDescription(of: $0) }
    error.rowNumber = numbers[index]
    return error
  }

  private func lostClaim(_ failure: KeyClaims.FailedClaim, _ index: Int) -> UpkeepError {
    var ways = [plan.words.freed]
    // Where there is no clause nothing can be said of ambiguity, and where rows give way already it was said.
    if !plan.resolver.clauses.isEmpty, !plan.displaces { ways.append(plan.words.displacing) }
    if !collectsRejects { ways.append(plan.words.rejecting) }
    var error = uniqueViolation(failure.key, failure.keyText, failure.winner).lost(ways)
    error.rowNumber = numbers[index]
    return error
  }
}
