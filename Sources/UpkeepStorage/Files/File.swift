/// An open file of a `FileSystem`. It closes when the last reference to it goes.
///
/// Interrupted and short calls are continued inside; a method returns when all is done. Safe to call
/// from several threads.
public protocol File: AnyObject, Sendable {
  /// The path it was opened with, for messages.
  var path: String { get }

  /// Which file it is, whatever happened to its name since.
  func identity() throws(FileError) -> FileIdentity

  /// Its length in bytes.
  func size() throws(FileError) -> UInt64

  /// Fills `buffer` from `offset` on.
  ///
  /// - Returns: the bytes read: fewer than asked for only where the file ends.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int

  /// Writes all of `bytes` at `offset`; the file grows where it must.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError)

  /// Reserves blocks for a range of the file, so that a later write in it needs no space; the file
  /// grows to cover it and what is new reads as zero. `ENOSPC` leaves the file as it was or longer.
  func allocate(_ range: Range<UInt64>) throws(FileError)

  /// Sets the length.
  func truncate(to size: UInt64) throws(FileError)

  /// Makes everything written so far durable.
  ///
  /// After it failed nothing is known about what was written since the last one that succeeded, and it
  /// must not be called again in the hope of a better answer.
  func sync(_ kind: FileSync) throws(FileError)

  /// Takes the lock that keeps other processes (and other opens in this one) out.
  ///
  /// A file that was opened for reading shares it with others of its kind.
  /// It ends with the last reference to the file, or with the process.
  /// - Returns: false if another holds it.
  func tryLock() throws(FileError) -> Bool

  /// Gives the lock back.
  func unlock() throws(FileError)
}

/// How much a sync covers.
public enum FileSync: Sendable {
  /// The bytes, and of the file's own data what is needed to read them back (fdatasync).
  case data
  /// All of the file's own data too (fsync).
  case full
}
