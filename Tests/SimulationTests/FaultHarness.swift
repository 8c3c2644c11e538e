import UpkeepStorage
import UpkeepTesting

extension Harness {
  /// One way in which one call of a run goes wrong.
  struct FaultCase {
    let name: String
    let fault: FaultPlan.Fault
    let counted: FaultPlan.CountedCalls
    var isForEver = false
    /// A disk that is full is no reason to stop, where nothing relied on the space.
    var isFullDisk = false
    /// After it the store must refuse every change.
    var latches = false
  }

  static var faultCases: [FaultCase] {
    let inputOutput: Int32 = 5
    let noSpace: Int32 = 28
    let noAccess: Int32 = 13
    return [
      FaultCase(name: "EIO", fault: .error(inputOutput), counted: .all),
      FaultCase(name: "EIO for ever", fault: .error(inputOutput), counted: .changes, isForEver: true),
      FaultCase(name: "EACCES", fault: .error(noAccess), counted: .only([.open, .rename, .remove, .status])),
      FaultCase(
        name: "ENOSPC", fault: .error(noSpace), counted: .only([.write, .allocate, .sync, .open, .rename]),
        isFullDisk: true),
      FaultCase(
        name: "part of a write, then ENOSPC", fault: .partialWrite(noSpace), counted: .only([.write]),
        isFullDisk: true),
      FaultCase(
        name: "part of a write, then ENOSPC for ever", fault: .partialWrite(noSpace),
        counted: .only([.write, .allocate]), isForEver: true, isFullDisk: true),
      FaultCase(name: "sync drops pages", fault: .syncDropsPages, counted: .only([.sync]), latches: true),
      FaultCase(name: "sync keeps pages", fault: .syncKeepsPages, counted: .only([.sync]), latches: true),
      FaultCase(
        name: "sync finds no space", fault: .error(noSpace), counted: .only([.sync]), latches: true),
      FaultCase(name: "folder sync", fault: .error(inputOutput), counted: .only([.syncDirectory])),
    ]
  }

  /// Lets every call of the workload fail once, in every way; then goes on as a program would: tries again,
  /// reopens in the same boot, commits more, loses power.
  ///
  /// - Parameters:
  ///   - step: how far the calls that fail are apart.
  ///   - first: beginning with this.
  func failEverywhere(every step: Int = 1, from first: Int = 0) {
    let stride = step * max(1, Int((1 / Settings.scale).rounded()))
    for test in Self.faultCases {
      var call = first
      while call < 5000 {
        let place = "\(kind)/\(workload)/\(test.name)/\(call)"
        defer { call += stride }
        guard !isTired else { return }
        guard isWanted(place) else {
          if call > 400 { break }
          continue
        }
        if !failOnce(test, call, place) { break }
      }
    }
  }

  /// - Returns: whether the run had that many calls.
  private func failOnce(_ test: FaultCase, _ call: Int, _ place: String) -> Bool {
    let disk = SimulatedFileSystem(seed: Settings.seed &+ UInt64(call))
    disk.plan(FaultPlan(test.fault, at: call, of: test.counted, isForEver: test.isForEver))
    promisedBackups = []
    var progress = Progress()
    var store: Store?
    var step = 0
    var failure: (any Error)?
    do {
      store = try Store.open(on: disk, workload.options)
      while step < workload.steps.count {
        try take(workload.steps[step], &store, disk, &progress)
        step += 1
      }
    } catch {
      failure = error
    }
    guard let failure else {
      // A fault that nobody was told of must have done no harm; one that never came ends the search.
      let wasHit = disk.faultCount > 0
      disk.plan(nil)
      disk.kill()
      promisedBackups = progress.promisedBackups
      judgeReopening(disk, progress, place)
      return wasHit
    }
    guard failure is StorageError else {
      fail(place, "an error of another kind: \(failure)")
      return true
    }
    afterFailure(test, failure, &store, step, disk, &progress, place)
    disk.plan(nil)
    store = nil
    disk.kill()
    promisedBackups = progress.promisedBackups
    if test.latches { crashAfterReopening(disk, progress, call, place) }
    judgeReopening(disk, progress, place)
    return true
  }

