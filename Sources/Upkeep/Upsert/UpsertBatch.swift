internal import UpkeepStorage

/// Rows that go into a table by one upsert, as one statement: whole or not at all.
///
/// Its life:
/// 1. `add` gives it a row after the other; each is probed, decided upon and applied.
/// 2. With the second row a savepoint is taken, before the first one is applied. A statement of one row needs none:
///    all that can be wrong with a row is found before it is written.
/// 3. `finish` judges the keys that are held twice and gives the result; or an error, and nothing has happened.
///    `abandon` ends it without effect, for a source that fails.
///
/// An error in a row does not stop the statement at once: a claim of a lower row that fails at the end is told in
/// its place. It is thrown as soon as that cannot be.
package final class UpsertBatch {
  let scope: TransactionScope
  let plan: UpsertPlan
  let schema: TableSchema
  let claims: KeyClaims
  let check: RowCheck
  let context = EvaluationContext()
  let rowActions: RowActions
  @exclusivity(unchecked) private(set) var isOpen = true
  /// What an error returns to; nil before the second row.
  @exclusivity(unchecked) private(set) var savepoint: ScopeSavepoint?
  /// The first row, while it may stay the only one.
  private var onlyRow: [Value?]?
  let keepsSteps: Bool
  let collectsOutcomes: Bool
  let collectsRejects: Bool

  /// For each input row what became of it.
  let kinds = RowKinds()
  /// For each input row its number as the source counts.
  @exclusivity(unchecked) var numbers = RowNumbers()
  /// What each row's own step did, where that is asked for.
  private let steps: SpillMap<UpsertStep>
  /// Rows set aside, or passed over, and why.
  private let rejects: SpillMap<SpilledError>
  /// Of the errors that fail the statement that of the lowest row.
  private(set) var failure: (row: Int, error: UpkeepError)?
  /// Rows that OR IGNORE passes over.
  private var passedOverCount = 0
  var rejectCount = 0
  /// The first of the rows that gave way.
  var displacedRows: [[Value]] = []
  /// To whom they gave way.
  var displacements: [DisplacedRow] = []
  var displacedCount = 0
  /// The rows of RETURNING.
  var returned: RowSpool<Value>
  var deletedCount = 0
  var lastInsertedID: Int64?

  /// Rows that wait for the end, because a later one with the same key counts.
  let waiting: RowSpool<Value?>
  /// Of those the ones that could not be read, and why.
  private let waitingErrors: SpillMap<SpilledError>
  /// Keys seen, for ON DUPLICATE and SYNC, each with the input row that counts.
  let seenKeys: SpillKeys

  /// Rows that wait for a sweep, where the statement can be swept.
  @exclusivity(unchecked) var sweep: SweepBuffer
  /// Of what they may take the part that one buffer has.
  let sweepShare: Int
  /// Encodes rows for sweeps; nil where the statement cannot be swept.
  let encoder: SweepEncoder?
  let sweepAction: SweepAction
  /// The rows that the sweep inserted, in key order.
  @exclusivity(unchecked) var sweptInserts: [UInt32] = []
  /// Columns that indexes read.
  let indexedColumns: [Int]

  let keyBuffers: [ByteBuffer]
  let placeBuffers: [ByteBuffer]
  var places: [KeyClaims.Place]
  var met: [Int]

  /// - Parameters:
  ///   - collectsOutcomes: whether the result has an outcome for each row.
  ///   - sweepShare: of what may wait for a sweep the part that this statement takes, where several buffers are in use.
  package init(
    _ scope: TransactionScope, _ plan: UpsertPlan, collectsOutcomes: Bool = false, parameters: [Value] = [],
    now: Timestamp = Timestamp(microseconds: 0), sweepShare: Int = 1
  ) throws(UpkeepError) {
    self.scope = scope
    self.plan = plan
    self.collectsOutcomes = collectsOutcomes
    schema = plan.schema
    claims = try KeyClaims(
      scope, plan.schema, displaces: plan.displaces, isEager: plan.isEager, startsLater: true)
    let transaction = claims.transaction
    let budget = claims.budget
    steps = SpillMap(transaction, budget)
    rejects = SpillMap(transaction, budget)
    waitingErrors = SpillMap(transaction, budget)
    seenKeys = SpillKeys(transaction, budget)
    returned = RowSpool(limit: transaction.spillByteCount, files: transaction.temporaryFiles)
    waiting = RowSpool(limit: transaction.spillByteCount, files: transaction.temporaryFiles)
    check = RowCheck(plan.schema)
    rowActions = RowActions(plan.schema, context, plan.words)
    context.parameters = parameters
    context.now = now
    let keepsSteps = collectsOutcomes || plan.returning != nil
    self.keepsSteps = keepsSteps
    encoder = Self.canSweep(plan, keepsSteps: keepsSteps) ? SweepEncoder(plan.schema) : nil
    self.sweepShare = sweepShare
    sweep = SweepBuffer(
      indexCount: plan.schema.indexes.count, byteCount: transaction.batchByteCount, share: sweepShare)
    sweepAction = Self.sweepAction(plan)
    // Rows that meet by the primary key have the same bytes where the key gives a column back.
    indexedColumns = plan.schema.indexes.reduce(into: Set<Int>()) { $0.formUnion($1.columnsRead) }
      .filter { $0 < plan.schema.columns.count && !plan.schema.places[$0].isInKey }.sorted()
    if case .collect = plan.rejects { collectsRejects = true } else { collectsRejects = false }
    keyBuffers = (0..<plan.keyCount).map { _ in ByteBuffer(capacity: 64) }
    placeBuffers = (0..<plan.keyCount).map { _ in ByteBuffer(capacity: 64) }
    places = Array(repeating: .nobody, count: plan.keyCount)
    met = Array(repeating: UpsertResolver.nobody, count: plan.keyCount)
    if plan.isSync { try start() }
  }

  deinit {
    try? abandon()
    endKept()
  }

  /// What is kept of rows is not needed any more.
  private func endKept() {
    steps.end()
    rejects.end()
    waitingErrors.end()
    seenKeys.end()
  }

  /// More than one row: whatever comes, there must be a way back.
  private func start() throws(UpkeepError) {
    guard savepoint == nil else { return }
    savepoint = try scope.savepoint()
    try claims.start()
    if let row = onlyRow {
      onlyRow = nil
      try take(row, 0)
    }
  }

  /// Gives the statement a row.
  ///
  /// - Parameters:
  ///   - row: a value for each column in the table's order; nil where none is given. What is missing at the end is
  ///     not given.
  ///   - number: by which errors name the row; 1, 2, 3, … or the lines of a feed.
  package func add(_ row: [Value?], number: Int) throws(UpkeepError) {
    let index = begin(number)
    let row = plan.given(row)
    try whole { () throws(UpkeepError) in
      if index == 0, savepoint == nil {
        onlyRow = row
      } else {
        try start()
        try take(row, index)
      }
    }
  }

  /// The same of a row as it was given.
  ///
  /// - Parameters:
  ///   - values: what is given.
  ///   - positions: for each value of the table's rows which of them it is; negative where none is given.
  func add(_ values: [Value], _ positions: [Int], number: Int) throws(UpkeepError) {
    let index = begin(number)
    let positions = plan.given(values, positions)
    try whole { () throws(UpkeepError) in
      if index == 0, savepoint == nil {
        onlyRow = Self.row(values, positions)
      } else {
        try start()
        if let encoder, encoder.rows.take(values, positions), try addToSweep(encoder, index) {
          try sweepIfFull()
        } else {
          try takeGenerally(Self.row(values, positions), index)
        }
      }
    }
  }

  private static func row(_ values: [Value], _ positions: [Int]) -> [Value?] {
    positions.map { $0 < 0 ? nil : values[$0] }
  }

  private func take(_ row: [Value?], _ index: Int) throws(UpkeepError) {
    if let encoder, encoder.rows.take(row), try addToSweep(encoder, index) {
      try sweepIfFull()
    } else {
      try takeGenerally(row, index)
    }
  }

  @inline(__always)
  func sweepIfFull() throws(UpkeepError) {
    guard sweep.isFull else { return }
    try scope.watch?.cancellation.check()
    try flush()
    try stopIfHopeless()
    try forgetSettled()
    try claims.budget.settle()
  }

  /// What became of the rows so far is settled, but for keys that may turn out to be contested: it is kept where it takes
  /// little memory.
  private func forgetSettled() throws(UpkeepError) {
    kinds.settle(before: kinds.count)
    try claims.settleChoices(before: kinds.count)
  }

  func takeGenerally(_ row: [Value?], _ index: Int) throws(UpkeepError) {
    if plan.duplicates == .last {
      try waitForDuplicates(row, index)
    } else {
      try flush()
      try stopIfHopeless()
      try apply(row, index)
      if index & 0xFFFF == 0xFFFF { try forgetSettled() }
      try claims.budget.settle()
    }
    try stopIfHopeless()
  }

  /// Tells of a row of the source that cannot be read, or not wholly.
  ///
  /// - Parameter row: what could be read of it; nil if nothing could. In a sync its key counts as present, and a key
  ///   that cannot be read fails the statement.
  package func reject(_ row: [Value?]?, number: Int, because error: UpkeepError) throws(UpkeepError) {
    let index = begin(number)
    try whole { () throws(UpkeepError) in
      try start()
      try flush()
      try stopIfHopeless()
      if plan.duplicates == .last {
        try waitForDuplicates(row ?? [], isWhole: false, index)
        waitingErrors.set(index, SpilledError(numbered(error, index)))
      } else {
        try takeBad(row ?? [], index, error)
      }
      try stopIfHopeless()
      try claims.budget.settle()
    }
  }

  /// How many rows have been rejected so far; claims may still fail at the end.
  package var rejectedCount: Int { rejectCount + passedOverCount }

  /// How often what is kept of rows left memory, for tests.
  package var spillCount: Int { claims.budget.spillCount }

  func begin(_ number: Int) -> Int {
    kinds.append(.rejected)
    numbers.append(number)
    return kinds.count - 1
  }

  /// Ends the statement: keys are judged, and every row has its outcome.
  package func finish() throws(UpkeepError) -> UpsertResult {
    let result = try whole { () throws(UpkeepError) in try finishWhole() }
    isOpen = false
    if let savepoint { scope.release(savepoint) }
    savepoint = nil
    return result
  }

  /// Ends the statement as if it had never begun.
  package func abandon() throws(UpkeepError) {
    isOpen = false
    onlyRow = nil
    guard let savepoint else { return }
    self.savepoint = nil
    try scope.rollback(to: savepoint)
    scope.release(savepoint)
  }

  /// Runs a part of the statement; an error ends the statement and takes everything back. After OR FAIL the rows
  /// before the bad one stay.
  func whole<T>(_ body: () throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    guard isOpen else { throw UpkeepError(.misuse, "the statement has ended") }
    do throws(UpkeepError) {
      return try body()
    } catch {
      if plan.otherwise == .fail, failure != nil, let savepoint {
        isOpen = false
        self.savepoint = nil
        try claims.write()
        scope.release(savepoint)
      } else {
        // A single row that the store could not write, for a reason outside the row, may be half there.
        if isOpen, savepoint == nil, !Self.codesOfRows.contains(error.code) { scope.rollback() }
        try abandon()
      }
      throw error
    }
  }

  private func finishWhole() throws(UpkeepError) -> UpsertResult {
    if let row = onlyRow {
      onlyRow = nil
      if plan.duplicates == .last { try waitForDuplicates(row, 0) } else { try apply(row, 0) }
      try stopIfHopeless()
    }
    try flush()
    if plan.duplicates == .last {
      var index = 0
      try waiting.forEach { row throws(UpkeepError) in
        if let reason = try waitingErrors.find(index) {
          try takeBad(row, index, reason.error)
        } else {
          try apply(row, index)
        }
        try stopIfHopeless()
        index += 1
        if index & 0xFFFF == 0 { try forgetSettled() }
        try claims.budget.settle()
      }
    }
    if case .sync(let allowsEmpty) = plan.mode { try deleteWhatIsGone(allowsEmpty: allowsEmpty) }
    try settle()
    if !collectsRejects, let failure { throw failure.error }
    try claims.write()
    return try result()
  }
}

