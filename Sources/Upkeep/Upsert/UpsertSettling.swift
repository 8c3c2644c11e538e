/// Who keeps a key that several rows hold when a statement is whole. Pure: rows and keys are numbers.
///
/// 1. (A) The row that held a key before and still holds it is the incumbent; other holders fail, and return to
///    what they held before (or are gone). Repeated until no key has an incumbent and another holder.
/// 2. (B) Of the rest, claimants are taken in row order, each keeping its keys unless one before it keeps one of
///    them: then it fails whole. After that (A) again, since those that failed hold their old keys.
/// 3. With `displaces`, a row that no input row chose defeats nobody, and at the end gives way.
///
/// What (A) gives does not depend on the order in which keys are looked at: who fails in a round is decided by
/// who holds what at its beginning.
package struct UpsertSettling {
  package struct Row {
    /// The keys held now, and for each the input row that claimed it (`since before` for one never given up).
    package var keys: [Int]
    package var claims: [Int]
    /// The keys held when the statement began; empty for a row that the statement made.
    package var before: [Int]
    /// Whether an input row was applied to it, left it alone or chose it in vain.
    package var isChosen: Bool

    package init(keys: [Int], claims: [Int], before: [Int], isChosen: Bool) {
      self.keys = keys
      self.claims = claims
      self.before = before
      self.isChosen = isChosen
    }
  }

  /// The claim of a key that was held since before.
  package static let sinceBefore = -1

  /// A claim that fails: the row is set aside.
  package struct Failure: Equatable {
    package var row: Int
    package var key: Int
    /// The input row that made the claim.
    package var claim: Int
    /// The row that keeps the key.
    package var winner: Int
  }

  package struct Displacement: Equatable {
    package var row: Int
    package var claimant: Int
  }

  package private(set) var rows: [Row]
  package private(set) var failures: [Failure] = []
  package private(set) var displaced: [Displacement] = []
  private let displaces: Bool
  private var holders: [Int: [Int]] = [:]

  package init(_ rows: [Row], displaces: Bool) {
    self.rows = rows
    self.displaces = displaces
    for (row, state) in rows.enumerated() {
      for key in state.keys { holders[key, default: []].append(row) }
    }
  }

  package mutating func settle() {
    var dirty = holders.compactMap { $0.value.count > 1 ? $0.key : nil }
    dirty = failAgainstIncumbents(dirty)
    dirty = failNewClaimants()
    _ = failAgainstIncumbents(dirty)
    if displaces { displace() }
  }

  private func contestedKeys() -> [Int] { holders.compactMap { $0.value.count > 1 ? $0.key : nil }.sorted() }

  private func isBystander(_ row: Int) -> Bool { displaces && !rows[row].isChosen }

  private func claim(of row: Int, on key: Int) -> Int {
    rows[row].keys.firstIndex(of: key).map { rows[row].claims[$0] } ?? Self.sinceBefore
  }

  /// Round after round; keys that nothing happened to since the round before need no second look.
  private mutating func failAgainstIncumbents(_ keys: [Int]) -> [Int] {
    var dirty = keys
    while !dirty.isEmpty {
      var failing: [Int: Failure] = [:]
      for key in Set(dirty) {
        guard let held = holders[key], held.count > 1 else { continue }
        guard let incumbent = held.first(where: { rows[$0].before.contains(key) && !isBystander($0) }) else {
          continue
        }
        for row in held where row != incumbent && !isBystander(row) {
          note(Failure(row: row, key: key, claim: claim(of: row, on: key), winner: incumbent), in: &failing)
        }
      }
      dirty = setAside(failing)
    }
    return []
  }

  private mutating func failNewClaimants() -> [Int] {
    var keysOf: [Int: [Int]] = [:]
    for key in contestedKeys() {
      for row in holders[key] ?? [] where !isBystander(row) { keysOf[row, default: []].append(key) }
    }
    let order = keysOf.map {
      (row: $0.key, claim: $0.value.map { [row = $0.key] in claim(of: row, on: $0) }.min() ?? 0)
    }
    .sorted { ($0.claim, $0.row) < ($1.claim, $1.row) }
    var keeper: [Int: Int] = [:]
    var failing: [Int: Failure] = [:]
    for (row, _) in order {
      let keys = keysOf[row] ?? []
      for key in keys {
        guard let winner = keeper[key] else { continue }
        note(Failure(row: row, key: key, claim: claim(of: row, on: key), winner: winner), in: &failing)
      }
      if failing[row] == nil { for key in keys { keeper[key] = row } }
    }
    return setAside(failing)
  }

  /// Of several claims of a row that fail at once the one of the lowest input row is told.
  private func note(_ failure: Failure, in failing: inout [Int: Failure]) {
    if let known = failing[failure.row], (known.claim, known.key) <= (failure.claim, failure.key) { return }
    failing[failure.row] = failure
  }

  /// - Returns: the keys that the rows have back.
  private mutating func setAside(_ failing: [Int: Failure]) -> [Int] {
    var dirty: [Int] = []
    for failure in failing.values.sorted(by: { ($0.claim, $0.row) < ($1.claim, $1.row) }) {
      failures.append(failure)
      let row = failure.row
      for key in rows[row].keys { holders[key]?.removeAll { $0 == row } }
      rows[row].keys = rows[row].before
      rows[row].claims = rows[row].before.map { _ in Self.sinceBefore }
      for key in rows[row].keys { holders[key, default: []].append(row) }
      dirty += rows[row].keys
    }
    return dirty
  }

  /// Rows that no input row chose and that hold a claimed key are no longer there.
  private mutating func displace() {
    for key in contestedKeys() {
      let held = holders[key] ?? []
      guard let claimant = held.first(where: { rows[$0].isChosen }) else { continue }
      for row in held where !rows[row].isChosen {
        displaced.append(Displacement(row: row, claimant: claimant))
        for other in rows[row].keys { holders[other]?.removeAll { $0 == row } }
        rows[row].keys = []
        rows[row].claims = []
      }
    }
  }
}
