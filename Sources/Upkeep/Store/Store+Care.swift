internal import UpkeepStorage

extension StatementWatch {
  /// What the storage tells of pages.
  var pages: PageProgress {
    { done, total throws(StorageError) in
      self.progress?(Progress(done: Int(clamping: done), total: Int(clamping: total), unit: .pages))
      if self.cancellation.isCancelled { throw .stopped }
    }
  }
}

/// A store's file as a whole.
extension Store {
  /// Writes what the store holds now to a new store at `path`, while reads and writes go on: one compact file, complete
  /// and durable when the call returns, readable by its owner only.
  ///
  /// ```swift
  /// try store.backup(to: "feeds-friday.upkeep")
  /// ```
  /// Nothing stands at `path` before that: a backup that fails, or whose process ends, leaves at most a file of that name
  /// with `-new` behind it, which the next one clears away.
  ///
  /// - Parameter fileSystem: what `path` lies on; that of the store unless said.
  /// - Throws: `exists` if something stands at `path`; `full`, `io`, `corrupt`. The store goes on whatever happens.
  public func backup(to path: String, fileSystem: (any FileSystem)? = nil) throws(UpkeepError) {
    try backup(to: path, fileSystem: fileSystem, watch: StatementWatch())
  }

  /// The same, with somebody who looks on and may stop it.
  package func backup(
    to path: String, fileSystem: (any FileSystem)? = nil, watch: StatementWatch
  ) throws(UpkeepError) {
    let target = fileSystem ?? self.fileSystem
    do throws(StorageError) {
      try storage.backup(to: path, fileSystem: target, progress: watch.pages)
    } catch {
      if case .io(let cause) = error, cause.isNameTaken {
        throw UpkeepError(
          .exists, "\(path) is there already; a backup makes a new file: move it away, or give another name")
      }
      throw UpkeepError(error)
    }
  }

  /// Moves what lies at the end of the store's file into free space before it and cuts the file, while reads and
  /// writes go on. Closing does the same; what open snapshots need stays where it is.
  public func compact() throws(UpkeepError) {
    try compact(watch: StatementWatch())
  }

  /// The same, with somebody who looks on and may stop it. What was moved until then stays so.
  package func compact(watch: StatementWatch) throws(UpkeepError) {
    try storing { () throws(StorageError) in try storage.compact(progress: watch.pages) }
  }
}
