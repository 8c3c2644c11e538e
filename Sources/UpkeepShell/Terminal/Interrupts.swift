import Synchronization
import Upkeep

/// Ctrl-C: it stops the work that runs, which then has changed nothing.
///
/// The signal is blocked in every thread and taken by one of ours, which may do what a signal's handler may not.
///
/// 1. While work runs its button is pressed until it has ended. If that takes a while, because a step is under way that
///    cannot be left half done, this is said.
/// 2. Where nothing runs, a conversation goes on, for the key is the editor's, and any other run ends at once.
/// 3. Outside of a conversation a second one ends the program whatever it does. The store is whole: what was not committed is
///    undone when it is opened next.
enum Interrupts {
  private static let work = Mutex<Cancellation?>(nil)
  private static let isRequested = Atomic(false)
  private static let isWorking = Atomic(false)
  private static let isWaiting = Atomic(false)
  private static let keepsProgram = Atomic(false)

  /// How long work may take to stop before that is said, in steps of 20 ms.
  private static let patientSteps = 25

  /// Whether somebody asked for a stop since the work began.
  static var isPending: Bool { isRequested.load(ordering: .relaxed) }

  /// Runs `work`, which the signal stops.
  static func during<T>(_ work: () throws -> T) rethrows -> T {
    let before = isWorking.exchange(true, ordering: .relaxed)
    defer { isWorking.store(before, ordering: .relaxed) }
    return try work()
  }

  /// Waits for input, which nothing but the end of the program could stop.
  static func waiting<T>(_ body: () -> T) -> T {
    isWaiting.store(true, ordering: .relaxed)
    defer { isWaiting.store(false, ordering: .relaxed) }
    return body()
  }

  /// Forgets what was asked for: a new line was typed.
  static func forget() { isRequested.store(false, ordering: .relaxed) }

  /// Takes the signal over. To be called before other threads are made, for these inherit what is blocked. Where it was
  /// ignored it stays so, as for a command in the background.
  ///
  /// Those of a changed window and of going on after a stop are blocked too: the thread that edits lets them in, so that
  /// no other one gets them.
  static func begin() {
    // It is never delivered but between a pager's start and our blocking it again; then it must end nothing.
    let before = signal(SIGINT) { _ in }
    if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
      signal(SIGINT, SIG_IGN)
      return
    }
    var blocked = signals([SIGINT] + editorSignals)
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    System.startThread { takeSignals() }
  }

  /// The program goes on whatever is pressed: a person types.
  static func keepProgram() { keepsProgram.store(true, ordering: .relaxed) }

  /// What the signal stops from now on.
  static func aim(at cancellation: Cancellation) { work.withLock { $0 = cancellation } }

  /// Runs `body` with no signal blocked, for programs that it starts inherit what is.
  static func unblocked<T>(_ body: () -> T) -> T {
    var before = sigset_t()
    var ours = signals([SIGINT] + editorSignals)
    pthread_sigmask(SIG_UNBLOCK, &ours, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return body()
  }

  /// What the editor draws the line anew for.
  private static let editorSignals = [SIGWINCH, SIGCONT]

  /// Runs `body` with this thread taking note of changes of the window's size, and of going on after a stop.
  static func watchingWindow<T>(_ body: () -> T) -> T {
    var taken = signals(editorSignals)
    pthread_sigmask(SIG_UNBLOCK, &taken, nil)
    defer { pthread_sigmask(SIG_BLOCK, &taken, nil) }
    return body()
  }

  private static func takeSignals() {
    var awaited = signals([SIGINT])
    while true {
      var number: Int32 = 0
      guard sigwait(&awaited, &number) == 0 else { continue }
      isRequested.store(true, ordering: .relaxed)
      if isWorking.load(ordering: .relaxed), !isWaiting.load(ordering: .relaxed) {
        stop()
      } else if !keepsProgram.load(ordering: .relaxed) {
        end()
      }
    }
  }

  /// Stops what runs, and what begins before the work has noticed: each statement begins with its button released.
  private static func stop() {
    var step = 0
    repeat {
      work.withLock { $0 }?.cancel()
      usleep(20_000)
      step += 1
      if step == patientSteps { sayPatience() }
      if !keepsProgram.load(ordering: .relaxed), isAskedAgain || isWaiting.load(ordering: .relaxed) { end() }
    } while isPending && isWorking.load(ordering: .relaxed)
  }

  private static var isAskedAgain: Bool {
    var pending = sigset_t()
    return sigpending(&pending) == 0 && sigismember(&pending, SIGINT) == 1
  }

  /// Ends the program as the signal would, but with a status.
  private static func end() -> Never { _exit(ExitStatus.interrupted.rawValue) }

  private static func sayPatience() {
    let output = Output(STDERR_FILENO)
    if isatty(STDERR_FILENO) == 1 { output.write("\r\u{1B}[K") }
    let again = keepsProgram.load(ordering: .relaxed) ? "" : "; Ctrl-C once more ends the program at once"
    output.write("notice: stopping; a step that cannot be left half done ends first\(again)\n")
    output.flush()
  }

  /// A set of signals.
  static func signals(_ numbers: [Int32]) -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    return set
  }
}
