internal import UpkeepStorage

/// Upserts of single rows by one key, made ready once and used again: what `UpsertBatch` gives for a row that
/// meets at most one row and contests no key, without the means of judging more.
///
/// Its life, again for each row:
/// 1. `run` proposes, probes, decides and encodes, and until then writes nothing. Where the row is not plain (it is bad,
///    another row holds one of its keys, a default must be evaluated, an id drawn) it gives nil, and a batch judges it.
/// 2. It writes. Nothing can then fail but the store; if that does, the transaction is rolled back.
package final class RowUpsert {
  private let schema: TableSchema
  private let action: UpsertPlan.Action
  /// The key by which rows meet, 0 for the primary key.
  private let target: Int
  private let targetName: String
  private let columns: [IncomingColumn]
  private let primaryKey: [Int]
  private let check: RowCheck
  /// What merges by rules or a SET list; nil where the action does neither.
  private let rowActions: RowActions?
  private let edit: RowEdit
  /// The position of the target among the table's indexes, if it is one.
  private let targetIndex: Int?
  /// The time of the statement; nil for that of the row.
  private var time: Timestamp?
  /// What the caller had against the outcome.
  private var refusal: UpkeepError?

  /// Nil where a statement is not simple enough.
  package init?(_ plan: UpsertPlan) {
    let schema = plan.schema
    // Without a clause rows meet by the primary key, and by the others where they are inserted.
    let isInsert = plan.actions.isEmpty
    guard let target = isInsert ? 0 : plan.targetKey,
      plan.otherwise == .abort || isInsert && plan.otherwise == .ignore, !plan.isSync, !plan.displaces,
      plan.returning == nil, plan.duplicates == .fold,
      !schema.hasHiddenRowid, !schema.isAutoincrement, let edit = RowEdit(schema),
      schema.primaryKey.allSatisfy({ schema.places[$0].isInKey })
    else { return nil }
    let action = plan.actions.first ?? (plan.otherwise == .ignore ? .ignore : .fail)
    switch action {
    case .mergeByRules, .update: rowActions = RowActions(schema, EvaluationContext())
    case .fail, .ignore, .replace, .merge: rowActions = nil
    }
    self.schema = schema
    self.action = action
    self.target = target
    targetName = plan.keyNames[target]
    columns = schema.columns.map { IncomingColumn($0) }
    primaryKey = schema.primaryKey
    check = RowCheck(schema)
    self.edit = edit
    targetIndex =
      target == 0 ? nil : schema.indexes.firstIndex { $0 === plan.uniqueIndexes[target - 1] }
  }

  /// Sets the values of the parameters in a SET list, and the time of the statement.
  func bind(_ parameters: [Value], at now: Timestamp) {
    time = now
    rowActions?.context.parameters = parameters
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

  /// The row that the proposed one meets. The key at hand is then that row's primary key, else the proposed row's own.
  private func meet(
    _ proposal: [Value], _ transaction: WriteTransaction
  ) throws(UpkeepError) -> [Value]? {
    let key = edit.key
    key.removeAll()
    if let targetIndex, let holder = try edit.holder(of: proposal, in: targetIndex, transaction) {
      key.append(holder)
      guard let row = try edit.stored(transaction) else {
        throw .corrupt("an index of \(schema.name)", "it names a row that is not there")
      }
      return row
    }
    for ordinal in primaryKey {
      if case .null = proposal[ordinal] { throw Self.needsID }
    }
    try RowCodec.appendKey(of: proposal, schema: schema, to: key)
    let row = try edit.stored(transaction)
    if target != 0, row != nil { throw Self.isHeld }
    return row
  }

  /// The row met as the action leaves it; nil if that moves its primary key, or is an error.
  private func changed(_ old: [Value], _ proposal: [Value], _ positions: [Int]) -> [Value]? {
    func keepsKey(_ ordinal: Int) -> Bool {
      positions[ordinal] < 0 || old[ordinal].hasSameBytes(as: proposal[ordinal])
    }
    switch action {
    case .fail, .ignore: return nil
    case .update:
      guard let rowActions else { return nil }
      rowActions.context.now = time ?? .now()
      let new = try? rowActions.changed(old, by: action, [], proposal)
      guard let new, primaryKey.allSatisfy({ new[$0].hasSameBytes(as: old[$0]) }) else { return nil }
      return new
    case .replace:
      guard primaryKey.allSatisfy(keepsKey) else { return nil }
      var new = proposal
      for ordinal in primaryKey { new[ordinal] = old[ordinal] }
      return new
    case .mergeByRules(let rules):
      guard let rowActions else { return nil }
      rowActions.context.now = time ?? .now()
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
    guard try edit.insertion(of: row, free: targetIndex, transaction) else { return nil }
    let outcome = UpsertOutcome.inserted(new: row)
    try write(outcome, scope, transaction, agree)
    if let ordinal = schema.automaticID, case .integer(let id) = row[ordinal] { scope.noteID(id, of: schema) }
    return outcome
  }

  private func update(
    _ old: [Value], _ new: [Value], _ scope: TransactionScope, _ transaction: WriteTransaction,
    _ agree: (UpsertOutcome) throws(UpkeepError) -> Void
  ) throws(UpkeepError) -> UpsertOutcome? {
    let changed = RowEdit.difference(old, new)
    if changed == 0 { return .unchanged(row: new, key: targetName, displaced: []) }
    try check.check(new)
    guard try edit.update(from: old, to: new, changed: changed, transaction) else { return nil }
    let outcome: UpsertOutcome =
      if case .replace = action {
        .replaced(old: old, new: new, key: targetName, displaced: [])
      } else {
        .updated(old: old, new: new, key: targetName, displaced: [])
      }
    try write(outcome, scope, transaction, agree)
    return outcome
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
    try edit.write(scope, transaction)
  }

  // Nobody sees these: they send a row the general way.
  private static let needsID = UpkeepError(.misuse, "the row needs an id")
  private static let isHeld = UpkeepError(.uniqueViolation, "another row has the primary key")
}
