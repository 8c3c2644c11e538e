/// What tells the time to whoever waits for something that nobody signals, and lets it pass. Tests bring a clock of
/// their own, so that a wait takes no time there and something happens during it.
package protocol PatientClock: Sendable {
  var now: Moment { get }
  func sleep(_ duration: Duration)
}

/// The machine's clock.
package struct SystemClock: PatientClock {
  package init() {}
  package var now: Moment { .now }
  package func sleep(_ duration: Duration) { CurrentThread.sleep(duration) }
}

/// Tries that are repeated until a time is over: often at first, then every 50 ms, and once more at the end.
struct Patience {
  private let clock: any PatientClock
  private let deadline: Moment
  private var pause = Duration.milliseconds(1)

  init(_ clock: any PatientClock, atMost limit: Duration) {
    self.clock = clock
    deadline = clock.now.after(limit)
  }

  /// Waits a little; false, and no wait, if the time is over.
  mutating func waitsForAnotherTry() -> Bool {
    let left = deadline.nanoseconds(after: clock.now)
    guard left > 0 else { return false }
    clock.sleep(min(pause, .nanoseconds(Int64(clamping: left))))
    pause = min(pause * 2, .milliseconds(50))
    return true
  }
}
