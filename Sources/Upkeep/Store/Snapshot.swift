/// The store at one moment, for reading. Given to the closure of `Store.read` and of no use after it.
///
/// ```swift
/// let names = try store.read { snapshot in
///   try snapshot.scan("airport", .from("EG")).prefix(10).map { $0["name"] }
/// }
/// ```
public class Snapshot {
  @exclusivity(unchecked) package private(set) final var scope: TransactionScope

  package init(_ scope: TransactionScope) { self.scope = scope }

  /// Throws what ended a loop over entries before their end.
  @usableFromInline
  final func requireWholeWalks() throws(UpkeepError) {
    if let failure = scope.walkFailure { throw failure }
  }

  /// Ends it. True if nobody else holds what it rests on, so that it may be opened again.
  final func endForReuse() -> Bool {
    let isAlone = isKnownUniquelyReferenced(&scope)
    return scope.endForReuse() && isAlone
  }
}

@available(*, unavailable)
extension Snapshot: Sendable {}

/// The right to write, and all that a `Snapshot` can. Given to the closure of `Store.write` and of no use
/// after it.
///
/// Each call happens whole or not at all: one that throws leaves the transaction as it was before it, so
/// that `body` may catch the error and go on.
public final class Transaction: Snapshot {
  /// Plans of upserts of one row, shared by the store's transactions.
  let plans: PlanCache
  /// What deleted a row last: mostly the next is of the same table.
  private var lastDeleter: RowWriter?

  package init(_ scope: TransactionScope, plans: PlanCache = PlanCache()) {
    self.plans = plans
    super.init(scope)
  }

  /// Deletes rows of a table.
  func deleter(of schema: TableSchema) throws(UpkeepError) -> RowWriter {
    if let lastDeleter, lastDeleter.schema === schema { return lastDeleter }
    let made = try RowWriter(scope, schema)
    lastDeleter = made
    return made
  }
}
