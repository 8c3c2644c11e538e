import Testing
import Upkeep
import UpkeepTestSupport

/// The engine does what the specification says, for statements chosen at random over tables so small that rows
/// meet one another all the time. `UpsertOracle` is the specification over arrays.
@Suite struct UpsertOracleTests {
  #if DEBUG
    static let caseCount = 400
  #else
    static let caseCount = 20_000
  #endif

  @Test func randomStatementsDoWhatTheOracleSays() throws {
    let seed = firstSeed()
    for number in 0..<Self.caseCount {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let example = UpsertCase(&random)
      if let difference = try difference(example) {
        Issue.record("seed \(seed &+ UInt64(number)): \(difference)\n\(example)")
        return
      }
    }
  }

  /// What a column becomes, for every rule and every way in which values are given, NULL or absent.
  @Test func mergesByRulesDoWhatTheOracleSays() throws {
    let seed = firstSeed()
    for number in 0..<(Self.caseCount * 2) {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let example = UpsertCase(&random, mergesByRules: true)
      if let difference = try difference(example) {
        Issue.record("seed \(seed &+ UInt64(number)): \(difference)\n\(example)")
        return
      }
    }
  }

  @Test func everyOrderOfAFewRowsDoesWhatTheOracleSays() throws {
    let seed = firstSeed()
    for number in 0..<(Self.caseCount / 40) {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      var example = UpsertCase(&random)
      for order in permutations(example.rows) {
        example.rows = order
        if let difference = try difference(example) {
          Issue.record("seed \(seed &+ UInt64(number)): \(difference)\n\(example)")
          return
        }
      }
    }
  }

  /// The same, where what the statement remembers of its rows leaves memory after every few of them.
  @Test func batchesThatSpillDoWhatTheOracleSays() throws {
    let seed = firstSeed()
    var spillCount = 0
    for number in 0..<Self.caseCount {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let limit = random.pick([0, 300, 1000])
      let example = UpsertCase(&random, mergesByRules: random.oneIn(8))
      if let difference = try difference(example, spillsAt: limit, &spillCount) {
        Issue.record("seed \(seed &+ UInt64(number)): \(difference)\n\(example)")
        return
      }
    }
    #expect(spillCount > Self.caseCount)
  }

  @Test func everyOrderOfAFewRowsThatSpillDoesWhatTheOracleSays() throws {
    let seed = firstSeed()
    var spillCount = 0
    for number in 0..<(Self.caseCount / 40) {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      var example = UpsertCase(&random)
      for order in permutations(example.rows) {
        example.rows = order
        if let difference = try difference(example, spillsAt: 0, &spillCount) {
          Issue.record("seed \(seed &+ UInt64(number)): \(difference)\n\(example)")
          return
        }
      }
    }
    #expect(spillCount > 0)
  }

  /// The same statements as calls of a transaction's methods, where there are such calls.
  @Test func callsDoWhatTheOracleSays() throws {
    let seed = firstSeed()
    var runCount = 0
    for number in 0..<Self.caseCount {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let example = UpsertCase(&random, mergesByRules: random.oneIn(8))
      guard example.statement.otherwise == .abort else { continue }
      runCount += 1
      let run = try runCalls(example)
      let difference: String?
      switch example.oracle.run(
        example.statement, mode: example.mode, on: example.stored, rows: example.rows)
      {
      case .failure(let wanted): difference = self.difference(run, wanted, example)
      case .success(let wanted): difference = self.difference(run, wanted, example)
      }
      if let difference {
        Issue.record("seed \(seed &+ UInt64(number)): \(difference)\n\(example)")
        return
      }
    }
    #expect(runCount > Self.caseCount / 5)
  }

  /// Rows by name, each with the columns that it gives.
  private func runCalls(_ example: UpsertCase) throws -> Run {
    let store = try Store.inMemory()
    try fill(store, example)
    let inputs = example.rows.map { row in
      let given = UpsertCase.names.indices.filter { row[$0] != nil }
      return RowInput(ColumnNames(given.map { UpsertCase.names[$0] }), given.map { row[$0] ?? .null })
    }
    let statement = example.statement
    func result(_ tx: Transaction, dryRun: Bool) throws(UpkeepError) -> UpsertResult {
      switch (example.mode, statement.clauses.first) {
      case (.sync, let clause?):
        try tx.sync(
          "t", with: inputs, by: clause.target, duplicates: statement.duplicates, rejects: statement.rejects,
          displaces: clause.ambiguity == .displace, collectsOutcomes: true, dryRun: dryRun)
      case (.upsert, let clause?) where statement.clauses.count == 1:
        try tx.upsert(
          contentsOf: inputs, into: "t", on: clause.target, clause.action, ambiguity: clause.ambiguity,
          duplicates: statement.duplicates, rejects: statement.rejects, collectsOutcomes: true,
          dryRun: dryRun)
      default:
        try tx.upsert(
          contentsOf: inputs, into: "t", clauses: statement.clauses, duplicates: statement.duplicates,
          rejects: statement.rejects, collectsOutcomes: true, dryRun: dryRun)
      }
    }
    var run = Run()
    run.isEmpty = true
    try store.write { tx throws in
      // A dry run has the same result, and leaves nothing that the run after it could see.
      let before = try tx.scan("t").rows().map(\.values)
      let dry = told { () throws(UpkeepError) in try result(tx, dryRun: true) }
      #expect(try tx.scan("t").rows().map(\.values) == before)
      do throws(UpkeepError) { run.result = try result(tx, dryRun: false) } catch { run.failure = error }
      let real = run.result.map { text($0) } ?? run.failure.map { "\($0)" }
      #expect(dry == real)
    }
    let scope = try store.beginRead()
    defer { scope.rollback() }
    let cursor = try RowReader(scope).scan(try scope.table("t"))
    while try cursor.next() { run.rows.append(try cursor.row.values()) }
    return run
  }

