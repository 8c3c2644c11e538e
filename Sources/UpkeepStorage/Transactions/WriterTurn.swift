#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// One writer at a time, first come, first served.
///
/// Invariants: `serving <= next`; whoever drew ticket `serving` has the turn, until it is given back.
final class WriterTurn: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var next: UInt64 = 0
  private var serving: UInt64 = 0
  private var holder: UInt = 0

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  private static var thisThread: UInt {
    #if canImport(Darwin)
      UInt(bitPattern: pthread_self())
    #else
      UInt(pthread_self())
    #endif
  }

  /// Waits for the turn.
  ///
  /// - Throws: `nestedWrite` if this thread has it already: it would wait for itself.
  func take() throws(StorageError) {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if next != serving, holder == Self.thisThread { throw .nestedWrite }
    let ticket = next
    next += 1
    while serving != ticket { pthread_cond_wait(changed, mutex) }
    holder = Self.thisThread
  }

  /// Gives the turn to the next in line.
  func giveBack() {
    pthread_mutex_lock(mutex)
    holder = 0
    serving += 1
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }

  /// A number that differs between threads that run at once: where to look for a free reader slot first.
  @inline(__always)
  static var slotHint: Int { Int(truncatingIfNeeded: thisThread >> 12) }
}
