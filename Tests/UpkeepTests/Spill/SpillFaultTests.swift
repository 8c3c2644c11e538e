import Testing
import UpkeepStorage
import UpkeepTesting

@testable import Upkeep

/// A disk that refuses what is put out of memory.
@Suite struct SpillFaultTests {
  private final class Rows: RowSink {
    var count = 0
    func begin(columns: [String]) {}
    func row(_ values: [Value]) { count += 1 }
  }

  @Test("Whatever call on a file fails: a statement that spills happens whole or not at all")
  func faults() throws {
    func open(_ disk: SimulatedFileSystem) throws -> Store {
      let options = StoreOptions {
        $0.statementByteCount = 300
        $0.cacheSize = 1 << 20
        $0.checkpointsInBackground = false
      }
      return try Store("t.upkeep", options, fileSystem: disk)
    }
    let rows = (1...120).map { id -> [Expression?] in
      [.literal(.integer(Int64(id))), .literal(.text(String(repeating: "x", count: 3000)))]
    }
    var statement = UpsertStatement(into: "t", source: .values(rows))
    statement.returning = Returning([.all(of: nil)])
    let disk = SimulatedFileSystem()
    let store = try open(disk)
    try store.write { tx throws in
      try SchemaChange(tx.scope).createTable(
        TableDefinition(
          "t", columns: [ColumnDefinition("id", .integer), ColumnDefinition("n", .text)],
          primaryKey: [IndexPart(column: "id")]))
    }
    try store.close()
    var failures = 0
    for call in 0... {
      let disk = disk.copy()
      let store = try open(disk)
      disk.plan(FaultPlan(.error(28), at: call, of: .only([.open, .write, .remove])))
      let sink = Rows()
      let isDone: Bool
      do {
        try Session(store).execute(.upsert(statement), into: sink)
        isDone = true
      } catch {
        isDone = false
        failures += 1
        #expect(sink.count == 0, "call \(call)")
      }
      let hasFailed = disk.faultCount > 0
      disk.plan(nil)
      let count = try store.read { try $0.count("t") }
      #expect(count == (isDone ? 120 : 0), "call \(call)")
      if !hasFailed {
        #expect(isDone && sink.count == 120)
        #expect(disk.paths.allSatisfy { !$0.contains("spool") }, "\(disk.paths)")
        break
      }
    }
    #expect(failures > 2)
  }

  @Test("Whatever call on a file fails: a query that spills says so, and the next one runs")
  func faultsOfQueries() throws {
    let options = StoreOptions {
      $0.statementByteCount = 100
      $0.checkpointsInBackground = false
    }
    let disk = SimulatedFileSystem()
    let store = try Store("t.upkeep", options, fileSystem: disk)
    let session = Session(store)
    try store.write { tx throws in
      try SchemaChange(tx.scope).createTable(
        TableDefinition(
          "t", columns: [ColumnDefinition("id", .integer), ColumnDefinition("n", .integer)],
          primaryKey: [IndexPart(column: "id")]))
    }
    try session.insert("t", (0..<90).map { [.integer($0), .integer($0 % 40)] })
    var grouped = Select(
      [shown(col("n"), "n"), shown(.aggregate("count", [col("id")], isDistinct: true, filter: nil), "c")],
      from: [FromItem(.table(TableReference("t")))])
    grouped.grouping = [col("n")]
    var query = Query(.select(grouped))
    query.order = [OrderTerm(col("c"), isDescending: true), OrderTerm(col("n"))]
    let expected = try session.rows(query)
    #expect(expected.count == 40)
    var failures = 0
    for call in 0... {
      let faultsBefore = disk.faultCount
      disk.plan(FaultPlan(.error(28), at: call, of: .only([.open, .read, .write])))
      let sink = Rows()
      var failed: UpkeepError?
      do throws(UpkeepError) { try session.execute(.select(query), into: sink) } catch { failed = error }
      let hasFailed = disk.faultCount > faultsBefore
      disk.plan(nil)
      #expect((failed == nil) == !hasFailed, "call \(call): \(failed?.message ?? "")")
      #expect(try session.rows(query) == expected)
      if !hasFailed { break }
      failures += 1
    }
    #expect(failures > 10)
    #expect(disk.paths.allSatisfy { !$0.contains("spool") }, "\(disk.paths)")
  }
}
