import UpkeepStorage
import UpkeepTesting

// A sync failed, and the system's cache may hold what the disk does not. The store is opened again in the same boot,
// goes on, and then the power goes: rule 15.

extension Harness {
  private static var second: Change {
    .put(tree: 0, key: Array("second".utf8), value: Bytes(repeating: 9, count: 300))
  }

  /// How far the program that opens again came.
  private struct Later {
    /// The state that it found, before it changed anything.
    var found: StoreState?
    /// Its commits that were acknowledged; those that are durable; whether one was under way.
    var acknowledged = 0
    var durable = 0
    var isUnderWay = false
  }

  /// Opens again, commits, makes a checkpoint, commits once more.
  private func goOnLater(on disk: SimulatedFileSystem) -> Later {
    var later = Later()
    do {
      let store = try Store.open(on: disk, workload.options)
      later.found = try store.state()
      for change in [Self.marker, Self.second] {
        later.isUnderWay = true
        try store.commit([change])
        if disk.isOff { return later }
        later.isUnderWay = false
        later.acknowledged += 1
        if case .full = workload.options.durability { later.durable = later.acknowledged }
        if later.acknowledged == 1 {
          try store.checkpoint()
          if disk.isOff { return later }
          later.durable = 1
        }
      }
    } catch {}
    return later
  }

  /// Loses power at changes of a program that opens the store again in the same boot, those of its recovery
  /// included. At one in twelve of them here; which, depends on the call that failed, so that over all calls
  /// all of them come.
  func crashAfterReopening(
    _ disk: SimulatedFileSystem, _ progress: Progress, _ call: Int, _ place: String
  ) {
    let whole = disk.copy()
    let end = goOnLater(on: whole)
    guard end.acknowledged == 2 else {
      return fail("\(place)/opened again", "it does not go on: \(end)")
    }
    let step = max(1, whole.changeCount / 12)
    for operation in stride(from: call % step, through: whole.changeCount, by: step) {
      let copy = disk.copy()
      copy.plan(FaultPlan(.powerLoss, at: operation))
      let later = goOnLater(on: copy)
      let place = "\(place)/opened again, power loss at \(operation)"
      // What was shown is durable in a store that syncs; else it is one of those that may be left.
      let bases: [StoreState]
      if let found = later.found, case .full = workload.options.durability {
        bases = [found]
      } else {
        let last = min(progress.afterProcessDeath.upperBound, workload.states.count - 1)
        bases = Array(workload.states[progress.durable...last])
      }
      for choice in survivals(1, UInt64(operation &+ call)) {
        judgeLater(copy.survivor(choice), bases, later, "\(place), \(choice)")
      }
    }
  }

  private func judgeLater(
    _ disk: SimulatedFileSystem, _ bases: [StoreState], _ later: Later, _ place: String
  ) {
    stateCount += 1
    do {
      let store = try Store.open(on: disk, workload.options)
      let state = try store.state()
      let most = later.acknowledged + (later.isUnderWay ? 1 : 0)
      let isAllowed = (later.durable...most).contains { count in
        bases.contains { base in
          var expected = base
          for change in [Self.marker, Self.second].prefix(count) { change.apply(to: &expected) }
          return state == expected
        }
      }
      if !isAllowed { return fail(place, "what was acknowledged is lost, or what never was is found") }
      if let problem = try store.problems().first { fail(place, problem) }
    } catch {
      fail(place, "\(error)")
    }
  }
}
