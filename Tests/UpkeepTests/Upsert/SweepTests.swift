import Testing
import Upkeep
import UpkeepTestSupport

/// A sweep gives what row after row gives: the same statements with outcomes asked for (which are never swept) and
/// without, over larger tables.
@Suite struct SweepTests {
  #if DEBUG
    static let caseCount = 150
  #else
    static let caseCount = 4_000
  #endif

  @Test func sweptBatchesGiveWhatRowAfterRowGives() throws {
    let seed = firstSeed()
    var byIndex = 0
    for number in 0..<Self.caseCount {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      var example = UpsertCase(&random)
      for _ in 0..<random.below(30) { example.rows += UpsertCase(&random).rows.prefix(1) }
      if example.definition.columns[0].type == .text {
        for index in example.rows.indices {
          if case .integer(let id)? = example.rows[index][0] { example.rows[index][0] = .text("\(id)") }
        }
      }
      let wide = random.oneIn(2)
      for index in example.rows.indices where wide {
        for column in 0..<3 {
          if case .integer(let value)? = example.rows[index][column] {
            example.rows[index][column] = .integer(value &+ Int64(random.below(20)))
          }
        }
      }
      if try isSweptByIndex(example) { byIndex += 1 }
      let slow = try run(example, collectsOutcomes: true)
      let fast = try run(example, collectsOutcomes: false)
      #expect(slow == fast, "seed \(seed &+ UInt64(number))\n\(example)")
      if slow != fast { return }
      let spilling = try run(example, collectsOutcomes: random.oneIn(2), spillsAt: random.pick([0, 500]))
      #expect(slow == spilling, "seed \(seed &+ UInt64(number)), spilling\n\(example)")
      if slow != spilling { return }
    }
    // Statements that meet by one unique index have a sweep of their own.
    #expect(byIndex > Self.caseCount / 200)
  }

  @Test("A text in the primary key may be in an index too")
  func indexedKeyColumn() throws {
    let store = try Store.inMemory()
    try store.write { tx throws in
      try tx.createTable(
        TableDefinition(
          "t", columns: [ColumnDefinition("id", .text), ColumnDefinition("n", .integer)],
          primaryKey: [IndexPart(column: "id")],
          uniqueKeys: [
            IndexDefinition(
              "u", on: "t", parts: [IndexPart(column: "n"), IndexPart(column: "id")], isUnique: true)
          ]))
      for edition: Int64 in 0..<2 {
        let rows = (0..<10).map { id -> RowInput in ["id": .text("k\(id)"), "n": .integer(edition)] }
        let result = try tx.upsert(contentsOf: rows, into: "t")
        #expect(result.inserted == (edition == 0 ? 10 : 0) && result.updated == (edition == 0 ? 0 : 10))
      }
    }
    #expect(try store.verify() == [])
  }

  private func isSweptByIndex(_ example: UpsertCase) throws -> Bool {
    guard example.mode != .sync, example.rows.count > 1 else { return false }
    let store = try Store.inMemory()
    let scope = try store.beginWrite()
    defer { scope.rollback() }
    try SchemaChange(scope).createTable(example.definition)
    let plan = try UpsertPlan(example.statement, try scope.table("t"))
    return UpsertBatch.canSweep(plan, keepsSteps: false) && UpsertBatch.canSweepByIndex(plan)
  }

  /// What a statement comes to, in words.
  private func run(
    _ example: UpsertCase, collectsOutcomes: Bool, spillsAt limit: Int? = nil
  ) throws -> [String] {
    let store = try Store.inMemory(StoreOptions { $0.statementByteCount = limit })
    let scope = try store.beginWrite()
    defer { scope.rollback() }
    try SchemaChange(scope).createTable(example.definition)
    let schema = try scope.table("t")
    let writer = try RowWriter(scope, schema)
    for row in example.stored { try writer.insert(row) }
    var words: [String] = []
    do throws(UpkeepError) {
      let clause = example.statement.clauses.first
      let plan =
        example.mode == .sync
        ? try UpsertPlan(
          syncing: schema, by: clause?.target ?? .primaryKey, rejects: example.statement.rejects,
          displaces: clause?.ambiguity == .displace)
        : try UpsertPlan(example.statement, schema)
      let batch = try UpsertBatch(scope, plan, collectsOutcomes: collectsOutcomes)
      for (index, row) in example.rows.enumerated() { try batch.add(row, number: index + 1) }
      let result = try batch.finish()
      words = ["\(result)"] + result.rejects.map { "\($0.rowNumber ?? 0) \($0.code) \($0.index ?? "")" }
      words += result.displacedRows.map { "\($0)" }.sorted()
    } catch {
      words = ["\(error.code) in \(error.code == .tooManyRejects ? 0 : error.rowNumber ?? 0)"]
    }
    let cursor = try RowReader(scope).scan(schema)
    while try cursor.next() { words.append("\(try cursor.row.values())") }
    for index in schema.indexes {
      let cursor = try RowReader(scope).scan(index, of: schema)
      while try cursor.next() {
        words.append("\(index.name) \(schema.keyDescription(of: try cursor.primaryKey))")
      }
    }
    return words
  }
}
