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

  struct Problem: Error {
    var code: UpkeepError.Code
  }

  /// What a column that is given becomes.
  func merged(
    _ column: Int, _ rule: MergeRule, _ given: [Value?], _ proposal: [Value], _ old: [Value]
  ) -> Result<Value, Problem> {
    let stored = old[column]
    let incoming = proposal[column]
    func combined(_ combine: (Value, Value) -> Result<Value, Problem>) -> Result<Value, Problem> {
      if stored == .null { return .success(incoming) }
      return incoming == .null ? .success(stored) : combine(stored, incoming)
    }
    switch rule {
    case .keep: return .success(stored)
    case .coalesce: return .success(incoming == .null ? stored : incoming)
    case .ifNull: return .success(stored == .null ? incoming : stored)
    case .sum:
      return combined { a, b in
        guard case .integer(let a) = a, case .integer(let b) = b else {
          return .failure(Problem(code: .typeMismatch))
        }
        let (sum, overflows) = a.addingReportingOverflow(b)
        return overflows ? .failure(Problem(code: .overflow)) : .success(.integer(sum))
      }
    case .min: return combined { .success(Self.isBefore($1, $0) ? $1 : $0) }
    case .max: return combined { .success(Self.isBefore($0, $1) ? $1 : $0) }
    case .append:
      return combined { a, b in
        guard case .text(let a) = a, case .text(let b) = b else {
          return .failure(Problem(code: .typeMismatch))
        }
        return .success(.text(a + b))
      }
    case .latest(let name):
      let by = oracle.ordinal(name)
      if old[by] == .null { return .success(incoming) }
      guard given[by] != nil, proposal[by] != .null else { return .success(stored) }
      return .success(Self.isBefore(proposal[by], old[by]) ? stored : incoming)
    case .using(let expression): return .success(oracle.evaluate(expression, old, proposal))
    default: return .success(incoming)
    }
  }

  /// Numbers come before texts.
  private static func isBefore(_ a: Value, _ b: Value) -> Bool {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): a < b
    case (.text(let a), .text(let b)): Array(a.utf8).lexicographicallyPrecedes(Array(b.utf8))
    case (.integer, .text): true
    default: false
    }
  }
}
