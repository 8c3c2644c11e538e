import Synchronization
package import UpkeepStorage

/// The catalog of a store, loaded once for each change of the schema and shared by its transactions, which
/// look at nothing on disk to know that it is still right.
///
/// 1. The catalog kept is that of every version from `first` on. All changes of the schema go through this
///    process, so that nothing else can make it wrong.
/// 2. A commit that changes the schema says so before it becomes visible (`beginChange`); from then on the old
///    catalog is not given out. Versions before the change load their own.
/// 3. What a transaction of an earlier version than the newest change loaded is not kept.
package final class SchemaCache: Sendable {
  private struct State {
    var catalog: Catalog?
    /// The first version of which `catalog` is known to be right.
    var first: UInt64 = 0
    /// The table of `catalog` that was asked for last: mostly it is asked for again.
    var lastTable: TableSchema?
    /// The version that the newest change of the schema made, or is about to make.
    var newestChange: UInt64 = 0
  }

  private let state = Guarded(State())
  /// Goes up before each change of the schema.
  private let changes = Atomic<UInt64>(0)

  package init() {}

  /// The catalog as `transaction` sees it, which has not changed it.
  package func catalog(for transaction: ReadTransaction) throws(UpkeepError) -> Catalog {
    let version = transaction.version
    if let catalog = state.withLock({ version >= $0.first ? $0.catalog : nil }) { return catalog }
    let catalog = try Catalog.load(transaction)
    keep(catalog, from: version)
    return catalog
  }

  /// A table as `transaction` sees it, which has not changed the catalog.
  func table(_ name: String, for transaction: ReadTransaction) throws(UpkeepError) -> TableSchema {
    let version = transaction.version
    let last = state.withLock { version >= $0.first ? $0.lastTable : nil }
    if let last, last.name == name { return last }
    let catalog = try catalog(for: transaction)
    let table = try catalog.table(name)
    state.withLock { if $0.catalog === catalog { $0.lastTable = table } }
    return table
  }

  /// A stamp for a catalog that is right for `version`: while `isCurrent` says yes of it, the catalog is right for
  /// every later version too. Nil if a change of the schema is newer than `version`.
  func stamp(for version: UInt64) -> UInt64? {
    state.withLock { version >= $0.newestChange ? changes.load(ordering: .relaxed) : nil }
  }

  /// Whether no change of the schema began since the stamp was given. To be asked after the version in question
  /// was pinned: a change begins before anybody can see it.
  func isCurrent(_ stamp: UInt64) -> Bool { changes.load(ordering: .sequentiallyConsistent) == stamp }

  /// The version after `version` may have another catalog.
  /// - Returns: what `cancelChange` needs if it does not come to be.
  func beginChange(after version: UInt64) -> UInt64 {
    state.withLock { state in
      let before = state.newestChange
      state.newestChange = version + 1
      changes.wrappingAdd(1, ordering: .sequentiallyConsistent)
      state.catalog = nil
      state.lastTable = nil
      return before
    }
  }

  func cancelChange(_ before: UInt64) {
    state.withLock { $0.newestChange = before }
  }

  /// Keeps the catalog of a committed version.
  func keep(_ catalog: Catalog, from version: UInt64) {
    state.withLock { state in
      guard version >= state.newestChange, state.catalog == nil || version < state.first else { return }
      state.catalog = catalog
      state.lastTable = nil
      state.first = version
    }
  }
}
