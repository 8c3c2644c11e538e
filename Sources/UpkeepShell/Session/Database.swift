import Foundation
import Upkeep
import UpkeepSQL

/// An open database: the store and the session that statements run in.
final class Database {
  /// Its path; nil in memory.
  let path: String?
  let store: Store
  let session: Session

  /// Its name for the prompt.
  var name: String {
    guard let path else { return "memory" }
    let last = (path as NSString).lastPathComponent
    return last.hasSuffix(".upkeep") ? String(last.dropLast(7)) : last
  }

  /// Opens a database.
  init(_ path: String?, _ opening: OpeningOptions, mustExist: Bool = false) throws(UpkeepError) {
    self.path = path
    guard let path else {
      store = try Store.inMemory()
      session = Session(store)
      return
    }
    let options = StoreOptions {
      $0.isReadOnly = opening.readonly
      $0.createsIfMissing = !opening.readonly && !mustExist
      $0.durability = opening.durability.mode
      $0.lockWait = .seconds(opening.wait)
      if let cache = opening.cache { $0.cacheSize = cache.byteCount }
    }
    store = try Store(path, options)
    session = Session(store)
  }

  func close() throws(UpkeepError) {
    try session.close()
    try store.close()
  }
}
