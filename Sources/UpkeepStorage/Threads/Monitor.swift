#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A lock with a condition to wait for: what the system offers, without an allocation a use.
///
/// Whoever waits holds the lock, gives it up while waiting and has it again afterwards. A wait may end without
/// a reason, so that it belongs in a loop that looks at what is waited for.
package final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  package init() {
    pthread_mutex_init(mutex, nil)
    #if canImport(Darwin)
      pthread_cond_init(condition, nil)
    #else
      // Times to wait are lengths: they must not change when somebody sets the clock.
      var attributes = pthread_condattr_t()
      pthread_condattr_init(&attributes)
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
      pthread_cond_init(condition, &attributes)
      pthread_condattr_destroy(&attributes)
    #endif
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  package func lock() { pthread_mutex_lock(mutex) }
  package func unlock() { pthread_mutex_unlock(mutex) }

  /// Runs `body` with the lock held.
  @inline(__always)
  package func withLock<T, E: Error>(_ body: () throws(E) -> T) throws(E) -> T {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Waits until somebody signals. Call with the lock held.
  package func wait() { pthread_cond_wait(condition, mutex) }

  /// Waits until somebody signals, or until `deadline` at the latest. Call with the lock held.
  package func wait(until deadline: Moment) {
    let left = deadline.nanosecondsFromNow
    guard left > 0 else { return }
    #if canImport(Darwin)
      var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
      pthread_cond_timedwait_relative_np(condition, mutex, &time)
    #else
      let end = deadline.nanoseconds
      var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
      pthread_cond_timedwait(condition, mutex, &time)
    #endif
  }

  package func signal() { pthread_cond_signal(condition) }
  package func signalAll() { pthread_cond_broadcast(condition) }
}

/// A point in time of the machine's clock that only goes forward.
package struct Moment: Sendable {
  /// Since the clock began.
  let nanoseconds: UInt64

  package static var now: Moment {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Moment(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }

  /// The moment this much later; a time too long to count is as good as never.
  package func after(_ duration: Duration) -> Moment {
    let parts = duration.components
    guard parts.seconds < 1 << 30 else { return Moment(nanoseconds: .max) }
    guard parts.seconds >= 0, parts.attoseconds >= 0 else { return self }
    let length = UInt64(parts.seconds) * 1_000_000_000 + UInt64(parts.attoseconds / 1_000_000_000)
    return Moment(nanoseconds: nanoseconds + length)
  }

  var nanosecondsFromNow: UInt64 { nanoseconds(after: .now) }

  /// How much later this is than `other`; 0 if it is not.
  func nanoseconds(after other: Moment) -> UInt64 {
    nanoseconds > other.nanoseconds ? nanoseconds - other.nanoseconds : 0
  }

  package var hasCome: Bool { nanosecondsFromNow == 0 }
}

/// The thread that runs this.
package enum CurrentThread {
  /// Sleeps, for something that nobody signals.
  package static func sleep(_ duration: Duration) {
    let parts = duration.components
    var time = timespec(tv_sec: Int(parts.seconds), tv_nsec: Int(parts.attoseconds / 1_000_000_000))
    nanosleep(&time, nil)
  }

  /// Different for threads that run at once.
  @inline(__always)
  package static var number: UInt {
    #if canImport(Darwin)
      UInt(bitPattern: pthread_self())
    #else
      UInt(pthread_self())
    #endif
  }
}
