package import UpkeepStorage

extension UpkeepError {
  /// What an error of the storage below means to a person.
  package init(_ error: StorageError) {
    switch error {
    case .io(let cause):
      self.init(.io, "\(cause.sentence)")
      note(cause)
    case .corrupt(let file, let place, let reason):
      self.init(
        .corrupt,
        "\(file.isEmpty ? Self.unnamedStore : file) is damaged at \(place): \(reason); restore it from a copy"
      )
      self.file = file.isEmpty ? nil : file
    case .notADatabase(let file, let reason):
      self.init(.notADatabase, "\(file) is not an Upkeep database: \(reason); nothing was changed")
      self.file = file
    case .logMismatch(let file, let reason):
      self.init(
        .corrupt, "the log does not belong to \(file): \(reason); put database and log back together")
      self.file = file
    case .locked(let file, let pid):
      let holder = pid.map { "process \($0)" } ?? "another process"
      self.init(.locked, "\(file) is in use by \(holder); close it there first")
      self.file = file
    case .full(let cause):
      self.init(.full, "the disk is full (\(cause.sentence)); nothing was lost: make room and try again")
      note(cause)
    case .failedEarlier(let cause):
      self.init(
        .io, "nothing more is written because \(cause.sentence); close the store and open it again to go on")
      note(cause)
    case .commitUnknown(let cause):
      self.init(
        .io,
        "whether the last commit is safe is not known because \(cause.sentence); "
          + "close the store and open it again to see")
      note(cause)
    case .closed:
      self.init(.closed, "the store is closed")
    case .snapshotsOpen(let count):
      self.init(
        .misuse,
        "the store cannot close while \(count) read\(count == 1 ? "" : "s") are under way; end them first")
    case .busy:
      self.init(.busy, "another write was under way for longer than this one was to wait; try again")
    case .nestedWrite:
      self.init(.misuse, "a write is already under way here; finish it before beginning another")
    case .readOnly:
      self.init(.readOnly, "the store is open for reading only")
    case .noSuchTree(let tree):
      self.init(.corrupt, "\(Self.unnamedStore) is damaged: the catalog names \(tree), which is not there")
    case .keyTooLong(let byteCount, let limit):
      self.init(.tooLong, "a key of \(byteCount) bytes is longer than the limit of \(limit)")
    case .valueTooLong(let byteCount, let limit):
      self.init(.tooLong, "a value of \(byteCount) bytes is longer than the limit of \(limit)")
    case .badOption(let reason):
      self.init(.misuse, reason)
    case .transactionEnded:
      self.init(.misuse, "the transaction has ended")
    case .stopped:
      self.init(.cancelled, "it was stopped before its end; nothing was changed")
    case .outOfMemory:
      self.init(.limit, "there is not enough memory")
    }
    cause = error
  }

  /// How a message names the store where the error does not know its path.
  private static var unnamedStore: String { "the store" }

  private mutating func note(_ cause: FileError) {
    file = cause.path
    offset = cause.offset
  }

  /// The same error, naming the store's file where it was not known.
  func naming(_ path: String?) -> UpkeepError {
    guard let path, code == .corrupt, file == nil else { return self }
    var error = self
    error.file = path
    error.message =
      message.hasPrefix(Self.unnamedStore + " ")
      ? path + message.dropFirst(Self.unnamedStore.count) : "\(path): \(message)"
    return error
  }

  /// Bytes of a row, key or catalog entry that cannot be what was written.
  package static func corrupt(_ place: String, _ reason: String) -> UpkeepError {
    UpkeepError(.corrupt, "\(place) is damaged: \(reason); restore the database from a copy")
  }
}

extension FileError {
  /// `writing feeds.upkeep at byte 8192 failed: Input/output error`
  fileprivate var sentence: String {
    let doing =
      switch operation {
      case .open: "opening"
      case .read: "reading"
      case .write: "writing"
      case .allocate: "reserving space in"
      case .truncate: "setting the length of"
      case .size, .status: "looking at"
      case .sync: "syncing"
      case .rename: "renaming"
      case .remove: "removing"
      case .lock: "locking"
      case .syncDirectory: "syncing the folder of"
      }
    let place = offset.map { " at byte \($0)" } ?? ""
    return "\(doing) \(path)\(place) failed: \(reason)"
  }
}

/// Runs a step of the storage and tells its error in the library's words.
@inline(__always)
package func storing<T>(_ step: () throws(StorageError) -> T) throws(UpkeepError) -> T {
  do { return try step() } catch { throw UpkeepError(error) }
}
