package import UpkeepStorage

/// The rows of one table while a statement changes them, and who claims which of its unique keys.
///
/// Within a statement two rows may hold one key. The trees can hold a key once only, so:
///
/// 1. A row whose keys nobody else holds is in the trees. It is a *native* of its primary key: the key names it
///    for the whole statement, because a row whose primary key changes becomes a holder.
/// 2. A *holder* is a row that the trees cannot say the truth about: one that shares a key with another, or has
///    moved. Its state now is kept here, with all its keys; what the trees still have of it is hidden.
/// 3. A key is looked up here first, then in the trees; an entry of the trees that belongs to a holder counts
///    for nothing.
/// 4. A native claims a key only if neither the trees nor this table have it; else it becomes a holder first, and
///    so does the other row. So what the trees have of holders, and what natives write, never overlap.
/// 5. `settle` decides who keeps which key. Then `write` brings the trees of all holders up to date, first taking
///    away, then putting, so that a row which ends as it began writes nothing.
///
/// Most statements never have a holder: then nothing is kept but a word for each input row.
package final class KeyClaims {
  /// Where a row is, for the time of one step.
  package enum Place: Equatable {
    case nobody
    /// In the trees, under the primary key in the buffer given to `find`.
    case native
    /// Here.
    case holder(Int)
  }

  package let schema: TableSchema
  package let uniqueIndexes: [IndexSchema]
  let scope: TransactionScope
  let transaction: WriteTransaction
  package let writer: RowWriter
  let displaces: Bool
  /// Whether no key is ever left contested, so that rows stay natives wherever they move.
  let isEager: Bool
  /// The table as it was when the statement began; nil while nothing has been written since.
  var before: TreeCursor?

  /// The holders and their keys; nil while there are none.
  private(set) var state: ClaimState?
  /// What all that is kept may take in memory.
  package let budget: SpillBudget

  /// For each input row the row that it chose: the hash of a birth, or a holder's number.
  let choices: ChoiceLog
  /// Keys that natives claimed by an update: hash of row and key, and the input row.
  let claimLog: ClaimLog

  /// Whether a native gave up a unique key.
  var hasGivenUpKeys = false
  /// The greatest id that a holder has had.
  package internal(set) var greatestID: Int64?

  let keyBuffers: [ByteBuffer]
  let oldKeyBuffers: [ByteBuffer]
  var hasKey: [Bool]
  var hadKey: [Bool]
  let found = ByteBuffer()

  /// - Parameter startsLater: `start` is called before anything is written, or the statement writes but once, at its
  ///   end: then it needs no look back.
  package init(
    _ scope: TransactionScope, _ schema: TableSchema, displaces: Bool = false, isEager: Bool = false,
    startsLater: Bool = false
  ) throws(UpkeepError) {
    self.scope = scope
    self.schema = schema
    self.displaces = displaces
    self.isEager = isEager
    let transaction = try scope.writing
    self.transaction = transaction
    let budget = SpillBudget(transaction.spillByteCount)
    self.budget = budget
    choices = ChoiceLog(transaction)
    claimLog = ClaimLog(transaction, budget)
    let uniqueIndexes = schema.indexes.filter(\.isUnique)
    self.uniqueIndexes = uniqueIndexes
    writer = try RowWriter(scope, schema, defersIndexes: true)
    keyBuffers = (0...uniqueIndexes.count).map { _ in ByteBuffer(capacity: 64) }
    oldKeyBuffers = (0...uniqueIndexes.count).map { _ in ByteBuffer(capacity: 64) }
    hasKey = Array(repeating: false, count: uniqueIndexes.count + 1)
    hadKey = hasKey
    if !startsLater { try start() }
  }

  /// Remembers the table as it is now.
  package func start() throws(UpkeepError) {
    let transaction = transaction
    let tree = schema.tree
    before = try storing { () throws(StorageError) in try transaction.cursor(tree) }
  }

  package var keyCount: Int { uniqueIndexes.count + 1 }
  package var hasHolders: Bool { state != nil }
  /// Whether a claim that was made may fail, whatever rows come: keys are contested, or a row gave one up that it may
  /// claim again from whoever took it.
  package var mayFail: Bool { state != nil || hasGivenUpKeys }

  /// The holders, of which there is to be one now.
  func begun() -> ClaimState {
    if let state { return state }
    let begun = ClaimState(transaction, budget, keyCount: keyCount)
    state = begun
    return begun
  }

  func endState() {
    state?.end()
    state = nil
  }

  func tree(of key: Int) -> TreeID { key == 0 ? schema.tree : uniqueIndexes[key - 1].tree }
}

// MARK: - Looking up

extension KeyClaims {
  /// The bytes of a row's key; false if it has none: a part is NULL, or the index leaves the row out.
  package func encode(_ key: Int, of row: [Value], into buffer: ByteBuffer) throws(UpkeepError) -> Bool {
    buffer.removeAll()
    if key > 0 {
      // A proposed row may have NULL where its column takes none; it meets nobody by that.
      if !uniqueIndexes[key - 1].canHaveKey(row) { return false }
      return try writer.encodeIndexKey(uniqueIndexes[key - 1], row, into: buffer) == .entry
    }
    if schema.hasHiddenRowid {
      if row[schema.columns.count] == .null { return false }
    } else {
      for ordinal in schema.primaryKey where row[ordinal] == .null { return false }
    }
    try RowCodec.appendKey(of: row, schema: schema, to: buffer)
    return true
  }

  /// Who holds a key now, the newest claimant if several do.
  ///
  /// - Parameter primaryKey: gets the primary key of a native.
  package func find(
    _ key: Int, _ bytes: UnsafeRawBufferPointer, primaryKey: ByteBuffer
  ) throws(UpkeepError) -> Place {
    if let state, let holder = try state.holders(of: key, bytes).last { return .holder(holder) }
    let tree = tree(of: key)
    guard let value = try get(tree, bytes) else { return .nobody }
    let owner = key == 0 ? bytes : value
    primaryKey.removeAll()
    primaryKey.append(owner)
    if let state, try state.holder(bornAs: primaryKey.bytes) != nil { return .nobody }
    return .native
  }

  /// The row at a place.
  package func row(
    _ place: Place, primaryKey: UnsafeRawBufferPointer
  ) throws(UpkeepError) -> [Value]? {
    switch place {
    case .nobody: return nil
    case .holder(let holder): return try state?.look(holder).now
    case .native:
      guard let value = try get(schema.tree, primaryKey) else { return nil }
      return try RowView(schema: schema, key: primaryKey, value: value).values()
    }
  }

  /// The row of the table named by a primary key when the statement began, wherever it is by now.
  package func place(ofRowNamed primaryKey: UnsafeRawBufferPointer) throws(UpkeepError) -> Place {
    try state?.holder(bornAs: primaryKey).map { .holder($0) } ?? .native
  }

  func get(_ tree: TreeID, _ key: UnsafeRawBufferPointer) throws(UpkeepError)
    -> UnsafeRawBufferPointer?
  {
    let transaction = transaction
    return try storing { () throws(StorageError) in try transaction.get(tree, key) }
  }

  /// Whether holders have a key.
  func isHeldHere(_ key: Int, _ bytes: UnsafeRawBufferPointer) throws(UpkeepError) -> Bool {
    guard let state else { return false }
    return try !state.holders(of: key, bytes).isEmpty
  }
}
