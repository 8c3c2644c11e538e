import Synchronization

/// Stops a running statement from another thread.
///
/// A session has one; a shell's Ctrl-C calls `cancel()`. The statement that runs ends with an error of
/// code `cancelled` and leaves nothing behind; the session and its transaction stay usable.
public final class Cancellation: Sendable {
  private let isSet = Atomic<Bool>(false)

  /// A button that nobody has pressed.
  public init() {}

  /// A button that nobody can press, for statements that nobody can stop.
  package static let never = Cancellation()

  /// Asks the running statement to stop. Without one, it has no effect: each statement begins afresh.
  public func cancel() { isSet.store(true, ordering: .relaxed) }

  /// Called when a statement begins.
  package func reset() { isSet.store(false, ordering: .relaxed) }

  package var isCancelled: Bool { isSet.load(ordering: .relaxed) }

  /// To be called every some rows: throws if somebody pressed.
  package func check() throws(UpkeepError) {
    if isCancelled { throw UpkeepError(.cancelled, "the statement was cancelled; it changed nothing") }
  }
}

extension UpkeepError.Code {
  /// Somebody stopped the statement.
  public static let cancelled = Self(rawValue: "cancelled")
  /// The receiver of a statement's rows refused them.
  public static let sinkFailed = Self(rawValue: "sink")
  /// Another writer committed since this transaction's first read.
  public static let stale = Self(rawValue: "stale")
}
