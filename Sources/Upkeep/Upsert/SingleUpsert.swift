internal import UpkeepStorage

/// The short way of an upsert or insert of one row, made ready once for a table and clause, and used again and again.
///
/// It does what `UpsertBatch` does for one row that is plain: its keys are free or held by the row that it meets, so
/// that no claim can fail. All that can be wrong with the row is found before anything is written; what is not plain,
/// an error included, it leaves to the batch, with nothing done.
///
/// Its life: `run` binds it to a transaction and lets that go again. One thread uses it at a time.
final class SingleUpsert {
  let schema: TableSchema
  let clauses: [ConflictClause]
  let plan: UpsertPlan
  /// Whether there is a short way for the plan at all.
  private let isPlain: Bool
  /// The direct way of the plainest rows, where the plan has one: it is tried first.
  private let direct: RowUpsert?
  private let rowActions: RowActions
  private let check: RowCheck
  private var writer: RowWriter?
  private let columnsRead: [[Int]]

  /// The time of the statement; nil for that of the row.
  private var time: Timestamp?
  private var given: [Value?] = []
  private let key = ByteBuffer(capacity: 64)
  /// The primary keys of the rows met, by key.
  private let owners: [ByteBuffer]
  private var met: [Int]
  private var changed: [Bool]

  /// - Parameters:
  ///   - clauses: one, or none.
  ///   - otherwise: what happens without a clause.
  init(
    _ schema: TableSchema, _ clauses: [ConflictClause], otherwise: ConflictResolution = .abort
  ) throws(UpkeepError) {
    self.schema = schema
    self.clauses = clauses
    plan = try UpsertPlan(schema, clauses: clauses, otherwise: otherwise)
    direct = RowUpsert(plan)
    rowActions = RowActions(schema, EvaluationContext())
    check = RowCheck(schema)
    columnsRead = plan.uniqueIndexes.map { $0.columnsRead.sorted() }
    owners = (0..<plan.keyCount).map { _ in ByteBuffer(capacity: 32) }
    met = Array(repeating: UpsertResolver.nobody, count: plan.keyCount)
    changed = Array(repeating: false, count: schema.rowWidth)
    isPlain = !plan.displaces
  }

  /// Gives the clause's expressions the values of their parameters, and the statement its time, until others are given.
  func bind(_ parameters: [Value], at now: Timestamp) {
    time = now
    rowActions.context.parameters = parameters
    direct?.bind(parameters, at: now)
  }

  /// - Parameters:
  ///   - values: the row's values.
  ///   - positions: for each of the table's columns which of them is its own; negative where none is given.
  ///   - agree: called with the outcome before anything is written; what it throws is thrown, and nothing has happened.
  /// - Returns: what became of the row; nil if the batch has to do it, and nothing was done.
  func run(
    _ values: [Value], _ positions: [Int], _ scope: TransactionScope,
    agree: (UpsertOutcome) throws(UpkeepError) -> Void = { _ in }
  ) throws(UpkeepError) -> UpsertOutcome? {
    guard isPlain else { return nil }
    let positions = plan.given(values, positions)
    if let outcome = try direct?.run(values, positions, in: scope, agree: agree) { return outcome }
    given.removeAll(keepingCapacity: true)
    for position in positions { given.append(position < 0 ? nil : values[position]) }
    if let writer {
      try writer.bind(scope)
      return try run(writer, scope, agree)
    }
    let made = try RowWriter(scope, schema)
    writer = made
    return try run(made, scope, agree)
  }

  private func run(
    _ writer: RowWriter, _ scope: TransactionScope, _ agree: (UpsertOutcome) throws(UpkeepError) -> Void
  ) throws(UpkeepError) -> UpsertOutcome? {
    defer { writer.unbind() }
    rowActions.context.now = time ?? .now()
    // An error of the row is the batch's to tell.
    guard let decided = try? decide(writer, scope) else { return nil }
    switch decided {
    case .leave: return nil
    case .keep(let outcome): return outcome
    case .insert(let row):
      let outcome = UpsertOutcome.inserted(new: shown(row))
      try agree(outcome)
      try write(scope) { () throws(UpkeepError) in try writer.insert(row) }
      return outcome
    case .update(let old, let new, let key):
      let name = plan.keyNames[key]
      let outcome: UpsertOutcome =
        if case .replace = plan.actions[0] {
          .replaced(old: shown(old), new: shown(new), key: name, displaced: [])
        } else {
          .updated(old: shown(old), new: shown(new), key: name, displaced: [])
        }
      try agree(outcome)
      try write(scope) { () throws(UpkeepError) in try writer.update(from: old, to: new) }
      return outcome
    }
  }

