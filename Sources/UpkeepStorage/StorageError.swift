/// Told now and then how many pages of how many are done; it throws `stopped` to end what it looks at.
package typealias PageProgress = (_ done: UInt64, _ total: UInt64) throws(StorageError) -> Void

/// What can go wrong below the tables.
package enum StorageError: Error, Sendable {
  /// A call on a file failed.
  case io(FileError)
  /// Bytes on disk are not what was written there. `place` names file and offset, page or record.
  case corrupt(file: String, place: String, reason: String)
  /// The file is no database of ours, or is from a newer release.
  case notADatabase(file: String, reason: String)
  /// Log and database do not belong together, or one of them is missing. Nothing was changed.
  case logMismatch(file: String, reason: String)
  /// Another process (or another `Storage` here) has the database open; its pid where it left one.
  case locked(file: String, pid: Int32?)
  /// The disk is full; nothing was lost and writing may go on once there is room.
  case full(FileError)
  /// A write or sync failed earlier with this cause; nothing more is written until the store is reopened.
  case failedEarlier(FileError)
  /// The commit's sync failed: whether the commit survives is known only after reopening.
  case commitUnknown(FileError)
  /// The store is closed.
  case closed
  /// Snapshots are still open, so that the store cannot close.
  case snapshotsOpen(Int)
  /// Another write had the turn for longer than this one was to wait.
  case busy
  /// A write was begun inside a write.
  case nestedWrite
  /// The store or this transaction does not write.
  case readOnly
  /// No tree of this id.
  case noSuchTree(TreeID)
  /// A key above the limit.
  case keyTooLong(byteCount: Int, limit: Int)
  /// A value above the limit.
  case valueTooLong(byteCount: Int, limit: Int)
  /// A setting is out of its range.
  case badOption(String)
  /// The transaction ended or was given up after an earlier error.
  case transactionEnded
  /// Whoever looked on asked for a stop.
  case stopped
  /// No memory could be had.
  case outOfMemory
}
