/// How a store is opened, and how it is laid out if it is made.
package struct StorageOptions: Sendable {
  /// What a commit promises when it returns.
  package enum Durability: Sendable {
    /// On disk, synced.
    case full
    /// In the log, which is synced in the background after this time at most.
    case interval(Duration)
    /// In the log, which is never synced but at checkpoints and close.
    case none
  }

  package var durability = Durability.full
  /// Opens without ever writing a byte.
  package var isReadOnly = false
  /// Makes the database if it does not exist.
  package var createsIfMissing = true
  /// Bytes of a page, a power of two from 512 to 65,536; fixed when the database is made.
  package var pageSize = 8192
  /// Bytes of a log segment, a multiple of 4096; fixed when the database is made.
  package var segmentSize = 4 << 20
  /// Bytes of pages that are kept in memory at once; a store in memory keeps all of its pages.
  package var cacheSize = 256 << 20
  /// Log bytes after which a checkpoint is due.
  package var checkpointLogSize = 32 << 20
  /// The first transaction after opening writes its pages itself, and begins no log, if they are at most so many;
  /// 0: every one has a log.
  package var mostPagesWithoutLog = 48
  /// Opening after a crash writes the pages that the log changed, and ends the log, if they are at most so many; else it
  /// goes on with the log.
  package var mostPagesAtOpening = 256

  /// How long opening waits for another process to let the database go before it throws `locked`.
  package var lockWait = Duration.zero
  /// What tells the time during that wait.
  package var clock: any PatientClock = SystemClock()
  /// How long a writer waits for its turn before it throws `busy`; nil is as long as it takes.
  package var writerWait: Duration?
  /// Checkpoints run on a thread of the store's own. Off, the commit that makes one due writes it: then nothing
  /// happens but what a caller does, which is what a simulation needs.
  package var checkpointsInBackground = true

  /// Rows from which on the pages of a tree that is dropped or emptied are given up afterwards, by and by.
  package var fewestRowsDroppedLater = 4096
  /// Pages that are given up at a time then.
  package var pagesReclaimedAtOnce = 1024

  /// Bytes that what one statement remembers of its rows may take in memory; nil for a part of the cache.
  package var statementByteCount: Int?
  /// Bytes that what the queries of one statement keep may take where there are no files to put it aside in.
  package var mostKeptInMemory = 1 << 30

  package init() {}

  /// Log bytes of one transaction that are held in memory; a longer one commits by checkpoint.
  var longestLogOfTransaction: Int { min(checkpointLogSize, max(cacheSize / 16, 4 << 20)) }

  /// Bytes of the page map that are kept in memory.
  var mapCacheSize: Int { cacheSize / 32 }

  /// Bytes that one statement may gather before it goes on, so as to work in key order: some part of the cache, so that
  /// memory stays within what is said of it.
  package var batchByteCount: Int { min(max(cacheSize / 4, 1 << 20), 32 << 20) }

  /// Bytes that what one statement remembers of its rows may take in memory.
  var spillByteCount: Int { statementByteCount ?? batchByteCount / 2 }
}
