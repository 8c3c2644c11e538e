import Upkeep
import UpkeepSQL

/// An open database: the store and the session that statements run in. Ctrl-C stops what the session does.
final class Database {
  /// Its path; nil in memory.
  let path: String?
  let store: Store
  let session: Session

  /// Its name for the prompt.
  var name: String {
    guard let path else { return "memory" }
    let last = path.split(separator: "/").last.map(String.init) ?? path
    return last.hasSuffix(".upkeep") ? String(last.dropLast(7)) : last
  }

  /// Opens a database.
  ///
  /// - Parameter path: nil for one in memory, or `:memory:`, as SQLite has it; a file of that name is `./:memory:`.
  init(_ path: String?, _ opening: Opening, mustExist: Bool = false) throws(UpkeepError) {
    let path = path == ":memory:" ? nil : path
    self.path = path
    guard let path else {
      store = try Store.inMemory()
      session = Session(store)
      Interrupts.aim(at: session.cancellation)
      return
    }
    let options = StoreOptions {
      $0.isReadOnly = opening.isReadOnly
      $0.createsIfMissing = !opening.isReadOnly && !mustExist
      $0.durability = opening.durability.mode
      $0.lockWait = .seconds(opening.wait)
      if let cache = opening.cache { $0.cacheSize = cache.byteCount }
    }
    store = try Store(path, options)
    session = Session(store)
    Interrupts.aim(at: session.cancellation)
  }

  func close() throws(UpkeepError) {
    try session.close()
    try store.close()
  }
}
