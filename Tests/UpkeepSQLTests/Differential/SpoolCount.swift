import UpkeepStorage
import Synchronization

/// A file system in memory that counts how often a statement put something out of memory.
final class SpoolCount: FileSystem {
  private let base = MemoryFileSystem()
  private let opened = Atomic<Int>(0)

  var count: Int { opened.load(ordering: .relaxed) }

  func open(_ path: String, _ mode: FileOpenMode) throws(FileError) -> any File {
    if path.contains("-spool-") { opened.add(1, ordering: .relaxed) }
    return try base.open(path, mode)
  }

  func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }

  func renameExclusively(_ path: String, to newPath: String) throws(FileError) {
    try base.renameExclusively(path, to: newPath)
  }

  func remove(_ path: String) throws(FileError) { try base.remove(path) }
  func syncDirectory(of path: String) throws(FileError) { try base.syncDirectory(of: path) }
}
