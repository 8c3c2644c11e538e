package import UpkeepStorage

extension UpkeepError {
  /// What an error of the storage below means to a person.
  package init(_ error: StorageError) {
    switch error {
    case .io(let cause):
      self.init(.io, "a call on a file failed: \(cause)")
    case .corrupt(let file, let place, let reason):
      self.init(.corrupt, "\(file) is damaged at \(place): \(reason); restore it from a copy")
      self.file = file
    case .notADatabase(let file, let reason):
      self.init(.notADatabase, "\(file) is not an Upkeep database: \(reason)")
      self.file = file
    case .logMismatch(let file, let reason):
      self.init(.corrupt, "the log does not belong to \(file): \(reason); put database and log back together")
      self.file = file
    case .locked(let file, let pid):
      let holder = pid.map { "process \($0)" } ?? "another process"
      self.init(.locked, "\(file) is in use by \(holder); close it there first")
      self.file = file
    case .full(let cause):
      self.init(.full, "the disk is full: \(cause); make room and try again")
    case .failedEarlier(let cause):
      self.init(.io, "writing failed earlier (\(cause)); reopen the store to go on")
    case .commitUnknown(let cause):
      self.init(.io, "the sync of a commit failed (\(cause)); reopen the store to see whether it survived")
    case .closed:
      self.init(.closed, "the store is closed")
    case .snapshotsOpen(let count):
      self.init(.misuse, "the store cannot close while \(count) snapshots are open; end them first")
    case .nestedWrite:
      self.init(.misuse, "a write is already under way here; finish it before beginning another")
    case .readOnly:
      self.init(.readOnly, "the store is open for reading only")
    case .noSuchTree(let tree):
      self.init(.corrupt, "\(tree) is named in the catalog but is not there")
    case .keyTooLong(let byteCount, let limit):
      self.init(.tooLong, "a key of \(byteCount) bytes is longer than the limit of \(limit)")
    case .valueTooLong(let byteCount, let limit):
      self.init(.tooLong, "a row of \(byteCount) bytes is longer than the limit of \(limit)")
    case .badOption(let reason):
      self.init(.misuse, reason)
    case .transactionEnded:
      self.init(.misuse, "the transaction has ended")
    case .outOfMemory:
      self.init(.limit, "there is not enough memory")
    }
    cause = error
  }

  /// Bytes of a row, key or catalog entry that cannot be what was written.
  package static func corrupt(_ place: String, _ reason: String) -> UpkeepError {
    UpkeepError(.corrupt, "\(place) is damaged: \(reason); restore the database from a copy")
  }
}

/// Runs a step of the storage and tells its error in the library's words.
@inline(__always)
package func storing<T>(_ step: () throws(StorageError) -> T) throws(UpkeepError) -> T {
  do { return try step() } catch { throw UpkeepError(error) }
}
