import CAllocationCount
import Testing
import UpkeepStorage
import UpkeepTesting

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How far a run goes, from the environment.
///
/// - `UPKEEP_SEED`: where chance starts (1 if not given).
/// - `UPKEEP_SCALE`: how much is tried, in percent of a usual run (100 in release, 5 in debug).
/// - `UPKEEP_WHOLE`: that no test is left out (`make test` without a filter says so).
/// - `UPKEEP_REPLAY`: a prefix of the places to try, as failures print them: `crash/puts/17`.
enum Settings {
  static let seed = variable("UPKEEP_SEED").flatMap(UInt64.init) ?? 1
  static let replay = variable("UPKEEP_REPLAY")
  /// Whether all tests run, as much as usual, so that what they try together can be held to its number.
  static let isWholeRun = variable("UPKEEP_WHOLE") != nil && replay == nil && scale >= 1
  static let scale: Double = {
    if let given = variable("UPKEEP_SCALE").flatMap(Double.init) { return given / 100 }
    #if DEBUG
      return 0.05
    #else
      return 1
    #endif
  }()

  /// Hundreds of thousands of stores are opened here, which use a few pages of the megabytes that they ask for.
  static let takesMemoryByThePage: Bool = {
    take_large_memory_by_the_page()
    return true
  }()

  static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// How far a workload came.
struct Progress {
  /// Commits that were acknowledged.
  var acknowledged = 0
  /// Of them, those that no power loss may take.
  var durable = 0
  /// How many more were under way.
  var underWay = 0
  /// Steps that made a backup, and those of them that were told that it is there.
  var backups = 0
  var promisedBackups: Set<Int> = []

  /// The states that may be found afterwards, as indexes of `Workload.states`.
  var afterPowerLoss: ClosedRange<Int> { durable...acknowledged + underWay }
  /// The same if only the process ended.
  var afterProcessDeath: ClosedRange<Int> { acknowledged...acknowledged + underWay }
}

/// Tries what can go wrong with a store, and judges what is found afterwards.
final class Harness<Store: StoreUnderTest> {
  /// After so many failures a run says no more.
  var failureLimit = 3
  let workload: Workload
  let kind: String
  var stateCount = 0
  /// How far the program is that is running: its progress as it was before the next change.
  private var latest = Progress()
  /// The backups that were acknowledged in the run that is judged.
  var promisedBackups: Set<Int> = []
  var failures: [String] = []

  init(_ kind: String, _ workload: Workload) {
    self.kind = kind
    self.workload = workload
    _ = Settings.takesMemoryByThePage
  }

  var isTired: Bool { failures.count >= failureLimit }

  func isWanted(_ place: String) -> Bool {
    guard let replay = Settings.replay else { return true }
    return place.hasPrefix(replay + "/") || place == replay || replay.hasPrefix(place)
  }

  func fail(_ place: String, _ what: String) {
    failures.append("\(place): \(what)\n  replay with UPKEEP_SEED=\(Settings.seed) UPKEEP_REPLAY='\(place)'")
  }

  // MARK: Running

  /// Runs the workload until it ends or something fails.
  func run(on disk: SimulatedFileSystem) -> Progress {
    var progress = Progress()
    _ = try? runThrowing(on: disk, &progress)
    return progress
  }

  /// - Returns: the store, still open.
  func runThrowing(on disk: SimulatedFileSystem, _ progress: inout Progress) throws -> Store {
    var store: Store? = try Store.open(on: disk, workload.options)
    for step in workload.steps { try take(step, &store, disk, &progress) }
    guard let store else { throw HarnessError.wrong("no store is left") }
    return store
  }

  /// One step. `store` is nil if it was closed and could not be opened again.
  func take(
    _ step: Step, _ store: inout Store?, _ disk: SimulatedFileSystem, _ progress: inout Progress
  ) throws {
    guard let open = store else { throw HarnessError.wrong("no store is open") }
    if disk.isOff {
      throw HarnessError.wrong("the power went during the step before, which did not need the disk")
    }
    progress.underWay = step.transactions.count
    latest = progress
    defer { latest = progress }
    func acknowledged() {
      // When the power has gone nobody is told of anything any more.
      if disk.isOff { return }
      progress.underWay -= 1
      progress.acknowledged += 1
      if case .full = workload.options.durability { progress.durable = progress.acknowledged }
      latest = progress
    }
    switch step {
    case .commit(let changes):
      try open.commit(changes)
      acknowledged()
    case .group(let transactions):
      try open.commitGroup(transactions, acknowledged: acknowledged)
    case .checkpoint:
      let before = progress.acknowledged
      try open.checkpoint()
      if !disk.isOff { progress.durable = before }
    case .compact:
      let before = progress.acknowledged
      try open.compact()
      if !disk.isOff { progress.durable = before }
    case .backup:
      try open.backUp(progress.backups, on: disk)
      if !disk.isOff {
        progress.promisedBackups.insert(progress.backups)
        progress.backups += 1
      }
    case .checkpointDuring(let call, let changes):
      let before = progress.acknowledged
      try open.checkpoint(on: disk, before: call, committing: changes, acknowledged: acknowledged)
      if !disk.isOff { progress.durable = max(progress.durable, before) }
    case .reopen:
      try open.close()
      store = nil
      progress.durable = progress.acknowledged
      latest = progress
      store = try Store.open(on: disk, workload.options)
    }
  }

