internal import UpkeepStorage

/// Who keeps a key that several rows hold when a statement is whole. Rows and keys are numbers of a `ClaimState`.
///
/// 1. (A) The row that held a key before and still holds it is the incumbent; other holders fail, and return to
///    what they held before (or are gone). Repeated until no key has an incumbent and another holder.
/// 2. (B) Of the rest, claimants are taken in row order, each keeping its keys unless one before it keeps one of
///    them: then it fails whole. After that (A) again, since those that failed hold their old keys.
/// 3. With `displaces`, a row that no input row chose defeats nobody, and at the end gives way.
///
/// What (A) gives does not depend on the order in which keys are looked at: who fails in a round is decided by
/// who holds what at its beginning. A row fails once at most: it then holds what it held before, of which it is the
/// incumbent.
struct UpsertSettling {
  private let state: ClaimState
  /// For each holder that input rows chose the first of them.
  private let chosen: SpillKeys
  private let transaction: WriteTransaction
  private let budget: SpillBudget
  private let displaces: Bool
  /// Whether claimants are to know who gave way to them.
  private let keepsDisplaced: Bool
  /// The holder whose failing claim was made by the lowest input row.
  private(set) var firstFailing: (claim: Int, holder: Int)?
  private(set) var failureCount = 0

  init(
    _ state: ClaimState, chosen: SpillKeys, _ transaction: WriteTransaction, _ budget: SpillBudget,
    displaces: Bool, keepsDisplaced: Bool
  ) {
    self.state = state
    self.chosen = chosen
    self.transaction = transaction
    self.budget = budget
    self.displaces = displaces
    self.keepsDisplaced = keepsDisplaced
  }

  /// Sets aside the holders whose claims fail, and calls back with each row that gives way, the key that another claims
  /// of it, and that other.
  mutating func settle(
    displaced: (Holder, Int, Int) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    var contested = try contestedKeys()
    try failAgainstIncumbents(contested)
    if failureCount > 0 {
      contested.end()
      contested = try contestedKeys()
    }
    if let returned = try failNewClaimants(contested) {
      try failAgainstIncumbents(returned)
      returned.end()
      contested.end()
      contested = try contestedKeys()
    }
    if displaces { try displace(contested, displaced) }
    contested.end()
  }

  private func makeSet() -> SpillKeys { SpillKeys(transaction, budget) }

  private func contestedKeys() throws(UpkeepError) -> SpillKeys {
    let contested = makeSet()
    if state.contestedCount == 0 { return contested }
    try state.forEachKey { number, key throws(UpkeepError) in
      if key.holders.count > 1 { contested.set(contested.key(number), 0) }
      try budget.settle()
    }
    return contested
  }

  private func isBystander(_ row: Int) throws(UpkeepError) -> Bool {
    if !displaces { return false }
    return try chosen.find(chosen.key(row)) == nil
  }

  private func claim(of holder: Holder, on key: Int) -> Int {
    holder.keys.firstIndex(of: key).map { holder.claims[$0] } ?? Holder.sinceBefore
  }

  /// Round after round, beginning with `keys`, which stay the caller's. Keys that nothing happened to since the round
  /// before need no second look.
  private mutating func failAgainstIncumbents(_ keys: SpillKeys) throws(UpkeepError) {
    var dirty = keys
    var isOwn = false
    while !dirty.isEmpty {
      let failing = makeSet()
      try dirty.forEach { bytes, _ throws(UpkeepError) in
        try budget.settle()
        let number = SpillKeys.number(bytes)
        let key = try state.look(key: number)
        guard key.holders.count > 1, let incumbent = key.before, key.holders.contains(incumbent),
          try !isBystander(incumbent)
        else { return }
        for row in key.holders where row != incumbent {
          try note(row, number, winner: incumbent, in: failing)
        }
      }
      if isOwn { dirty.end() }
      if failing.isEmpty { return failing.end() }
      dirty = try setAside(failing)
      isOwn = true
    }
    if isOwn { dirty.end() }
  }

  /// Whether two rows of which neither gives way hold one key.
  private func isCompetition(_ contested: SpillKeys) throws(UpkeepError) -> Bool {
    if !displaces { return !contested.isEmpty }
    var isOne = false
    try contested.forEach { bytes, _ throws(UpkeepError) in
      if isOne { return }
      try budget.settle()
      var count = 0
      for row in try state.look(key: SpillKeys.number(bytes)).holders where try !isBystander(row) {
        count += 1
      }
      isOne = count > 1
    }
    return isOne
  }

