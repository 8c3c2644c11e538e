#if UPKEEP_PLANTS
  import Synchronization

  /// Mistakes put into the engine on purpose, to prove that the tests find them: at least one for each rule that the
  /// engine keeps (Docs/Testing.md has the list of rules).
  ///
  /// They exist in the tests' build only. A plant grows in the task that sowed it and nowhere else, so that suites
  /// which run at the same time do not meet it.
  package enum Plant: String, CaseIterable, Sendable {
    // Pages, versions, stamps (rules 1 to 5).
    case editsPublishedPages, reusesTreeIDs, skipsVersionNumbers, reusesEditStamps
    case savepointKeepsStamp, rollbackKeepsLog, rollbackKeepsRetired, cursorSeesEdits
    case freesUnderReaders, readerSkipsRecheck
    // What a checkpoint writes, and what it frees (rules 7 to 9, 27).
    case forgetsChangesEarly, takesLaterPages, dropsLaterChanges, mapForgetsRemovals
    case reusesExtentsEarly, ignoresReadersOfExtents
    case checkpointSkipsLogSync, skipsPageSync, skipsSuperblockSync, recyclesLogEarly, takesNewestPosition
    case unalignedRuns, writesPagesAlone
    // Commits (rules 10, 14 and 25).
    case acknowledgesBeforeSync, publishesAfterFailedSync, emptyCommitDoesNotWait, durableReadAfterSync
    case weakensSmallCommits
    case showsUnloggedEarly, unloggedSkipsMirrorSync, unloggedIgnoresBase, fillingSkipsLog
    // The log (rules 11 to 13).
    case reservesNoSpace, keepsUnfinishedChain, replaysHalfTransactions
    case sharesSectors, segmentHeaderUnsynced, ignoresPayloadChecksum, cutsAnywhere
    case durableBeforeTooLate, durableBeforeNever
    // Recovery, superblocks, the clean flag (rules 15 to 17).
    case trustsLogRead
    case trustsSuperblockRead, trustsCleanSuperblock, skipsMirror, choosesOlderSuperblock, ignoresNewerLog
    case keepsCleanFlag, removesLogFirst, skipsFolderSync
    // Failures, creation, locks (rules 18 and 19).
    case latchNeverCloses, latchIsPerFile, retriesSync, fullSyncIsRecoverable
    case renamesOver, skipsIdentityCheck, skipsLock, creationSkipsSync
    // Backups, which are made as a new database is.
    case backupHasOneSlot, backupSkipsSync
    // Trees (rules 20, 21, 26) and what is read from disk (rule 24).
    case leaksOverflow, countsNotFlushed, commitSkipsFlush, splitForgetsRows, leavesGarbage
    case keepsScratchTrees, logsScratchTrees
    case skipsPageChecksum, checksumIgnoresPlace, skipsNodeValidation
    // Memory (rules 6 and 22).
    case readsOnce, evictsDirtyPages, editsSpilledPages, ignoresHazards, ignoresOperations
    // Use (rule 23).
    case closesUnderSnapshots, allowsNestedWrites

    /// A mistake in place, and whether the next sync is to be left out for it.
    private final class Bed: Sendable {
      let plant: Plant
      let skipsSync = Atomic<Bool>(false)
      init(_ plant: Plant) { self.plant = plant }
    }

    @TaskLocal private static var bed: Bed?
    /// Runs in the middle of a step that is one for other threads only if they look at the wrong moment.
    @TaskLocal private static var interruption: (@Sendable (Moment) -> Void)?
    /// Whether any plant was ever sown: until then nothing here costs the tests time.
    private static let wasAnySown = Atomic<Bool>(false)

    /// Where an interruption may come.
    package enum Moment: Sendable {
      /// A reader knows the newest version and has not claimed its slot yet.
      case readerFoundVersion
      /// An operation has read a page and not used it yet.
      case pageWasRead
      /// The place of a page is known, and its bytes are not read yet.
      case pageWasLocated
    }

    /// Runs `body` with the mistake in place, or without any.
    package static func sow<Result>(_ plant: Plant?, _ body: () throws -> Result) rethrows -> Result {
      wasAnySown.store(true, ordering: .relaxed)
      return try $bed.withValue(plant.map(Bed.init), operation: body)
    }

    /// Runs `body`, and `interruption` within it at each moment.
    package static func interrupt<Result>(
      _ interruption: @escaping @Sendable (Moment) -> Void, _ body: () throws -> Result
    ) rethrows -> Result {
      wasAnySown.store(true, ordering: .relaxed)
      return try $interruption.withValue(interruption, operation: body)
    }

    static func isOn(_ plant: Plant) -> Bool {
      wasAnySown.load(ordering: .relaxed) && bed?.plant == plant
    }

    /// Leaves the next sync of a file out, if the plant is on.
    static func skipSync(_ plant: Plant) {
      if isOn(plant) { bed?.skipsSync.store(true, ordering: .relaxed) }
    }

    static func takesSyncToSkip() -> Bool {
      guard wasAnySown.load(ordering: .relaxed), let bed else { return false }
      return bed.skipsSync.exchange(false, ordering: .relaxed)
    }

    static func pass(_ moment: Moment) {
      if wasAnySown.load(ordering: .relaxed) { interruption?(moment) }
    }
  }
#endif
