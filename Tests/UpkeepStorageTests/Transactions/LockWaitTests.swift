import Testing

@testable import UpkeepStorage

@Suite("Opening waits for the lock as long as it is told to")
struct LockWaitTests {
  /// A clock that stands still but for those who sleep by it, and what happens meanwhile.
  private final class TestClock: PatientClock {
    private let slept = Guarded<[Duration]>([])
    private let meanwhile: @Sendable (Int) -> Void

    /// - Parameter meanwhile: is told how many sleeps there were before this one.
    init(_ meanwhile: @escaping @Sendable (Int) -> Void = { _ in }) { self.meanwhile = meanwhile }

    var sleeps: [Duration] { slept.withLock { $0 } }
    var now: Moment { Moment(nanoseconds: 0).after(sleeps.reduce(.zero, +)) }

    func sleep(_ duration: Duration) {
      meanwhile(sleeps.count)
      slept.withLock { $0.append(duration) }
    }
  }

  private let disk = MemoryFileSystem()

  private func open(waiting time: Duration, _ clock: TestClock) throws -> Storage {
    var options = StorageOptions()
    options.lockWait = time
    options.clock = clock
    return try Storage.open("db", fileSystem: disk, options: options)
  }

  @Test(
    "At once, and after the time, it says who has the store",
    arguments: [Duration.zero, .milliseconds(3), .seconds(5)])
  func timeIsOver(_ time: Duration) throws {
    let holder = try open(waiting: .zero, TestClock())
    let clock = TestClock()
    do {
      _ = try open(waiting: time, clock)
      Issue.record("a store that is in use was opened")
    } catch StorageError.locked(let file, let pid) {
      #expect(file == "db")
      #expect(pid != nil)
    }
    #expect(clock.sleeps.reduce(.zero, +) == time, "it waits neither less nor more")
    #expect(clock.sleeps.allSatisfy { $0 > .zero && $0 <= .milliseconds(50) }, "\(clock.sleeps)")
    try holder.close()
  }

  @Test("It opens when the store is let go meanwhile", arguments: [0, 1, 7])
  func lockComes(_ sleep: Int) throws {
    let holder = try open(waiting: .zero, TestClock())
    let transaction = try holder.beginWrite()
    try transaction.put(.catalog, "key", "value")
    try transaction.commit()
    let clock = TestClock { if $0 == sleep { try? holder.close() } }
    let next = try open(waiting: .seconds(600), clock)
    #expect(clock.sleeps.count == sleep + 1, "it looks again as soon as it wakes")
    let snapshot = try next.beginRead()
    #expect(try snapshot.text(.catalog, "key") == "value")
    snapshot.end()
    try next.close()
  }
}