  private func told(_ body: () throws(UpkeepError) -> UpsertResult) -> String {
    do throws(UpkeepError) { return text(try body()) } catch { return "\(error)" }
  }

  private func text(_ result: UpsertResult) -> String {
    "\(result) \(result.outcomes ?? []) \(result.rejects) \(result.displacedRows)"
  }

  private func fill(_ store: Store, _ example: UpsertCase) throws {
    let filling = try store.beginWrite()
    try SchemaChange(filling).createTable(example.definition)
    let writer = try RowWriter(filling, try filling.table("t"))
    for row in example.stored { try writer.insert(row) }
    try filling.commit()
  }

  /// One target that no action assigns, no key twice, no automatic ids, nothing eager.
  @Test func theOrderOfRowsDoesNotMatterWhereItMustNot() throws {
    let seed = firstSeed()
    for number in 0..<(Self.caseCount / 20) {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      var example = UpsertCase(&random)
      example.statement.clauses = [
        ConflictClause(.primaryKey, .merge(columns: nil), ambiguity: random.oneIn(2) ? .displace : .fail)
      ]
      example.statement.otherwise = .abort
      example.statement.duplicates = .fold
      example.statement.rejects = .fail
      var seen = Set<[Value]>()
      example.rows = example.rows.filter { row in
        guard let id = row[0], id != .null else { return false }
        var key = [id]
        if case .text(let text) = id { key = [.text(text.lowercased())] }
        if example.oracle.keys[0].columns.count == 2 { key.append(row[1] ?? .null) }
        return seen.insert(key).inserted
      }
      var tables = Set<[String]>()
      for order in permutations(example.rows) {
        example.rows = order
        let run = try run(example)
        tables.insert(run.failure == nil ? sorted(run.rows) : ["fails"])
      }
      #expect(tables.count == 1, "seed \(seed &+ UInt64(number)): \(tables)\n\(example)")
    }
  }

  // MARK: Running and comparing

  private func sorted(_ rows: [[Value]]) -> [String] { rows.map { "\($0)" }.sorted() }

  private struct Run {
    var result: UpsertResult?
    var rows: [[Value]] = []
    var failure: UpkeepError?
    var isEmpty = false
    var spillCount = 0
  }

  /// - Parameter limit: bytes that what is remembered of rows may take in memory; nil for what a store takes by itself.
  private func run(_ example: UpsertCase, spillsAt limit: Int? = nil) throws -> Run {
    let store: Store
    if let limit {
      let options = StoreOptions {
        $0.statementByteCount = limit
        $0.checkpointsInBackground = false
      }
      store = try Store("t.upkeep", options, fileSystem: MemoryFileSystem())
    } else {
      store = try Store.inMemory()
    }
    try fill(store, example)
    let scope = try store.beginWrite()
    defer { scope.rollback() }
    var run = Run()
    do throws(UpkeepError) {
      let batch = try UpsertBatch(scope, try plan(example, try scope.table("t")), collectsOutcomes: true)
      defer { run.spillCount = batch.spillCount }
      for (index, row) in example.rows.enumerated() { try batch.add(row, number: index + 1) }
      run.result = try batch.finish()
    } catch {
      run.failure = error
    }
    run.isEmpty = try scope.writing.isEmpty
    let cursor = try RowReader(scope).scan(try scope.table("t"))
    while try cursor.next() { run.rows.append(try cursor.row.values()) }
    return run
  }

  private func plan(_ example: UpsertCase, _ table: TableSchema) throws(UpkeepError) -> UpsertPlan {
    switch example.mode {
    case .upsert: return try UpsertPlan(example.statement, table)
    case .sync:
      let clause = example.statement.clauses[0]
      return try UpsertPlan(
        syncing: table, by: clause.target, duplicates: example.statement.duplicates,
        rejects: example.statement.rejects,
        displaces: clause.ambiguity == .displace)
    }
  }

