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
      FaultCase(name: "sync drops pages", fault: .syncDropsPages, counted: .only([.sync])),
      FaultCase(name: "sync keeps pages", fault: .syncKeepsPages, counted: .only([.sync])),
      FaultCase(name: "folder sync", fault: .error(inputOutput), counted: .only([.syncDirectory])),
    ]
  }

  /// Lets every call of the workload fail once, in every way; then goes on as a program would: tries again,
  /// reopens in the same boot, commits more, loses power.
  func failEverywhere() {
    let stride = max(1, Int((1 / Settings.scale).rounded()))
    for test in Self.faultCases {
      var call = 0
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
    var progress = Progress()
    var store: Store?
    var step = 0
    var failure: (any Error)?
    do {
      store = try Store.open(on: disk, workload.options)
      while step < workload.steps.count, let open = store {
        try take(workload.steps[step], open, &store, disk, &progress)
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
      judgeReopening(disk, progress, place)
      return wasHit
    }
    guard failure is StorageError else {
      fail(place, "an error of another kind: \(failure)")
      return true
    }
    afterFailure(test, failure, store, step, disk, &progress, place)
    disk.plan(nil)
    store = nil
    disk.kill()
    judgeReopening(disk, progress, place)
    return true
  }

  private func take(
    _ step: Step, _ open: Store, _ store: inout Store?, _ disk: SimulatedFileSystem,
    _ progress: inout Progress
  ) throws {
    switch step {
    case .commit(let changes):
      progress.isCommitting = true
      try open.commit(changes)
      progress.isCommitting = false
      progress.acknowledged += 1
      if case .full = workload.options.durability { progress.durable = progress.acknowledged }
    case .checkpoint:
      try open.checkpoint()
      progress.durable = progress.acknowledged
    case .compact:
      try open.compact()
      progress.durable = progress.acknowledged
    case .reopen:
      try open.close()
      store = nil
      progress.durable = progress.acknowledged
      store = try Store.open(on: disk, workload.options)
    }
  }

  /// What an open store must still do after a call failed.
  private func afterFailure(
    _ test: FaultCase, _ failure: any Error, _ store: Store?, _ step: Int, _ disk: SimulatedFileSystem,
    _ progress: inout Progress, _ place: String
  ) {
    guard let store, step < workload.steps.count, case .commit(let changes) = workload.steps[step] else {
      return
    }
    // Reads go on, and show what was acknowledged and nothing else.
    do {
      let state = try store.state()
      if state != workload.states[progress.acknowledged] {
        fail(place, "after \(failure) reads show another state than the acknowledged one")
      }
    } catch {
      if !test.isForEver { fail(place, "after \(failure) reads fail: \(error)") }
    }
    if test.isForEver { disk.plan(nil) }
    var isUnknown = false
    if case .commitUnknown = failure as? StorageError { isUnknown = true }
    do {
      try store.commit(changes)
      if isUnknown { fail(place, "a store that does not know its last commit took another") }
      progress.isCommitting = false
      progress.acknowledged += 1
      if case .full = workload.options.durability { progress.durable = progress.acknowledged }
    } catch {
      if case .full = failure as? StorageError {
        fail(place, "the disk was full, has room again, and still: \(error)")
      }
    }
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
