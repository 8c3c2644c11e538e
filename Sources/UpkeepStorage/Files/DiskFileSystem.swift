/// The real disk.
///
/// ```swift
/// let store = try Store("feeds.upkeep", fileSystem: DiskFileSystem())
/// ```
public final class DiskFileSystem: FileSystem {
  /// Stands for the files of this machine.
  public init() {}

  /// Opens a regular file without following a symbolic link at its last component.
  public func open(_ path: String, _ mode: FileOpenMode) throws(FileError) -> any File {
    try refuseImpossiblePath(path, .open)
    let descriptor: Int32
    switch Platform.open(path, mode) {
    case .failure(let error): throw FileError(.open, path: path, code: error.code)
    case .success(let opened): descriptor = opened
    }
    let file = DiskFile(path, descriptor)
    guard try file.status().isRegularFile else {
      throw FileError(.open, path: path, code: SystemErrorCode.invalid)
    }
    return file
  }

  /// What stands at `path`, or nil if nothing does.
  public func status(_ path: String) throws(FileError) -> FileStatus? {
    try refuseImpossiblePath(path, .status)
    switch Platform.status(path) {
    case .failure(let error): throw FileError(.status, path: path, code: error.code)
    case .success(nil): return nil
    case .success(let status?):
      return FileStatus(isRegularFile: status.isRegularFile, size: status.size, identity: status.identity)
    }
  }

  /// Gives a file a new name, which must not exist yet.
  public func renameExclusively(_ path: String, to newPath: String) throws(FileError) {
    try refuseImpossiblePath(path, .rename)
    try refuseImpossiblePath(newPath, .rename)
    try check(Platform.renameExclusively(path, to: newPath), .rename, path)
  }

  /// Removes a file's name.
  public func remove(_ path: String) throws(FileError) {
    try refuseImpossiblePath(path, .remove)
    try check(Platform.remove(path), .remove, path)
  }

  /// Makes the names in the folder that holds `path` durable.
  public func syncDirectory(of path: String) throws(FileError) {
    try refuseImpossiblePath(path, .syncDirectory)
    let folder = folderPath(of: path)
    try check(Platform.syncDirectory(folder), .syncDirectory, folder)
  }

  private func check(
    _ code: Int32, _ operation: FileError.Operation, _ path: String
  ) throws(FileError) {
    if code != 0 { throw FileError(operation, path: path, code: code) }
  }

  /// A NUL would end the name early, and another file would be meant.
  private func refuseImpossiblePath(
    _ path: String, _ operation: FileError.Operation
  ) throws(FileError) {
    if path.utf8.contains(0) { throw FileError(operation, path: path, code: SystemErrorCode.invalid) }
  }
}

/// The folder that holds the file at `path`, as a path.
package func folderPath(of path: String) -> String {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// An open file of the real disk.
final class DiskFile: File {
  let path: String
  private let descriptor: Int32

  init(_ path: String, _ descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { Platform.close(descriptor) }

  func status() throws(FileError) -> Platform.Status {
    switch Platform.status(descriptor) {
    case .failure(let error): throw FileError(.size, path: path, code: error.code)
    case .success(let status): return status
    }
  }

  func identity() throws(FileError) -> FileIdentity { try status().identity }

  func size() throws(FileError) -> UInt64 { try status().size }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
    switch Platform.read(descriptor, into: buffer, at: offset) {
    case .failure(let error): throw FileError(.read, path: path, code: error.code, offset: offset)
    case .success(let count): return count
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
    try check(Platform.write(descriptor, bytes, at: offset), .write, offset)
  }

  func allocate(_ range: Range<UInt64>) throws(FileError) {
    try check(Platform.allocate(descriptor, range), .allocate, range.lowerBound)
  }

  func truncate(to size: UInt64) throws(FileError) {
    try check(Platform.truncate(descriptor, to: size), .truncate, size)
  }

  func sync(_ kind: FileSync) throws(FileError) {
    try check(Platform.sync(descriptor, kind), .sync)
  }

  func tryLock() throws(FileError) -> Bool {
    switch Platform.tryLock(descriptor) {
    case .failure(let error): throw FileError(.lock, path: path, code: error.code)
    case .success(let isOurs): return isOurs
    }
  }

  func unlock() throws(FileError) {
    try check(Platform.unlock(descriptor), .lock)
  }

  private func check(
    _ code: Int32, _ operation: FileError.Operation, _ offset: UInt64? = nil
  ) throws(FileError) {
    if code != 0 { throw FileError(operation, path: path, code: code, offset: offset) }
  }
}
