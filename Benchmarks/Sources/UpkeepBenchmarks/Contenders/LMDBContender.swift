import CLMDB
import Harness

/// LMDB with a primary tree and a unique index in the same transaction.
final class LMDBContender: Contender {
  private var environment: OpaquePointer?
  private var trees = LMDBTrees()
  private var syncer: IntervalSyncer?

  static var version: String {
    "LMDB \(MDB_VERSION_MAJOR).\(MDB_VERSION_MINOR).\(MDB_VERSION_PATCH)"
  }

  var name: String { Self.version }

  func absence(from workload: Workload) -> String? {
    workload.needsLog ? "LMDB has no log to recover from" : nil
  }

  func open(_ folder: String, _ durability: Durability, cacheBytes: Int) throws {
    var made: OpaquePointer?
    try LMDB.check(mdb_env_create(&made))
    environment = made
    try LMDB.check(mdb_env_set_mapsize(made, 64 << 30))
    try LMDB.check(mdb_env_set_maxdbs(made, 8))
    try LMDB.check(mdb_env_set_maxreaders(made, 256))
    // Readers belong to sessions, not to threads. What is read next is not known, so reading ahead is off.
    var flags = UInt32(MDB_NOTLS)
    if durability != .full { flags |= UInt32(MDB_NOSYNC) }
    if cacheBytes < 1 << 28 { flags |= UInt32(MDB_NORDAHEAD) }
    try LMDB.check(mdb_env_open(made, folder, flags, 0o644))
    var transaction: OpaquePointer?
    try LMDB.check(mdb_txn_begin(made, nil, 0, &transaction))
    try LMDB.check(mdb_dbi_open(transaction, "rows", UInt32(MDB_CREATE), &trees.rows))
    try LMDB.check(mdb_dbi_open(transaction, "emails", UInt32(MDB_CREATE), &trees.emails))
    try LMDB.check(mdb_txn_commit(transaction))
    if durability == .interval {
      let carried = Carried(made)
      syncer = IntervalSyncer { mdb_env_sync(carried.value, 1) }
    }
  }

  func session() throws -> any Session { LMDBSession(environment, trees) }

  func close() throws {
    syncer?.stop()
    syncer = nil
    // What NOSYNC left in the system's memory is synced, as the others do when they close.
    mdb_env_sync(environment, 1)
    mdb_env_close(environment)
    environment = nil
  }
}

/// The trees of an open environment.
struct LMDBTrees {
  var rows: MDB_dbi = 0
  var emails: MDB_dbi = 0
}

enum LMDB {
  static func check(_ code: Int32) throws {
    guard code == 0 else { throw PeerFailure(String(cString: mdb_strerror(code))) }
  }
}
