internal import UpkeepStorage

/// What a store holds and takes up, at one moment.
public struct StoreStatistics: Sendable, Hashable {
  /// One table.
  public struct Table: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its rows.
    public var rowCount: Int
    /// Its indexes by name, in the order of their creation, and their entries.
    public var indexes: [Index]
  }

  /// One index.
  public struct Index: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its entries: fewer than rows where it is partial.
    public var entryCount: Int
  }

  /// One bucket.
  public struct Bucket: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its keys.
    public var keyCount: Int
  }

  /// The tables, by name.
  public var tables: [Table] = []
  /// The buckets, by name.
  public var buckets: [Bucket] = []
  /// Bytes of a page.
  public var pageSize = 0
  /// Pages of the current version.
  public var pageCount = 0
  /// Bytes of the data file.
  public var fileSize = 0
  /// Bytes of the data file that nothing uses.
  public var freeBytes = 0
  /// Bytes of pages in memory.
  public var cachedBytes = 0
  /// Bytes of pages that may be in memory; nil where nothing limits them.
  public var cacheSize: Int?
  /// Bytes of the log file.
  public var logSize = 0
  /// How many transactions have changed the store since it was made.
  public var version: UInt64 = 0
}

extension Store {
  /// What the store holds and takes up now.
  public func statistics() throws(UpkeepError) -> StoreStatistics {
    let below = try storing { () throws(StorageError) in try storage.statistics() }
    var statistics = StoreStatistics()
    statistics.pageSize = below.pageSize
    statistics.pageCount = Int(clamping: below.pageCount)
    statistics.fileSize = Int(clamping: below.fileSize)
    statistics.freeBytes = Int(clamping: below.freeBytes)
    statistics.cachedBytes = below.cachedPages * below.pageSize
    statistics.cacheSize = below.cacheLimit.map { $0 * below.pageSize }
    statistics.logSize = Int(clamping: below.logSize)
    statistics.version = below.version
    let scope = try beginRead()
    defer { scope.rollback() }
    let reader = RowReader(scope)
    for schema in try scope.catalog.tables {
      var table = StoreStatistics.Table(
        name: schema.name, rowCount: Int(clamping: try reader.count(schema)), indexes: [])
      for index in schema.indexes {
        let count = try reader.count(index, in: .all)
        table.indexes.append(StoreStatistics.Index(name: index.name, entryCount: Int(clamping: count)))
      }
      statistics.tables.append(table)
    }
    let read = scope.read
    for (name, bucket) in try scope.catalog.buckets.sorted(by: { $0.key < $1.key }) {
      let tree = bucket.tree
      let count = try storing { () throws(StorageError) in try read.count(tree) }
      statistics.buckets.append(StoreStatistics.Bucket(name: name, keyCount: Int(clamping: count)))
    }
    return statistics
  }
}
