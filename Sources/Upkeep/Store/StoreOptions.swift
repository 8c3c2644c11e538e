internal import UpkeepStorage

/// How a store is opened, and how it is laid out if it is made.
///
/// ```swift
/// let cache = try Store("cache.upkeep", .init { $0.durability = .none; $0.cacheSize = 64 << 20 })
/// ```
public struct StoreOptions: Sendable, Hashable {
  /// What a write promises when it returns.
  public struct Durability: Sendable, Hashable {
    enum Mode: Hashable {
      case full
      case interval(Duration)
      case none
    }
    let mode: Mode

    /// The change is on disk, synced: it survives a power loss. The default.
    public static let full = Durability(mode: .full)
    /// The change is in the log, and the log is synced in the background within `time`: if the process ends nothing
    /// is lost; a power loss may take what the last `time` brought, never the store's consistency.
    public static func interval(_ time: Duration) -> Durability { Durability(mode: .interval(time)) }
    /// The change is not synced before the next checkpoint or close: a power loss may take the newest
    /// changes, never the store's consistency.
    public static let none = Durability(mode: .none)
  }

  /// What a write promises when it returns.
  public var durability = Durability.full
  /// Opens without ever writing a byte.
  public var isReadOnly = false
  /// Makes the store if nothing stands at its path.
  public var createsIfMissing = true
  /// Bytes of memory for pages.
  public var cacheSize = 256 << 20
  /// Bytes of a page, a power of two from 512 to 65,536; fixed when the store is made.
  public var pageSize = 8192
  /// Bytes of a log segment, a multiple of 4,096; fixed when the store is made.
  public var segmentSize = 4 << 20
  /// Log bytes after which a checkpoint is due.
  public var checkpointLogSize = 32 << 20

  /// How long opening waits for another process to let the store go before it throws `locked`.
  public var lockWait = Duration.zero
  /// How long a write waits for another one to end before it throws `busy`; nil is as long as it takes.
  public var writerWait: Duration?
  /// Checkpoints run on a thread of the store's own. Off, they run within the commit that makes one due.
  public var checkpointsInBackground = true

  /// Bytes that what one statement remembers of its rows may take in memory, for tests; nil for a part of the cache.
  package var statementByteCount: Int?
  /// Bytes that what the queries of one statement keep may take in a store in memory, for tests; nil for 1 GB.
  package var mostKeptInMemory: Int?

  /// The defaults: durable, made if missing.
  public init() {}

  /// The defaults, changed by `change`.
  public init(_ change: (inout StoreOptions) -> Void) {
    change(&self)
  }

  var storage: StorageOptions {
    var options = StorageOptions()
    options.durability =
      switch durability.mode {
      case .full: .full
      case .interval(let time): .interval(time)
      case .none: .none
      }
    options.lockWait = lockWait
    options.writerWait = writerWait
    options.checkpointsInBackground = checkpointsInBackground
    options.isReadOnly = isReadOnly
    options.createsIfMissing = createsIfMissing
    options.pageSize = pageSize
    options.segmentSize = segmentSize
    options.cacheSize = cacheSize
    options.checkpointLogSize = checkpointLogSize
    options.statementByteCount = statementByteCount
    if let mostKeptInMemory { options.mostKeptInMemory = mostKeptInMemory }
    return options
  }
}
