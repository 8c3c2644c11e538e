import Foundation
import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

/// What leaves memory comes back as it was.
@Suite struct SpillTests {
  private func value(_ random: inout SeededGenerator) -> Value {
    switch random.below(9) {
    case 0: .null
    case 1: .integer(Int64(bitPattern: UInt64.random(in: 0 ... .max, using: &random)))
    case 2: .real(Double(random.below(1000)) / 8)
    case 3: .text(String(repeating: "ä\u{0}z", count: random.below(30)))
    case 4: .blob((0..<random.below(40)).map { _ in UInt8(random.below(256)) })
    case 5: .boolean(random.oneIn(2))
    case 6: .timestamp(Timestamp(microseconds: .min + Int64(random.below(5))))
    case 7: .uuid(UUIDValue(high: .max, low: UInt64(random.below(9))))
    default: .json("[\(random.below(9))]")
    }
  }

  @Test func rowsOfASpoolComeBackFromItsFileInOrder() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let store = try Store("t.upkeep", fileSystem: MemoryFileSystem())
    let spool = RowSpool<Value?>(limit: 2000, files: store.storage.temporaryFiles)
    var model: [[Value?]] = []
    for number in 0..<3000 {
      var row: [Value?] = (0..<random.below(6)).map { _ in random.oneIn(4) ? nil : value(&random) }
      // Longer than what is read at once.
      if number == 1500 { row.append(.blob([UInt8](repeating: 7, count: 700_000))) }
      try spool.append(row)
      model.append(row)
    }
    for _ in 0..<2 {
      var position = 0
      try spool.forEach { row throws(UpkeepError) in
        if position >= model.count || row != model[position] { Issue.record("seed \(seed), row \(position)") }
        position += 1
      }
      #expect(position == model.count)
    }
    #expect(spool.count == model.count)
  }

  @Test func keysAndObjectsAreThoseOfADictionaryHoweverOftenTheyLeaveMemory() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let store = try Store("t.upkeep", fileSystem: MemoryFileSystem())
    let scope = try store.beginWrite()
    defer { scope.rollback() }
    let transaction = try scope.writing
    let budget = SpillBudget(3000)
    let keys = SpillKeys(transaction, budget)
    // Some of these are longer than what goes to the tree.
    let errors = SpillMap<SpilledError>(transaction, budget, longest: 120)
    var numbers: [Int: Int] = [:]
    var messages: [Int: String] = [:]
    for step in 0..<4000 {
      let key = random.below(600) - 300
      let place = random.below(600)
      switch random.below(4) {
      case 0:
        keys.set(keys.key(key), step)
        numbers[key] = step
      case 1:
        var error = UpkeepError(.tooLong, "error \(step)")
        if random.oneIn(5) { error.value = String(repeating: "v", count: 200) }
        error.rowNumber = step
        error.cause = UpkeepError(.io, "cause of \(step)")
        errors.set(place, SpilledError(error))
        messages[place] = "error \(step)"
      case 2: #expect(try keys.find(keys.key(key)) == numbers[key], "seed \(seed)")
      default:
        let error = try errors.look(place)?.error
        #expect(error?.message == messages[place], "seed \(seed)")
        #expect(error?.rowNumber.map { "error \($0)" } == messages[place])
        #expect((error?.cause as? UpkeepError)?.code == (messages[place] == nil ? nil : .io))
      }
      try budget.settle()
    }
    #expect(budget.spillCount > 10)
    // What is longer than a key of a tree is there all the same.
    let long = [UInt8](repeating: 1, count: 5000)
    long.withUnsafeBytes { keys.set($0, 77) }
    for _ in 0..<2 {
      budget.take(1 << 20)
      try budget.settle()
      #expect(try long.withUnsafeBytes { try keys.find($0) } == 77)
    }
    var walked: [(Int, Int)] = []
    try keys.forEach { key, number throws(UpkeepError) in
      if key.count == 8 { walked.append((SpillKeys.number(key), number)) }
    }
    #expect(walked.map(\.0) == numbers.keys.sorted())
    #expect(walked.allSatisfy { numbers[$0.0] == $0.1 })
    var places: [Int] = []
    try errors.forEach { place, _ throws(UpkeepError) in places.append(place) }
    #expect(places == messages.keys.sorted())
    keys.end()
    errors.end()
  }

  private final class FolderSink: RowSink {
    let folder: URL
    var names: Set<String> = []
    var rows: [[Value]] = []

    init(_ folder: URL) { self.folder = folder }

    func begin(columns: [String]) {}

    func row(_ values: [Value]) throws {
      rows.append(values)
      names.formUnion(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    }
  }

  @Test("Rows that a statement returns may lie in a file, which nobody finds")
  func returning() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "upkeep-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try Store(
      folder.appending(path: "t.upkeep").path, StoreOptions { $0.statementByteCount = 500 })
    let session = Session(store)
    try store.write { tx throws in
      try SchemaChange(tx.scope).createTable(
        TableDefinition(
          "t", columns: [ColumnDefinition("id", .integer), ColumnDefinition("n", .integer)],
          primaryKey: [IndexPart(column: "id")]))
    }
    let rows = (1...300).map { id -> [Upkeep.Expression?] in
      [.literal(.integer(Int64(id))), .literal(.integer(Int64(id % 7)))]
    }
    var statement = UpsertStatement(into: "t", source: .values(rows))
    statement.returning = Returning([.all(of: nil)])
    let sink = FolderSink(folder)
    try session.execute(.upsert(statement), into: sink)
    #expect(sink.rows == (1...300).map { [.integer($0), .integer($0 % 7)] })
    #expect(sink.names.isSubset(of: ["t.upkeep", "t.upkeep-wal"]), "\(sink.names)")
    try store.close()
  }

  @Test("Of very many rejects the first are listed, and all are counted and told")
  func manyRejects() throws {
    let store = try Store.inMemory()
    let scope = try store.beginWrite()
    defer { scope.rollback() }
    try SchemaChange(scope).createTable(
      TableDefinition(
        "t", columns: [ColumnDefinition("id", .integer), ColumnDefinition("n", .integer)],
        primaryKey: [IndexPart(column: "id")]))
    let plan = try UpsertPlan(try scope.table("t"), clauses: [], rejects: .collect(limit: nil))
    let batch = try UpsertBatch(scope, plan)
    let count = UpsertResult.mostRowsListed + 100
    for number in 1...count {
      try batch.reject(nil, number: number, because: UpkeepError(.badInput, "row \(number)"))
    }
    let result = try batch.finish()
    #expect(result.rejected == count)
    #expect(result.rejects.count == UpsertResult.mostRowsListed)
    #expect(result.rejects.last?.rowNumber == UpsertResult.mostRowsListed)
    var next = 1
    try batch.forEachReject { error throws(UpkeepError) in
      if error.rowNumber != next { Issue.record("row \(next) is told as \(error.rowNumber ?? 0)") }
      next += 1
    }
    #expect(next == count + 1)
  }
}
