internal import UpkeepStorage

/// Runs UPDATE: rows are read as they were when the statement began.
///
/// Where no unique key changes, one walk does it. Else keys are judged when the statement is whole, so that rows may
/// swap them:
/// 1. A first walk takes from every changed row the keys that it gives up.
/// 2. A second walk over the same old rows gives every changed row its new keys. Whoever holds a key then keeps it:
///    a row that was not asked to move, or one before this one. That is the statement's error.
/// Both walks evaluate; only what gives something else each time is kept in memory between them. UPDATE OR … judges
/// row by row instead, in the order of the primary key.
struct UpdateExecutor {
  let scope: TransactionScope
  let statement: StatementContext

  /// A row before and after.
  struct Change {
    var old: [Value]
    var new: [Value]
  }

  func run(_ update: UpdateStatement) throws(UpkeepError) -> ChangeResult {
    try run(update, try UpdatePlan(update, scope, statement))
  }

  /// Runs it by a plan that was made for it.
  func run(_ update: UpdateStatement, _ plan: UpdatePlan) throws(UpkeepError) -> ChangeResult {
    var work = try UpdateWork(plan, scope, update, statement)
    switch update.otherwise {
    case .abort, .rollback:
      if plan.movesKeys { try moveKeys(plan, &work) } else { try updateInPlace(plan, &work) }
    case .ignore, .replace, .fail:
      try updateRowByRow(plan, &work, update.otherwise)
    }
    try work.writer.finish()
    return try work.result(update.otherwise)
  }

  // MARK: No unique key changes

  private func updateInPlace(_ plan: UpdatePlan, _ work: inout UpdateWork) throws(UpkeepError) {
    let walk = try Walk(plan, scope, statement)
    while let change = try walk.next() {
      try work.check(change)
      try work.write(change)
    }
  }

  // MARK: Keys move

  private func moveKeys(_ plan: UpdatePlan, _ work: inout UpdateWork) throws(UpkeepError) {
    if plan.isRepeatable {
      let first = try Walk(plan, scope, statement)
      let second = try Walk(plan, scope, statement)
      while let change = try first.next() {
        try work.check(change)
        try work.giveUpKeys(change)
      }
      while let change = try second.next() { try work.claimKeys(change) }
    } else {
      let changes = try ChangeSpool(try scope.writing)
      let walk = try Walk(plan, scope, statement)
      while let change = try walk.next() {
        try work.check(change)
        try changes.append(change)
      }
      try changes.forEach { change throws(UpkeepError) in try work.giveUpKeys(change) }
      try changes.forEach { change throws(UpkeepError) in try work.claimKeys(change) }
    }
  }

  // MARK: Row by row

  private func updateRowByRow(
    _ plan: UpdatePlan, _ work: inout UpdateWork, _ resolution: ConflictResolution
  ) throws(UpkeepError) {
    let changes = try ChangeSpool(try scope.writing)
    let isInOrder = plan.selection.path.index == nil && !plan.selection.path.isBackward
    let walk = try Walk(plan, scope, statement)
    let key = ByteBuffer()
    while let change = try walk.next() {
      key.removeAll()
      try work.writer.appendPrimaryKey(of: change.old, to: key)
      if isInOrder { try changes.append(change) } else { try changes.insert(change, at: key.bytes) }
    }
    try changes.forEach { change throws(UpkeepError) in
      try statement.step()
      // A row before may have displaced it, or changed nothing of it: it is looked up again.
      key.removeAll()
      try work.writer.appendPrimaryKey(of: change.old, to: key)
      if try work.isStored(Array(key.bytes)) { try work.apply(change, resolution) }
    }
  }

  /// The rows to change, each with what becomes of it.
  final class Walk {
    private let plan: UpdatePlan
    private let scan: PathScan
    private let statement: StatementContext
    private let context: EvaluationContext

    init(_ plan: UpdatePlan, _ scope: TransactionScope, _ statement: StatementContext) throws(UpkeepError) {
      self.plan = plan
      self.statement = statement
      context = statement.makeEvaluationContext()
      scan = try PathScan(scope, plan.schema, plan.selection.path)
    }

    func next() throws(UpkeepError) -> Change? {
      guard try plan.selection.next(scan, context, statement, bindsViews: false) else { return nil }
      let old = scan.isCovering ? scan.values : try scan.view.values()
      context.set(slot: 0, row: old)
      return Change(old: old, new: try plan.assignments.changed(old, context))
    }
  }
}

