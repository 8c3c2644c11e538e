import UpkeepStorage

/// A disk that can lose power, tear, lose, reorder, fill up and refuse: one process's view of it.
///
/// It keeps for each file what programs see and what is durable, with the changes in between, and the
/// same for names. After a crash `survivor` makes a new disk of what could be left.
/// ```swift
/// let disk = SimulatedFileSystem()
/// disk.plan(FaultPlan(.powerLoss, at: 17))
/// try? runWorkload(on: disk)
/// let afterwards = disk.survivor(.random(seed: 42))  // what a machine may find when it starts again
/// ```
public final class SimulatedFileSystem: FileSystem {
  /// The error number of every call after the power went.
  public static let powerLossCode: Int32 = -1
  /// The error number of every call of a process that is no more.
  public static let processDeathCode: Int32 = -2

  let disk: SimulatedDisk
  let process: UInt64

  /// An empty disk.
  ///
  /// - Parameters:
  ///   - seed: for what a fault leaves to chance.
  ///   - capacity: bytes that files may take together; nil: no limit.
  public convenience init(seed: UInt64 = 0, capacity: UInt64? = nil) {
    let disk = SimulatedDisk(seed: seed)
    disk.capacity = capacity
    self.init(disk)
  }

  init(_ disk: SimulatedDisk) {
    self.disk = disk
    process = disk.lock.withLock { disk.takeNumber() }
  }

  // MARK: Control

  /// Another process on the same machine: it sees the same files, and the locks of this one.
  public func anotherProcess() -> SimulatedFileSystem { SimulatedFileSystem(disk) }

  /// What could be on the disk if the power went now. The disk itself stays as it is.
  public func survivor(_ survival: Survival) -> SimulatedFileSystem {
    SimulatedFileSystem(withDisk { $0.survivor(survival) })
  }

  /// The same machine once more, with what its cache holds: to try several ways on from one moment. Locks and plans
  /// stay behind; nobody is using it.
  public func copy() -> SimulatedFileSystem {
    SimulatedFileSystem(withDisk { $0.copy() })
  }

  /// Arms a fault, in place of the one before; its calls are counted from now on.
  public func plan(_ plan: FaultPlan?) {
    withDisk {
      $0.plan = plan
      $0.countedCalls = 0
    }
  }

  /// Calls `body` with the number of each change from now on, in the middle of it: `snapshot` gives the machine as it is
  /// found by a power loss there. So one run leaves what many runs would that each lose power at another change.
  ///
  /// - Parameter body: must call nothing on this file system but what it is handed; nil ends it.
  public func watch(_ body: ((_ change: Int, _ snapshot: () -> SimulatedFileSystem) -> Void)?) {
    withDisk { disk in
      guard let body else {
        disk.watcher = nil
        return
      }
      disk.watcher = { [unowned disk] number in body(number) { SimulatedFileSystem(disk.copy()) } }
    }
  }

  /// Runs `body` just before this process's call number `call`, counted from 0 from now on: what another
  /// process does at the worst moment.
  public func interrupt(before call: Int, _ body: @escaping @Sendable () -> Void) {
    withDisk { $0.interruption = (process, call, body) }
  }

  /// Ends this process, as `kill -9` does: its locks go, its later calls throw, the system's cache stays.
  public func kill() {
    withDisk { $0.end(process) }
  }

  /// Whether the power went.
  public var isOff: Bool { withDisk { $0.isOff } }

  /// Calls so far.
  public var callCount: Int { withDisk { $0.callCount } }

  /// Calls so far that change something, syncs among them.
  public var changeCount: Int { withDisk { $0.changeCount } }

  /// Calls so far that went wrong by plan.
  public var faultCount: Int { withDisk { $0.faultCount } }

  /// Whether calls are written down.
  public var keepsTranscript: Bool {
    get { withDisk { $0.keepsTranscript } }
    set { withDisk { $0.keepsTranscript = newValue } }
  }

  /// The calls that were written down.
  public var transcript: [FileCall] { withDisk { $0.transcript } }

  /// Bytes that files may take together; nil: no limit.
  public var capacity: UInt64? {
    get { withDisk { $0.capacity } }
    set { withDisk { $0.capacity = newValue } }
  }

  /// Bytes that files take, holes not counted.
  public var usedBytes: UInt64 { withDisk { $0.usedBytes } }

  /// The paths of all files, in order.
  public var paths: [String] { withDisk { $0.names.keys.sorted() } }

