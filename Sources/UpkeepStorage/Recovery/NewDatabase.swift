#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A database's file in the making. Until it is whole and synced it has another name, NAME-new, so that whatever happens
/// on the way nothing stands under the name itself.
///
/// What a crash left under the other name is cleared away, but only if it shows that it is a file of ours: one that is
/// empty, or begins with zeros or our magic, and that nobody has locked. Anything else stays, and the next of a few
/// names is taken.
struct NewDatabase {
  let path: String
  let folder: StoreFolder

  /// The names of a file in the making.
  private static let endings = ["-new", "-new2", "-new3", "-new4"]

  /// - Parameter fill: writes the file; it is synced afterwards.
  /// - Returns: false where somebody else was quicker, or where something was in the way and is not any more: then
  ///   nothing was made, and the caller looks again.
  func make(_ fill: (StoreFile) throws(StorageError) -> Void) throws(StorageError) -> Bool {
    for ending in Self.endings {
      let temporary = path + ending
      do throws(StorageError) {
        return try make(try folder.open(temporary, .createNew), temporary, fill)
      } catch {
        guard case .io(let cause) = error, cause.operation == .open, cause.isNameTaken else { throw error }
        if try clearAway(temporary) { return false }
      }
    }
    throw .notADatabase(
      file: path + Self.endings[0],
      reason: "it is in the way of making \(path), and no file of Upkeep's: move it away")
  }

  private func make(
    _ file: StoreFile, _ temporary: String, _ fill: (StoreFile) throws(StorageError) -> Void
  ) throws(StorageError) -> Bool {
    // Before the lock was taken another may have thought it a crash's leaving, and removed it.
    do throws(StorageError) { try file.lock() } catch {
      if case .locked = error { return false }
      throw error
    }
    guard try folder.status(temporary)?.identity == file.identity() else { return false }
    do throws(StorageError) {
      try fill(file)
      #if UPKEEP_PLANTS
        Plant.skipSync(.creationSkipsSync)
      #endif
      try file.sync(.full)
      #if UPKEEP_PLANTS
        if Plant.isOn(.renamesOver), try folder.status(path) != nil { try folder.remove(path) }
      #endif
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
  ///
  /// - Returns: false if it is not ours, and stays.
  private func clearAway(_ temporary: String) throws(StorageError) -> Bool {
    guard let status = try folder.status(temporary) else { return true }
    guard status.isRegularFile else { return false }
    let other: StoreFile
    do throws(StorageError) { other = try folder.open(temporary, .readWrite) } catch {
      if case .io(let cause) = error { return cause.isMissing }
      throw error
    }
    do throws(StorageError) { try other.lock() } catch {
      if case .locked = error { throw .locked(file: path, pid: nil) }
      throw error
    }
    guard try other.isUnfinished(magic: Superblock.magic) else { return false }
    if try folder.status(temporary)?.identity == other.identity() { try folder.remove(temporary) }
    return true
  }
}
