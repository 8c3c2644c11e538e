/// The one open write transaction: reads that see its own writes, and writes that nobody else sees until it commits.
///
/// An error thrown by a change leaves the transaction in an unknown state between two changes: return to a
/// savepoint, or roll back. Dropping it rolls back.
package final class WriteTransaction: ReadTransaction {
  private let state: WorkingState
  /// Keeps the base alive: the turn, not a slot, is what pins it.
  private let retainedBase: Version

  init(_ core: StorageCore, isLogging: Bool) {
    let version = core.commits.newest
    state = WorkingState(core, base: version, isLogging: isLogging)
    retainedBase = version
    super.init(writing: core)
    working = state
  }

  deinit { rollback() }

  /// Whether nothing was written so far.
  package var isEmpty: Bool { state.changeCount == 0 }

  @inline(__always)
  func requireOpen() throws(StorageError) {
    if !isOpen || state.isPuttingValue { throw refusal }
  }

  private var refusal: StorageError {
    isOpen
      ? .badOption("a value is being written in pieces: nothing else can be changed before it is finished")
      : .transactionEnded
  }

  /// Bytes that a statement may gather before it goes on, so as to work in key order.
  package var batchByteCount: Int { core.options.batchByteCount }

  /// The state of now, for reading. It is to be ended before the transaction is.
  package func frozen() throws(StorageError) -> ReadTransaction {
    try requireOpen()
    let hold = try state.freeze(for: self)
    let version = Version(
      number: base.number, roots: state.roots, nextTreeID: state.nextTreeID, logEnd: base.logEnd,
      logChain: base.logChain)
    return try ReadTransaction(freezing: version, hold, core)
  }

  // MARK: Trees

  /// Makes an empty tree.
  package func createTree() throws(StorageError) -> TreeID {
    try requireOpen()
    guard state.nextTreeID < TreeID.limit else {
      throw .badOption("this store has made \(TreeID.limit) trees: no more can be told apart")
    }
    let tree = state.createTree()
    note { LogOperation.appendTree(.createTree, tree, to: $0) }
    return tree
  }

  /// Makes a tree of this transaction only: never logged, gone at its end.
  package func createScratchTree() throws(StorageError) -> TreeID {
    try requireOpen()
    return state.createScratchTree()
  }

  /// Removes a tree with all its entries.
  package func dropTree(_ tree: TreeID) throws(StorageError) {
    try requireOpen()
    try state.dropTree(tree)
    if tree < .firstOfScratch { note { LogOperation.appendTree(.dropTree, tree, to: $0) } }
  }

  // MARK: Entries

  /// The longest key that a tree takes.
  package var longestKey: Int { TreeLimits.maxKeyLength(pageSize: core.pages.pageSize) }

  /// Inserts an entry or replaces its value.
  package func put(
    _ tree: TreeID, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(StorageError) {
    try requireOpen()
    try state.editor(tree).put(key, value)
    state.notePut(tree, key, value)
  }

  /// For many entries of one tree.
  package func writer(of tree: TreeID) throws(StorageError) -> TreeWriter {
    try requireOpen()
    return try TreeWriter(self, state, tree)
  }

  /// Removes an entry.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  package func delete(_ tree: TreeID, _ key: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
    try requireOpen()
    guard try state.editor(tree).delete(key) else { return false }
    state.noteDelete(tree, key)
    return true
  }

  /// Removes the entries with lower <= key < upper; nil leaves a side open.
  ///
  /// - Returns: how many there were.
  package func deleteRange(
    _ tree: TreeID, from lower: UnsafeRawBufferPointer?, to upper: UnsafeRawBufferPointer?
  ) throws(StorageError) -> UInt64 {
    try requireOpen()
    if lower == nil, upper == nil {
      let root = try state.root(tree)
      if state.nextTreeID < TreeID.limit, state.dropsLater(tree, root) {
        let rest = try state.emptyTree(tree)
        note { LogOperation.appendEmptyTree(tree, rest: rest, to: $0) }
        return root.count
      }
    }
    let count = try state.editor(tree).deleteRange(lower, upper)
    if count > 0, tree < .firstOfScratch {
      note { LogOperation.appendDeleteRange(tree, from: lower, to: upper, into: $0) }
    }
    return count
  }

  /// Takes all entries out of a tree, as the log says it was done.
  ///
  /// - Returns: the id of what is left of it.
  func emptyTree(_ tree: TreeID) throws(StorageError) -> TreeID {
    try requireOpen()
    guard state.nextTreeID < TreeID.limit else { throw .badOption("there are too many trees") }
    state.changeCount &+= 1
    return try state.emptyTree(tree)
  }

  /// Gives up rows of a tree that was dropped.
  func reclaim(_ tree: TreeID, rows: UInt64) throws(StorageError) {
    try requireOpen()
    if try state.reclaim(tree, rows: rows) { note { LogOperation.appendReclaim(tree, rows: rows, to: $0) } }
  }

  private func note(_ append: (ByteBuffer) -> Void) {
    state.changeCount &+= 1
    guard state.isLogging else { return }
    append(state.log)
    state.limitLog()
  }

  // MARK: Savepoints

  /// A moment to return to.
  package func savepoint() throws(StorageError) -> Savepoint {
    try requireOpen()
    return try state.savepoint()
  }

  /// Returns to a savepoint, which stays usable; later ones do not.
  package func rollback(to savepoint: Savepoint) throws(StorageError) {
    guard isOpen else { throw .transactionEnded }
    state.openValue?.abandon()
    guard state.rollback(to: savepoint) else { throw .transactionEnded }
  }

  /// Forgets a savepoint and those after it; what was done since stays.
  package func release(_ savepoint: Savepoint) { state.release(savepoint) }

  // MARK: The end

  /// Makes the changes durable as the store's mode promises, then visible, then returns.
  ///
  /// If it throws, the transaction is rolled back; after `commitUnknown` what became of it is known when
  /// the store is opened again.
  package func commit() throws(StorageError) {
    let ticket = try commitLater()
    try core.wait(for: ticket)
    core.tendAfterCommit()
  }

  /// The first half of a commit: the changes are in line to become durable and visible, and another may write. Whoever
  /// asked for them must not be told of anything, a failure included, before `Storage.wait` returned.
  package func commitLater() throws(StorageError) -> CommitTicket {
    guard isOpen else { throw .transactionEnded }
    state.openValue?.abandon()
    markEnded()
    do throws(StorageError) {
      let ticket = try core.append(state)
      working = nil
      core.turn.giveBack()
      return ticket
    } catch {
      state.edits.abandon()
      let base = CommitTicket(version: version)
      working = nil
      core.turn.giveBack()
      // What the error rests on must be durable before anybody hears of it (rule 10).
      try core.wait(for: base)
      throw error
    }
  }

  /// Makes what recovery replayed visible as the version that the log said last.
  func publishReplayed(as number: UInt64, end: LogPosition, chain: UInt64) throws(StorageError) {
    try state.settle()
    state.edits.finish()
    markEnded()
    core.commits.publish(
      PendingVersion(
        version: Version(
          number: number, roots: state.roots, nextTreeID: state.nextTreeID, logEnd: end, logChain: chain),
        change: VersionChange(number: number, born: state.edits.born, retired: state.edits.retired)),
      isLogged: true)
    working = nil
    core.turn.giveBack()
  }

  /// Undoes everything, and returns when what the transaction saw is as durable as the store promises: only then may
  /// anybody hear of what was found in it.
  ///
  /// - Throws: what keeps the version that the transaction built on from becoming durable.
  package func abandon() throws(StorageError) {
    guard isOpen else { return }
    let base = CommitTicket(version: version)
    rollback()
    try core.wait(for: base)
  }

  /// Undoes everything.
  package func rollback() {
    guard isOpen else { return }
    markEnded()
    state.edits.abandon()
    working = nil
    core.turn.giveBack()
  }
}