  /// What is written could be half there after an error: then nothing of the transaction may stay.
  private func write(_ scope: TransactionScope, _ body: () throws(UpkeepError) -> Void) throws(UpkeepError) {
    do throws(UpkeepError) { try body() } catch {
      scope.rollback()
      throw error
    }
  }

  private func shown(_ row: [Value]) -> [Value] {
    schema.hasHiddenRowid ? Array(row.prefix(schema.columns.count)) : row
  }

  // MARK: Before anything is written

  private enum Decision {
    case leave
    case keep(UpsertOutcome)
    case insert([Value])
    case update(old: [Value], new: [Value], key: Int)
  }

  private func decide(_ writer: RowWriter, _ scope: TransactionScope) throws(UpkeepError) -> Decision {
    var proposal = try rowActions.proposal(given)
    let reader = RowReader(scope)
    for key in 0..<plan.keyCount { met[key] = try holder(key, of: proposal, writer, reader) }
    switch plan.resolver.decide(met: met) {
    case .insert:
      guard met.allSatisfy({ $0 == UpsertResolver.nobody }) else { return .leave }
      try rowActions.drawDefaults(&proposal, given)
      if let ordinal = rowActions.idOrdinal, proposal[ordinal] == .null {
        proposal[ordinal] = .integer(try writer.nextAutomaticID())
      }
      if rowActions.keysReadDrawn {
        for key in 0..<plan.keyCount
        where try holder(key, of: proposal, writer, reader) != UpsertResolver.nobody {
          return .leave
        }
      }
      try check.check(proposal)
      try writer.requireShortKeys(of: proposal)
      return .insert(proposal)
    case .change(_, let key):
      guard let old = try reader.find(schema, key: owners[key].bytes)?.values() else { return .leave }
      return try change(old, key, proposal, writer, reader)
    case .ignore(let key):
      guard let old = try reader.find(schema, key: owners[key].bytes)?.values() else { return .leave }
      return .keep(.ignored(stored: shown(old), key: plan.keyNames[key]))
    case .fail, .ambiguous, .replaceAll:
      return .leave
    }
  }

  /// The number of the row that holds one of the proposed row's keys; rows are numbered by the first key that finds
  /// them.
  private func holder(
    _ number: Int, of row: [Value], _ writer: RowWriter, _ reader: RowReader
  ) throws(UpkeepError) -> Int {
    guard try encode(number, of: row, writer) else { return UpsertResolver.nobody }
    let owner = owners[number]
    owner.removeAll()
    if number == 0 {
      guard try reader.contains(schema, key: key.bytes) else { return UpsertResolver.nobody }
      owner.append(key.bytes)
      return 0
    }
    guard let found = try reader.holder(of: key.bytes, in: plan.uniqueIndexes[number - 1]) else {
      return UpsertResolver.nobody
    }
    owner.append(found)
    for other in 0..<number where met[other] != UpsertResolver.nobody {
      if Bytes.equal(owners[other], owner) { return met[other] }
    }
    return number
  }

  /// Puts a row's key into `key`; false if it has none.
  private func encode(_ number: Int, of row: [Value], _ writer: RowWriter) throws(UpkeepError) -> Bool {
    key.removeAll()
    guard number > 0 else {
      for ordinal in rowActions.primaryKeyOrdinals where row[ordinal] == .null { return false }
      try RowCodec.appendKey(of: row, schema: schema, to: key)
      return true
    }
    let index = plan.uniqueIndexes[number - 1]
    if !index.canHaveKey(row) { return false }
    return try writer.encodeIndexKey(index, row, into: key) == .entry
  }

  private func change(
    _ old: [Value], _ key: Int, _ proposal: [Value], _ writer: RowWriter, _ reader: RowReader
  ) throws(UpkeepError) -> Decision {
    guard let new = try rowActions.changed(old, by: plan.actions[0], given, proposal) else {
      return .keep(.ignored(stored: shown(old), key: plan.keyNames[key]))
    }
    var isSame = true
    for ordinal in changed.indices {
      changed[ordinal] = !old[ordinal].hasSameBytes(as: new[ordinal])
      if changed[ordinal] { isSame = false }
    }
    if isSame { return .keep(.unchanged(row: shown(new), key: plan.keyNames[key], displaced: [])) }
    try check.check(new)
    try writer.requireShortKeys(of: new)
    // A row that moves is rare enough for the long way.
    for ordinal in rowActions.primaryKeyOrdinals where changed[ordinal] { return .leave }
    for number in 1..<max(plan.keyCount, 1) where columnsRead[number - 1].contains(where: { changed[$0] }) {
      guard try encode(number, of: new, writer) else { continue }
      guard let found = try reader.holder(of: self.key.bytes, in: plan.uniqueIndexes[number - 1]) else {
        continue
      }
      if !Bytes.equal(found, owners[key].bytes) { return .leave }
    }
    return .update(old: old, new: new, key: key)
  }
}
