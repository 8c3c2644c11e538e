/// What a caller waits for who wants to know that its transaction is as durable as the store promises.
package struct CommitTicket: Sendable {
  package let version: UInt64
}

extension WriteTransaction {
  /// What to wait for before anybody is told of what this transaction saw.
  package var baseTicket: CommitTicket { CommitTicket(version: version) }
}

extension StorageCore {
  /// The steps of a commit up to where another may write, in order. The caller has the writer's turn, gives it
  /// back, and then waits with the ticket; if this throws it gives the pages up.
  func append(_ state: WorkingState) throws(StorageError) -> CommitTicket {
    // 1. A transaction that wrote nothing leaves no version, but what it saw must be durable (rule 10).
    guard state.changeCount > 0 else {
      state.edits.abandon()
      #if UPKEEP_PLANTS
        if Plant.isOn(.emptyCommitDoesNotWait) { return CommitTicket(version: 0) }
      #endif
      return CommitTicket(version: commits.newest.number)
    }
    try latch?.check()

    // 2. The roots, with all counts in place; trees of the transaction alone go.
    try state.settle()
    try state.dropScratchTrees()
    state.edits.finish()

    // 3. Into the log, or into a checkpoint of its own.
    let number = commits.newest.number + 1
    if isDurable, !state.isLogging || isWorthNoLog(state) {
      try commitByCheckpoint(state, number: number)
      return CommitTicket(version: number)
    }
    if isDurable { try beginLog() }
    let pending = PendingVersion(
      version: try appendToLog(state, number: number), change: state.change(number: number))

    #if UPKEEP_PLANTS
      if Plant.isOn(.weakensSmallCommits), state.changeCount == 1 {
        commits.publish(pending, isLogged: isDurable)
        return CommitTicket(version: number)
      }
    #endif
    // 4. Visible at once where nothing is promised; else whoever waits makes it durable and visible.
    if isDurable, case .full = options.durability {
      commits.append(pending)
    } else {
      commits.publish(pending, isLogged: isDurable)
    }
    return CommitTicket(version: number)
  }

  private func appendToLog(_ state: WorkingState, number: UInt64) throws(StorageError) -> Version {
    #if UPKEEP_PLANTS
      let number = Plant.isOn(.skipsVersionNumbers) ? number + 1 : number
    #endif
    guard let log else { return version(state, number: number) }
    try log.append(
      state.log.bytes, version: number,
      superblockGeneration: durableGeneration.load(ordering: .acquiring))
    return Version(
      number: number, roots: state.roots, nextTreeID: state.nextTreeID, logEnd: log.end, logChain: log.chain)
  }

  /// A version of which nothing is in the log.
  private func version(_ state: WorkingState, number: UInt64) -> Version {
    let base = commits.newest
    return Version(
      number: number, roots: state.roots, nextTreeID: state.nextTreeID, logEnd: base.logEnd,
      logChain: base.logChain)
  }

  /// Whether a transaction is the first since the store was opened, and small. Making a log and removing it at close
  /// takes more syncs than writing its few pages, and many a store is opened for one change.
  private func isWorthNoLog(_ state: WorkingState) -> Bool {
    !hasCommitted && log == nil && options.mostPagesWithoutLog > 0
      && state.edits.born.count <= options.mostPagesWithoutLog
  }

  /// Rule 14: nobody sees the transaction until a superblock that holds it is durable, in both slots; its base is
  /// durable before that, no other checkpoint runs, and the writer's turn is kept. Where there is no log yet it
  /// takes none: then the superblock is clean, as the one before it was.
  private func commitByCheckpoint(_ state: WorkingState, number: UInt64) throws(StorageError) {
    hasCommitted = true
    let hasLog = log != nil
    try wait(for: everythingSoFar)
    let version = version(state, number: number)
    let pending = PendingVersion(version: version, change: state.change(number: number))
    #if UPKEEP_PLANTS
      if Plant.isOn(.showsUnloggedEarly) { commits.publish(pending, isLogged: false) }
    #endif
    try checkpoints.lock.withLock { () throws(StorageError) in
      do throws(StorageError) {
        try writeCheckpoint(
          of: version, for: hasLog ? .progress : .cleanEnd, unpublished: pending,
          moving: hasLog ? .step : .nothing)
      } catch {
        // A superblock whose sync failed may be there after all. What cannot be read is so before any is written.
        if case .io(let cause) = error, cause.operation != .read { throw .commitUnknown(cause) }
        throw error
      }
    }
  }

  private var everythingSoFar: CommitTicket {
    #if UPKEEP_PLANTS
      if Plant.isOn(.unloggedIgnoresBase) { return CommitTicket(version: 0) }
    #endif
    return CommitTicket(version: commits.newest.number)
  }

  /// Returns when a transaction is as durable as the store's mode promises, and visible.
  func wait(for ticket: CommitTicket) throws(StorageError) {
    try commits.waitUntilVisible(ticket.version) { log }
  }
}

extension WorkingState {
  fileprivate func change(number: UInt64) -> VersionChange {
    VersionChange(number: number, born: edits.born, retired: edits.retired)
  }
}