  // MARK: Judging

  /// Opens what is on a disk and compares it with the states that it may be in.
  ///
  /// - Parameter goesOn: then commits once more, closes, opens again and looks whether all is there.
  /// - Returns: which state it was.
  @discardableResult
  func judge(
    _ disk: SimulatedFileSystem, _ allowed: ClosedRange<Int>, _ place: String, goesOn: Bool
  ) -> Int? {
    stateCount += 1
    do {
      let store = try Store.open(on: disk, workload.options)
      disk.watch(nil)
      guard let found = try look(at: store, allowed, place) else { return nil }
      try lookAtBackups(on: disk, place)
      if goesOn { try goOn(store, disk, found, place) } else { disk.kill() }
      return found
    } catch {
      fail(place, "\(error)")
      return nil
    }
  }

  /// Compares an open store with the states that it may be in.
  func look(
    at store: Store, _ allowed: ClosedRange<Int>, mayTellOfDamage: Bool = false, _ place: String
  ) throws -> Int? {
    let digest = try store.digest()
    let upper = min(allowed.upperBound, workload.states.count - 1)
    let wanted = (allowed.lowerBound...upper).reversed()
    guard let found = wanted.first(where: { workload.digests[$0] == digest }) else {
      let state = try store.state()
      let which = workload.states.firstIndex(of: state)
      fail(place, "found \(which.map { "state \($0)" } ?? "a state that never was"), allowed are \(allowed)")
      return nil
    }
    let problems = try store.problems()
    if let first = problems.first, !mayTellOfDamage {
      fail(place, "\(problems.count) problems, the first: \(first)")
      return nil
    }
    return found
  }

  /// Each backup is whole or not there; those that were acknowledged are there.
  private func lookAtBackups(on disk: SimulatedFileSystem, _ place: String) throws {
    for (number, index) in workload.backups.enumerated() {
      guard let found = try Store.backup(number, on: disk, workload.options) else {
        if promisedBackups.contains(number) { fail(place, "backup \(number) is lost") }
        continue
      }
      if found != workload.states[index] { fail(place, "backup \(number) holds something else") }
    }
  }

  static var marker: Change {
    .put(tree: 0, key: Array("marker".utf8), value: Bytes(repeating: 7, count: 700))
  }

  private func goOn(_ store: Store, _ disk: SimulatedFileSystem, _ found: Int, _ place: String) throws {
    var expected = workload.states[found]
    Self.marker.apply(to: &expected)
    // Before there is a log again.
    if stateCount % 2 == 0 { try store.compact() }
    try store.commit([Self.marker])
    try store.checkpoint()
    try store.close()
    let again = try Store.open(on: disk, workload.options)
    if try again.digest() != expected.digest { fail(place, "a commit after recovery is not found again") }
    let problems = try again.problems()
    if let first = problems.first { fail(place, "after going on: \(first)") }
    disk.kill()
  }

  // MARK: Power loss

  /// Loses power at every change of the workload, in all ways, and again inside recovery.
  ///
  /// - Parameters:
  ///   - wanted: how many states to try at least; short workloads try more choices each.
  ///   - before: steps at the beginning during which it does not.
  func crashEverywhere(atLeast wanted: Int = 0, after before: [Step] = []) {
    let beginning = SimulatedFileSystem(seed: Settings.seed)
    if !before.isEmpty {
      _ = Harness("before", Workload("before", options: workload.options, before)).run(on: beginning)
    }
    let stride = max(1, Int((1 / Settings.scale).rounded()))
    guard let moments = moments(from: beginning.changeCount, every: stride) else { return }
    let randomChoices = max(4, wanted / max(moments.count * stride, 1) / 5)
    for (operation, disk, progress) in moments {
      let place = "\(kind)/\(workload)/\(operation)"
      guard isWanted(place), !isTired else { continue }
      promisedBackups = progress.promisedBackups
      for choice in survivals(randomChoices, Settings.seed &* 1000 &+ UInt64(operation)) {
        explore(
          disk.survivor(choice), progress.afterPowerLoss, "\(place)/\(choice)",
          depth: 2, isThorough: operation % 8 == 3 && choice == .nothing)
      }
      for slot in 0...1 { judgeRotten(disk, slot, progress, operation, place) }
      // The process alone ends; then the power goes before anything more is written.
      let other = SimulatedFileSystem(seed: Settings.seed)
      other.plan(FaultPlan(.processDeath, at: operation))
      let deathProgress = run(on: other)
      promisedBackups = deathProgress.promisedBackups
      other.plan(nil)
      other.kill()
      for choice in survivals(1, UInt64(operation)) {
        judge(
          other.survivor(choice), deathProgress.afterPowerLoss, "\(place)/process death, \(choice)",
          goesOn: false)
      }
      judge(
        other.anotherProcess(), deathProgress.afterProcessDeath, "\(place)/process death",
        goesOn: operation % 2 == 0)
    }
  }

