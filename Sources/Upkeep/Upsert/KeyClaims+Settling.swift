internal import UpkeepStorage

/// The end of a statement: who keeps which key, and the trees brought up to date.
extension KeyClaims {
  /// A row of the table whose claim fails, and with it the input rows applied to it.
  package struct FailedClaim {
    /// Which key, and its value as a person reads it.
    package let key: Int
    package let keyText: String
    /// The input row that made the claim.
    package let claim: Int
    /// The row that keeps the key.
    package let winner: [Value]
    /// The row that claimed it, as it was when the statement began; nil for one that came with it.
    package let loser: [Value]?
  }

  /// A row that gives way, and to whom.
  package struct Displacement {
    package let row: [Value]
    /// The input row that claims a key of it.
    package let claim: Int
    /// Which key, and its value as a person reads it.
    package let key: Int
    package let keyText: String
  }

  /// What settling found, which is told row by row.
  package final class Verdict {
    private let claims: KeyClaims
    private let state: ClaimState
    private let names: SpillKeys
    fileprivate(set) package var firstFailure: FailedClaim?
    fileprivate(set) package var failureCount = 0

    fileprivate init(_ claims: KeyClaims, _ state: ClaimState, _ names: SpillKeys) {
      self.claims = claims
      self.state = state
      self.names = names
    }

    /// The holder that an input row chose.
    private func holder(named name: UInt64) throws(UpkeepError) -> Int? {
      try claims.holder(named: name, names, state)
    }

    /// Calls `body` with each input row that chose a row whose claim fails, applied or not.
    package func forEachFailed(
      _ body: (FailedClaim, Int) throws(UpkeepError) -> Void
    ) throws(UpkeepError) {
      try claims.choices.forEach { input, name throws(UpkeepError) in
        try claims.budget.settle()
        guard let number = try holder(named: name) else { return }
        let holder = try state.look(number)
        if let failure = try claims.failed(holder, state) { try body(failure, input) }
      }
    }

    /// Calls `body` with input rows that chose claimants, and with the rows that gave way to those; with the next one if
    /// it says that this one was not applied.
    package func forEachClaimant(
      _ body: (Int, [[Value]]) throws(UpkeepError) -> Bool
    ) throws(UpkeepError) {
      try claims.choices.forEach { input, name throws(UpkeepError) in
        try claims.budget.settle()
        guard let number = try holder(named: name), try !state.look(number).displaced.isEmpty else { return }
        let claimant = try state.holder(number)
        let rows = try claimant.displaced.map { other throws(UpkeepError) in try state.look(other).now ?? [] }
        if try body(input, rows) { claimant.displaced = [] }
      }
    }
  }

  /// Judges the keys that are held more than once. Rows whose claims fail are as they were before, or gone.
  ///
  /// - Parameters:
  ///   - keepsDisplaced: whether `forEachClaimant` will be asked for.
  ///   - displaced: called for each row that gives way, with what tells of it.
  /// - Returns: nil where no key was.
  package func settle(
    keepsDisplaced: Bool = false,
    displaced: (() throws(UpkeepError) -> Displacement) throws(UpkeepError) -> Void
  ) throws(UpkeepError) -> Verdict? {
    guard let state, state.contestedCount > 0 else { return nil }
    try findKeysBefore(state)
    let names = SpillKeys(transaction, budget)
    try state.forEachBirth { birth, number throws(UpkeepError) in
      names.set(names.key(Int(truncatingIfNeeded: Self.hash(birth))), number)
      try budget.settle()
    }
    // For each holder that input rows chose the first of them.
    let chosen = SpillKeys(transaction, budget)
    try choices.forEach { input, name throws(UpkeepError) in
      try budget.settle()
      guard let number = try holder(named: name, names, state), try chosen.find(chosen.key(number)) == nil
      else { return }
      chosen.set(chosen.key(number), input)
    }
    if state.hasUnknownClaims { try findClaims(state, chosen) }
    var settling = UpsertSettling(
      state, chosen: chosen, transaction, budget, displaces: displaces, keepsDisplaced: keepsDisplaced)
    try settling.settle { holder, number, claimant throws(UpkeepError) in
      try displaced { () throws(UpkeepError) in
        let key = try state.look(key: number)
        return Displacement(
          row: holder.now ?? [], claim: try input(claiming: number, for: claimant, state, chosen),
          key: key.key, keyText: text(of: key))
      }
    }
    chosen.end()
    let verdict = Verdict(self, state, names)
    verdict.failureCount = settling.failureCount
    if let first = settling.firstFailing {
      verdict.firstFailure = try failed(try state.look(first.holder), state)
    }
    return verdict
  }

