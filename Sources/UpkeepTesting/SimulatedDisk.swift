import Synchronization
import UpkeepStorage

/// A call that a simulated disk was asked for, as its transcript keeps it.
public struct FileCall: Sendable, Hashable, CustomStringConvertible {
  /// What was asked.
  public var operation: FileError.Operation
  /// Of which file; for a rename, the old name and the new one.
  public var path: String
  /// Where in it.
  public var offset: UInt64?
  /// How many bytes.
  public var count: Int?
  /// Whether it went well.
  public var succeeded = true

  /// `write db 8192+512`, `sync db`, `rename db-new db`.
  public var description: String {
    var text = "\(operation.rawValue) \(path)"
    if let offset { text += " \(offset)" }
    if let count { text += "+\(count)" }
    return succeeded ? text : text + " failed"
  }
}

/// What the machine of a `SimulatedFileSystem` has: files, names, a plan of faults. Processes share it.
final class SimulatedDisk: @unchecked Sendable {
  enum NameChange {
    case create(String, UInt64)
    case rename(String, String, UInt64)
    case remove(String)

    var folder: String {
      switch self {
      case .create(let path, _), .rename(let path, _, _), .remove(let path): folderPath(of: path)
      }
    }
  }

  /// Guards everything below.
  let lock = Monitor()

  var inodes: [UInt64: SimulatedInode] = [:]
  var names: [String: UInt64] = [:]
  var durableNames: [String: UInt64] = [:]
  var pendingNames: [NameChange] = []
  var nextNumber: UInt64 = 1

  var isOff = false
  var deadProcesses: Set<UInt64> = []
  var capacity: UInt64?
  var plan: FaultPlan?
  /// What another process does just before a call of a process: see `interrupt`.
  var interruption: (process: UInt64, callsLeft: Int, body: @Sendable () -> Void)?
  /// Is told of each change, at the moment at which a power loss would come in the middle of it.
  var watcher: ((Int) -> Void)?
  var countedCalls = 0
  var faultCount = 0
  var callCount = 0
  var changeCount = 0
  var keepsTranscript = false
  var transcript: [FileCall] = []
  var chance: SeededGenerator

  init(seed: UInt64) {
    chance = SeededGenerator(seed: seed)
  }

  func takeNumber() -> UInt64 {
    defer { nextNumber += 1 }
    return nextNumber
  }

  /// Bytes that files take, holes not counted.
  var usedBytes: UInt64 {
    names.values.reduce(0) { sum, number in
      sum + (inodes[number].map { UInt64($0.live.filledChunkCount * $0.live.chunkSize) } ?? 0)
    }
  }

  /// Whether there is room for `chunkCount` more chunks.
  func hasRoom(for chunkCount: Int) -> Bool {
    guard let capacity, chunkCount > 0 else { return true }
    return usedBytes + UInt64(chunkCount * 4096) <= capacity
  }

  // MARK: Names

  func change(_ change: NameChange) {
    Self.apply(change, to: &names)
    pendingNames.append(change)
  }

  static func apply(_ change: NameChange, to names: inout [String: UInt64]) {
    switch change {
    case .create(let path, let number): names[path] = number
    case .rename(let path, let newPath, let number):
      if names[path] == number { names[path] = nil }
      names[newPath] = number
    case .remove(let path): names[path] = nil
    }
  }

  func syncNames(in folder: String) {
    for change in pendingNames where change.folder == folder { Self.apply(change, to: &durableNames) }
    pendingNames.removeAll { $0.folder == folder }
  }

  /// The same machine once more, as it is now, to go on in another way; without a plan, and no process holds a lock.
  func copy() -> SimulatedDisk {
    let result = SimulatedDisk(seed: 0)
    result.chance = chance
    result.inodes = inodes.mapValues { $0.copy() }
    result.names = names
    result.durableNames = durableNames
    result.pendingNames = pendingNames
    result.nextNumber = nextNumber
    result.isOff = isOff
    result.capacity = capacity
    return result
  }

  // MARK: Power loss

  func survivor(_ survival: Survival) -> SimulatedDisk {
    var chance = SeededGenerator(seed: 0)
    if case .random(let seed) = survival { chance = SeededGenerator(seed: seed) }
    let result = SimulatedDisk(seed: chance.next())
    result.names = survivingNames(survival, &chance)
    result.durableNames = result.names
    result.nextNumber = nextNumber
    result.capacity = capacity
    // In the order of their numbers, so that chance falls the same way again.
    for number in Set(result.names.values).sorted() {
      guard let inode = inodes[number] else { continue }
      let copy = SimulatedInode(number: number)
      copy.live = inode.survivor(survival, &chance)
      copy.durable = copy.live
      result.inodes[number] = copy
    }
    return result
  }

  private func survivingNames(
    _ survival: Survival, _ chance: inout SeededGenerator
  ) -> [String: UInt64] {
    switch survival {
    case .nothing: return durableNames
    case .everything, .namesAndSizes: return names
    case .random: break
    }
    if pendingNames.isEmpty || chance.oneIn(4) { return names }
    var result = durableNames
    // A journal keeps the order; nothing promises one.
    let count = chance.oneIn(2) ? chance.below(pendingNames.count + 1) : pendingNames.count
    let keepsEach = count < pendingNames.count
    for change in pendingNames[..<count] where keepsEach || chance.oneIn(2) {
      Self.apply(change, to: &result)
      // A rename done as a link and a removal may have come half way.
      if case .rename(let path, _, let number) = change, chance.oneIn(4) { result[path] = number }
    }
    return result
  }
}