// MARK: - Errors of rows

extension UpsertBatch {
  private func numbered(_ error: UpkeepError, _ index: Int) -> UpkeepError {
    var error = error
    if error.rowNumber == nil { error.rowNumber = numbers[index] }
    if error.table == nil { error.table = schema.name }
    return error
  }

  /// Notes an error that the statement passes over.
  func passOver(_ index: Int, _ error: UpkeepError) {
    let error = numbered(error, index)
    passedOverCount += 1
    rejects.set(index, SpilledError(error))
    note(index) { UpsertStep(error: error) }
  }

  /// Notes an error of a row.
  func fail(_ index: Int, _ error: UpkeepError) throws(UpkeepError) {
    let error = numbered(error, index)
    kinds[index] = .rejected
    note(index) { UpsertStep(error: error) }
    if collectsRejects {
      rejects.set(index, SpilledError(error))
      rejectCount += 1
      if case .collect(let limit?) = plan.rejects, rejectCount > limit {
        throw .tooManyRejects(limit, of: schema, last: error)
      }
    } else if index < failure?.row ?? .max {
      failure = (index, error)
    }
  }

  /// Notes what a row's step did, where that is asked for.
  @inline(__always)
  func note(_ index: Int, _ step: () -> UpsertStep) {
    if keepsSteps { steps.set(index, step()) }
  }

