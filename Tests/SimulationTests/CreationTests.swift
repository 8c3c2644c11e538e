import Testing
import UpkeepStorage
import UpkeepTesting

/// Two processes that make and use one database at the same moment: one of them may be told to wait, but what
/// either acknowledged is there.
@Suite struct CreationTests {
  private static let options = Workload.options()

  private static func change(_ name: String) -> Change { .put(tree: 0, key: Array(name.utf8), value: [1]) }

  /// Opens, commits one change, closes if asked to. True if the commit was acknowledged.
  private static func use(_ disk: SimulatedFileSystem, _ name: String, closes: Bool) throws -> Bool {
    do {
      let store = try EngineStore.open(on: disk, options)
      try store.commit([change(name)])
      if closes { try store.close() }
      return true
    } catch let error as StorageError {
      if case .locked = error { return false }
      throw error
    }
  }

  /// The second process does all its work just before call number n of the first, for every n.
  @Test(arguments: [true, false])
  func twoProcessesCreateAtOnce(_ closes: Bool) {
    var call = 0
    while call < 300, let problems = Self.problems(before: call, closes: closes) {
      #expect(problems == [])
      call += 1
    }
    #expect(call > 20)
  }

  /// What is wrong if the second process does its work before that call of the first; nil if there is no such call.
  static func problems(before call: Int, closes: Bool) -> [String]? {
    let first = SimulatedFileSystem(seed: 1)
    let second = first.anotherProcess()
    let secondResult = Box()
    first.interrupt(before: call) {
      secondResult.run { try use(second, "second", closes: closes) }
      if !closes { second.kill() }
    }
    let firstResult = Box()
    firstResult.run { try use(first, "first", closes: true) }
    first.kill()
    guard let secondDone = secondResult.value else { return nil }
    var problems: [String] = []
    for result in [firstResult, secondResult] {
      if case .failure(let error) = result.value { problems.append("before call \(call): \(error)") }
    }
    for survivor in [first.survivor(.nothing), first.survivor(.everything)] {
      do {
        let state = try EngineStore.open(on: survivor, options).state()
        for (name, result) in [("first", firstResult.value), ("second", secondDone)] {
          guard case .success(true)? = result, state.trees[0]?[Array(name.utf8)] == nil else { continue }
          problems.append("what the \(name) committed is lost, before call \(call)")
        }
      } catch {
        problems.append("before call \(call): \(error)")
      }
    }
    return problems
  }

  @Test func anOpenDatabaseIsLocked() throws {
    let disk = SimulatedFileSystem()
    let store = try EngineStore.open(on: disk, Self.options)
    let error = #expect(throws: StorageError.self) {
      try EngineStore.open(on: disk.anotherProcess(), Self.options)
    }
    guard case .locked(let file, let pid)? = error else {
      Issue.record("not locked")
      return
    }
    #expect(file == "db" && pid != nil)
    try store.close()
    _ = try EngineStore.open(on: disk.anotherProcess(), Self.options)
  }

  /// What another thread of control did, handed over.
  private final class Box: @unchecked Sendable {
    var value: Result<Bool, any Error>?
    func run(_ body: () throws -> Bool) { value = Result(catching: body) }
  }
}
