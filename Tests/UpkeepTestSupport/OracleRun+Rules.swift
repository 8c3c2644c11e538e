internal import Upkeep

/// What merge rules mean, over arrays.
extension OracleRun {
  /// The rule of each column: the statement's, else the table's; SET without one, and MAX for what LATEST BY compares.
  func rules(_ columns: [MergeColumn]?) -> [MergeRule] {
    if mode == .sync { return oracle.columns.map { _ in .set } }
    let said = oracle.columns.map { column in
      columns?.first { $0.name == column.name && $0.rule != nil }?.rule ?? column.merge
    }
    var rules = said.map { $0 ?? .set }
    for case .latest(let by)? in said where said[oracle.ordinal(by)] == nil {
      rules[oracle.ordinal(by)] = .max
    }
    return rules
  }

  /// What a column that is given becomes; nil if a sum overflows.
  func merged(
    _ column: Int, _ rule: MergeRule, _ given: [Value?], _ proposal: [Value], _ old: [Value]
  ) -> Value? {
    let stored = old[column]
    let incoming = proposal[column]
    func combined(_ combine: (Int64, Int64) -> Int64?) -> Value? {
      guard case .integer(let a) = stored else { return incoming }
      guard case .integer(let b) = incoming else { return stored }
      return combine(a, b).map { .integer($0) }
    }
    switch rule {
    case .keep: return stored
    case .coalesce: return incoming == .null ? stored : incoming
    case .ifNull: return stored == .null ? incoming : stored
    case .sum: return combined { $0.addingReportingOverflow($1).overflow ? nil : $0 + $1 }
    case .min: return combined { min($0, $1) }
    case .max: return combined { max($0, $1) }
    case .latest(let name):
      let by = oracle.ordinal(name)
      guard case .integer(let before) = old[by] else { return incoming }
      guard given[by] != nil, case .integer(let now) = proposal[by] else { return stored }
      return now < before ? stored : incoming
    case .using(let expression): return oracle.evaluate(expression, old, proposal)
    default: return incoming
    }
  }
}