  /// A row's step; changes of it last.
  func step(of index: Int) throws(UpkeepError) -> UpsertStep? { try steps.find(index) }

  /// A row's step, to be looked at only.
  func look(_ index: Int) throws(UpkeepError) -> UpsertStep { try steps.look(index) ?? UpsertStep() }

  /// Calls `body` with the error of each row that was set aside or passed over, in input order. Until the transaction ends.
  package func forEachReject(_ body: (UpkeepError) throws(UpkeepError) -> Void) throws(UpkeepError) {
    try rejects.forEach { _, reject throws(UpkeepError) in try body(reject.error) }
  }

  /// Stops at an error of a row if no claim of a row before it can still fail.
  func stopIfHopeless() throws(UpkeepError) {
    guard !collectsRejects, let failure else { return }
    if plan.otherwise == .fail || !claims.mayFail { throw failure.error }
  }

  /// Runs a row's step; an error of the row is noted, any other ends the statement.
  func step(_ index: Int, _ body: () throws(UpkeepError) -> Void) throws(UpkeepError) {
    if index & 1023 == 1023 { try scope.watch?.cancellation.check() }
    do throws(UpkeepError) {
      try body()
    } catch {
      // Where the statement fails in any case, the lowest row number decides which error is told.
      let isOfRow = Self.codesOfRows.contains(error.code) || error.code == .unreadableKey && !collectsRejects
      guard isOfRow else { throw error }
      try fail(index, error)
    }
  }

  /// Errors that concern a row and not the statement or the store.
  static let codesOfRows: Set<UpkeepError.Code> = [
    .uniqueViolation, .ambiguous, .notNullViolation, .checkViolation, .typeMismatch, .tooLong, .overflow,
    .badInput,
    .limit, .misuse,
  ]
}

extension UpkeepError {
  /// More rows are bad than are to be set aside.
  static func tooManyRejects(_ limit: Int, of schema: TableSchema, last: UpkeepError) -> UpkeepError {
    var error = UpkeepError(
      .tooManyRejects,
      "more than \(limit) rows of \(schema.name) were rejected, and nothing was changed. The last was row "
        + "\(last.rowNumber.map(String.init) ?? "?"): \(last.message)"
    )
    error.table = schema.name
    error.rowNumber = last.rowNumber
    error.cause = last
    return error
  }
}
