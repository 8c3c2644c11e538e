import Foundation
import Synchronization
import Upkeep

/// Ctrl-C, while the shell talks with a person.
///
/// The signal is blocked in every thread and taken by one of ours, which may do what a signal's handler may not. It
/// stops what runs; where nothing runs it does nothing, and before the conversation began it ends the program.
enum Interrupts {
  private enum Aim {
    case program
    case work(Cancellation)
  }

  private static let aim = Mutex(Aim.program)
  private static let isRequested = Atomic(false)
  private static let isWorking = Atomic(false)

  /// Whether somebody asked for a stop since the work began.
  static var isPending: Bool { isRequested.load(ordering: .relaxed) }

  /// Runs `work`, which the signal stops.
  static func during(_ work: () -> Void) {
    isRequested.store(false, ordering: .relaxed)
    isWorking.store(true, ordering: .relaxed)
    defer { isWorking.store(false, ordering: .relaxed) }
    work()
  }

  /// Takes the signal over. To be called before other threads are made, for these inherit what is blocked.
  ///
  /// The signal of a changed window is blocked too: the thread that edits lets it in, so that no other one gets it.
  static func begin() {
    // It is never delivered but between a pager's start and our blocking it again; then it must end nothing.
    signal(SIGINT) { _ in }
    var blocked = signals([SIGINT, SIGWINCH])
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    let thread = Thread { takeSignals() }
    thread.name = "upkeep-interrupts"
    thread.start()
  }

  /// What the signal stops from now on.
  static func aim(at work: Cancellation) { aim.withLock { $0 = .work(work) } }

  /// Runs `body` with no signal blocked, for programs that it starts inherit what is.
  static func unblocked<T>(_ body: () -> T) -> T {
    var before = sigset_t()
    var ours = signals([SIGINT, SIGWINCH])
    pthread_sigmask(SIG_UNBLOCK, &ours, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return body()
  }

  /// Runs `body` with this thread taking note of changes of the window's size.
  static func watchingWindow<T>(_ body: () -> T) -> T {
    var window = signals([SIGWINCH])
    pthread_sigmask(SIG_UNBLOCK, &window, nil)
    defer { pthread_sigmask(SIG_BLOCK, &window, nil) }
    return body()
  }

  private static func takeSignals() {
    var awaited = signals([SIGINT])
    while true {
      var number: Int32 = 0
      guard sigwait(&awaited, &number) == 0 else { continue }
      isRequested.store(true, ordering: .relaxed)
      let aim = aim.withLock { $0 }
      switch aim {
      case .program: exit(128 + SIGINT)
      case .work(let work): stop(work)
      }
    }
  }

  /// Stops what runs, and what begins before the work has noticed: each statement begins with its button released.
  private static func stop(_ work: Cancellation) {
    repeat {
      work.cancel()
      usleep(20_000)
    } while isPending && isWorking.load(ordering: .relaxed)
  }

  /// A set of signals.
  static func signals(_ numbers: [Int32]) -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    return set
  }
}