  /// What engine and oracle disagree about, if anything.
  private func difference(_ example: UpsertCase) throws -> String? {
    var spillCount = 0
    return try difference(example, spillsAt: nil, &spillCount)
  }

  private func difference(
    _ example: UpsertCase, spillsAt limit: Int?, _ spillCount: inout Int
  ) throws -> String? {
    let expected = example.oracle.run(
      example.statement, mode: example.mode, on: example.stored, rows: example.rows)
    let run = try run(example, spillsAt: limit)
    spillCount += run.spillCount
    switch expected {
    case .failure(let wanted): return difference(run, wanted, example)
    case .success(let wanted): return difference(run, wanted, example)
    }
  }

  private func difference(_ run: Run, _ wanted: UpsertOracle.Failure, _ example: UpsertCase) -> String? {
    guard let failure = run.failure else {
      return "the oracle fails with \(wanted), the engine gives \(sorted(run.rows))"
    }
    if failure.code != wanted.code || wanted.number > 0 && failure.rowNumber != wanted.number {
      return
        "the oracle fails with \(wanted), the engine with \(failure.code) in row \(failure.rowNumber ?? 0): \(failure)"
    }
    let left = sorted(wanted.rows ?? example.stored)
    return sorted(run.rows) == left ? nil : "after \(failure) the table is \(sorted(run.rows)), not \(left)"
  }

  private func difference(_ run: Run, _ wanted: UpsertOracle.Outcome, _ example: UpsertCase) -> String? {
    guard let result = run.result, let outcomes = result.outcomes else {
      return "the engine fails: \(run.failure.map { "\($0) (row \($0.rowNumber ?? 0))" } ?? "")"
    }
    if sorted(run.rows) != sorted(wanted.rows) {
      return "the table is \(sorted(run.rows)), not \(sorted(wanted.rows))"
    }
    let words = outcomes.map(\.kind.rawValue)
    if words != wanted.steps.map(\.action) { return "outcomes \(words), not \(wanted.steps)" }
    for (outcome, step) in zip(outcomes, wanted.steps) {
      if let text = difference(outcome, step) { return text }
    }
    if result.rowsGiven != example.rows.count { return "the counts do not add up: \(result)" }
    for reject in result.rejects {
      guard let number = reject.rowNumber else { return "a reject without a number: \(reject)" }
      if let code = wanted.errors[number], code != reject.code {
        return "row \(number) is \(reject.code), not \(code)"
      }
    }
    let numbers = result.rejects.compactMap(\.rowNumber)
    let expected = wanted.steps.indices.filter { wanted.steps[$0].action == "rejected" }.map { $0 + 1 }
    if numbers != expected { return "rejects \(numbers), not \(expected)" }
    if sorted(result.displacedRows) != sorted(wanted.displaced) {
      return "displaced \(sorted(result.displacedRows)), not \(sorted(wanted.displaced))"
    }
    if result.deleted != wanted.deleted { return "\(result.deleted) deleted, not \(wanted.deleted)" }
    let count = example.stored.count + result.inserted - result.displaced - result.deleted
    if count != run.rows.count {
      return "by its counts the table has \(count) rows, not \(run.rows.count): \(result)"
    }
    // A row may be set aside at the end, after it was written; then what it wrote is written back.
    let changes =
      result.inserted + result.updated + result.replaced + result.displaced + result.deleted + result.rejected
    return changes == 0 && !run.isEmpty ? "nothing changed, and yet something was written" : nil
  }

  private func difference(_ outcome: UpsertOutcome, _ step: UpsertOracle.Step) -> String? {
    // Without the rowid of a table that has no primary key.
    func isSame(_ row: [Value], _ wanted: [Value]?) -> Bool {
      row == wanted.map { Array($0.prefix(row.count)) }
    }
    switch outcome {
    case .inserted(let new): return isSame(new, step.new) ? nil : "inserted \(new), not \(step)"
    case .updated(let old, let new, let key, _), .replaced(let old, let new, let key, _):
      return isSame(old, step.old) && isSame(new, step.new) && key == step.key
        ? nil : "changed \(old) to \(new) by \(key), not \(step)"
    case .unchanged(let row, let key, _):
      return isSame(row, step.new) && key == step.key ? nil : "unchanged \(row) by \(key), not \(step)"
    case .ignored(let stored, let key):
      // A row dropped by ON DUPLICATE shows what the winner left.
      return step.old == nil || isSame(stored, step.old) && key == step.key
        ? nil : "ignored \(stored) by \(key), not \(step)"
    case .rejected: return nil
    }
  }

  private func permutations<T>(_ items: [T]) -> [[T]] {
    if items.count <= 1 { return [items] }
    return items.indices.flatMap { index -> [[T]] in
      var rest = items
      let item = rest.remove(at: index)
      return permutations(rest).map { [item] + $0 }
    }
  }
}
