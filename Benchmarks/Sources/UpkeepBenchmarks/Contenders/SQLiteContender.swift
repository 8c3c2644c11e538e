import CSQLite
import Harness

/// SQLite in WAL mode with prepared statements.
final class SQLiteContender: Contender {
  /// Whether it keeps the file locked for itself, which spares it the shared memory of the WAL.
  private let isExclusive: Bool
  private var folder = ""
  private var durability = Durability.none
  private var cacheBytes = 0
  private var first: SQLiteSession?
  private var isFirstTaken = false

  init(isExclusive: Bool) { self.isExclusive = isExclusive }

  static var version: String { "SQLite \(String(cString: sqlite3_libversion()))" }

  var name: String { Self.version + (isExclusive ? ", exclusive" : "") }

  var keepsUp: Bool { !isExclusive }

  func absence(from workload: Workload) -> String? {
    isExclusive && !workload.includesExclusive ? "" : nil
  }

  func open(_ folder: String, _ durability: Durability, cacheBytes: Int) throws {
    self.folder = folder
    self.durability = durability
    self.cacheBytes = cacheBytes
    let first = try connection()
    try first.execute(
      "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, score REAL, updated_at INTEGER)"
    )
    self.first = first
    isFirstTaken = false
  }

  private func connection() throws -> SQLiteSession {
    let session = try SQLiteSession(folder + "/t.sqlite")
    if isExclusive { try session.execute("PRAGMA locking_mode=EXCLUSIVE") }
    try session.execute("PRAGMA journal_mode=WAL")
    let level =
      switch durability {
      case .none: "OFF"
      case .interval: "NORMAL"
      case .full: "FULL"
      }
    try session.execute("PRAGMA synchronous=\(level); PRAGMA cache_size=-\(cacheBytes / 1024)")
    return session
  }

  func session() throws -> any Session {
    guard let first else { throw PeerFailure("not open") }
    if isExclusive || !isFirstTaken {
      isFirstTaken = true
      return first
    }
    return try connection()
  }

  func keepLog() throws { try first?.execute("PRAGMA wal_autocheckpoint=0") }

  func close() throws {
    try first?.close()
    first = nil
  }
}
