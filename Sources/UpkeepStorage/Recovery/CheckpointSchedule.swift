import Synchronization

/// When a checkpoint is due, and who writes it.
///
/// `lock` is held by whoever writes one, or changes what a superblock says; there is one at a time.
final class CheckpointSchedule: @unchecked Sendable {
  let lock = Monitor()
  private let gate = Monitor()
  /// Guarded by `gate`.
  private var checkpointer: BackgroundWorker?
  private var syncer: BackgroundWorker?
  /// Whether somebody asked for work that has not begun.
  private let isAsked = Atomic<Bool>(false)
  private let isSyncAsked = Atomic<Bool>(false)
  /// No background sync before this. Used by the thread that syncs.
  private var syncDue = Moment.now
  /// Signalled at the end of each checkpoint, for those who wait for room in the log.
  private let progress = Monitor()
  /// Checkpoints that ended, well or not. Guarded by `progress`.
  private var endedCount = 0
  /// Where the log ended when a checkpoint last failed: it is not tried again at once. Guarded by `progress`.
  private var failedAt: UInt64?

  /// Lets `work` be done on a thread of the store's own, unless that was asked for already. It begins with
  /// `workBegins`.
  func ask(_ work: @escaping @Sendable () -> Duration?) {
    if isAsked.exchange(true, ordering: .acquiringAndReleasing) { return }
    wake(\.checkpointer, work)
  }

  /// What is asked for from now on is more work.
  func workBegins() { isAsked.store(false, ordering: .sequentiallyConsistent) }

  /// Lets `work` be done on another thread, unless that was asked for already. It begins with `syncBegins`.
  func askForSync(_ work: @escaping @Sendable () -> Duration?) {
    if isSyncAsked.exchange(true, ordering: .acquiringAndReleasing) { return }
    wake(\.syncer, work)
  }

  /// What is written from now on needs another sync.
  func syncBegins() { isSyncAsked.store(false, ordering: .sequentiallyConsistent) }

  /// How long the next sync has to wait; nil: not at all. For the thread that syncs.
  func waitBeforeSync() -> Duration? {
    let left = syncDue.nanosecondsFromNow
    return left == 0 ? nil : .nanoseconds(Int64(clamping: left))
  }

  func nextSync(after pause: Duration) { syncDue = Moment.now.after(pause) }

  private func wake(
    _ place: ReferenceWritableKeyPath<CheckpointSchedule, BackgroundWorker?>,
    _ work: @escaping @Sendable () -> Duration?
  ) {
    let worker = gate.withLock { () -> BackgroundWorker in
      if let known = self[keyPath: place] { return known }
      let made = BackgroundWorker(work)
      self[keyPath: place] = made
      return made
    }
    worker.wake()
  }

  /// Ends the threads, after what they are at.
  func stop() {
    let (first, second) = gate.withLock { () -> (BackgroundWorker?, BackgroundWorker?) in
      defer {
        checkpointer = nil
        syncer = nil
      }
      return (checkpointer, syncer)
    }
    first?.stop()
    second?.stop()
    isAsked.store(false, ordering: .releasing)
    isSyncAsked.store(false, ordering: .releasing)
  }

  // MARK: Falling behind

  /// A checkpoint ended; `end` is where the log was if it failed.
  func checkpointEnded(failedAt end: UInt64?) {
    progress.withLock {
      endedCount += 1
      failedAt = end
      progress.signalAll()
    }
  }

  /// Frames were let go: a writer may wait for some.
  func roomWasMade() { progress.withLock { progress.signalAll() } }

  /// Waits until there is `room`, but no longer than two checkpoints last, of which the first may have begun before; not
  /// at all where the last one failed.
  ///
  /// - Returns: false if a second went by without room.
  func waitForRoom(_ room: () -> Bool) -> Bool {
    let deadline = Moment.now.after(.seconds(1))
    return progress.withLock {
      let first = endedCount
      while endedCount < first + 2, failedAt == nil, !room() {
        if deadline.hasCome { return false }
        // Whoever makes room says so; the time is for what nobody says.
        progress.wait(until: Moment.now.after(.milliseconds(5)))
      }
      return true
    }
  }