  /// The holder that an input row chose, by what `choices` has for it.
  fileprivate func holder(
    named name: UInt64, _ names: SpillKeys, _ state: ClaimState
  ) throws(UpkeepError) -> Int? {
    if name >> 63 == 0 { return name > 0 && name <= UInt64(state.count) ? Int(name) - 1 : nil }
    return try names.find(names.key(Int(truncatingIfNeeded: name)))
  }

  private func failed(_ holder: Holder, _ state: ClaimState) throws(UpkeepError) -> FailedClaim? {
    guard let failure = holder.failure else { return nil }
    let key = try state.look(key: failure.key)
    let winner = try state.look(failure.winner)
    return FailedClaim(
      key: key.key, keyText: text(of: key), claim: failure.claim, winner: winner.before ?? winner.now ?? [],
      loser: holder.before)
  }

  /// The input row that claims a key for a holder, or else the first that chose it.
  private func input(
    claiming key: Int, for number: Int, _ state: ClaimState, _ chosen: SpillKeys
  ) throws(UpkeepError) -> Int {
    let holder = try state.look(number)
    if let place = holder.keys.firstIndex(of: key), holder.claims[place] >= 0 { return holder.claims[place] }
    return try chosen.find(chosen.key(number)) ?? 0
  }

  /// A key's values, as a person reads them.
  private func text(of key: HeldKey) -> String {
    key.key == 0
      ? key.bytes.withUnsafeBytes { schema.keyDescription(of: $0) }
      : uniqueIndexes[key.key - 1].keyDescription(ofKey: key.bytes)
  }

  /// A row that is set aside has its old keys back. Whoever holds them by now must be known here too.
  private func findKeysBefore(_ state: ClaimState) throws(UpkeepError) {
    let bytes = ByteBuffer()
    var number = 0
    while number < state.count {
      try budget.settle()
      defer { number += 1 }
      guard try state.isTouched(number) else { continue }
      let holder = try state.holder(number)
      holder.keysBefore = Array(repeating: Holder.none, count: keyCount)
      if let before = holder.before {
        for key in 0..<keyCount where try encode(key, of: before, into: bytes) {
          if try !isHeldHere(key, bytes.bytes),
            try find(key, bytes.bytes, primaryKey: found) == .native
          {
            _ = try adopt(found.bytes)
          }
          let held = try state.number(of: key, bytes.bytes)
          holder.keysBefore[key] = held
          if !holder.isGone { try state.key(held).before = number }
        }
      }
    }
  }

  /// Who claimed what a row took before it was a holder: the last update that the log has, else the insert.
  private func findClaims(_ state: ClaimState, _ chosen: SpillKeys) throws(UpkeepError) {
    for number in 0..<state.count {
      try budget.settle()
      guard try state.look(number).claims.contains(Holder.unknown) else { continue }
      let holder = try state.holder(number)
      for key in 0..<keyCount where holder.claims[key] == Holder.unknown {
        let bytes = try state.look(key: holder.keys[key]).bytes
        let hash = bytes.withUnsafeBytes { claimHash(name(of: holder, number), key, $0) }
        let first = try chosen.find(chosen.key(number))
        holder.claims[key] = try claimLog.row(of: hash) ?? first ?? 0
      }
    }
  }

  /// Brings the trees of all holders up to date: what is no longer true goes, then what is new comes.
  package func write() throws(UpkeepError) {
    if let state {
      try state.forEach { _, holder throws(UpkeepError) in
        guard let stored = holder.stored, try needsMove(holder) else { return }
        try writer.delete(stored)
      }
      try state.forEach { _, holder throws(UpkeepError) in
        guard let now = holder.left else { return }
        if let stored = holder.stored, !(try needsMove(holder)) {
          try writer.update(from: stored, to: now)
        } else {
          try writer.insert(now)
        }
      }
    }
    try writer.finish()
    endState()
    claimLog.end()
    let choices = choices
    try storing { () throws(StorageError) in try choices.end() }
  }

  /// Whether a holder's unique keys differ from those in the trees, or it is gone.
  private func needsMove(_ holder: Holder) throws(UpkeepError) -> Bool {
    guard let stored = holder.stored, let now = holder.left else { return true }
    for key in 0..<keyCount {
      let had = try encode(key, of: stored, into: oldKeyBuffers[key])
      let has = try encode(key, of: now, into: keyBuffers[key])
      if had != has || has && !Bytes.equal(oldKeyBuffers[key], keyBuffers[key]) { return true }
    }
    return false
  }
}
