import Synchronization

/// Files that exist only in this object, and go with it. Syncs have nothing to do.
///
/// ```swift
/// let store = try Store("scratch", fileSystem: MemoryFileSystem())
/// ```
public final class MemoryFileSystem: FileSystem {
  private struct Names {
    var files: [String: MemoryInode] = [:]
    var nextInode: UInt64 = 1
  }

  private let names = Guarded(Names())

  /// Makes an empty one.
  public init() {}

  /// Opens a file.
  public func open(_ path: String, _ mode: FileOpenMode) throws(FileError) -> any File {
    let (inode, code) = names.withLock { names -> (MemoryInode?, Int32) in
      let existing = names.files[path]
      guard case .createNew = mode else { return (existing, SystemErrorCode.missing) }
      guard existing == nil else { return (nil, SystemErrorCode.exists) }
      let inode = MemoryInode(number: names.nextInode)
      names.nextInode += 1
      names.files[path] = inode
      return (inode, 0)
    }
    guard let inode else { throw FileError(.open, path: path, code: code) }
    if case .readOnly = mode { return MemoryFile(path, inode, isWritable: false) }
    return MemoryFile(path, inode, isWritable: true)
  }

  /// What stands at `path`, or nil if nothing does.
  public func status(_ path: String) throws(FileError) -> FileStatus? {
    names.withLock { $0.files[path] }.map {
      FileStatus(isRegularFile: true, size: $0.contents.withLock { $0.size }, identity: $0.identity)
    }
  }

  /// Gives a file a new name, which must not exist yet.
  public func renameExclusively(_ path: String, to newPath: String) throws(FileError) {
    let code = names.withLock { names -> Int32 in
      guard let inode = names.files[path] else { return SystemErrorCode.missing }
      guard names.files[newPath] == nil else { return SystemErrorCode.exists }
      names.files[path] = nil
      names.files[newPath] = inode
      return 0
    }
    if code != 0 { throw FileError(.rename, path: path, code: code) }
  }

  /// Removes a file's name.
  public func remove(_ path: String) throws(FileError) {
    let removed = names.withLock { $0.files.removeValue(forKey: path) }
    if removed == nil { throw FileError(.remove, path: path, code: SystemErrorCode.missing) }
  }

  /// Does nothing: the names are as durable as the rest.
  public func syncDirectory(of path: String) throws(FileError) {}
}

private final class MemoryInode: Sendable {
  let identity: FileIdentity
  let contents = Guarded(FileContents(chunkSize: 1 << 16))
  let isLocked = Guarded(false)

  init(number: UInt64) {
    identity = FileIdentity(device: 0, inode: number)
  }
}

private final class MemoryFile: File {
  let path: String
  private let inode: MemoryInode
  private let isWritable: Bool
  private let holdsLock = Guarded(false)

  init(_ path: String, _ inode: MemoryInode, isWritable: Bool) {
    self.path = path
    self.inode = inode
    self.isWritable = isWritable
  }

  deinit { releaseLock() }

  func identity() throws(FileError) -> FileIdentity { inode.identity }

  func size() throws(FileError) -> UInt64 { inode.contents.withLock { $0.size } }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
    nonisolated(unsafe) let buffer = buffer
    return inode.contents.withLock { $0.read(into: buffer, at: offset) }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
    try checkWritable(.write, end: offset.addingReportingOverflow(UInt64(bytes.count)).partialValue)
    nonisolated(unsafe) let bytes = bytes
    inode.contents.withLock { $0.write(bytes, at: offset) }
  }

  func allocate(_ range: Range<UInt64>) throws(FileError) {
    try checkWritable(.allocate, end: range.upperBound)
    inode.contents.withLock { $0.allocate(range) }
  }

  func truncate(to size: UInt64) throws(FileError) {
    try checkWritable(.truncate, end: size)
    inode.contents.withLock { $0.truncate(to: size) }
  }

  func sync(_ kind: FileSync) throws(FileError) {}

  func tryLock() throws(FileError) -> Bool {
    if holdsLock.withLock({ $0 }) { return true }
    let isOurs = inode.isLocked.withLock { isLocked in
      defer { isLocked = true }
      return !isLocked
    }
    if isOurs { holdsLock.withLock { $0 = true } }
    return isOurs
  }

  func unlock() throws(FileError) { releaseLock() }

  private func releaseLock() {
    let didHold = holdsLock.withLock { holds in
      defer { holds = false }
      return holds
    }
    if didHold { inode.isLocked.withLock { $0 = false } }
  }

  private func checkWritable(_ operation: FileError.Operation, end: UInt64) throws(FileError) {
    guard isWritable else { throw FileError(operation, path: path, code: SystemErrorCode.readOnlyFile) }
    guard end < 1 << 46 else { throw FileError(operation, path: path, code: SystemErrorCode.tooLarge) }
  }
}
