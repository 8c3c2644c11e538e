package import Upkeep

/// What a MERGE means, over arrays: every source row against every row of the table as it was. Keys are judged as the
/// upsert's oracle judges them.
package struct MergeOracle {
  /// What became of a row of the table.
  package struct Change: Hashable, CustomStringConvertible {
    package var action: String
    package var old: [Value]?
    package var new: [Value]?

    package init(_ action: String, old: [Value]?, new: [Value]?) {
      self.action = action
      self.old = old
      self.new = new
    }

    package var description: String {
      "\(action) \(old.map { "\($0)" } ?? "-") → \(new.map { "\($0)" } ?? "-")"
    }
  }

  /// Something that was set aside: the number of its source row, 0 for a row of the table, and why.
  package struct Reject: Hashable, Comparable {
    package var number: Int
    package var code: UpkeepError.Code

    package static func < (a: Reject, b: Reject) -> Bool {
      (a.number, a.code.rawValue) < (b.number, b.code.rawValue)
    }

    package init(_ number: Int, _ code: UpkeepError.Code) {
      self.number = number
      self.code = code
    }
  }

  package struct Outcome {
    package var rows: [[Value]]
    package var changes: [Change]
    package var unchanged = 0
    /// Sorted.
    package var rejects: [Reject] = []
    /// Of rows that one source row matches, and that claim one key, the way to them decides which keeps it.
    package var isKnown = true
  }

  /// The row with the first error, 0 for one of the table, and what may be told of it: where several of the rows that a
  /// source row matches are wrong, the way to them decides which is looked at first.
  package struct Failure: Error {
    package var number: Int
    package var codes: Set<UpkeepError.Code>
    /// Which claim fails may depend on that too.
    package var isNumberKnown: Bool
  }

  private let oracle: UpsertOracle
  private let merge: MergeStatement
  private let run: OracleRun
  private let before: [OracleRow]
  private var changedBy: [ObjectIdentifier: Int] = [:]
  private var matched: Set<ObjectIdentifier> = []
  private var changes: [(change: Change, row: OracleRow)] = []
  private var matchesSeveral = false

  package init(_ oracle: UpsertOracle, _ merge: MergeStatement, on table: [[Value]]) {
    self.oracle = oracle
    self.merge = merge
    run = OracleRun(
      oracle, UpsertStatement(into: "t", source: .defaults, rejects: merge.rejects), .upsert, table)
    before = run.table.sorted { Self.order($0, $1, oracle) }
  }

  /// By primary key: that is the order in which rows are met that nothing matches.
  private static func order(_ a: OracleRow, _ b: OracleRow, _ oracle: UpsertOracle) -> Bool {
    let left = oracle.value(of: oracle.keys[0], in: a.before ?? []) ?? []
    let right = oracle.value(of: oracle.keys[0], in: b.before ?? []) ?? []
    for (x, y) in zip(left, right) where x != y {
      switch (x, y) {
      case (.integer(let x), .integer(let y)): return x < y
      case (.text(let x), .text(let y)): return x < y
      default: return false
      }
    }
    return false
  }

  package mutating func all(_ source: [[Value?]]) -> Result<Outcome, Failure> {
    // One entry for each change, so that a claim finds its way back.
    for (index, given) in source.enumerated() {
      let number = index + 1
      let row = given.map { $0 ?? .null }
      let hits = before.filter { isTrue(merge.condition, $0.before ?? [], row) }
      if hits.count > 1 { matchesSeveral = true }
      for hit in hits {
        matched.insert(ObjectIdentifier(hit))
        change(hit, .matched, given, row, number)
      }
      if hits.isEmpty { insert(given, row, number) }
    }
    let last = source.count
    var number = last
    for row in before where !matched.contains(ObjectIdentifier(row)) {
      number += 1
      change(row, .notMatchedBySource, [], [], number)
    }
    run.settle()
    if run.collects { return collected(last) }
    guard let worst = run.errors.map(\.number).min() else { return .success(outcome) }
    var codes = Set(run.errors.filter { $0.number == worst }.map(\.code))
    // Of rows that one source row matches, and that claim one key, the way to them decides which keeps it; and so which
    // rows have their old keys back.
    if run.hasTies { codes.insert(.uniqueViolation) }
    return .failure(
      Failure(number: worst > last ? 0 : worst, codes: codes, isNumberKnown: !run.hasTies))
  }

  private var outcome: Outcome {
    let kept = changes.filter { !isLost($0.change, $0.row) }.map(\.change)
    return Outcome(
      rows: run.rows, changes: kept, unchanged: kept.count { $0.action == "UPDATE" && $0.old == $0.new })
  }

  /// Whether a change was made, and then set aside with all that was applied to its row.
  private func isLost(_ change: Change, _ row: OracleRow) -> Bool {
    change.new != nil && change.new != change.old && row.now != change.new
  }

  private func collected(_ last: Int) -> Result<Outcome, Failure> {
    var outcome = outcome
    outcome.rejects = run.errors.map { Reject($0.number > last ? 0 : $0.number, $0.code) }.sorted()
    outcome.isKnown = !(matchesSeveral && outcome.rejects.contains { $0.code == .uniqueViolation })
    if outcome.isKnown, case .collect(let limit?) = merge.rejects, outcome.rejects.count > limit {
      return .failure(Failure(number: 0, codes: [.tooManyRejects], isNumberKnown: false))
    }
    return .success(outcome)
  }

  private func isTrue(_ condition: Expression?, _ existing: [Value], _ source: [Value]) -> Bool {
    condition.map { oracle.truth(oracle.evaluate($0, existing, source)) == true } ?? true
  }

  private mutating func change(
    _ row: OracleRow, _ match: MergeClause.Match, _ given: [Value?], _ source: [Value], _ number: Int
  ) {
    guard let old = row.before,
      let clause = merge.clauses.first(where: { $0.match == match && isTrue($0.condition, old, source) })
    else { return }
    if clause.action == .nothing { return }
    if clause.action == .error { return run.errors.append((number, .refused)) }
    if changedBy[ObjectIdentifier(row)] != nil { return run.errors.append((number, .changedTwice)) }
    var new = old
    switch clause.action {
    case .delete:
      changedBy[ObjectIdentifier(row)] = number
      row.now = nil
      row.isGone = true
      return changes.append((Change("DELETE", old: old, new: nil), row))
    case .update(let assignments):
      for assignment in assignments {
        let column = oracle.ordinal(assignment.column)
        new[column] =
          assignment.value.map { oracle.evaluate($0, old, source) } ?? oracle.columns[column].defaultValue
        if case .real = new[column] { return run.errors.append((number, .overflow)) }
      }
    case .updateAll:
      for column in given.indices { if let value = given[column] { new[column] = value } }
    default: return
    }
    if new != old, let problem = run.firstProblem(new) { return run.errors.append((number, problem)) }
    changedBy[ObjectIdentifier(row)] = number
    changes.append((Change("UPDATE", old: old, new: new), row))
    run.steps += Array(repeating: UpsertOracle.Step("updated"), count: max(0, number - run.steps.count))
    if new != old { run.put(new, in: row, number) }
  }

  private mutating func insert(_ given: [Value?], _ source: [Value], _ number: Int) {
    guard
      let clause = merge.clauses.first(where: { $0.match == .notMatched && isTrue($0.condition, [], source) })
    else { return }
    var row = [Value?](repeating: nil, count: oracle.columns.count)
    switch clause.action {
    case .insertAll: row = given
    case .insert(let columns, let values):
      for (name, value) in zip(columns ?? oracle.columns.map(\.name), values) {
        row[oracle.ordinal(name)] = value.map { oracle.evaluate($0, [], source) }
        if case .real = row[oracle.ordinal(name)] { return run.errors.append((number, .overflow)) }
      }
    case .error: return run.errors.append((number, .refused))
    case .insertDefaults: break
    default: return
    }
    var new = run.proposed(row)
    let id = oracle.keys[0].columns[0]
    if oracle.hasAutomaticID, new[id] == .null { new[id] = run.nextID() }
    if let problem = run.firstProblem(new) { return run.errors.append((number, problem)) }
    run.steps += Array(repeating: UpsertOracle.Step("inserted"), count: max(0, number - run.steps.count))
    let made = OracleRow(before: nil)
    changes.append((Change("INSERT", old: nil, new: new), made))
    run.table.append(made)
    run.put(new, in: made, number)
  }
}
