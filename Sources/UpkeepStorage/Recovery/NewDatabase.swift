#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A database's file in the making. Until it is whole and synced it has another name, NAME-new, so that whatever happens
/// on the way nothing stands under the name itself.
///
/// What a crash left under the other name is cleared away, but only if it is a file of ours: one that is empty, or
/// begins with zeros or our magic, and that nobody has locked.
struct NewDatabase {
  let path: String
  let folder: StoreFolder

  private var temporary: String { path + "-new" }

  /// - Parameter fill: writes the file; it is synced afterwards.
  /// - Returns: false where somebody else was quicker, or where something was in the way and is not any more: then
  ///   nothing was made, and the caller looks again.
  func make(_ fill: (StoreFile) throws(StorageError) -> Void) throws(StorageError) -> Bool {
    let file: StoreFile
    do throws(StorageError) { file = try folder.open(temporary, .createNew) } catch {
      guard case .io(let cause) = error, cause.isNameTaken else { throw error }
      try clearAway()
      return false
    }
    // Before the lock was taken another may have thought it a crash's leaving, and removed it.
    do throws(StorageError) { try file.lock() } catch {
      if case .locked = error { return false }
      throw error
    }
    guard try folder.status(temporary)?.identity == file.identity() else { return false }
    do throws(StorageError) {
      try fill(file)
      try file.sync(.full)
      try folder.renameExclusively(temporary, to: path)
    } catch {
      // Past the latch: what failed was this file, and it has no name that anybody relies on.
      try? folder.fileSystem.remove(temporary)
      if case .io(let cause) = error, cause.operation == .rename, cause.isNameTaken { return false }
      throw error
    }
    try folder.syncDirectory(of: path)
    try file.unlock()
    return true
  }

  /// Something stands under the other name: a crash left it, or another process is at it, or it is not ours.
  private func clearAway() throws(StorageError) {
    guard let status = try folder.status(temporary) else { return }
    guard status.isRegularFile else { throw inTheWay("no regular file") }
    let other: StoreFile
    do throws(StorageError) { other = try folder.open(temporary, .readWrite) } catch {
      if case .io(let cause) = error, cause.isMissing { return }
      throw error
    }
    do throws(StorageError) { try other.lock() } catch {
      if case .locked = error { throw .locked(file: path, pid: nil) }
      throw error
    }
    guard try other.isUnfinished(magic: Superblock.magic) else { throw inTheWay("no file of this kind") }
    if try folder.status(temporary)?.identity == other.identity() { try folder.remove(temporary) }
  }

  private func inTheWay(_ what: String) -> StorageError {
    .notADatabase(file: temporary, reason: "it is in the way of making \(path), and \(what): move it away")
  }
}