  /// What an open store must still do after a call failed.
  private func afterFailure(
    _ test: FaultCase, _ failure: any Error, _ open: inout Store?, _ step: Int, _ disk: SimulatedFileSystem,
    _ progress: inout Progress, _ place: String
  ) {
    guard let store = open, step < workload.steps.count else { return }
    if case .reopen = workload.steps[step] { return }
    // Reads go on, and show what was acknowledged and nothing else.
    do {
      let state = try store.state()
      let shown = workload.states[progress.acknowledged]
      // Others of a group may be durable by now, and visible, without anybody having been told yet.
      if state != shown, !(progress.underWay > 1 && workload.states.contains(state)) {
        fail(place, "after \(failure) reads show another state than the acknowledged one")
      }
    } catch {
      if !test.isForEver, !mayLoseReads(test, error) { fail(place, "after \(failure) reads fail: \(error)") }
    }
    if test.isForEver { disk.plan(nil) }
    // What fails of a backup is none of the store's: it goes on, and another try is complete.
    if case .backup = workload.steps[step] {
      return goOnWithRoom(&open, step, disk, &progress, place, mayHaveLatched: test.isForEver)
    }
    if case .full = failure as? StorageError {
      // A checkpoint that was under way may have met the full disk where the store relies on the space.
      var mayHaveLatched = false
      if test.isForEver, case .checkpointDuring = workload.steps[step] { mayHaveLatched = true }
      return goOnWithRoom(&open, step, disk, &progress, place, mayHaveLatched: mayHaveLatched)
    }
    var mustRefuse = test.latches
    if case .commitUnknown = failure as? StorageError { mustRefuse = true }
    let changes = workload.steps[step].transactions.first ?? [Self.marker]
    if mustRefuse {
      let before = disk.changeCount
      if (try? store.commit(changes)) != nil { fail(place, "after \(failure) a commit was taken") }
      try? store.checkpoint()
      if disk.changeCount > before { fail(place, "after \(failure) the disk was written to") }
    }
    if !mustRefuse, case .commit = workload.steps[step] {
      do {
        try store.commit(changes)
        progress.underWay = 0
        progress.acknowledged += 1
        if case .full = workload.options.durability { progress.durable = progress.acknowledged }
      } catch {}
    }
  }

  /// The disk was full and has room again, or a backup's file failed: the store is as if nothing had happened, to the end of the program.
  private func goOnWithRoom(
    _ store: inout Store?, _ step: Int, _ disk: SimulatedFileSystem, _ progress: inout Progress,
    _ place: String, mayHaveLatched: Bool
  ) {
    disk.plan(nil)
    // Of a group, a part may be done.
    if case .group = workload.steps[step] { return }
    do {
      var next = step
      if case .checkpointDuring = workload.steps[step], progress.underWay == 0 {
        try store?.checkpoint()
        next += 1
      }
      // Only its name was not made durable.
      if case .backup = workload.steps[step],
        try Store.backup(progress.backups, on: disk, workload.options) != nil
      {
        progress.backups += 1
        next += 1
      }
      while next < workload.steps.count {
        try take(workload.steps[next], &store, disk, &progress)
        next += 1
      }
    } catch {
      if mayHaveLatched, case .failedEarlier = error as? StorageError { return }
      fail(place, "the fault is gone, and still: \(error)")
    }
  }

  /// Whether a read may fail after the fault: with a cache smaller than the data, pages that were written and not yet
  /// synced are nowhere else until the log is replayed, and a system that drops them takes them from readers too. Such
  /// a read is an error, never a wrong row.
  private func mayLoseReads(_ test: FaultCase, _ error: any Error) -> Bool {
    guard case .syncDropsPages = test.fault, workload.options.cacheSize == 0 else { return false }
    if case .corrupt = error as? StorageError { return true }
    return false
  }

  /// Reopens in the same boot, with whatever the cache holds, and then loses power.
  private func judgeReopening(_ disk: SimulatedFileSystem, _ progress: Progress, _ place: String) {
    for choice in survivals(1, UInt64(stateCount)) {
      judge(disk.survivor(choice), progress.afterPowerLoss, "\(place)/power loss, \(choice)", goesOn: false)
    }
    let next = disk.anotherProcess()
    stateCount += 1
    // After a failed sync the cache may have lost what an unsynced store promised to nobody.
    let allowed = progress.durable...progress.afterProcessDeath.upperBound
    do {
      let store = try Store.open(on: next, workload.options)
      guard let found = try look(at: store, allowed, "\(place)/reopened") else { return }
      // What a reopened store shows is as durable as anything: even before the next commit.
      if case .full = workload.options.durability {
        for choice in survivals(1, UInt64(stateCount)) {
          judge(
            next.survivor(choice), found...found, "\(place)/reopened, power loss, \(choice)", goesOn: false)
        }
      }
      var expected = workload.states[found]
      Self.marker.apply(to: &expected)
      try store.commit([Self.marker])
      guard case .full = workload.options.durability else { return }
      for choice in survivals(1, UInt64(stateCount)) {
        stateCount += 1
        let last = next.survivor(choice)
        let reopened = try Store.open(on: last, workload.options)
        if try reopened.state() != expected {
          fail("\(place)/reopened, one more commit, power loss, \(choice)", "the commit is lost")
        }
      }
    } catch {
      fail("\(place)/reopened", "\(error)")
    }
  }
}
