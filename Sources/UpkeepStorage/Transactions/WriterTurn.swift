/// One writer at a time, first come, first served.
///
/// Invariants:
/// 1. Somebody waits only while the turn is taken; whoever gives it back hands it to the first in line.
/// 2. `holder` is the thread that has the turn, or 0.
final class WriterTurn: @unchecked Sendable {
  /// One that waits; it sleeps on a condition of its own, so that nobody is woken in vain.
  private final class Waiter {
    let monitor = Monitor()
    let thread = CurrentThread.number
    /// Guarded by the waiter's own monitor.
    var isServed = false
  }

  private let gate = Monitor()
  /// Guarded by `gate`, as all below.
  private var isTaken = false
  private var holder: UInt = 0
  private var line: [Waiter] = []
  private var first = 0

  /// Waits for the turn.
  ///
  /// - Parameter limit: how long to wait at most; nil is as long as it takes.
  /// - Throws: `nestedWrite` if this thread has it already, for it would wait for itself; `busy` when the time
  ///   is over.
  func take(waiting limit: Duration? = nil) throws(StorageError) {
    gate.lock()
    guard isTaken else {
      isTaken = true
      holder = CurrentThread.number
      gate.unlock()
      return
    }
    #if UPKEEP_PLANTS
      if Plant.isOn(.allowsNestedWrites), holder == CurrentThread.number {
        gate.unlock()
        return
      }
    #endif
    if holder == CurrentThread.number {
      gate.unlock()
      throw .nestedWrite
    }
    let waiter = Waiter()
    line.append(waiter)
    gate.unlock()
    try wait(waiter, limit)
  }

  private func wait(_ waiter: Waiter, _ limit: Duration?) throws(StorageError) {
    let deadline = limit.map { Moment.now.after($0) }
    waiter.monitor.lock()
    while !waiter.isServed {
      guard let deadline else {
        waiter.monitor.wait()
        continue
      }
      if deadline.hasCome { break }
      waiter.monitor.wait(until: deadline)
    }
    let isServed = waiter.isServed
    waiter.monitor.unlock()
    if isServed { return }
    // The turn may have come between giving up and saying so.
    let hasLeft = gate.withLock {
      guard let place = line[first...].firstIndex(where: { $0 === waiter }) else { return false }
      line.remove(at: place)
      return true
    }
    if hasLeft { throw .busy }
  }

  /// Gives the turn to the next in line.
  func giveBack() {
    gate.lock()
    guard first < line.count else {
      isTaken = false
      holder = 0
      line.removeAll(keepingCapacity: true)
      first = 0
      gate.unlock()
      return
    }
    let next = line[first]
    first += 1
    if first > 64, first * 2 > line.count {
      line.removeFirst(first)
      first = 0
    }
    holder = next.thread
    gate.unlock()
    next.monitor.withLock {
      next.isServed = true
      next.monitor.signal()
    }
  }

  /// How many wait, for tests.
  var waitingCount: Int { gate.withLock { line.count - first } }

  /// A number that differs between threads that run at once: where to look for a free reader slot first.
  @inline(__always)
  static var slotHint: Int { Int(truncatingIfNeeded: CurrentThread.number >> 12) }
}
