/// The seam between the engine and the operating system: every call that the engine makes on a file
/// or folder goes through a `FileSystem` and the `File`s it opens.
///
/// There are three: the real disk, memory, and the simulated disk of the tests. A wrapper that counts
/// or delays calls is a fourth that anyone can write.
///
/// Each method either does all it says or throws; a `FileError` carries the system's error number.
public protocol FileSystem: AnyObject, Sendable {
  /// Opens a regular file without following a symbolic link at its last component.
  ///
  /// - Throws: `ENOENT`, `EEXIST`, `ELOOP`, `EACCES` …; `EINVAL` where the path is not a regular file.
  func open(_ path: String, _ mode: FileOpenMode) throws(FileError) -> any File

  /// What stands at `path`, or nil if nothing does. Symbolic links are not followed.
  func status(_ path: String) throws(FileError) -> FileStatus?

  /// Gives a file a new name, which must not exist yet: atomic, and `EEXIST` if it does.
  func renameExclusively(_ path: String, to newPath: String) throws(FileError)

  /// Removes a file's name.
  func remove(_ path: String) throws(FileError)

  /// Makes the names in the folder that holds `path` durable: creations, renames and removals.
  func syncDirectory(of path: String) throws(FileError)
}

/// How a file is opened.
public enum FileOpenMode: Sendable {
  /// An existing file, for reading only.
  case readOnly
  /// An existing file, for reading and writing.
  case readWrite
  /// A new file, for reading and writing, which must not exist yet; only its owner may read it (0600).
  case createNew
}

/// What stands at a path.
public struct FileStatus: Sendable, Hashable {
  /// Whether it is an ordinary file, as opposed to a folder, a pipe, a device or a link.
  public var isRegularFile: Bool
  /// Its length in bytes.
  public var size: UInt64
  /// Which file it is, whatever its name: device and inode.
  public var identity: FileIdentity

  /// Describes a file.
  public init(isRegularFile: Bool, size: UInt64, identity: FileIdentity) {
    self.isRegularFile = isRegularFile
    self.size = size
    self.identity = identity
  }
}

/// Which file it is, whatever its name.
public struct FileIdentity: Sendable, Hashable {
  /// The device's number.
  public var device: UInt64
  /// The file's number on the device.
  public var inode: UInt64

  /// Names a file by device and inode.
  public init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }
}
