import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// Statements written as SQL text do what the oracles over arrays say: table, counts, `changes()`, the rows of
/// RETURNING ALL with their functions, and why rows were set aside.
@Suite struct SQLOracleTests {
  #if DEBUG
    static let caseCount = 400
  #else
    static let caseCount = 10_000
  #endif

  @Test func upsertsAndSyncsAsText() throws {
    let seed = firstSeed()
    var kinds: Set<String> = []
    for number in 0..<Self.caseCount {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let example = UpsertCase(&random, mergesByRules: random.oneIn(8))
      guard let text = text(of: example) else { continue }
      if let difference = try difference(example, text, &kinds) {
        Issue.record("seed \(seed &+ UInt64(number)): \(difference)\n\(text)\n\(example)")
        return
      }
    }
    #expect(kinds == ["inserted", "updated", "unchanged", "ignored", "replaced", "rejected", "fails"])
  }

  @Test func mergesAsText() throws {
    let seed = firstSeed()
    var changes: Set<String> = []
    for number in 0..<Self.caseCount {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let example = MergeCase(&random)
      guard !example.rows.isEmpty, !example.merge.clauses.isEmpty else { continue }
      var merge = example.merge
      merge.source = .values(
        example.rows.map { $0.prefix(UpsertCase.names.count).map { $0.map { .literal($0) } } },
        columns: UpsertCase.names)
      let text = SQLPrinter.statement(.merge(merge))
      if let difference = try difference(example, text, &changes) {
        Issue.record("seed \(seed &+ UInt64(number)): \(difference)\n\(text)\n\(example)")
        return
      }
    }
    #expect(changes == ["INSERT", "UPDATE", "DELETE", "fails"])
  }

  // MARK: Running

  private final class Rows: RowSink {
    var rows: [[Value]] = []
    func begin(columns: [String]) {}
    func row(_ values: [Value]) { rows.append(values) }
  }

  private func session(_ example: UpsertCase) throws -> Session {
    let session = Session(try Store.inMemory())
    try session.execute(.createTable(example.definition, ifNotExists: false))
    let columns = UpsertCase.names + (example.hasRowid ? ["rowid"] : [])
    for row in example.stored {
      let insert = UpsertStatement(into: "t", columns: columns, source: .values([row.map { .literal($0) }]))
      try session.execute(sql: SQLPrinter.statement(.upsert(insert)))
    }
    return session
  }

  private func rows(_ text: String, _ session: Session) throws -> [[Value]] {
    let sink = Rows()
    try session.execute(sql: text, into: sink)
    return sink.rows
  }

  private func table(_ example: UpsertCase, _ session: Session) throws -> [String] {
    sorted(try rows("SELECT *\(example.hasRowid ? ", rowid" : "") FROM t", session))
  }

  private func sorted(_ rows: [[Value]]) -> [String] { rows.map { "\($0)" }.sorted() }

  /// The statement as text, which returns a row for each of its rows; nil where SQL has no such statement.
  private func text(of example: UpsertCase) -> String? {
    let functions = ["upsert_action", "row_ordinal", "conflict_key"].map {
      ResultColumn.expression(.function($0, []), name: $0)
    }
    let returning = Returning(functions + [.all(of: "old"), .all(of: "new")], includesAll: true)
    let rows: [[Expression?]] = example.rows.map {
      $0.prefix(UpsertCase.names.count).map { $0.map { .literal($0) } }
    }
    switch example.mode {
    case .upsert:
      var statement = example.statement
      statement.source = .values(rows)
      statement.returning = returning
      return SQLPrinter.statement(.upsert(statement))
    case .sync:
      let clause = example.statement.clauses[0]
      return SQLPrinter.statement(
        .sync(
          SyncStatement(
            "t", from: .values(rows, columns: UpsertCase.names), by: clause.target,
            displaces: clause.ambiguity == .displace, duplicates: example.statement.duplicates,
            rejects: example.statement.rejects, returning: returning
          )))
    }
  }

  // MARK: Comparing

  private func difference(
    _ example: UpsertCase, _ text: String, _ kinds: inout Set<String>
  ) throws -> String? {
    let session = try session(example)
    let before = try table(example, session)
    let sink = Rows()
    var summary: StatementSummary?
    var failure: UpkeepError?
    do throws(UpkeepError) { summary = try session.execute(sql: text, into: sink).last } catch {
      failure = error
    }
    let after = try table(example, session)
    switch example.oracle.run(example.statement, mode: example.mode, on: example.stored, rows: example.rows) {
    case .failure(let wanted):
      guard let failure else { return "the oracle fails with \(wanted), the engine gives \(after)" }
      kinds.insert("fails")
      if failure.code != wanted.code || wanted.number > 0 && failure.rowNumber != wanted.number {
        return "the oracle fails with \(wanted), the engine with \(failure.code): \(failure)"
      }
      let left = wanted.rows.map { sorted($0) } ?? before
      return after == left ? nil : "after \(failure) the table is \(after), not \(left)"
    case .success(let wanted):
      guard let summary else { return "the engine fails: \(failure.map { "\($0)" } ?? "")" }
      if after != sorted(wanted.rows) { return "the table is \(after), not \(sorted(wanted.rows))" }
      kinds.formUnion(wanted.steps.map(\.action))
      let changes = try rows("SELECT changes()", session)
      return try difference(example, summary, wanted) ?? difference(sink.rows, wanted, example)
        ?? (changes == [[.integer(Int64(summary.changes))]] ? nil : "changes() is \(changes)")
    }
  }