  /// The bytes of a file as programs see them; nil if there is none.
  public func contents(of path: String) -> [UInt8]? {
    withDisk { disk in
      guard let inode = disk.names[path].flatMap({ disk.inodes[$0] }) else { return nil }
      var bytes = [UInt8](repeating: 0, count: Int(inode.live.size))
      bytes.withUnsafeMutableBytes { _ = inode.live.read(into: $0, at: 0) }
      return bytes
    }
  }

  /// Gives a file these bytes, durably, and makes it if there is none; nil removes it. No call is counted: this
  /// is damage, or another's doing.
  public func setContents(of path: String, to bytes: [UInt8]?) {
    withDisk { disk in
      guard let bytes else {
        disk.names[path] = nil
        disk.durableNames[path] = nil
        return
      }
      let number = disk.names[path] ?? disk.takeNumber()
      let inode = disk.inodes[number] ?? SimulatedInode(number: number)
      inode.live = FileContents(chunkSize: 4096)
      bytes.withUnsafeBytes { inode.live.write($0, at: 0) }
      inode.durable = inode.live
      inode.pending = []
      disk.inodes[number] = inode
      disk.names[path] = number
      disk.durableNames[path] = number
    }
  }

  /// Changes one byte of a file, durably.
  public func flip(_ path: String, at offset: UInt64, xor mask: UInt8) {
    withDisk { disk in
      guard let inode = disk.names[path].flatMap({ disk.inodes[$0] }) else { return }
      var byte: UInt8 = 0
      withUnsafeMutableBytes(of: &byte) { _ = inode.live.read(into: $0, at: offset) }
      byte ^= mask
      withUnsafeBytes(of: byte) { inode.live.write($0, at: offset) }
      inode.durable = inode.live
    }
  }

  private func withDisk<Result: Sendable>(_ body: (SimulatedDisk) -> Result) -> Result {
    disk.lock.withLock { body(disk) }
  }

  // MARK: FileSystem

  /// Opens a file.
  public func open(_ path: String, _ mode: FileOpenMode) throws(FileError) -> any File {
    try call(.open, path, isChange: mode.creates) { disk throws(FileError) in
      let existing = disk.names[path].flatMap { disk.inodes[$0] }
      if !mode.creates {
        guard let existing else { throw FileError(.open, path: path, code: SystemErrorCode.missing) }
        return SimulatedFile(path, existing, self, handle: disk.takeNumber(), isWritable: mode.writes)
      }
      if existing != nil { throw FileError(.open, path: path, code: SystemErrorCode.exists) }
      let inode = SimulatedInode(number: disk.takeNumber())
      disk.inodes[inode.number] = inode
      disk.change(.create(path, inode.number))
      return SimulatedFile(path, inode, self, handle: disk.takeNumber(), isWritable: true)
    }
  }

  /// What stands at `path`, or nil if nothing does.
  public func status(_ path: String) throws(FileError) -> FileStatus? {
    try call(.status, path, isChange: false) { disk in
      disk.names[path].flatMap { disk.inodes[$0] }.map {
        FileStatus(isRegularFile: true, size: $0.live.size, identity: $0.identity)
      }
    }
  }

  /// Gives a file a new name, which must not exist yet.
  public func renameExclusively(_ path: String, to newPath: String) throws(FileError) {
    try call(.rename, path, in: "\(path) \(newPath)", isChange: true) { disk throws(FileError) in
      guard let number = disk.names[path] else {
        throw FileError(.rename, path: path, code: SystemErrorCode.missing)
      }
      guard disk.names[newPath] == nil else {
        throw FileError(.rename, path: path, code: SystemErrorCode.exists)
      }
      disk.change(.rename(path, newPath, number))
    }
  }

  /// Removes a file's name.
  public func remove(_ path: String) throws(FileError) {
    try call(.remove, path, isChange: true) { disk throws(FileError) in
      guard disk.names[path] != nil else {
        throw FileError(.remove, path: path, code: SystemErrorCode.missing)
      }
      disk.change(.remove(path))
    }
  }

  /// Makes the names in the folder that holds `path` durable. One that fails leaves them to the next.
  public func syncDirectory(of path: String) throws(FileError) {
    let folder = folderPath(of: path)
    try call(.syncDirectory, folder, isChange: true) { disk in disk.syncNames(in: folder) }
  }
}

extension FileOpenMode {
  fileprivate var creates: Bool { if case .createNew = self { true } else { false } }
  fileprivate var writes: Bool { if case .readOnly = self { false } else { true } }
}