/// The writing side of one UPDATE.
struct UpdateWork {
  let schema: TableSchema
  let writer: RowWriter
  private let scope: TransactionScope
  private let checker: RowCheck
  private let uniqueIndexes: [IndexSchema]
  private var returning: ReturningList?
  private var tally: [StatementSummary.Kind: Int] = [:]
  /// The first of the rows that gave way.
  private var displaced: [DisplacedRow] = []
  private let oldKey = ByteBuffer()
  private let newKey = ByteBuffer()

  init(
    _ plan: UpdatePlan, _ scope: TransactionScope, _ update: UpdateStatement, _ statement: StatementContext
  ) throws(UpkeepError) {
    self.scope = scope
    schema = plan.schema
    writer = try RowWriter(scope, schema, defersIndexes: !plan.movesKeys && update.otherwise != .replace)
    checker = RowCheck(schema)
    uniqueIndexes = schema.indexes.filter(\.isUnique)
    returning = try update.returning.map { list throws(UpkeepError) in
      try ReturningList(list, update.table, plan.schema, scope, statement)
    }
  }

  func check(_ change: UpdateExecutor.Change) throws(UpkeepError) {
    do { try checker.check(change.new) } catch { throw error.inRow(schema.keyDescription(of: change.old)) }
  }

  /// Writes a row whose keys nobody else holds, and counts it.
  mutating func write(_ change: UpdateExecutor.Change) throws(UpkeepError) {
    let isChanged: Bool
    do throws(UpkeepError) {
      isChanged = try writer.update(from: change.old, to: change.new)
    } catch {
      throw error.isOfRow ? error.inRow(schema.keyDescription(of: change.old)) : error
    }
    try note(change, isChanged ? .updated : .unchanged)
  }

  mutating func note(_ change: UpdateExecutor.Change, _ kind: StatementSummary.Kind) throws(UpkeepError) {
    tally[kind, default: 0] += 1
    if kind != .ignored { try returning?.add(old: change.old, new: change.new, kind: kind) }
  }

  func result(_ resolution: ConflictResolution) throws(UpkeepError) -> ChangeResult {
    try returning?.rows.finish()
    var tally = tally
    var kinds: [StatementSummary.Kind] = [.updated, .unchanged]
    if resolution == .ignore { kinds.append(.ignored) }
    if resolution == .replace { kinds.append(.displaced) }
    for kind in kinds where tally[kind] == nil { tally[kind] = 0 }
    let changes = (tally[.updated] ?? 0) + (tally[.unchanged] ?? 0)
    var summary = StatementSummary(tally: tally, changes: changes)
    summary.displaced = displaced
    return ChangeResult(summary: summary, columns: returning?.names, rows: returning?.rows)
  }

  // MARK: Judged when whole

  private func movesRow(_ change: UpdateExecutor.Change) throws(UpkeepError) -> Bool {
    oldKey.removeAll()
    newKey.removeAll()
    try writer.appendPrimaryKey(of: change.old, to: oldKey)
    do throws(UpkeepError) {
      try writer.appendPrimaryKey(of: change.new, to: newKey)
    } catch {
      throw error.isOfRow ? error.inRow(schema.keyDescription(of: change.old)) : error
    }
    return !Bytes.equal(oldKey, newKey)
  }

  /// Whether the row's key in a unique index becomes another one, or comes or goes.
  private func moves(_ change: UpdateExecutor.Change, in index: IndexSchema) throws(UpkeepError) -> Bool {
    let before = try writer.encodeIndexKey(index, change.old, into: oldKey)
    let after: IndexKeyState
    do throws(UpkeepError) {
      after = try writer.encodeIndexKey(index, change.new, into: newKey)
    } catch {
      throw error.isOfRow ? error.inRow(schema.keyDescription(of: change.old)) : error
    }
    return before != after || (after != .outsidePredicate && !Bytes.equal(oldKey, newKey))
  }

  /// Takes the keys out of the store that the row will not have any more.
  func giveUpKeys(_ change: UpdateExecutor.Change) throws(UpkeepError) {
    if try movesRow(change) { return try writer.delete(change.old) }
    for index in uniqueIndexes where try moves(change, in: index) {
      try writer.removeIndexEntry(index, change.old)
    }
  }

