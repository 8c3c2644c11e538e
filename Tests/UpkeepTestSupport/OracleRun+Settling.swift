internal import Upkeep

/// Keys judged when the statement is whole.
extension OracleRun {
  /// The holders of every key that is held more than once.
  func contested() -> [HeldKey: [OracleRow]] {
    var holders: [HeldKey: [OracleRow]] = [:]
    for row in table {
      guard let now = row.now else { continue }
      for key in oracle.keys.indices {
        guard let value = oracle.value(of: oracle.keys[key], in: now) else { continue }
        holders[HeldKey(key: key, value: value), default: []].append(row)
      }
    }
    return holders.filter { $0.value.count > 1 }
  }

  func isIncumbent(_ row: OracleRow, of held: HeldKey) -> Bool {
    guard let before = row.before, oracle.value(of: oracle.keys[held.key], in: before) == held.value else {
      return false
    }
    return row.isChosen || !displaces
  }

  func isBystander(_ row: OracleRow) -> Bool { displaces && !row.isChosen }

  /// Sets aside every input row that was applied to a row, which returns to its state before the statement.
  func setAside(_ row: OracleRow, claiming number: Int) {
    row.now = row.isGone ? nil : row.before
    row.claims = [:]
    for input in row.applied { steps[input - 1] = UpsertOracle.Step("rejected") }
    if collects {
      for input in row.applied { errors.append((input, .uniqueViolation)) }
    } else {
      errors.append((number, .uniqueViolation))
    }
    row.applied = []
  }

  func settle() {
    settleIncumbents()
    settleNewClaimants()
    settleIncumbents()
  }

  /// (A): the row that held a key before and still holds it keeps it; until no such key has another holder.
  func settleIncumbents() {
    while true {
      var failing: [(OracleRow, Int)] = []
      for (held, rows) in contested() {
        guard let incumbent = rows.first(where: { isIncumbent($0, of: held) }) else { continue }
        for row in rows where row !== incumbent && !isBystander(row) {
          let number = row.claims[held.key]?.number ?? 0
          if let at = failing.firstIndex(where: { $0.0 === row }) {
            failing[at].1 = min(failing[at].1, number)
          } else {
            failing.append((row, number))
          }
        }
      }
      if failing.isEmpty { return }
      for (row, number) in failing { setAside(row, claiming: number) }
    }
  }

  /// (B): claimants in row order, each keeping its keys unless a lower row keeps one of them.
  func settleNewClaimants() {
    var claimants: [(row: OracleRow, keys: [HeldKey], number: Int)] = []
    for (held, rows) in contested() {
      for row in rows where !isBystander(row) {
        let number = row.claims[held.key]?.number ?? 0
        if let at = claimants.firstIndex(where: { $0.row === row }) {
          claimants[at].keys.append(held)
          claimants[at].number = min(claimants[at].number, number)
        } else {
          claimants.append((row, [held], number))
        }
      }
    }
    for (_, rows) in contested() {
      let numbers = claimants.filter { claimant in rows.contains { $0 === claimant.row } }.map(\.number)
      if Set(numbers).count < numbers.count { hasTies = true }
    }
    var kept: Set<HeldKey> = []
    for claimant in claimants.sorted(by: { $0.number < $1.number }) {
      let lost = claimant.keys.filter { kept.contains($0) }
      if lost.isEmpty {
        kept.formUnion(claimant.keys)
      } else {
        setAside(claimant.row, claiming: lost.map { claimant.row.claims[$0.key]?.number ?? 0 }.min() ?? 0)
      }
    }
  }

  /// Rule 6: rows that no input row chose give way.
  func displace() {
    for (_, rows) in contested() {
      for row in rows where !row.isChosen {
        if let now = row.now { displaced.append(now) }
        row.now = nil
        row.isGone = true
      }
    }
  }
}
