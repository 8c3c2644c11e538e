import UpkeepStorage
import UpkeepTesting

import class UpkeepTestSupport.Running

/// One program of a single writer made by chance, one step after the other, against dictionaries: whatever a step
/// answers, the dictionaries must answer too.
///
/// 1. Snapshots stay open over commits, checkpoints and compaction, and show what they showed at first. In a history
///    with threads others read them at the same time, and checkpoints come by themselves.
/// 2. The store is closed and opened, its process ends, or the power goes in the middle of some step: what is found
///    then is the state after the last commit, or a later one than the last that was promised to stay.
/// 3. Without threads the same seed makes the same history.
final class History {
  typealias Entries = [Bytes: Bytes]
  typealias Model = [TreeID: Entries]

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// The write transaction that is open, and what its trees hold.
  struct Writing {
    let transaction: WriteTransaction
    var model: Model
    var savepoints: [(savepoint: Savepoint, model: Model)] = []
  }

  struct Snapshot {
    let transaction: ReadTransaction
    let model: Model
  }

  let seed: UInt64
  let hasThreads: Bool
  let options: StorageOptions
  var chance: SeededGenerator
  var disk: SimulatedFileSystem
  var storage: Storage
  var writing: Writing?
  var snapshots: [Snapshot] = []
  var readers: [Running<Void>] = []
  /// What a crash may leave: the states from the last that was promised to stay, to the last that was acknowledged.
  var states: [Model] = [[.catalog: [:]]]
  /// The commit that the step is about to make, if it is one.
  var underWay: Model?
  /// Whether the power goes at one of the next changes.
  var isPowerFailing = false
  private(set) var stepCount = 0
  /// How often the store was found again after it had ended in the middle of something.
  var crashCount = 0
  var comparedSnapshotCount = 0

  init(seed: UInt64, hasThreads: Bool) throws {
    self.seed = seed
    self.hasThreads = hasThreads
    chance = SeededGenerator(seed: seed)
    var options = Workload.options(
      pageSize: chance.pick([512, 1024, 4096]), chance.oneIn(3) ? .none : .full,
      checkpointLogSize: chance.pick([8000, 60_000, 400_000]))
    options.checkpointsInBackground = hasThreads
    // Every other history has the fewest frames that there can be.
    if seed % 2 == 0 { options.cacheSize = 0 }
    self.options = options
    disk = SimulatedFileSystem(seed: seed)
    storage = try Storage.open(EngineStore.path, fileSystem: disk, options: options)
  }

  /// The newest state that was acknowledged.
  var newest: Model { states[states.count - 1] }
  var isDurable: Bool { if case .full = options.durability { true } else { false } }

  /// Takes so many steps, then ends as a crash does and looks once more.
  func run(steps: Int) throws {
    do {
      while stepCount < steps {
        stepCount += 1
        do { try step() } catch let error as StorageError {
          // What the power took along is no failure; anything else is.
          guard isPowerFailing, disk.isOff else { throw error }
          try recover()
        }
      }
      try crash()
      try check(try storage.verify().isEmpty, "the last check finds something")
    } catch {
      throw Failure(description: "history \(seed), step \(stepCount): \(error)")
    }
  }

  func check(_ isRight: Bool, _ what: @autoclosure () -> String) throws {
    if !isRight { throw Failure(description: what()) }
  }

  // MARK: The end of a process, and what is found

  /// Waits for the threads that read.
  func waitForReaders() throws {
    defer { readers.removeAll() }
    for reader in readers { try reader.value() }
  }

  func closeAndOpen() throws {
    try waitForReaders()
    snapshots.removeAll()
    try storage.close()
    states.removeFirst(states.count - 1)
    storage = try Storage.open(EngineStore.path, fileSystem: disk, options: options)
    try compare(newest)
  }

  /// The process ends, and another finds what it left.
  func crash() throws {
    try waitForReaders()
    if disk.isOff { return try recover() }
    isPowerFailing = false
    disk.plan(nil)
    disk.kill()
    leave()
    disk = disk.anotherProcess()
    // What it wrote is in the system's cache, all of it.
    states.removeFirst(states.count - 1)
    try findAgain()
  }

  /// The power went: some of what was not synced is left.
  func recover() throws {
    isPowerFailing = false
    leave()
    disk = disk.survivor(survival())
    // Once in a while it goes again while the store is being opened.
    while chance.oneIn(3) {
      disk.plan(FaultPlan(.powerLoss, at: chance.below(30)))
      guard (try? Storage.open(EngineStore.path, fileSystem: disk, options: options)) == nil else { break }
      disk = disk.survivor(survival())
    }
    disk = disk.survivor(.everything)
    try findAgain()
  }

  private func survival() -> Survival {
    chance.pick([
      .nothing, .everything, .namesAndSizes, .random(seed: chance.next()), .random(seed: chance.next()),
    ])
  }

  /// Forgets what the process had, in the order in which it goes.
  private func leave() {
    writing?.transaction.rollback()
    writing = nil
    snapshots.removeAll()
  }

  private func findAgain() throws {
    crashCount += 1
    storage = try Storage.open(EngineStore.path, fileSystem: disk, options: options)
    let snapshot = try storage.beginRead()
    let allowed = states + (underWay.map { [$0] } ?? [])
    underWay = nil
    var differences: [String] = []
    for model in allowed.reversed() {
      guard let difference = try Self.difference(snapshot, model) else {
        states = [model]
        return
      }
      differences.append(difference)
    }
    throw Failure(description: "after a crash none of \(allowed.count) states is found: \(differences)")
  }
}
