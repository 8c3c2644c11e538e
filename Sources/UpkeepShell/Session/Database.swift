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

  /// Opens a database, trying again while another process has it, for as long as was asked.
  init(_ path: String?, _ opening: OpeningOptions) throws(UpkeepError) {
    self.path = path
    guard let path else {
      store = try Store.inMemory()
      session = Session(store)
      return
    }
    let options = StoreOptions {
      $0.isReadOnly = opening.readonly
      $0.createsIfMissing = !opening.readonly
      $0.durability = opening.durability == .full ? .full : .none
    }
    store = try Self.open(path, options, patience: .seconds(opening.wait))
    session = Session(store)
  }

  private static func open(_ path: String, _ options: StoreOptions, patience: Duration) throws(UpkeepError)
    -> Store
  {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: patience)
    while true {
      do throws(UpkeepError) {
        return try Store(path, options)
      } catch {
        guard error.code == .locked, clock.now < deadline else { throw error }
        usleep(20_000)
      }
    }
  }

  func close() throws(UpkeepError) {
    try store.close()
  }
}
