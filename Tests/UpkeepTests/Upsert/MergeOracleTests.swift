import Testing
import UpkeepTestSupport

@testable import Upkeep

/// MERGE does what its oracle says, for random statements over tables so small that rows match all the time, by every
/// way to the rows: primary key, unique index, partial index, part of a key, hashes, and looking at all.
@Suite struct MergeOracleTests {
  #if DEBUG
    static let caseCount = 600
  #else
    static let caseCount = 20_000
  #endif

  @Test func randomMergesDoWhatTheOracleSays() throws {
    let seed = firstSeed()
    var ways: Set<String> = []
    var failures = 0
    var rejects = 0
    for number in 0..<Self.caseCount {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let example = MergeCase(&random)
      if let difference = try difference(example, &ways, &failures, &rejects) {
        Issue.record("seed \(seed &+ UInt64(number)): \(difference)\n\(example)")
        return
      }
    }
    #expect(ways == ["primaryKey", "unique", "prefix", "hash", "scan"])
    #expect(failures > Self.caseCount / 20 && failures < Self.caseCount * 3 / 4, "\(failures)")
    #expect(rejects > Self.caseCount / 20, "\(rejects)")
  }

  private func word(_ kind: MergePath.Kind) -> String {
    switch kind {
    case .primaryKey: "primaryKey"
    case .unique: "unique"
    case .prefix: "prefix"
    case .hash: "hash"
    case .scan: "scan"
    }
  }

  private func difference(
    _ example: MergeCase, _ ways: inout Set<String>, _ failures: inout Int, _ rejects: inout Int
  ) throws -> String? {
    let options = StoreOptions {
      // Often what the statement remembers of rows leaves memory at once.
      if example.rows.count % 2 == 0 { $0.statementByteCount = 0 }
      $0.checkpointsInBackground = false
    }
    let store = try Store("t.upkeep", options, fileSystem: MemoryFileSystem())
    let filling = try store.beginWrite()
    try SchemaChange(filling).createTable(example.table.definition)
    let writer = try RowWriter(filling, try filling.table("t"))
    for row in example.table.stored { try writer.insert(row) }
    try filling.commit()
    let scope = try store.beginWrite()
    defer { scope.rollback() }
    let schema = try scope.table("t")
    let plan = try MergePlan(example.merge, schema, source: schema.columnList)
    ways.insert(word(plan.path.kind))
    var result: MergeResult?
    var failure: UpkeepError?
    var returned: [[Value]] = []
    do throws(UpkeepError) {
      let batch = try MergeBatch(scope, plan, StatementContext(), collectsOutcomes: true)
      do throws(UpkeepError) {
        for (index, row) in example.rows.enumerated() { try batch.add(row, number: index + 1) }
        result = try batch.finish()
        try batch.returned.forEach { row throws(UpkeepError) in returned.append(row) }
      } catch {
        try batch.abandon()
        throw error
      }
    } catch {
      failure = error
      failures += 1
    }
    var rows: [[Value]] = []
    let cursor = try RowReader(scope).scan(schema)
    while try cursor.next() { rows.append(try cursor.row.values()) }
    var oracle = MergeOracle(example.table.oracle, example.merge, on: example.table.stored)
    switch oracle.all(example.rows) {
    case .failure(let wanted):
      guard let failure else { return "the oracle fails with \(wanted), the engine gives \(rows)" }
      let isRow = !wanted.isNumberKnown || failure.rowNumber ?? 0 == wanted.number
      if !wanted.codes.contains(failure.code) || !isRow {
        return
          "the oracle fails with \(wanted), the engine with \(failure.code) in row \(failure.rowNumber ?? 0): \(failure)"
      }
      return sorted(rows) == sorted(example.table.stored) ? nil : "after \(failure) the table is \(rows)"
    case .success(let wanted) where !wanted.isKnown:
      // Whatever was set aside, the keys are unique, and what is told of the rows is true.
      let keys = example.table.oracle.keys
      for key in keys {
        let held = rows.compactMap { example.table.oracle.value(of: key, in: $0) }
        if Set(held).count != held.count { return "a key is held twice: \(rows)" }
      }
      guard let result else { return failure?.code == .tooManyRejects ? nil : "fails with \(failure as Any)" }
      let count = example.table.stored.count + result.inserted - result.deleted
      return count == rows.count ? nil : "by its counts the table has \(count) rows: \(result)"
    case .success(let wanted):
      guard let result else { return "the engine fails: \(failure.map { "\($0)" } ?? "")" }
      if sorted(rows) != sorted(wanted.rows) {
        return "the table is \(sorted(rows)), not \(sorted(wanted.rows))"
      }
      rejects += result.rejected
      return difference(result, returned, wanted, isEmpty: try scope.writing.isEmpty)
    }
  }

  private func difference(
    _ result: MergeResult, _ returned: [[Value]], _ wanted: MergeOracle.Outcome, isEmpty: Bool
  ) -> String? {
    let nothing = [Value](repeating: .null, count: UpsertCase.names.count)
    func shown(_ row: [Value]?) -> [Value] { Array((row ?? nothing).prefix(nothing.count)) }
    let expected = wanted.changes.map { [.text($0.action)] + shown($0.old) + shown($0.new) }
    if sorted(returned) != sorted(expected) {
      return "returned \(returned), not \(wanted.changes)"
    }
    let told = (result.outcomes ?? []).filter { $0.kind != .rejected }.map { outcome in
      let action: Value =
        switch outcome.kind {
        case .inserted: "INSERT"
        case .deleted: "DELETE"
        default: "UPDATE"
        }
      return [action] + shown(outcome.old) + shown(outcome.new)
    }
    if sorted(told) != sorted(expected) { return "outcomes \(told), not \(wanted.changes)" }
    let rejects = result.rejects.map { MergeOracle.Reject($0.rowNumber ?? 0, $0.code) }.sorted()
    if rejects != wanted.rejects || result.rejected != rejects.count {
      return "rejects \(rejects) of \(result), not \(wanted.rejects)"
    }
    let errors = (result.outcomes ?? []).compactMap(\.error).map {
      MergeOracle.Reject($0.rowNumber ?? 0, $0.code)
    }
    if errors.sorted() != rejects { return "outcomes with \(errors), not \(rejects)" }
    let counts = [result.inserted, result.updated + result.unchanged, result.deleted]
    let words = ["INSERT", "UPDATE", "DELETE"].map { word in wanted.changes.count { $0.action == word } }
    if counts != words || result.unchanged != wanted.unchanged { return "\(result), not \(wanted)" }
    // What was set aside at the end was written, and is written back.
    return result.changes == 0 && result.rejected == 0 && !isEmpty
      ? "nothing changed, and yet something was written" : nil
  }

  private func sorted(_ rows: [[Value]]) -> [String] { rows.map { "\($0)" }.sorted() }
}
