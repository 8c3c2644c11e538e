import Synchronization

/// Counts what goes through another file system, per file.
///
/// Counts do not wobble as times do, so that they can be thresholds: syncs a commit, bytes a row.
/// ```swift
/// let counting = CountingFileSystem(DiskFileSystem())
/// let store = try Store("feeds.upkeep", fileSystem: counting)
/// let before = counting.total
/// try store.write { tx in try tx.upsert(row, into: "airport") }
/// print((counting.total - before).syncs)  // 1
/// ```
public final class CountingFileSystem: FileSystem {
  private let base: any FileSystem
  private let counts = Guarded<[String: FileCounts]>([:])

  /// Counts what goes through to `base`.
  public init(_ base: any FileSystem) {
    self.base = base
  }

  /// The counts of each file so far, by the path it was opened with.
  public var byFile: [String: FileCounts] { counts.withLock { $0 } }

  /// The counts of all files so far.
  public var total: FileCounts { byFile.values.reduce(FileCounts()) { $0 + $1 } }

  /// The counts of one file so far.
  public func counts(of path: String) -> FileCounts { counts.withLock { $0[path] ?? FileCounts() } }

  fileprivate func count(_ path: String, _ change: (inout FileCounts) -> Void) {
    counts.withLock { change(&$0[path, default: FileCounts()]) }
  }

  /// Opens a file whose calls are counted.
  public func open(_ path: String, _ mode: FileOpenMode) throws(FileError) -> any File {
    CountingFile(try base.open(path, mode), self)
  }

  /// What stands at `path`, or nil if nothing does.
  public func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }

  /// Gives a file a new name, which must not exist yet.
  public func renameExclusively(_ path: String, to newPath: String) throws(FileError) {
    try base.renameExclusively(path, to: newPath)
  }

  /// Removes a file's name.
  public func remove(_ path: String) throws(FileError) { try base.remove(path) }

  /// Makes names durable; counted as a sync of the path that was given.
  public func syncDirectory(of path: String) throws(FileError) {
    count(path) { $0.directorySyncs += 1 }
    try base.syncDirectory(of: path)
  }
}

/// Calls and bytes that went to a file.
public struct FileCounts: Sendable, Hashable {
  /// Read calls.
  public var reads = 0
  /// Bytes that they gave.
  public var bytesRead: UInt64 = 0
  /// Write calls.
  public var writes = 0
  /// Bytes that they took.
  public var bytesWritten: UInt64 = 0
  /// Syncs of the file.
  public var syncs = 0
  /// Syncs of its folder.
  public var directorySyncs = 0
  /// Reservations of space.
  public var allocations = 0
  /// Changes of its length.
  public var truncations = 0

  /// All zero.
  public init() {}

  /// Both together.
  public static func + (a: FileCounts, b: FileCounts) -> FileCounts { combine(a, b, 1) }

  /// What was added since `earlier`.
  public static func - (later: FileCounts, earlier: FileCounts) -> FileCounts { combine(later, earlier, -1) }

  private static func combine(_ a: FileCounts, _ b: FileCounts, _ sign: Int) -> FileCounts {
    var result = a
    result.reads += sign * b.reads
    result.bytesRead = UInt64(Int64(a.bytesRead) + Int64(sign) * Int64(b.bytesRead))
    result.writes += sign * b.writes
    result.bytesWritten = UInt64(Int64(a.bytesWritten) + Int64(sign) * Int64(b.bytesWritten))
    result.syncs += sign * b.syncs
    result.directorySyncs += sign * b.directorySyncs
    result.allocations += sign * b.allocations
    result.truncations += sign * b.truncations
    return result
  }
}

private final class CountingFile: File {
  private let base: any File
  private let counting: CountingFileSystem

  init(_ base: any File, _ counting: CountingFileSystem) {
    self.base = base
    self.counting = counting
  }

  var path: String { base.path }

  func identity() throws(FileError) -> FileIdentity { try base.identity() }
  func size() throws(FileError) -> UInt64 { try base.size() }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
    let count = try base.read(into: buffer, at: offset)
    counting.count(path) {
      $0.reads += 1
      $0.bytesRead += UInt64(count)
    }
    return count
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
    let count = bytes.count
    counting.count(path) {
      $0.writes += 1
      $0.bytesWritten += UInt64(count)
    }
    try base.write(bytes, at: offset)
  }

  func allocate(_ range: Range<UInt64>) throws(FileError) {
    counting.count(path) { $0.allocations += 1 }
    try base.allocate(range)
  }

  func truncate(to size: UInt64) throws(FileError) {
    counting.count(path) { $0.truncations += 1 }
    try base.truncate(to: size)
  }

  func sync(_ kind: FileSync) throws(FileError) {
    counting.count(path) { $0.syncs += 1 }
    try base.sync(kind)
  }

  func tryLock() throws(FileError) -> Bool { try base.tryLock() }
  func unlock() throws(FileError) { try base.unlock() }
}
