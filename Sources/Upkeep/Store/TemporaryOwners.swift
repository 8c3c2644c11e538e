/// The sessions of a store that may have temporary tables.
///
/// Such tables lie in the store's file as others do, and are logged. What a process that died left behind belongs to
/// nobody who lives, so that nobody sees it, and goes when the next temporary table is made.
final class TemporaryOwners: Sendable {
  private let living = Guarded(Set<UInt64>())

  /// One more owner, under an id that nobody had before.
  func join() -> UInt64 {
    living.withLock { living in
      var id = UInt64.random(in: 1 ... .max)
      while !living.insert(id).inserted { id = .random(in: 1 ... .max) }
      return id
    }
  }

  func leave(_ id: UInt64) { living.withLock { _ = $0.remove(id) } }

  var all: Set<UInt64> { living.withLock { $0 } }
}
