internal import UpkeepStorage

/// The end of a statement: who keeps which key, and the trees brought up to date.
extension KeyClaims {
  /// What settling found.
  package struct Verdict {
    /// A row of the table whose claim fails, and with it the input rows applied to it.
    package struct Failure {
      /// Which key, and its value as a person reads it.
      package let key: Int
      package let keyText: String
      /// The input row that made the claim.
      package let claim: Int
      /// The input rows that chose the row, applied or not.
      package let inputs: [Int]
      /// The row that keeps the key.
      package let winner: [Value]
    }

    package var failures: [Failure] = []
    /// Rows that give way, and the input rows that chose their claimants.
    package var displaced: [(row: [Value], claimants: [Int])] = []
  }

  /// Judges the keys that are held more than once. Rows whose claims fail are as they were before, or gone.
  package func settle() throws(UpkeepError) -> Verdict {
    var verdict = Verdict()
    guard holdersOfKey.contains(where: { $0.count > 1 }) else { return verdict }
    let keysBefore = try findKeysBefore()
    let inputs = try inputsOfHolders()
    let logged = Dictionary(claimLog.map { ($0.claim, $0.row) }, uniquingKeysWith: { $1 })
    for (holder, rows) in inputs.enumerated() { findClaims(of: holder, rows, logged) }
    var settling = UpsertSettling(
      holders.indices.map { index in
        let held = (0..<keyCount).filter { holders[index].keys[$0] != Self.none }
        return UpsertSettling.Row(
          keys: held.map { holders[index].keys[$0] }, claims: held.map { holders[index].claims[$0] },
          before: holders[index].isGone ? [] : keysBefore[index], isChosen: !inputs[index].isEmpty)
      }, displaces: displaces)
    settling.settle()
    for failure in settling.failures {
      let (key, text) = describe(failure.key)
      let winner = holders[failure.winner]
      verdict.failures.append(
        Verdict.Failure(
          key: key, keyText: text, claim: failure.claim, inputs: inputs[failure.row],
          winner: winner.before ?? winner.now ?? []))
    }
    for failure in settling.failures { holders[failure.row].now = holders[failure.row].before }
    for displacement in settling.displaced {
      verdict.displaced.append((holders[displacement.row].now ?? [], inputs[displacement.claimant]))
      holders[displacement.row].now = nil
      holders[displacement.row].isGone = true
    }
    return verdict
  }

  /// A row that is set aside has its old keys back. Whoever holds them by now must be known here too.
  private func findKeysBefore() throws(UpkeepError) -> [[Int]] {
    var result: [[Int]] = []
    let bytes = ByteBuffer()
    var index = 0
    while index < holders.count {
      var numbers: [Int] = []
      if let before = holders[index].before {
        for key in 0..<keyCount where try encode(key, of: before, into: bytes) {
          if heldBy(key, bytes.bytes).isEmpty, try find(key, bytes.bytes, primaryKey: found) == .native {
            _ = try adopt(found.bytes)
          }
          numbers.append(number(of: key, bytes.bytes))
        }
      }
      result.append(numbers)
      index += 1
    }
    return result
  }

  /// For each holder the input rows that chose it, in order.
  private func inputsOfHolders() throws(UpkeepError) -> [[Int]] {
    var holderOfName: [UInt64: Int] = [:]
    for index in holders.indices { holderOfName[name(of: index)] = index }
    var inputs: [[Int]] = Array(repeating: [], count: holders.count)
    let choices = choices
    try storing { () throws(StorageError) in
      try choices.forEach { input, name in
        if let holder = holderOfName[name] { inputs[holder].append(input) }
      }
    }
    return inputs.map { $0.sorted() }
  }

  /// Who claimed what a holder took before it was one: the last update that the log has, else the insert.
  private func findClaims(of holder: Int, _ inputs: [Int], _ logged: [UInt64: Int]) {
    for key in 0..<keyCount where holders[holder].claims[key] == Self.unknown {
      let bytes = UnsafeRawBufferPointer(rebasing: keys.bytes(holders[holder].keys[key])[4...])
      let hash = claimHash(name(of: holder), key, bytes)
      holders[holder].claims[key] = logged[hash] ?? inputs.first ?? 0
    }
  }

  /// Which key a number stands for, and its value as a person reads it.
  private func describe(_ number: Int) -> (key: Int, text: String) {
    let bytes = keys.bytes(number)
    let key = Int(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
    let rest = UnsafeRawBufferPointer(rebasing: bytes[4...])
    if key == 0 { return (key, schema.keyDescription(of: rest)) }
    return (key, uniqueIndexes[key - 1].keyDescription(ofKey: Array(rest)))
  }

  /// Brings the trees of all holders up to date: what is no longer true goes, then what is new comes.
  package func write() throws(UpkeepError) {
    for holder in holders {
      guard let stored = holder.stored, try needsMove(holder) else { continue }
      try writer.delete(stored)
    }
    for holder in holders {
      guard let now = holder.now else { continue }
      if let stored = holder.stored, !(try needsMove(holder)) {
        try writer.update(from: stored, to: now)
      } else {
        try writer.insert(now)
      }
    }
    try writer.finish()
    let choices = choices
    try storing { () throws(StorageError) in try choices.end() }
  }

  /// Whether a holder's unique keys differ from those in the trees, or it is gone.
  private func needsMove(_ holder: Holder) throws(UpkeepError) -> Bool {
    guard let stored = holder.stored, let now = holder.now else { return true }
    for key in 0..<keyCount {
      let had = try encode(key, of: stored, into: oldKeyBuffers[key])
      let has = try encode(key, of: now, into: keyBuffers[key])
      if had != has || has && !Bytes.equal(oldKeyBuffers[key], keyBuffers[key]) { return true }
    }
    return false
  }
}
