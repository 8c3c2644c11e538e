#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A value that threads share, behind a lock of the system's own.
///
/// The lock is a third as dear here as the standard library's, and tools that look for races know it.
/// Invariant: `value` is touched only by whoever holds the lock.
package final class Guarded<Value>: @unchecked Sendable {
  @usableFromInline let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  @exclusivity(unchecked) @usableFromInline var value: Value

  package init(_ value: Value) {
    self.value = value
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` on the value, alone.
  @inlinable
  package func withLock<Result, E: Error>(_ body: (inout Value) throws(E) -> Result) throws(E) -> Result {
    lockMutex(mutex)
    defer { unlockMutex(mutex) }
    return try body(&value)
  }
}

@usableFromInline
package func lockMutex(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) { pthread_mutex_lock(mutex) }

@usableFromInline
package func unlockMutex(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) { pthread_mutex_unlock(mutex) }
