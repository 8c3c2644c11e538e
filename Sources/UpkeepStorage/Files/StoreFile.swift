/// What a change that fails for want of space leaves behind.
package enum Reliance: Sendable {
  /// Something may depend on these bytes: a failure of any kind closes the latch.
  case reliedOn
  /// Space that nothing refers to yet. When the disk is full the store is as it was before the call, so
  /// that the caller may give up what it was doing and go on: `StorageError.full`, and no latch.
  case spare
}

/// A file of a store: `File` behind the store's one latch. The engine opens no file any other way.
///
/// 1. After the first failed change of any file of the store, every change is refused with
///    `StorageError.failedEarlier`; reads go on.
/// 2. The one failure that does not close the latch is a full disk met by a write or an allocation into
///    space that nothing relies on, and the caller says so with `Reliance.spare`.
/// 3. A failed sync always closes it, a full disk included: by then the bytes were promised space.
package final class StoreFile: Sendable {
  package let file: any File
  package let latch: FailureLatch

  package init(_ file: any File, latch: FailureLatch) {
    self.file = file
    self.latch = latch
  }

  package var path: String { file.path }

  /// Fills `buffer` from `offset` on; fewer bytes only where the file ends.
  package func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(StorageError) -> Int {
    do { return try file.read(into: buffer, at: offset) } catch { throw .io(error) }
  }

  package func size() throws(StorageError) -> UInt64 {
    do { return try file.size() } catch { throw .io(error) }
  }

  package func identity() throws(StorageError) -> FileIdentity {
    do { return try file.identity() } catch { throw .io(error) }
  }

  /// Writes all of `bytes` at `offset`; the file grows where it must.
  package func write(
    _ bytes: UnsafeRawBufferPointer, at offset: UInt64, _ reliance: Reliance = .reliedOn
  ) throws(StorageError) {
    try latch.check()
    do { try file.write(bytes, at: offset) } catch { throw latch.judge(error, reliance) }
  }

  /// Reserves blocks for a range; what is new reads as zero.
  package func allocate(_ range: Range<UInt64>, _ reliance: Reliance = .spare) throws(StorageError) {
    try latch.check()
    do { try file.allocate(range) } catch { throw latch.judge(error, reliance) }
  }

  package func truncate(to size: UInt64) throws(StorageError) {
    try latch.check()
    do { try file.truncate(to: size) } catch { throw latch.judge(error, .reliedOn) }
  }

  /// Makes everything written so far durable. Never called again after it failed.
  package func sync(_ kind: FileSync) throws(StorageError) {
    try latch.check()
    #if UPKEEP_PLANTS
      if Plant.takesSyncToSkip() { return }
      if Plant.isOn(.retriesSync) {
        do { try file.sync(kind) } catch { try? file.sync(kind) }
        return
      }
      if Plant.isOn(.fullSyncIsRecoverable) {
        do { return try file.sync(kind) } catch { throw latch.judge(error, .spare) }
      }
    #endif
    do { try file.sync(kind) } catch { throw latch.judge(error, .reliedOn) }
    // The system tells a failed write back to one caller only: another thread's sync may have been told.
    try latch.check()
  }

  /// Whether it may be what a crash left of a file of ours: empty, or beginning with zeros or with `magic`, or with a
  /// part of it where the write was torn.
  package func isUnfinished(magic: UInt64) throws(StorageError) -> Bool {
    let head = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
    defer { head.deallocate() }
    let count = try read(into: head, at: 0)
    return (0..<count).allSatisfy { i in
      head[i] == 0 || head[i] == UInt8(truncatingIfNeeded: magic >> UInt64(8 * i))
    }
  }

  /// Takes the lock that keeps other processes out.
  ///
  /// - Throws: `.locked` without a pid if another holds it; whoever can read the pid adds it.
  package func lock() throws(StorageError) {
    let isOurs: Bool
    do { isOurs = try file.tryLock() } catch { throw .io(error) }
    #if UPKEEP_PLANTS
      if Plant.isOn(.skipsLock) { return }
    #endif
    if !isOurs { throw .locked(file: path, pid: nil) }
  }

  package func unlock() throws(StorageError) {
    do { try file.unlock() } catch { throw .io(error) }
  }
}

/// The folder side of the same: opens a store's files behind its latch, and changes their names.
package final class StoreFolder: Sendable {
  package let fileSystem: any FileSystem
  package let latch: FailureLatch

  package init(_ fileSystem: any FileSystem, latch: FailureLatch = FailureLatch()) {
    self.fileSystem = fileSystem
    self.latch = latch
  }

  /// Opens a file. Failing to open or create one changes nothing that matters and does not latch.
  package func open(_ path: String, _ mode: FileOpenMode) throws(StorageError) -> StoreFile {
    if case .createNew = mode { try latch.check() }
    #if UPKEEP_PLANTS
      let latch = Plant.isOn(.latchIsPerFile) ? FailureLatch() : latch
    #endif
    do { return StoreFile(try fileSystem.open(path, mode), latch: latch) } catch {
      throw error.isFull ? .full(error) : .io(error)
    }
  }

  package func status(_ path: String) throws(StorageError) -> FileStatus? {
    do { return try fileSystem.status(path) } catch { throw .io(error) }
  }

  /// Gives a file a new name, which must not exist yet.
  ///
  /// A name that is taken (`EEXIST`) is an answer, not a failure: it does not latch.
  package func renameExclusively(_ path: String, to newPath: String) throws(StorageError) {
    try latch.check()
    do { try fileSystem.renameExclusively(path, to: newPath) } catch {
      if error.isNameTaken { throw .io(error) }
      throw latch.judge(error, .reliedOn)
    }
  }

  package func remove(_ path: String) throws(StorageError) {
    try latch.check()
    do { try fileSystem.remove(path) } catch { throw latch.judge(error, .reliedOn) }
  }

  /// Makes the names in the folder that holds `path` durable.
  package func syncDirectory(of path: String) throws(StorageError) {
    try latch.check()
    do { try fileSystem.syncDirectory(of: path) } catch { throw latch.judge(error, .reliedOn) }
    try latch.check()
  }
}

extension FailureLatch {
  /// What the caller of a failed change is told; closes the latch unless the failure is recoverable.
  fileprivate func judge(_ error: FileError, _ reliance: Reliance) -> StorageError {
    if case .spare = reliance, error.isFull { return .full(error) }
    close(with: error)
    return .io(error)
  }
}
