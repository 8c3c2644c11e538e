import CRocksDB
import Foundation
import Harness

/// RocksDB with a column family for the rows and one for the unique index, LZ4, Bloom filters and a cache.
///
/// A transaction is a write batch; what it must know of the store is read before. That checks nothing against writers
/// at the same time, so it is the least that the work can cost here.
final class RocksDBContender: Contender {
  private var database: OpaquePointer?
  private var families = RocksDBFamilies()
  private var durability = Durability.none
  private var syncer: IntervalSyncer?

  /// The C interface does not tell the library's version, but each database's options file does.
  static let version: String = {
    let folder = FileManager.default.temporaryDirectory.path + "/upkeep-bench-version-\(getpid())"
    defer { FolderFiles.remove(folder) }
    let contender = RocksDBContender(named: "RocksDB")
    guard (try? contender.open(folder, .none, cacheBytes: 1 << 20)) != nil else { return "RocksDB" }
    try? contender.close()
    for path in FolderFiles.paths(in: folder) where path.contains("/OPTIONS-") {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
      for line in text.split(separator: "\n") where line.contains("rocksdb_version=") {
        return "RocksDB \(line.split(separator: "=").last ?? "")"
      }
    }
    return "RocksDB"
  }()

  let name: String

  init(named name: String = RocksDBContender.version) { self.name = name }

  func absence(from workload: Workload) -> String? { nil }

  func open(_ folder: String, _ durability: Durability, cacheBytes: Int) throws {
    try FolderFiles.make(folder)
    self.durability = durability
    let options = rocksdb_options_create()
    defer { rocksdb_options_destroy(options) }
    rocksdb_options_set_create_if_missing(options, 1)
    rocksdb_options_set_create_missing_column_families(options, 1)
    rocksdb_options_increase_parallelism(options, 2)
    rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
    rocksdb_options_set_write_buffer_size(options, min(64 << 20, max(cacheBytes / 4, 1 << 20)))
    let table = rocksdb_block_based_options_create()
    let cache = rocksdb_cache_create_lru(cacheBytes)
    defer { rocksdb_cache_destroy(cache) }
    rocksdb_block_based_options_set_block_cache(table, cache)
    rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom(10))
    rocksdb_options_set_block_based_table_factory(options, table)
    rocksdb_block_based_options_destroy(table)

    let names = ["default", "rows", "emails"].map { (name: String) in strdup(name) }
    defer { for name in names { free(name) } }
    let constantNames: [UnsafePointer<CChar>?] = names.map { UnsafePointer($0) }
    let all: [OpaquePointer?] = [options, options, options]
    var handles: [OpaquePointer?] = [nil, nil, nil]
    database = try RocksDB.checked {
      rocksdb_open_column_families(options, folder, 3, constantNames, all, &handles, $0)
    }
    families = RocksDBFamilies(standard: handles[0], rows: handles[1], emails: handles[2])
    if durability == .interval {
      let carried = Carried(database)
      syncer = IntervalSyncer { _ = try? RocksDB.checked { rocksdb_flush_wal(carried.value, 1, $0) } }
    }
  }

  /// Compactions are given time to end.
  func settle() throws {
    func busy() -> Bool {
      let properties = [
        "rocksdb.num-running-compactions", "rocksdb.num-running-flushes", "rocksdb.compaction-pending",
        "rocksdb.mem-table-flush-pending",
      ]
      for property in properties {
        for family in [families.rows, families.emails] {
          var number: UInt64 = 0
          if rocksdb_property_int_cf(database, family, property, &number) == 0, number > 0 { return true }
        }
      }
      return false
    }
    let latest = wallClock() + 60
    while busy(), wallClock() < latest { usleep(2000) }
  }

  func session() throws -> any Session { RocksDBSession(database, families, syncs: durability == .full) }

  func close() throws {
    syncer?.stop()
    syncer = nil
    for family in [families.standard, families.rows, families.emails] {
      rocksdb_column_family_handle_destroy(family)
    }
    // The log is synced, as the others do when they close; what is in memory stays in the log.
    try RocksDB.checked { rocksdb_flush_wal(database, 1, $0) }
    rocksdb_close(database)
    database = nil
  }
}

/// The column families of an open database.
struct RocksDBFamilies {
  var standard: OpaquePointer?
  var rows: OpaquePointer?
  var emails: OpaquePointer?
}

enum RocksDB {
  @discardableResult
  static func checked<R>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R) throws -> R {
    var message: UnsafeMutablePointer<CChar>?
    let result = body(&message)
    if let message {
      defer { rocksdb_free(message) }
      throw PeerFailure(String(cString: message))
    }
    return result
  }
}
