extension StorageCore {
  /// The steps of a commit, in order. The caller has the writer's turn; if this throws it gives the pages up.
  func commit(_ state: WorkingState) throws(StorageError) {
    // 1. A transaction that wrote nothing leaves no version. Its base is visible, so as durable as promised (rule 10).
    guard state.changeCount > 0 else {
      state.edits.abandon()
      return
    }
    try latch?.check()

    // 2. The roots, with all counts in place; trees of the transaction alone go.
    try state.settle()
    try state.dropScratchTrees()
    state.edits.finish()

    // 3. Durable as promised: in the log, or by a checkpoint of its own.
    let number = versions.visible.number + 1
    guard isDurable, !state.isLogging else {
      if isDurable { try beginLog() }
      let version = try append(state, number: number)
      publish(version, state)
      checkpointIfDue()
      return
    }
    try commitByCheckpoint(state, number: number)
  }

  /// Appends to the log, and syncs it if the mode says so.
  private func append(_ state: WorkingState, number: UInt64) throws(StorageError) -> Version {
    guard let log else { return version(state, number: number) }
    try log.append(state.log.bytes, version: number, superblockGeneration: superblock.generation)
    if case .full = options.durability {
      do throws(StorageError) { try log.sync() } catch {
        if case .io(let cause) = error { throw .commitUnknown(cause) }
        throw error
      }
    }
    return Version(
      number: number, roots: state.roots, nextTreeID: state.nextTreeID, logEnd: log.end, logChain: log.chain)
  }

  /// A version of which nothing is in the log.
  private func version(_ state: WorkingState, number: UInt64) -> Version {
    let base = versions.visible
    return Version(
      number: number, roots: state.roots, nextTreeID: state.nextTreeID, logEnd: base.logEnd,
      logChain: base.logChain)
  }

  /// Makes a version visible: only now may anybody see it.
  func publish(_ version: Version, _ state: WorkingState) {
    if isDurable {
      changes.append(
        VersionChange(number: version.number, born: state.edits.born, retired: state.edits.retired))
    }
    versions.publish(version, retired: state.edits.retired)
  }

  /// Rule 14: the transaction is invisible until a superblock that holds it is durable, in both slots.
  private func commitByCheckpoint(_ state: WorkingState, number: UInt64) throws(StorageError) {
    try beginLog()
    let version = version(state, number: number)
    let change = VersionChange(number: number, born: state.edits.born, retired: state.edits.retired)
    changes.append(change)
    do throws(StorageError) {
      try writeCheckpoint(of: version, isClean: false, syncsBothSlots: true)
    } catch {
      if changes.last?.number == number { changes.removeLast() }
      // A superblock whose sync failed may be there after all.
      if case .io(let cause) = error { throw .commitUnknown(cause) }
      throw error
    }
    versions.publish(version, retired: change.retired)
  }

  /// A checkpoint once the log has grown. A full disk is no reason to fail a commit that is durable already;
  /// any other failure closes the latch, and the next write tells of it.
  private func checkpointIfDue() {
    guard let log, log.end.rawValue - superblock.logPosition.rawValue > UInt64(options.checkpointLogSize)
    else {
      return
    }
    try? writeCheckpoint(of: versions.visible, isClean: false, syncsBothSlots: false)
  }
}
