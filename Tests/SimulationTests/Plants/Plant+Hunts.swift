#if UPKEEP_PLANTS
  import UpkeepStorage

  extension Plant {
    /// Where each mistake must be found: one of these is enough.
    var hunts: [Hunt] {
      switch self {
      case .editsPublishedPages, .reusesEditStamps: [.crash(.checkpoints)]
      case .reusesTreeIDs: [.treeIDs]
      case .skipsVersionNumbers: [.crash(.puts)]
      case .savepointKeepsStamp, .rollbackKeepsLog, .rollbackKeepsRetired:
        [.plain(.savepoints), .crash(.savepoints)]
      case .cursorSeesEdits: [.cursors]
      case .freesUnderReaders, .ignoresReadersOfExtents: [.snapshots]
      case .readerSkipsRecheck: [.readersOnTheirWay]

      case .forgetsChangesEarly: [.fault(.checkpoints)]
      case .takesLaterPages: [.crash(.busyUnsynced)]
      case .dropsLaterChanges, .takesNewestPosition: [.crash(.busyCheckpoints)]
      case .mapForgetsRemovals: [.crash(.deletes), .crash(.checkpoints)]
      case .reusesExtentsEarly, .skipsSuperblockSync: [.crash(.rewriting), .crash(.segments)]
      case .checkpointSkipsLogSync: [.crash(.unsynced), .crash(.busyUnsynced)]
      case .skipsPageSync: [.crash(.checkpoints)]
      case .segmentHeaderUnsynced: [.crash(.segments)]
      case .recyclesLogEarly: [.crash(.busySegments)]
      case .unalignedRuns: [.alignment]
      case .writesPagesAlone: [.runs]

      case .acknowledgesBeforeSync, .sharesSectors, .skipsFolderSync, .creationSkipsSync:
        [.crash(.puts), .crash(.transactions)]
      case .weakensSmallCommits: [.crash(.puts)]
      case .publishesAfterFailedSync: [.fault(.puts)]
      case .emptyCommitDoesNotWait: [.emptyCommits]
      case .durableReadAfterSync: [.durablePosition]
      case .showsUnloggedEarly: [.fault(.bulk)]
      case .unloggedSkipsMirrorSync: [.crash(.bulk)]
      case .fillingSkipsLog: [.crash(.filling)]
      case .unloggedIgnoresBase: [.plain(.groups), .crash(.groups)]

      case .reservesNoSpace: [.plain(.busySegments)]
      case .keepsUnfinishedChain: [.unfinishedChain]
      case .replaysHalfTransactions: [.crash(.largeTransaction)]
      case .ignoresPayloadChecksum: [.crash(.transactions), .crash(.largeTransaction)]
      case .cutsAnywhere, .durableBeforeNever: [.flipsInTheLog]
      case .durableBeforeTooLate: [.crash(.unsynced)]

      case .trustsLogRead: [.fault(.goingOn)]
      case .trustsSuperblockRead: [.fault(.busyRewriting)]
      case .trustsCleanSuperblock: [.fault(.compaction)]
      case .backupHasOneSlot: [.oneSuperblockOfABackup]
      case .backupSkipsSync: [.crash(.backups)]
      case .skipsMirror: [.oneSuperblock]
      case .skipsPageChecksum: [.flipsInTheDatabase]
      case .choosesOlderSuperblock: [.crash(.checkpoints)]
      case .ignoresNewerLog: [.newerLog]
      case .keepsCleanFlag: [.lostLog]
      case .removesLogFirst: [.crash(.reopening)]

      case .latchNeverCloses, .latchIsPerFile, .retriesSync, .fullSyncIsRecoverable:
        [.fault(.puts), .fault(.checkpoints)]
      case .renamesOver: [.creation]
      case .skipsIdentityCheck: [.replacedFile]
      case .skipsLock: [.lock]

      case .leaksOverflow: [.plain(.longValues)]
      case .countsNotFlushed, .commitSkipsFlush, .splitForgetsRows:
        [.plain(.transactions), .plain(.deletes), .plain(.checkpoints)]
      case .leavesGarbage: [.crash(.deletes)]
      case .keepsScratchTrees: [.plain(.savepoints)]
      case .logsScratchTrees: [.crash(.savepoints)]
      case .checksumIgnoresPlace: [.foreignPages]
      case .skipsNodeValidation: [.invalidNode]

      case .evictsDirtyPages, .editsSpilledPages: [.plain(.smallCache), .crash(.smallCache)]
      case .readsOnce: [.movedPage]
      case .ignoresHazards: [.restingCursor]
      case .ignoresOperations: [.underWay]

      case .closesUnderSnapshots: [.closing]
      case .allowsNestedWrites: [.nesting]
      }
    }
  }
#endif
