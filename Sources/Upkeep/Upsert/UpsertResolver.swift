/// The heart: what becomes of a row, from what it met. Pure; it probes nothing and writes nothing.
///
/// Rows that were met are told by numbers: the same number is the same row. `met[k]` is the row that holds
/// the incoming row's key `k` (0 the primary key, then the unique indexes as created), or `nobody`.
package struct UpsertResolver: Sendable {
  /// The number of no row.
  package static let nobody = -1

  /// What a clause does with the row met, as far as the decision needs to know.
  package enum Effect: Sendable {
    case fail
    case ignore
    /// It changes the row met: merge, update or replace.
    case change
  }

  package struct Clause: Sendable {
    /// The keys by which it meets rows, in target order.
    package let keys: [Int]
    package let effect: Effect
    package let ambiguity: AmbiguityPolicy

    package init(keys: [Int], effect: Effect, ambiguity: AmbiguityPolicy) {
      self.keys = keys
      self.effect = effect
      self.ambiguity = ambiguity
    }
  }

  package enum Decision: Equatable, Sendable {
    case insert
    /// The clause changes the row met by this key.
    case change(clause: Int, key: Int)
    case ignore(key: Int)
    case fail(key: Int)
    /// The keys by which one clause met different rows, one key for each row.
    case ambiguous(keys: [Int])
    /// OR REPLACE: every row met gives way; the first key by which one was met.
    case replaceAll(key: Int)
  }

  package let clauses: [Clause]
  package let otherwise: ConflictResolution
  private let keyCount: Int

  package init(clauses: [Clause], otherwise: ConflictResolution, keyCount: Int) {
    self.clauses = clauses
    self.otherwise = otherwise
    self.keyCount = keyCount
  }

  /// The first clause met is the only one run; the OR word rules rows that meet none.
  package func decide(met: [Int]) -> Decision {
    for (number, clause) in clauses.enumerated() {
      guard let key = clause.keys.first(where: { met[$0] != Self.nobody }) else { continue }
      switch clause.effect {
      case .ignore: return .ignore(key: key)
      case .fail: return .fail(key: key)
      case .change:
        if clause.keys.count > 1, clause.ambiguity == .fail {
          let different = keysOfDifferentRows(clause, met)
          if different.count > 1 { return .ambiguous(keys: different) }
        }
        return .change(clause: number, key: key)
      }
    }
    guard let key = (0..<keyCount).first(where: { met[$0] != Self.nobody }) else { return .insert }
    switch otherwise {
    case .ignore: return .ignore(key: key)
    case .replace: return .replaceAll(key: key)
    case .fail: return .fail(key: key)
    // Beside clauses the keys that none of them covers are judged when the statement is whole.
    case .abort, .rollback: return clauses.isEmpty ? .fail(key: key) : .insert
    }
  }

  private func keysOfDifferentRows(_ clause: Clause, _ met: [Int]) -> [Int] {
    var keys: [Int] = []
    for key in clause.keys where met[key] != Self.nobody {
      if !keys.contains(where: { met[$0] == met[key] }) { keys.append(key) }
    }
    return keys
  }
}
