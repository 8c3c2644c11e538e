package import Upkeep

/// A MERGE over a small random table, with rows that match one, several or none.
package struct MergeCase: CustomStringConvertible {
  package var table: UpsertCase
  package var merge: MergeStatement
  package var rows: [[Value?]] = []

  package var description: String {
    """
    \(table)
    ON \(merge.condition)
    \(merge.clauses.map { "\($0)" }.joined(separator: "\n"))
    \(merge.rejects)
    source \(rows.map { $0.map { $0.map(\.description) ?? "-" }.joined(separator: " ") })
    """
  }

  package init(_ random: inout SeededGenerator) {
    table = UpsertCase(&random)
    merge = MergeStatement(
      into: TableReference("t"), using: .values([], columns: UpsertCase.names), as: "excluded",
      on: Self.condition(&random), [],
      returning: Returning([
        .expression(.function("merge_action", []), name: "action"), .all(of: "old"), .all(of: "new"),
      ]))
    for match in MergeClause.Match.allCases where !random.oneIn(4) {
      for _ in 0..<random.below(3) {
        merge.clauses.append(
          MergeClause(match, and: Self.condition(of: match, &random), Self.action(match, &random)))
      }
      if random.oneIn(2) { merge.clauses.append(MergeClause(match, Self.action(match, &random))) }
    }
    if random.oneIn(2) { merge.rejects = .collect(limit: random.oneIn(4) ? 1 : nil) }
    let sparse = random.oneIn(3)
    for _ in 0..<random.below(6) { rows.append(table.row(&random, sparse: sparse)) }
  }

  private static func column(_ name: String, ofSource: Bool) -> Expression {
    .column(ColumnReference(name, of: ofSource ? "excluded" : "t"))
  }

  private static func equal(_ name: String) -> Expression {
    .binary(.equal, column(name, ofSource: false), column(name, ofSource: true))
  }

  private static func condition(_ random: inout SeededGenerator) -> Expression {
    let outside = Expression.binary(.notEqual, column("b", ofSource: false), .literal(.integer(0)))
    switch random.below(12) {
    case 0: return equal("a")
    case 1: return .binary(.and, equal("b"), outside)
    case 2: return .binary(.and, equal("a"), equal("id"))
    case 3: return equal("c")
    case 4: return .binary(.equal, column("d", ofSource: true), column("b", ofSource: false))
    case 5: return .binary(.greater, column("c", ofSource: false), column("c", ofSource: true))
    case 6: return .binary(.and, equal("d"), equal("c"))
    case 7: return .literal(.integer(1))
    default: return equal("id")
    }
  }

  private static func condition(
    of match: MergeClause.Match, _ random: inout SeededGenerator
  ) -> Expression {
    let name = random.pick(["a", "b", "c", "d"])
    let isOfSource = match == .notMatched || match == .matched && random.oneIn(2)
    let subject = column(name, ofSource: isOfSource)
    switch random.below(3) {
    case 0: return .isNull(subject, negated: random.oneIn(2))
    case 1: return .binary(.greater, subject, .literal(.integer(1)))
    default: return .binary(.equal, subject, .literal(.integer(Int64(random.below(4)))))
    }
  }

  private static func action(
    _ match: MergeClause.Match, _ random: inout SeededGenerator
  ) -> MergeClause.Action {
    if random.oneIn(8) { return .nothing }
    if random.oneIn(30) { return .error }
    if match == .notMatched {
      switch random.below(4) {
      case 0: return .insertDefaults
      case 1:
        return .insert(
          columns: ["id", "c", "d"],
          values: [
            column("id", ofSource: true), random.oneIn(3) ? nil : column("b", ofSource: true),
            column("d", ofSource: true),
          ])
      default: return .insertAll
      }
    }
    if random.oneIn(4) { return .delete }
    if match == .matched, random.oneIn(3) { return .updateAll }
    var assignments: [Assignment] = []
    for name in ["a", "b", "c", "d"] where random.oneIn(2) {
      let other = random.pick(["a", "b", "c", "d"])
      let value = column(other, ofSource: match == .matched && random.oneIn(2))
      switch random.below(4) {
      case 0: assignments.append(Assignment(name, .binary(.add, value, .literal(.integer(1)))))
      case 1 where name != "a": assignments.append(Assignment(name, nil))
      default: assignments.append(Assignment(name, value))
      }
    }
    if assignments.isEmpty { assignments = [Assignment("c", column("c", ofSource: false))] }
    return .update(assignments)
  }
}