  /// A moment at which the power goes: in the middle of which change, what it leaves, and how far the program is.
  private typealias LossOfPower = (change: Int, disk: SimulatedFileSystem, progress: Progress)

  /// Runs the workload once and keeps every moment; the last is behind its end. nil if it fails without any fault.
  private func moments(from first: Int, every stride: Int) -> [LossOfPower]? {
    var moments: [LossOfPower] = []
    let disk = SimulatedFileSystem(seed: Settings.seed)
    latest = Progress()
    disk.watch { [unowned self] change, snapshot in
      if change >= first, (change - first) % stride == 0 { moments.append((change, snapshot(), latest)) }
    }
    var progress = Progress()
    do { _ = try runThrowing(on: disk, &progress) } catch {
      fail("\(kind)/\(workload)", "without any fault: \(error)")
      return nil
    }
    disk.watch(nil)
    moments.append((disk.changeCount, disk, progress))
    return moments
  }

  /// After a power loss one superblock rots too. That may be told as damage, but what opens is nothing older than
  /// what was promised (rule 16).
  private func judgeRotten(
    _ disk: SimulatedFileSystem, _ slot: Int, _ progress: Progress, _ operation: Int, _ place: String
  ) {
    let choice: Survival = operation % 2 == slot ? .nothing : .random(seed: UInt64(operation))
    let copy = disk.survivor(choice)
    copy.flip(EngineStore.path, at: UInt64(slot * 4096 + 100), xor: 0xFF)
    let place = "\(place)/\(choice), superblock \(slot) rots"
    stateCount += 1
    do {
      let store = try Store.open(on: copy, workload.options)
      // The older superblock may name places that were used again since, of pages that the log's replay replaces; then
      // the check tells of them, and what is read is right.
      _ = try look(at: store, progress.afterPowerLoss, mayTellOfDamage: true, place)
    } catch let error as StorageError {
      switch error {
      case .corrupt, .notADatabase, .logMismatch: break
      default: fail(place, "\(error)")
      }
    } catch {
      fail(place, "\(error)")
    }
  }

  func survivals(_ randomCount: Int, _ seed: UInt64) -> [Survival] {
    [.nothing, .everything, .namesAndSizes]
      + (0..<UInt64(randomCount)).map { .random(seed: seed &* 16 &+ $0) }
  }

  /// Disks as they are found after power losses.
  private final class Crashes {
    var found: [(change: Int, disk: SimulatedFileSystem)] = []
  }

  /// Keeps what the power would leave that goes at changes of the next opening: at all of them, or at two.
  private func watchOpening(of disk: SimulatedFileSystem, all: Bool, _ seed: UInt64) -> Crashes {
    let crashes = Crashes()
    var chance = SeededGenerator(seed: seed)
    disk.watch { change, snapshot in
      if all || crashes.found.count < 2 {
        crashes.found.append((change, snapshot()))
      } else {
        // Each change is as likely as any other to be among the two.
        let place = chance.below(change + 1)
        if place < 2 { crashes.found[place] = (change, snapshot()) }
      }
    }
    return crashes
  }

  /// Judges a disk, and crashes inside its recovery.
  private func explore(
    _ disk: SimulatedFileSystem, _ allowed: ClosedRange<Int>, _ place: String, depth: Int, isThorough: Bool
  ) {
    guard isWanted(place), !isTired else { return }
    // A fresh copy: opening changes it.
    let probe = disk.survivor(.everything)
    var chance = SeededGenerator(seed: UInt64(stateCount))
    let crashes = depth > 0 ? watchOpening(of: probe, all: isThorough, chance.next()) : nil
    guard judge(probe, allowed, place, goesOn: chance.oneIn(3)) != nil, let crashes else { return }
    for (operation, copy) in crashes.found {
      let choices: [Survival] =
        isThorough
        ? survivals(2, UInt64(operation))
        : [depth > 1 ? .random(seed: chance.next() >> 1) : [.nothing, .everything][chance.below(2)]]
      for choice in choices {
        explore(
          copy.survivor(choice), allowed, "\(place)/recovery \(operation)/\(choice)", depth: depth - 1,
          isThorough: false)
      }
    }
  }
}
