import Synchronization

/// Keeps the first error of several threads or tasks for the one that waits for them.
public final class FirstError: Sendable {
  private let kept = Mutex<(any Error)?>(nil)

  /// No error yet.
  public init() {}

  /// Keeps an error, unless there is one.
  public func keep(_ error: any Error) { kept.withLock { if $0 == nil { $0 = error } } }

  /// Runs `body` and keeps what it throws.
  public func keeping(_ body: () async throws -> Void) async {
    do { try await body() } catch { keep(error) }
  }

  /// Throws the error that was kept.
  public func rethrow() throws { if let error = kept.withLock({ $0 }) { throw error } }
}
