import Testing
import UpkeepStorage
import UpkeepTesting

extension StateTests {
  /// What the disk says after a sync that failed and kept its pages in the cache is not what it holds: a superblock can
  /// be read that is not there, whose map calls space free that the one on the disk needs (rule 15).
  @Suite("A checkpoint's sync fails and the cache hides it; the store is opened again; the power goes")
  struct FailedCheckpointTests {
    private static let options: StorageOptions = {
      var options = Workload.options(pageSize: 512)
      // All in one segment: the syncs are counted below.
      options.segmentSize = 1 << 17
      return options
    }()

    /// Every page is rewritten by each: so more than a quarter of the file is free, and free pieces are used.
    private static func changes(_ round: Int) -> [Change] {
      (0..<99).map { number in
        .put(tree: 0, key: Workload.key(number), value: Workload.value(round * 100 + number, 120))
      }
    }

    /// A store with checkpoints behind it whose next one fails at its sync number `sync`, while a commit came in
    /// between: so the log has something to replay on top of a superblock that may not be there.
    private struct Failure {
      let disk = SimulatedFileSystem(seed: Settings.seed)
      var expected = StoreState()
      var hasFailed = false

      init(atSync sync: Int) throws {
        let store = try EngineStore.open(on: disk, FailedCheckpointTests.options)
        for round in 0..<6 {
          try commit(round, store)
          if round % 2 == 1 { try store.checkpoint() }
        }
        try commit(6, store)
        let late = FailedCheckpointTests.changes(7)
        let storage = store.storage
        // The first call of a checkpoint is a write of pages: its version is taken, its superblock is not written.
        disk.interrupt(before: 0) { try? EngineStore(storage).commit(late) }
        for change in late { change.apply(to: &expected) }
        disk.plan(FaultPlan(.syncKeepsPages, at: sync, of: .only([.sync])))
        do { try store.checkpoint() } catch { hasFailed = true }
        disk.plan(nil)
        disk.kill()
      }

      private mutating func commit(_ round: Int, _ store: EngineStore) throws {
        let changes = FailedCheckpointTests.changes(round)
        try store.commit(changes)
        for change in changes { change.apply(to: &expected) }
      }
    }

    /// Sync 0 is that of the commit in between, 1 that of the pages, 2 that of the superblock.
    @Test(arguments: [1, 2])
    func everyAcknowledgedCommitSurvives(sync: Int) throws {
      #expect(try Failure(atSync: sync).hasFailed)
      var operation = 0
      var isOver = false
      while !isOver {
        let failure = try Failure(atSync: sync)
        let next = failure.disk.anotherProcess()
        next.plan(FaultPlan(.powerLoss, at: operation))
        do {
          let store = try EngineStore.open(on: next, Self.options)
          try store.commit(Self.changes(8))
          try store.checkpoint()
          isOver = true
        } catch {}
        var later = failure.expected
        for change in Self.changes(8) { change.apply(to: &later) }
        let survivals: [Survival] =
          [.nothing, .everything, .namesAndSizes] + (0..<6).map { .random(seed: UInt64(operation * 8 + $0)) }
        for survival in survivals {
          let place = "sync \(sync), power loss at change \(operation) after opening again, \(survival)"
          do {
            let survivor = try EngineStore.open(on: next.survivor(survival), Self.options)
            let state = try survivor.state()
            #expect(state == failure.expected || state == later, "\(place)")
            #expect(try survivor.problems() == [], "\(place)")
          } catch {
            Issue.record("\(place): \(error)")
          }
        }
        operation += 1
      }
      #expect(operation > 10)
    }
  }
}
