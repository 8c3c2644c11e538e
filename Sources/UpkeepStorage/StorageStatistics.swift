/// What a store is made of, at one moment.
package struct StorageStatistics: Sendable {
  /// Bytes of a page.
  package var pageSize = 0
  /// Bytes of the data file.
  package var fileSize: UInt64 = 0
  /// Bytes of the data file that no live extent covers.
  package var freeBytes: UInt64 = 0
  /// Bytes of the log file.
  package var logSize: UInt64 = 0
  /// Bytes of records written to the log since it was begun.
  package var logBytesWritten: UInt64 = 0
  /// Pages in memory.
  package var cachedPages = 0
  /// Pages that may be in memory; nil for a store in memory.
  package var cacheLimit: Int?
  /// Pages in use.
  package var pageCount: UInt64 = 0
  /// The number of the newest visible version.
  package var version: UInt64 = 0
  /// Checkpoints since the store was opened.
  package var checkpointCount = 0
  /// Pages written by them.
  package var pagesWritten: UInt64 = 0

  package init() {}
}
