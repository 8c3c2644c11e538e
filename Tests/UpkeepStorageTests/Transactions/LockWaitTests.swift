import Testing
import UpkeepTestSupport

@testable import UpkeepStorage

@Suite("Opening waits for the lock as long as it is told to")
struct LockWaitTests {
  private let disk = MemoryFileSystem()

  private func open(waiting time: Duration) throws -> Storage {
    var options = StorageOptions()
    options.lockWait = time
    return try Storage.open("db", fileSystem: disk, options: options)
  }

  @Test("At once, and after the time, it says who has the store")
  func timeIsOver() throws {
    let holder = try open(waiting: .zero)
    for time in [Duration.zero, .milliseconds(3)] {
      do {
        _ = try open(waiting: time)
        Issue.record("a store that is in use was opened")
      } catch StorageError.locked(let file, let pid) {
        #expect(file == "db")
        #expect(pid != nil)
      }
    }
    try holder.close()
  }

  @Test("It opens when the store is let go meanwhile")
  func lockComes() throws {
    let holder = try open(waiting: .zero)
    let transaction = try holder.beginWrite()
    try transaction.put(.catalog, "key", "value")
    try transaction.commit()
    let waiting = Running { try open(waiting: .seconds(600)) }
    #expect(!waiting.isOver)
    try holder.close()
    let next = try waiting.value()
    let snapshot = try next.beginRead()
    #expect(try snapshot.text(.catalog, "key") == "value")
    snapshot.end()
    try next.close()
  }
}
