internal import UpkeepStorage

/// Which input row claimed a key last, for claims that are told by a hash. It is looked at only where keys turn out to be
/// contested: until then it is but a list.
final class ClaimLog {
  private let transaction: WriteTransaction
  private unowned let budget: SpillBudget
  @exclusivity(unchecked) private var recent: [(claim: UInt64, row: Int)] = []
  /// What was known before that.
  private var rows: SpillKeys?

  init(_ transaction: WriteTransaction, _ budget: SpillBudget) {
    self.transaction = transaction
    self.budget = budget
    budget.add(self) { [weak self] () throws(UpkeepError) in try self?.spill() }
  }

  func append(_ claim: UInt64, _ row: Int) {
    recent.append((claim, row))
    budget.take(16)
  }

  /// The last input row with this claim.
  func row(of claim: UInt64) throws(UpkeepError) -> Int? {
    takeRecent()
    guard let rows else { return nil }
    return try rows.find(rows.key(Int(truncatingIfNeeded: claim)))
  }

  private func takeRecent() {
    guard !recent.isEmpty else { return }
    let rows = self.rows ?? SpillKeys(transaction, budget)
    self.rows = rows
    for (claim, row) in recent { rows.set(rows.key(Int(truncatingIfNeeded: claim)), row) }
    recent.removeAll()
  }

  func spill() throws(UpkeepError) {
    takeRecent()
    try rows?.spill()
  }

  func end() {
    recent.removeAll()
    rows?.end()
    rows = nil
  }
}
