import Foundation
import Harness

/// Syncs a peer's log every few milliseconds from a thread of its own: the peers' form of Upkeep's `.interval`.
final class IntervalSyncer {
  static let milliseconds = 5
  private let flag = StopFlag()
  private let ended = DispatchSemaphore(value: 0)

  init(_ sync: @escaping @Sendable () -> Void) {
    let thread = Thread { [flag, ended] in
      while !flag.isSet {
        usleep(UInt32(Self.milliseconds * 1000))
        sync()
      }
      ended.signal()
    }
    thread.start()
  }

  func stop() {
    flag.set()
    ended.wait()
  }
}