  /// Whether a checkpoint that failed is worth another try, now that the log ends at `end`.
  func isWorthTrying(at end: UInt64, step: UInt64) -> Bool {
    progress.withLock { failedAt.map { end >= $0 + step } ?? true }
  }

  /// Waits until a checkpoint ended, or for `limit`; not at all where the last one failed.
  func waitForProgress(_ limit: Duration) {
    let deadline = Moment.now.after(limit)
    progress.withLock {
      let before = endedCount
      while endedCount == before, failedAt == nil, !deadline.hasCome { progress.wait(until: deadline) }
    }
  }
}

extension StorageCore {
  /// What a commit leaves to be done, after it: a checkpoint once the log has grown, a spare log segment, a sync.
  func tendAfterCommit() {
    if commits.hasDroppedTrees { tendDroppedTrees() }
    guard isDurable, let log else { return }
    if case .interval(let pause) = options.durability { askForSync(pause) }
    let due = UInt64(options.checkpointLogSize)
    let end = log.written.rawValue
    let length = end &- checkpointedTo.load(ordering: .acquiring)
    guard options.checkpointsInBackground else {
      // A full disk is no reason to fail a commit that is durable already; any other failure closes the latch, and
      // the next write tells of it.
      if length > due || pages.pool.wantsCheckpoint { try? checkpoint() }
      return
    }
    let isDue = length > due || pages.pool.wantsCheckpoint
    if isDue ? checkpoints.isWorthTrying(at: end, step: due / 4) : log.wantsSpare {
      askToTend()
    }
    // Far behind: the commits slow down, more the longer the log, so that replay stays short.
    if length > 2 * due { checkpoints.waitForProgress(.milliseconds(Int64(min(length / due, 64)))) }
  }

  func askToTend() {
    checkpoints.ask { [weak self] in self?.tend() ?? nil }
  }

  /// - Returns: after what time there is more to do.
  private func tend() -> Duration? {
    checkpoints.workBegins()
    guard !isClosed else { return nil }
    tendLog()
    return commits.hasDroppedTrees ? reclaimInBackground() : nil
  }

  private func tendLog() {
    guard let log else { return }
    if log.wantsSpare { try? log.makeSpare() }
    let length = log.written.rawValue &- checkpointedTo.load(ordering: .acquiring)
    if length > UInt64(options.checkpointLogSize) || pages.pool.wantsCheckpoint { try? checkpoint() }
  }

  private func askForSync(_ pause: Duration) {
    checkpoints.askForSync { [weak self] in self?.syncInBackground(pause) }
  }

  /// - Returns: how long to wait where the last sync was less than `pause` ago.
  private func syncInBackground(_ pause: Duration) -> Duration? {
    guard !isClosed, let log else { return nil }
    if let wait = checkpoints.waitBeforeSync() { return wait }
    checkpoints.syncBegins()
    try? log.sync()
    checkpoints.nextSync(after: pause)
    return nil
  }

  /// Writes what was committed since the last checkpoint to the data file. No effect where nothing was.
  func checkpoint() throws(StorageError) {
    try checkpoints.lock.withLock { () throws(StorageError) in
      if isClosed { throw .closed }
      guard commits.hasChanges else { return }
      try checkpointPinned(moving: .step)
    }
  }

  /// Writes a checkpoint of the newest visible version. Called with the checkpoint's lock.
  func checkpointPinned(
    moving reach: Compaction.Reach, progress: PageProgress? = nil
  ) throws(StorageError) {
    guard let (version, slot) = versions.pin(hint: WriterTurn.slotHint) else {
      throw .badOption("no reader slot is free for a checkpoint: end some snapshots")
    }
    defer { versions.unpin(slot) }
    do throws(StorageError) {
      // Without a log the superblock must go on saying that none is needed (rule 17).
      try writeCheckpoint(
        of: version, for: log == nil ? .cleanEnd : .progress, moving: reach, progress: progress)
      checkpoints.checkpointEnded(failedAt: nil)
    } catch {
      // One that was stopped did not fail: the next is as good as any.
      let isStopped = if case .stopped = error { true } else { false }
      checkpoints.checkpointEnded(failedAt: isStopped ? nil : log?.written.rawValue)
      throw error
    }
  }
}
