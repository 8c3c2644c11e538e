internal import UpkeepStorage

/// The same key twice in one statement: which of its rows counts.
extension UpsertBatch {
  /// Keeps a row until the end, because a later one with its key may count.
  ///
  /// - Parameter isWhole: whether what the row does not give is known, and not what could not be read.
  func waitForDuplicates(_ row: [Value?], isWhole: Bool = true, _ index: Int) throws(UpkeepError) {
    try waiting.append(row)
    guard let key = plan.targetKey else { return }
    if isWhole, let proposal = try? rowActions.proposal(row) {
      let filled = plan.otherwise == .replace ? try filledWithDefaults(proposal) : proposal
      guard try claims.encode(key, of: filled, into: keyBuffers[key]) else { return }
    } else {
      guard let bad = try? keyColumns(ofBadRow: row, isWhole: isWhole, key),
        try claims.encode(key, of: bad, into: keyBuffers[key])
      else { return }
    }
    seenKeys.set(keyBuffers[key].bytes, index)
    try claims.budget.settle()
  }

  /// Whether ON DUPLICATE drops the row, whose target key is in a buffer.
  func isDropped(_ index: Int, _ key: UnsafeRawBufferPointer) throws(UpkeepError) -> Bool {
    let counting = try seenKeys.find(key)
    if counting == nil { seenKeys.set(key, index) }
    switch plan.duplicates {
    case .fold: return false
    case .first: if counting == nil { return false }
    case .last: if counting == nil || counting == index { return false }
    case .fail:
      guard let counting else { return false }
      throw duplicate(index, of: counting, key)
    }
    kinds[index] = .ignored
    note(index) { UpsertStep(droppedKey: Array(key)) }
    return true
  }

  private func duplicate(
    _ index: Int, of first: Int, _ bytes: UnsafeRawBufferPointer
  ) -> UpkeepError {
    let key = plan.targetKey ?? 0
    let text =
      key == 0
      ? schema.keyDescription(of: bytes) : plan.uniqueIndexes[key - 1].keyDescription(ofKey: Array(bytes))
    var error = UpkeepError(
      .uniqueViolation,
      "\(schema.name) \(keyName(key)) = \(text) was given by row \(numbers[first]) before; "
        + plan.words.deduplicating)
    error.table = schema.name
    error.rowNumber = numbers[index]
    error.index = indexName(key)
    error.key = text
    error.value = text
    return error
  }
}