  /// - Returns: the keys that rows have back; nil where nobody competed.
  private mutating func failNewClaimants(_ contested: SpillKeys) throws(UpkeepError) -> SpillKeys? {
    if try !isCompetition(contested) { return nil }
    let claimants = makeSet()
    try contested.forEach { bytes, _ throws(UpkeepError) in
      try budget.settle()
      let number = SpillKeys.number(bytes)
      for row in try state.look(key: number).holders {
        guard try !isBystander(row) else { continue }
        let holder = try state.holder(row)
        holder.lowestClaim = min(holder.lowestClaim ?? .max, claim(of: holder, on: number))
        claimants.set(claimants.key(row), 0)
      }
    }
    let order = makeSet()
    try claimants.forEach { bytes, _ throws(UpkeepError) in
      try budget.settle()
      let row = SpillKeys.number(bytes)
      order.set(order.key(try state.look(row).lowestClaim ?? 0, row), 0)
    }
    claimants.end()
    let failing = makeSet()
    try order.forEach { bytes, _ throws(UpkeepError) in
      try budget.settle()
      let row = SpillKeys.number(bytes, at: 1)
      var keys: [Int] = []
      for number in try state.look(row).keys where number != Holder.none {
        if try state.look(key: number).holders.count > 1 { keys.append(number) }
      }
      var fails = false
      for number in keys {
        guard let winner = try state.look(key: number).keeper else { continue }
        try note(row, number, winner: winner, in: failing)
        fails = true
      }
      if !fails { for number in keys { try state.key(number).keeper = row } }
    }
    order.end()
    return try setAside(failing)
  }

  /// Of several claims of a row that fail at once the one of the lowest input row is told.
  private func note(
    _ row: Int, _ key: Int, winner: Int, in failing: SpillKeys
  ) throws(UpkeepError) {
    if try isBystander(row) { return }
    let holder = try state.holder(row)
    let claim = claim(of: holder, on: key)
    if let known = holder.failure, (known.claim, known.key) <= (claim, key) { return }
    holder.failure = Holder.Failure(key: key, claim: claim, winner: winner)
    failing.set(failing.key(row), 0)
  }

  /// - Returns: the keys that the rows have back.
  private mutating func setAside(_ failing: SpillKeys) throws(UpkeepError) -> SpillKeys {
    let dirty = makeSet()
    var first = firstFailing
    var count = 0
    try failing.forEach { bytes, _ throws(UpkeepError) in
      try budget.settle()
      let row = SpillKeys.number(bytes)
      let holder = try state.holder(row)
      count += 1
      if let claim = holder.failure?.claim, claim < first?.claim ?? .max { first = (claim, row) }
      for number in holder.keys where number != Holder.none { try state.take(number, from: row) }
      if holder.keysBefore.isEmpty { holder.keysBefore = holder.keys.map { _ in Holder.none } }
      holder.keys = holder.keysBefore
      holder.claims = holder.keysBefore.map { $0 == Holder.none ? Holder.none : Holder.sinceBefore }
      for number in holder.keys where number != Holder.none {
        try state.give(number, to: row)
        dirty.set(dirty.key(number), 0)
      }
    }
    failing.end()
    firstFailing = first
    failureCount += count
    return dirty
  }

  /// Rows that no input row chose and that hold a claimed key are no longer there.
  private func displace(
    _ contested: SpillKeys,
    _ displaced: (Holder, Int, Int) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    try contested.forEach { bytes, _ throws(UpkeepError) in
      try budget.settle()
      let number = SpillKeys.number(bytes)
      let held = try state.look(key: number).holders
      var claimant: Int?
      for row in held where claimant == nil {
        if try chosen.find(chosen.key(row)) != nil { claimant = row }
      }
      guard let claimant else { return }
      for row in held {
        guard try chosen.find(chosen.key(row)) == nil else { continue }
        let holder = try state.holder(row)
        // By another of its keys.
        if holder.isGone { continue }
        try displaced(holder, number, claimant)
        if keepsDisplaced { try state.holder(claimant).displaced.append(row) }
        holder.isGone = true
      }
    }
  }
}
