internal import UpkeepStorage

/// Upserts of single rows by one key, made ready once and used again: what `UpsertBatch` gives for a row that
/// meets at most one row and contests no key, without the means of judging more.
///
/// Its life, again for each row:
/// 1. `run` proposes, probes, decides and encodes, and until then writes nothing. Where the row is not plain (it is bad,
///    another row holds one of its keys, a default must be evaluated, an id drawn) it gives nil, and a batch judges it.
/// 2. It writes. Nothing can then fail but the store; if that does, the transaction is rolled back.
package final class RowUpsert {
  /// An index, and what the row has in it.
  private struct Entry {
    let encoder: IndexEncoder
    /// The columns that it reads, a bit for each.
    let reads: UInt64
    let before = ByteBuffer(capacity: 64)
    let after = ByteBuffer(capacity: 64)
    var hasBefore = false
    var hasAfter = false
  }

  private let schema: TableSchema
  private let action: UpsertPlan.Action
  /// The key by which rows meet, 0 for the primary key.
  private let target: Int
  private let targetName: String
  private let columns: [IncomingColumn]
  private let primaryKey: [Int]
  private let check: RowCheck
  /// What merges by rules; nil where the action does not.
  private let rowActions: RowActions?
  private var entries: [Entry]
  /// The position in `entries` of the target, if that is an index.
  private let targetEntry: Int?
  private let key = ByteBuffer(capacity: 64)
  private let value = ByteBuffer(capacity: 1024)
  /// What the caller had against the outcome.
  private var refusal: UpkeepError?

  /// Nil where a statement is not simple enough.
  package init?(_ plan: UpsertPlan) {
    let schema = plan.schema
    guard let target = plan.targetKey, let action = plan.actions.first, plan.otherwise == .abort,
      !plan.isSync, !plan.displaces, plan.returning == nil, plan.duplicates == .fold,
      !schema.hasHiddenRowid, !schema.isAutoincrement, schema.columns.count <= 64,
      schema.primaryKey.allSatisfy({ schema.places[$0].isInKey })
    else { return nil }
    if case .update = action { return nil }
    if case .mergeByRules = action {
      rowActions = RowActions(schema, EvaluationContext())
    } else {
      rowActions = nil
    }
    self.schema = schema
    self.action = action
    self.target = target
    targetName = plan.keyNames[target]
    columns = schema.columns.map { IncomingColumn($0) }
    primaryKey = schema.primaryKey
    check = RowCheck(schema)
    entries = schema.indexes.map { index in
      Entry(encoder: IndexEncoder(index), reads: index.columnsRead.reduce(0) { $0 | 1 << UInt64($1) })
    }
    targetEntry =
      target == 0 ? nil : schema.indexes.firstIndex { $0 === plan.uniqueIndexes[target - 1] }
  }

  /// Puts a row in.
  ///
  /// - Parameters:
  ///   - given: the values of the row.
  ///   - positions: for each column which of them is its own; negative where none is given.
  ///   - agree: called with the outcome before anything is written; what it throws is thrown, and nothing has happened.
  /// - Returns: nil if the row is not plain; nothing has then happened.
  package func run(
    _ given: [Value], _ positions: [Int], in scope: TransactionScope,
    agree: (UpsertOutcome) throws(UpkeepError) -> Void = { _ in }
  ) throws(UpkeepError) -> UpsertOutcome? {
    let transaction = try scope.writing
    guard let proposal = proposal(given, positions) else { return nil }
    do throws(UpkeepError) {
      guard let old = try meet(proposal, transaction) else {
        return try insert(proposal, scope, transaction, agree)
      }
      if case .ignore = action { return .ignored(stored: old, key: targetName) }
      guard let new = changed(old, proposal, positions) else { return nil }
      return try update(old, new, scope, transaction, agree)
    } catch {
      if let refusal {
        self.refusal = nil
        throw refusal
      }
      // What is wrong is told by the general way, which finds it again; unless the store failed to write.
      if scope.isOpen { return nil }
      throw error
    }
  }

  // MARK: Deciding

  /// The row as it would be inserted, but for an id; nil if that takes more than values and constants.
  private func proposal(_ given: [Value], _ positions: [Int]) -> [Value]? {
    var row: [Value] = []
    row.reserveCapacity(columns.count)
    for ordinal in columns.indices {
      let position = positions[ordinal]
      let value = position < 0 ? columns[ordinal].defaultValue : columns[ordinal].coerce(given[position])
      guard let value else { return nil }
      row.append(value)
    }
    return row
  }

  /// The row that the proposed one meets. `key` is then that row's primary key, else the proposed row's own.
  private func meet(
    _ proposal: [Value], _ transaction: WriteTransaction
  ) throws(UpkeepError) -> [Value]? {
    key.removeAll()
    if let targetEntry {
      let encoder = entries[targetEntry].encoder
      let bytes = entries[targetEntry].after
      if try encoder.encode(proposal, into: bytes) == .entry,
        let holder = try get(transaction, encoder.tree, bytes.bytes)
      {
        key.append(holder)
        guard let row = try stored(transaction) else {
          throw .corrupt("an index of \(schema.name)", "it names a row that is not there")
        }
        return row
      }
    }
    for ordinal in primaryKey {
      if case .null = proposal[ordinal] { throw Self.needsID }
    }
    try RowCodec.appendKey(of: proposal, schema: schema, to: key)
    let row = try stored(transaction)
    if target != 0, row != nil { throw Self.isHeld }
    return row
  }

  private func stored(_ transaction: WriteTransaction) throws(UpkeepError) -> [Value]? {
    guard let value = try get(transaction, schema.tree, key.bytes) else { return nil }
    return try RowView(schema: schema, key: key.bytes, value: value).values()
  }

  @inline(__always)
  private func get(
    _ transaction: WriteTransaction, _ tree: TreeID, _ key: UnsafeRawBufferPointer
  ) throws(UpkeepError) -> UnsafeRawBufferPointer? {
    do throws(StorageError) { return try transaction.get(tree, key) } catch { throw UpkeepError(error) }
  }

  /// The row met as the action leaves it; nil if that moves its primary key, or is an error.
  private func changed(_ old: [Value], _ proposal: [Value], _ positions: [Int]) -> [Value]? {
    func keepsKey(_ ordinal: Int) -> Bool {
      positions[ordinal] < 0 || old[ordinal].hasSameBytes(as: proposal[ordinal])
    }
    switch action {
    case .fail, .ignore, .update: return nil
    case .replace:
      guard primaryKey.allSatisfy(keepsKey) else { return nil }
      var new = proposal
      for ordinal in primaryKey { new[ordinal] = old[ordinal] }
      return new
    case .mergeByRules(let rules):
      guard let rowActions else { return nil }
      if !rules.touched.isEmpty { rowActions.context.now = .now() }
      let new = try? rowActions.merged(old, rules, proposal) { positions[$0] >= 0 }
      guard let new, primaryKey.allSatisfy({ new[$0].hasSameBytes(as: old[$0]) }) else { return nil }
      return new
    case .merge(let mask):
      if let mask, !primaryKey.allSatisfy({ !mask[$0] || keepsKey($0) }) { return nil }
      var new = proposal
      for ordinal in columns.indices where positions[ordinal] < 0 || !(mask?[ordinal] ?? true) {
        new[ordinal] = old[ordinal]
      }
      // A merge of all that is given leaves the key of the row met as it is.
      for ordinal in primaryKey { new[ordinal] = old[ordinal] }
      return new
    }
  }

  // MARK: Inserting and changing

  private func insert(
    _ row: [Value], _ scope: TransactionScope, _ transaction: WriteTransaction,
    _ agree: (UpsertOutcome) throws(UpkeepError) -> Void
  ) throws(UpkeepError) -> UpsertOutcome? {
    try check.check(row)
    value.removeAll()
    try RowCodec.appendValue(of: row, schema: schema, to: value)
    for position in entries.indices {
      let encoder = entries[position].encoder
      let after = entries[position].after
      entries[position].hasBefore = false
      entries[position].hasAfter = try encode(row, encoder, into: after, transaction)
      if position != targetEntry, entries[position].hasAfter, encoder.isUnique,
        try get(transaction, encoder.tree, after.bytes) != nil
      {
        return nil
      }
    }
    let outcome = UpsertOutcome.inserted(new: row)
    try write(outcome, scope, transaction, agree)
    if let ordinal = schema.automaticID, case .integer(let id) = row[ordinal] { scope.noteID(id, of: schema) }
    return outcome
  }

  private func update(
    _ old: [Value], _ new: [Value], _ scope: TransactionScope, _ transaction: WriteTransaction,
    _ agree: (UpsertOutcome) throws(UpkeepError) -> Void
  ) throws(UpkeepError) -> UpsertOutcome? {
    var changed: UInt64 = 0
    for ordinal in old.indices where !old[ordinal].hasSameBytes(as: new[ordinal]) {
      changed |= 1 << UInt64(ordinal)
    }
    if changed == 0 { return .unchanged(row: new, key: targetName, displaced: []) }
    try check.check(new)
    value.removeAll()
    try RowCodec.appendValue(of: new, schema: schema, to: value)
    for position in entries.indices {
      entries[position].hasBefore = false
      entries[position].hasAfter = false
      guard entries[position].reads & changed != 0 else { continue }
      let encoder = entries[position].encoder
      let before = entries[position].before
      let after = entries[position].after
      let hasBefore = try encode(old, encoder, into: before, transaction)
      let hasAfter = try encode(new, encoder, into: after, transaction)
      if hasBefore == hasAfter, !hasAfter || Bytes.equal(before, after) { continue }
      entries[position].hasBefore = hasBefore
      entries[position].hasAfter = hasAfter
      if hasAfter, encoder.isUnique, try get(transaction, encoder.tree, after.bytes) != nil { return nil }
    }
    let outcome: UpsertOutcome =
      if case .replace = action {
        .replaced(old: old, new: new, key: targetName, displaced: [])
      } else {
        .updated(old: old, new: new, key: targetName, displaced: [])
      }
    try write(outcome, scope, transaction, agree)
    return outcome
  }

  /// Fills a buffer with the key of a row's entry in an index, the primary key among it where that belongs to it.
  ///
  /// - Returns: false if the row has none.
  private func encode(
    _ row: [Value], _ encoder: IndexEncoder, into buffer: ByteBuffer, _ transaction: WriteTransaction
  ) throws(UpkeepError) -> Bool {
    let state = try encoder.encode(row, into: buffer)
    if state == .outsidePredicate { return false }
    if IndexEntry.keyHoldsPrimaryKey(encoder.index, state) { buffer.append(key.bytes) }
    if buffer.count > min(KeyCodec.longestKey, transaction.longestKey) { throw Self.isTooLong }
    return true
  }

  // MARK: Writing

  private func write(
    _ outcome: UpsertOutcome, _ scope: TransactionScope, _ transaction: WriteTransaction,
    _ agree: (UpsertOutcome) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    do throws(UpkeepError) { try agree(outcome) } catch {
      refusal = error
      throw error
    }
    if key.count > transaction.longestKey { throw Self.isTooLong }
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    do throws(StorageError) {
      try transaction.put(schema.tree, key.bytes, value.bytes)
      for entry in entries {
        let tree = entry.encoder.tree
        if entry.hasBefore { try transaction.delete(tree, entry.before.bytes) }
        if entry.hasAfter {
          try transaction.put(tree, entry.after.bytes, entry.encoder.isUnique ? key.bytes : nothing)
        }
      }
    } catch {
      // The row may be half there.
      scope.rollback()
      throw UpkeepError(error)
    }
  }

  // Nobody sees these: they send a row the general way.
  private static let needsID = UpkeepError(.misuse, "the row needs an id")
  private static let isHeld = UpkeepError(.uniqueViolation, "another row has the primary key")
  private static let isTooLong = UpkeepError(.tooLong, "the key is too long")
}