  /// Gives the row its new keys, once all rows have given up theirs.
  mutating func claimKeys(_ change: UpdateExecutor.Change) throws(UpkeepError) {
    if try movesRow(change) {
      if let holder = try holder(ofPrimaryKeyOf: change.new) { throw violation(nil, change, holder) }
      for index in uniqueIndexes {
        if let holder = try holder(index, change.new) { throw violation(index, change, holder) }
      }
      try writer.insert(change.new)
      return try note(change, .updated)
    }
    for index in uniqueIndexes where try moves(change, in: index) {
      if let holder = try holder(index, change.new) { throw violation(index, change, holder) }
    }
    try write(change)
  }

  private func holder(ofPrimaryKeyOf row: [Value]) throws(UpkeepError) -> [Value]? {
    newKey.removeAll()
    try writer.appendPrimaryKey(of: row, to: newKey)
    return try RowReader(scope).find(schema, key: newKey.bytes)?.values()
  }

  /// The row that holds the key that a row would have in a unique index.
  private func holder(_ index: IndexSchema, _ row: [Value]) throws(UpkeepError) -> [Value]? {
    guard try writer.encodeIndexKey(index, row, into: newKey) == .entry else { return nil }
    let reader = RowReader(scope)
    guard let primaryKey = try reader.holder(of: newKey.bytes, in: index).map({ Array($0) }) else {
      return nil
    }
    return try KeyBounds.borrow(primaryKey) { key throws(UpkeepError) in
      try reader.find(schema, key: key)?.values()
    }
  }

  private func violation(
    _ index: IndexSchema?, _ change: UpdateExecutor.Change, _ holder: [Value]
  ) -> UpkeepError {
    let key = uniqueIndexes.firstIndex { $0 === index }.map { $0 + 1 } ?? 0
    return UniqueViolation(
      schema: schema, uniqueIndexes: uniqueIndexes, key: key,
      keyText: index?.keyDescription(of: change.new) ?? schema.keyDescription(of: change.new), holder: holder
    ).lost(
      by: change.old, ["free the key in the same statement", "say UPDATE OR IGNORE", "UPDATE OR REPLACE"])
  }

  // MARK: Judged row by row

  func isStored(_ key: [UInt8]) throws(UpkeepError) -> Bool {
    try KeyBounds.borrow(key) { key throws(UpkeepError) in try RowReader(scope).contains(schema, key: key) }
  }

  /// The stored rows other than itself whose keys the changed row would take, with the first such key.
  private func rivals(
    of change: UpdateExecutor.Change
  ) throws(UpkeepError) -> [(index: IndexSchema?, row: [Value])] {
    var rivals: [(index: IndexSchema?, row: [Value])] = []
    if try movesRow(change), let row = try holder(ofPrimaryKeyOf: change.new) { rivals.append((nil, row)) }
    let own = schema.keyDescription(of: change.old)
    for index in uniqueIndexes {
      guard let row = try holder(index, change.new) else { continue }
      let key = schema.keyDescription(of: row)
      if key != own, !rivals.contains(where: { schema.keyDescription(of: $0.row) == key }) {
        rivals.append((index, row))
      }
    }
    return rivals
  }

  private mutating func noteDisplaced(
    _ rival: (index: IndexSchema?, row: [Value]), by change: UpdateExecutor.Change
  ) {
    tally[.displaced, default: 0] += 1
    guard displaced.count < UpsertResult.mostRowsListed else { return }
    let key = uniqueIndexes.firstIndex { $0 === rival.index }.map { $0 + 1 } ?? 0
    let name = ConflictTargets(schema, uniqueIndexes).description(key)
    let text = rival.index?.keyDescription(of: rival.row) ?? schema.keyDescription(of: rival.row)
    displaced.append(
      DisplacedRow(
        table: schema.name, row: schema.keyDescription(of: rival.row),
        claimant: schema.keyDescription(of: change.new), key: "\(name) = \(text)"))
  }

  mutating func apply(
    _ change: UpdateExecutor.Change, _ resolution: ConflictResolution
  ) throws(UpkeepError) {
    do throws(UpkeepError) {
      try check(change)
    } catch {
      if resolution == .ignore { return try note(change, .ignored) }
      throw error
    }
    let rivals = try rivals(of: change)
    if let first = rivals.first {
      switch resolution {
      case .ignore: return try note(change, .ignored)
      case .replace:
        for rival in rivals {
          try writer.delete(rival.row)
          noteDisplaced(rival, by: change)
        }
      case .abort, .fail, .rollback: throw violation(first.index, change, first.row)
      }
    }
    try write(change)
  }
}
