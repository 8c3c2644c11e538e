import UpkeepStorage

/// Which call on a simulated disk goes wrong, and how.
///
/// ```swift
/// disk.plan(FaultPlan(.powerLoss, at: 17))                       // the 18th change from now on
/// disk.plan(FaultPlan(.syncKeepsPages, at: 0, of: .only([.sync])))  // the next sync
/// ```
public struct FaultPlan: Sendable {
  /// What goes wrong.
  public enum Fault: Sendable, Hashable {
    /// The machine goes off in the middle of the call: it and every later one throws.
    case powerLoss
    /// The process ends in the middle of the call; what it wrote stays in the system's cache.
    case processDeath
    /// The call does nothing and throws this error number. A sync throws as `syncKeepsPages` does.
    case error(Int32)
    /// A write writes a part and throws this error number; other calls as `error`.
    case partialWrite(Int32)
    /// A sync fails, and the system drops the pages it could not write: they read as they are on disk.
    case syncDropsPages
    /// A sync fails, and the system keeps the pages in its cache as if they were on disk: they read as
    /// written, but no later sync writes them.
    case syncKeepsPages
  }

  /// Which calls are counted.
  public enum CountedCalls: Sendable, Hashable {
    /// Calls that change something: write, allocate, truncate, sync, create, rename, remove, directory sync.
    case changes
    /// Every call.
    case all
    /// Calls of these kinds. Creating a file is `open`.
    case only(Set<FileError.Operation>)
  }

  /// What goes wrong.
  public var fault: Fault
  /// How many counted calls go well before.
  public var call: Int
  /// Which calls are counted.
  public var counted: CountedCalls
  /// Whether every counted call from there on fails, or only the one.
  public var isForEver: Bool

  /// Describes a fault at the call number `call`, counted from 0 from when the plan is made known to a disk.
  public init(_ fault: Fault, at call: Int, of counted: CountedCalls = .changes, isForEver: Bool = false) {
    self.fault = fault
    self.call = call
    self.counted = counted
    self.isForEver = isForEver
  }
}

/// What of the unsynced changes a power loss leaves on the disk.
public enum Survival: Sendable, Hashable {
  /// Nothing that was not synced.
  case nothing
  /// All, as if everything had been synced.
  case everything
  /// Sizes and names as they were last, but no unsynced bytes: what is new reads as zero.
  case namesAndSizes
  /// Any part: each 512-byte sector of each write, each size and each name by chance, in any order. The same
  /// seed leaves the same.
  case random(seed: UInt64)
}
