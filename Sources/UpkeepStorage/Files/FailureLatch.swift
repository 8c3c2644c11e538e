import Synchronization

/// Keeps the first failed change of a store's files, for all of them.
///
/// Once a write, sync or change of name has failed, nobody knows what the disk holds: a system may have
/// dropped the bytes, or kept them in its cache marked clean, so that a second sync answers "done" for
/// bytes that never arrive. Therefore:
///
/// 1. The first failure is kept; every later change of any file of the store is refused with it.
/// 2. Nothing resets a latch. Reopening makes a new one, and recovery writes again what it relies on.
/// 3. Reads are never refused.
package final class FailureLatch: Sendable {
  private let cause = Guarded<FileError?>(nil)
  private let isSet = Atomic<Bool>(false)

  package init() {}

  /// The failure that closed the latch, if one did.
  package var failure: FileError? { isSet.load(ordering: .acquiring) ? cause.withLock { $0 } : nil }

  /// Refuses if something failed before.
  package func check() throws(StorageError) {
    if let failure { throw .failedEarlier(failure) }
  }

  /// Keeps `error` unless there was one before it.
  package func close(with error: FileError) {
    #if UPKEEP_PLANTS
      if Plant.isOn(.latchNeverCloses) { return }
    #endif
    cause.withLock { first in
      if first == nil { first = error }
    }
    isSet.store(true, ordering: .releasing)
  }
}