  private func difference(
    _ example: UpsertCase, _ summary: StatementSummary, _ wanted: UpsertOracle.Outcome
  ) throws -> String? {
    var tally: [String: Int] = [:]
    for step in wanted.steps { tally[step.action, default: 0] += 1 }
    var changes = ["inserted", "updated", "replaced"].reduce(0) { $0 + (tally[$1] ?? 0) }
    changes += example.mode == .sync ? wanted.deleted : tally["unchanged"] ?? 0
    tally["displaced"] = wanted.displaced.count
    tally["deleted"] = wanted.deleted
    for kind in StatementSummary.Kind.allCases where summary.tally[kind] ?? 0 != tally[kind.rawValue] ?? 0 {
      return "counts \(summary.tally), not \(tally)"
    }
    if summary.changes != changes { return "\(summary.changes) changes, not \(changes)" }
    let rejected = wanted.steps.indices.filter { wanted.steps[$0].action == "rejected" }.map { $0 + 1 }
    if summary.rejects.compactMap(\.number) != rejected {
      return "rejects \(summary.rejects), not \(rejected)"
    }
    for reject in summary.rejects {
      guard let number = reject.number, let code = wanted.errors[number] else { continue }
      // A reason names the table, or the row that one has the same key as.
      if reject.code != code || !reject.reason.contains("t") { return "\(reject), not \(code)" }
    }
    return nil
  }

  private func difference(
    _ returned: [[Value]], _ wanted: UpsertOracle.Outcome, _ example: UpsertCase
  ) -> String? {
    let width = UpsertCase.names.count
    let nothing = [Value](repeating: .null, count: width)
    func shown(_ row: [Value]?) -> [Value] { row.map { Array($0.prefix(width)) } ?? nothing }
    if returned.count != wanted.steps.count { return "\(returned.count) rows for \(wanted.steps.count)" }
    for (index, (row, step)) in zip(returned, wanted.steps).enumerated() {
      if row[0] != .text(step.action) || row[1] != .integer(Int64(index + 1)) { return "\(row), not \(step)" }
      // A row dropped by ON DUPLICATE shows what the winner left.
      if step.action == "ignored", step.old == nil { continue }
      let expected = [step.key.map { .text($0) } ?? .null] + shown(step.old) + shown(step.new)
      if Array(row[2...]) != expected { return "\(row), not \(step)" }
    }
    return nil
  }

  private func difference(
    _ example: MergeCase, _ text: String, _ changes: inout Set<String>
  ) throws -> String? {
    let session = try session(example.table)
    let before = try table(example.table, session)
    let sink = Rows()
    var summary: StatementSummary?
    var failure: UpkeepError?
    do throws(UpkeepError) { summary = try session.execute(sql: text, into: sink).last } catch {
      failure = error
    }
    let after = try table(example.table, session)
    var oracle = MergeOracle(example.table.oracle, example.merge, on: example.table.stored)
    switch oracle.all(example.rows) {
    case .failure(let wanted):
      guard let failure else { return "the oracle fails with \(wanted), the engine gives \(after)" }
      changes.insert("fails")
      let isRow = !wanted.isNumberKnown || failure.rowNumber ?? 0 == wanted.number
      if !wanted.codes.contains(failure.code) || !isRow {
        return "the oracle fails with \(wanted), the engine with \(failure.code): \(failure)"
      }
      return after == before ? nil : "after \(failure) the table is \(after)"
    case .success(let wanted):
      if !wanted.isKnown { return summary == nil && failure?.code != .tooManyRejects ? "fails" : nil }
      guard let summary else { return "the engine fails: \(failure.map { "\($0)" } ?? "")" }
      if after != sorted(wanted.rows) { return "the table is \(after), not \(sorted(wanted.rows))" }
      changes.formUnion(wanted.changes.map(\.action))
      let width = UpsertCase.names.count
      func shown(_ row: [Value]?) -> [Value] {
        Array((row ?? [Value](repeating: .null, count: width)).prefix(width))
      }
      let expected = wanted.changes.map { [.text($0.action)] + shown($0.old) + shown($0.new) }
      if sorted(sink.rows) != sorted(expected) { return "returned \(sink.rows), not \(wanted.changes)" }
      let count = wanted.changes.count - wanted.unchanged
      let rejects = summary.rejects.map { MergeOracle.Reject($0.number ?? 0, $0.code) }.sorted()
      if rejects != wanted.rejects || summary.tally[.rejected] ?? 0 != rejects.count {
        return "rejects \(summary.rejects), not \(wanted.rejects)"
      }
      return summary.changes == count ? nil : "\(summary.changes) changes, not \(count)"
    }
  }
}
