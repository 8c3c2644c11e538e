#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A thread of the store's own that does one kind of work, each time it is woken.
///
/// Its life:
/// 1. Made: there is no thread yet.
/// 2. The first `wake` starts one. It runs `work`, then sleeps until it is woken, or for as long as `work` said.
/// 3. `stop` ends it after the work under way and waits for that; a later `wake` starts another. The thread keeps
///    the worker alive, so its owner stops it before going.
package final class BackgroundWorker: @unchecked Sendable {
  private let monitor = Monitor()
  private let work: @Sendable () -> Duration?
  /// Guarded by `monitor`.
  private var thread: pthread_t?
  private var isWoken = false
  private var isStopping = false
  private var worker: UInt = 0

  /// - Parameter work: what is to be done; it returns after what time to do it again unless woken, or nil.
  package init(_ work: @escaping @Sendable () -> Duration?) { self.work = work }

  /// Lets the work be done, soon, once more.
  ///
  /// - Returns: false if there is no thread that could do it.
  @discardableResult
  package func wake() -> Bool {
    monitor.withLock {
      isWoken = true
      if thread == nil, !isStopping { start() }
      monitor.signalAll()
      return thread != nil
    }
  }

  /// Ends the thread. From within the work itself it only asks for that, and it is not started again.
  package func stop() {
    monitor.lock()
    guard let ending = thread else { return monitor.unlock() }
    isStopping = true
    let isOwn = worker == CurrentThread.number
    monitor.signalAll()
    monitor.unlock()
    if isOwn {
      pthread_detach(ending)
      return
    }
    pthread_join(ending, nil)
    monitor.withLock {
      thread = nil
      isStopping = false
      isWoken = false
    }
  }

  private func start() {
    // Where the system gives no thread the work waits for the next wake, or for whoever does it inline.
    thread = SystemThread.start(self)
  }

  /// One piece of work, and the sleep after it.
  ///
  /// - Returns: false when the thread is to end.
  fileprivate func round() -> Bool {
    monitor.lock()
    worker = CurrentThread.number
    isWoken = false
    if isStopping {
      monitor.unlock()
      return false
    }
    monitor.unlock()
    let pause = work()
    monitor.lock()
    defer { monitor.unlock() }
    let deadline = pause.map { Moment.now.after($0) }
    while !isWoken, !isStopping {
      if let deadline {
        if deadline.hasCome { break }
        monitor.wait(until: deadline)
      } else {
        monitor.wait()
      }
    }
    return !isStopping
  }
}

private enum SystemThread {
  /// Starts a thread that works for `worker` until its end, and keeps it alive.
  static func start(_ worker: BackgroundWorker) -> pthread_t? {
    let argument = Unmanaged.passRetained(worker).toOpaque()
    #if canImport(Darwin)
      var made: pthread_t?
    #else
      var made = pthread_t()
    #endif
    if pthread_create(&made, nil, workInThread, argument) != 0 {
      Unmanaged<BackgroundWorker>.fromOpaque(argument).release()
      return nil
    }
    return made
  }
}

#if canImport(Darwin)
  private func workInThread(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let worker = Unmanaged<BackgroundWorker>.fromOpaque(argument).takeRetainedValue()
    while worker.round() {}
    return nil
  }
#else
  private func workInThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let worker = Unmanaged<BackgroundWorker>.fromOpaque(argument).takeRetainedValue()
    while worker.round() {}
    return nil
  }
#endif
