internal import UpkeepStorage

/// Runs the writes of tasks on two threads of the store's own, so that no task blocks a thread that others need.
///
/// The life of a write:
/// 1. A task adds it to the line and suspends.
/// 2. A thread takes what is in the line, a transaction each, and puts their commits into the log one after the
///    other. Meanwhile the other thread may be syncing what came before.
/// 3. It waits once until the last of them is as durable as the store promises, and resumes all their tasks.
///
/// Invariants:
/// 1. At most one thread executes; the other one syncs or sleeps. Guarded by `monitor`, with all that changes.
/// 2. While the line is not empty, a thread executes, or both are at their sync and will look.
final class TaskWriter: @unchecked Sendable {
  /// A write that has run: what to wait for, and whom to tell then.
  struct Run {
    let ticket: CommitTicket?
    /// Tells the task its result, or the error that kept it from being durable.
    let deliver: @Sendable (StorageError?) -> Void
  }

  /// So many share a wait at most: the first of them should not wait for too many others.
  private static let longestGroup = 256

  private let storage: Storage
  private let monitor = Monitor()
  private var line: [@Sendable () -> Run] = []
  /// Where the line begins; what is before it was taken.
  private var first = 0
  private var isExecuting = false
  private var isBusy = [false, false]
  private var threads: [BackgroundWorker] = []

  init(_ storage: Storage) { self.storage = storage }

  deinit { for thread in threads { thread.stop() } }

  /// Lets `write` run, after those added before it.
  func add(_ write: @escaping @Sendable () -> Run) {
    let idle = monitor.withLock { () -> BackgroundWorker? in
      line.append(write)
      return isExecuting ? nil : idleThread()
    }
    idle?.wake()
  }

  /// A thread that sleeps, and that now counts as executing. Call with the lock held.
  private func idleThread() -> BackgroundWorker? {
    if threads.isEmpty {
      threads = [0, 1].map { number in
        BackgroundWorker { [weak self] in
          self?.work(number)
          return nil
        }
      }
    }
    guard let number = isBusy.firstIndex(of: false) else { return nil }
    isBusy[number] = true
    isExecuting = true
    return threads[number]
  }

  /// What a thread does when it is woken: groups of writes, until the line is empty.
  private func work(_ number: Int) {
    while true {
      var group: [Run] = []
      while group.count < Self.longestGroup, let next = takeNext() { group.append(next()) }
      let other = monitor.withLock { () -> BackgroundWorker? in
        isExecuting = false
        return line.isEmpty ? nil : idleThread()
      }
      other?.wake()
      finish(group)
      let goesOn = monitor.withLock { () -> Bool in
        if !line.isEmpty, !isExecuting {
          isExecuting = true
          return true
        }
        isBusy[number] = false
        return false
      }
      if !goesOn { return }
    }
  }

  private func takeNext() -> (@Sendable () -> Run)? {
    monitor.withLock {
      guard first < line.count else { return nil }
      defer {
        first += 1
        if first == line.count {
          line.removeAll(keepingCapacity: true)
          first = 0
        }
      }
      return line[first]
    }
  }

  /// Versions become durable in order, so the newest speaks for all.
  private func finish(_ group: [Run]) {
    var failure: StorageError?
    if let newest = group.compactMap(\.ticket).max(by: { $0.version < $1.version }) {
      do throws(StorageError) { try storage.wait(for: newest) } catch { failure = error }
    }
    for run in group { run.deliver(run.ticket == nil ? nil : failure) }
  }
}

extension Store {
  /// Runs `body` as a write of its own, like the `write` that blocks, without blocking the task's thread.
  ///
  /// Writes of many tasks share a sync: a thousand small writes at once cost a few. They run one after the other, in
  /// the order in which they were asked for, on a thread of the store's.
  ///
  /// ```swift
  /// try await withThrowingTaskGroup(of: Void.self) { group in
  ///   for event in events { group.addTask { try await store.write { try $0.upsert(event, into: "event") } } }
  ///   try await group.waitForAll()
  /// }
  /// ```
  ///
  /// In asynchronous code this is the `write` that a call means. A task that is cancelled while its write is in line
  /// gets it all the same.
  /// - Throws: what `body` throws; errors of the commit.
  @discardableResult
  public func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      taskWriter.add { [self] in run(body) { continuation.resume(with: $0) } }
    }
  }

  private func run<T: Sendable>(
    _ body: (Transaction) throws -> T, _ tell: @escaping @Sendable (Result<T, any Error>) -> Void
  ) -> TaskWriter.Run {
    let path = path
    func run(_ ticket: CommitTicket?, _ result: Result<T, any Error>) -> TaskWriter.Run {
      TaskWriter.Run(ticket: ticket) { failure in
        if let failure { tell(.failure(UpkeepError(failure).naming(path))) } else { tell(result) }
      }
    }
    let scope: TransactionScope
    do { scope = try beginWrite() } catch { return run(nil, .failure(error.naming(path))) }
    let base = scope.write?.baseTicket
    do {
      let result = try body(Transaction(scope, plans: plans))
      if let failure = scope.walkFailure { throw failure }
      return run(try scope.commitLater(), .success(result))
    } catch {
      scope.rollback()
      return run(base, .failure((error as? UpkeepError)?.naming(path) ?? error))
    }
  }
}
