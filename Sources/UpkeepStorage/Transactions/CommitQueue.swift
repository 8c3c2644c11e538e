import Synchronization

/// The versions between the log and the readers, and the sync that they share.
///
/// The life of a version in a store that syncs each commit:
/// 1. Its writer appends it, under the writer's turn, and gives the turn to the next, who builds on it.
/// 2. It waits here. Of all callers that wait, one leads: it syncs the log, for everything that was in the log
///    when it began, and makes what is durable then visible. The others sleep meanwhile.
/// 3. It is visible, and everybody who waited for it returns.
///
/// Invariants:
/// 1. `waiting` is in version order, and every version in it is newer than the visible one (rule 2).
/// 2. At most one caller leads; only the leader publishes, so that versions become visible in order.
/// 3. After a sync failed nothing here becomes visible any more, and everybody who waits is told (rule 10).
final class CommitQueue: @unchecked Sendable {
  private let monitor = Monitor()
  /// Guarded by `monitor`, as the two below.
  private var waiting: [PendingVersion] = []
  private var isLed = false
  private var failure: StorageError?
  /// The newest version there is, visible or not: what the next writer builds on. Used under the writer's turn.
  var newest: Version {
    didSet { droppedCount.store(newest.roots.droppedCount, ordering: .relaxed) }
  }
  /// Trees that were dropped and have pages left in that version, for everybody.
  private let droppedCount: Atomic<Int>
  var hasDroppedTrees: Bool { droppedCount.load(ordering: .relaxed) > 0 }
  private let versions: VersionSet
  /// What the visible versions brought and gave up since the last checkpoint, oldest first.
  private let changes = Guarded<[VersionChange]>([])

  init(_ first: Version, versions: VersionSet) {
    newest = first
    droppedCount = Atomic(first.roots.droppedCount)
    self.versions = versions
  }

  /// Takes a version in that a sync must come before. Called under the writer's turn.
  func append(_ pending: PendingVersion) {
    newest = pending.version
    monitor.withLock { waiting.append(pending) }
  }

  /// Makes a version visible that waits for nothing. Called under the writer's turn.
  func publish(_ pending: PendingVersion, isLogged: Bool) {
    newest = pending.version
    publish([pending], isLogged: isLogged)
  }

  /// The lists come before the version, so that a checkpoint of a visible version finds them.
  private func publish(_ group: [PendingVersion], isLogged: Bool) {
    guard !group.isEmpty else { return }
    if isLogged { changes.withLock { list in for pending in group { list.append(pending.change) } } }
    versions.publish(group)
  }

  /// Returns when version `number` is visible, and so durable. Leads the group if nobody does.
  func waitUntilVisible(_ number: UInt64, log: () -> LogWriter?) throws(StorageError) {
    if versions.visibleNumber >= number { return }
    monitor.lock()
    defer { monitor.unlock() }
    while versions.visibleNumber < number {
      if let failure { throw failure }
      if isLed {
        monitor.wait()
        continue
      }
      isLed = true
      monitor.unlock()
      let outcome = lead(log())
      monitor.lock()
      isLed = false
      failure = failure ?? outcome
      monitor.signalAll()
    }
  }

  private func lead(_ log: LogWriter?) -> StorageError? {
    guard let log else { return .closed }
    #if UPKEEP_PLANTS
      if Plant.isOn(.acknowledgesBeforeSync) {
        publish(takeAll(), isLogged: true)
        return nil
      }
    #endif
    do throws(StorageError) { try log.sync() } catch {
      #if UPKEEP_PLANTS
        if Plant.isOn(.publishesAfterFailedSync) { publish(takeAll(), isLogged: true) }
      #endif
      if case .io(let cause) = error { return .commitUnknown(cause) }
      return error
    }
    let durable = log.durable
    let group = monitor.withLock {
      let count = waiting.prefix { $0.version.logEnd <= durable }.count
      defer { waiting.removeFirst(count) }
      return Array(waiting.prefix(count))
    }
    publish(group, isLogged: true)
    return nil
  }

  #if UPKEEP_PLANTS
    private func takeAll() -> [PendingVersion] {
      monitor.withLock {
        defer { waiting.removeAll() }
        return waiting
      }
    }
  #endif

  /// Pages that versions brought which are not visible, for checks.
  var pendingPages: [PageID] { monitor.withLock { waiting.flatMap(\.change.born) } }

  // MARK: What a checkpoint takes

  /// What the versions up to `number` brought and gave up since the last checkpoint.
  func changes(through number: UInt64) -> [VersionChange] {
    changes.withLock { Array($0.prefix { $0.number <= number }) }
  }

  /// A superblock holds the versions up to `number` (rule 7: only then).
  func forgetChanges(through number: UInt64) {
    changes.withLock { list in list.removeFirst(list.prefix { $0.number <= number }.count) }
  }

  var hasChanges: Bool { changes.withLock { !$0.isEmpty } }
}
