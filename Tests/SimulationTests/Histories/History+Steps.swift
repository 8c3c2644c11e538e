import UpkeepStorage
import UpkeepTesting

import class UpkeepTestSupport.Running

// The steps of a history. Each is one call on the store, or a few that belong together, with its answer compared.

extension History {
  func step() throws {
    if writing != nil, !chance.oneIn(6) { return try stepOfWriter() }
    switch chance.below(writing == nil ? 40 : 14) {
    case 0, 1: try openSnapshot()
    case 2, 3: try endSnapshot()
    case 4...11: try readSnapshot()
    case 12, 13: try checkpoint()
    case 14: try storage.compact()
    case 15: try closeAndOpen()
    case 16: try crash()
    case 17...19: try failPowerSoon()
    case 20 where !isPowerFailing: try check(try storage.verify() == [], "the check finds something")
    default: writing = Writing(transaction: try storage.beginWrite(), model: newest)
    }
  }

  // MARK: Beside the writer

  private func checkpoint() throws {
    try storage.checkpoint()
    // It syncs the log through the newest commit.
    states.removeFirst(states.count - 1)
  }

  private func openSnapshot() throws {
    guard snapshots.count < 6 else { return try endSnapshot() }
    snapshots.append(Snapshot(transaction: try storage.beginRead(), model: newest))
  }

  /// Looks at all of a snapshot once more and ends it; in a history with threads another thread does, while this one
  /// goes on.
  private func endSnapshot() throws {
    guard !snapshots.isEmpty else { return try openSnapshot() }
    let snapshot = snapshots.remove(at: chance.below(snapshots.count))
    comparedSnapshotCount += 1
    guard hasThreads, !isPowerFailing else {
      try compare(snapshot)
      return snapshot.transaction.end()
    }
    if readers.count > 2 { try readers.removeFirst().value() }
    let handed = Handed(snapshot)
    readers.append(
      Running {
        let snapshot = handed.value
        defer { snapshot.transaction.end() }
        try Self.compare(snapshot)
      })
  }

  /// A snapshot on its way to the one thread that uses it from then on.
  private struct Handed: @unchecked Sendable {
    let value: Snapshot
    init(_ value: Snapshot) { self.value = value }
  }

  private func readSnapshot() throws {
    guard let snapshot = snapshots.isEmpty ? nil : snapshots[chance.below(snapshots.count)] else {
      return try openSnapshot()
    }
    try read(snapshot.transaction, snapshot.model)
  }

  private func failPowerSoon() throws {
    guard !isPowerFailing else { return }
    try waitForReaders()
    isPowerFailing = true
    disk.plan(FaultPlan(.powerLoss, at: chance.below(24)))
  }

  // MARK: The writer

  private func stepOfWriter() throws {
    guard var now = writing else { return }
    let trees = now.model.keys.sorted()
    let tree = trees[chance.below(trees.count)]
    let transaction = now.transaction
    switch chance.below(64) {
    case 0:
      now.model[try transaction.createTree()] = [:]
    case 1 where tree != .catalog:
      try transaction.dropTree(tree)
      now.model[tree] = nil
    case 2: try deleteRange(tree, transaction, &now.model)
    case 3: try useScratchTree(transaction)
    case 4...5 where now.savepoints.count < 4:
      now.savepoints.append((try transaction.savepoint(), now.model))
    case 6 where !now.savepoints.isEmpty:
      let at = chance.below(now.savepoints.count)
      try transaction.rollback(to: now.savepoints[at].savepoint)
      now.model = now.savepoints[at].model
      now.savepoints.removeSubrange((at + 1)...)
    case 7 where !now.savepoints.isEmpty:
      let at = chance.below(now.savepoints.count)
      transaction.release(now.savepoints[at].savepoint)
      now.savepoints.removeSubrange(at...)
    case 8...10: return try commit(now)
    case 11 where chance.oneIn(3):
      transaction.rollback()
      writing = nil
      return
    case 12...20: return try read(transaction, now.model)
    case 21 where chance.oneIn(4): return try compare(transaction, now.model)
    case 22...32:
      let key = bytes(chance.below(6))
      let was = try key.withUnsafeBytes { try transaction.delete(tree, $0) }
      try check(was == (now.model[tree]?[key] != nil), "a delete of \(key) in \(tree) says \(was)")
      now.model[tree]?[key] = nil
    default:
      let key = bytes(chance.below(6))
      let value = bytes(chance.oneIn(20) ? chance.below(4000) : chance.below(40))
      try key.withUnsafeBytes { key in try value.withUnsafeBytes { try transaction.put(tree, key, $0) } }
      now.model[tree]?[key] = value
    }
    writing = now
  }

  private func commit(_ now: Writing) throws {
    underWay = now.model
    writing = nil
    try now.transaction.commit()
    // When the power has gone, nobody is told any more.
    if disk.isOff { throw StorageError.closed }
    underWay = nil
    if isDurable { states = [] }
    states.append(now.model)
  }

  private func deleteRange(_ tree: TreeID, _ transaction: WriteTransaction, _ model: inout Model) throws {
    let (lower, upper) = (bytes(chance.below(5)), bytes(chance.below(5)))
    let removed = try lower.withUnsafeBytes { lower in
      try upper.withUnsafeBytes { try transaction.deleteRange(tree, from: lower, to: $0) }
    }
    let gone = model[tree, default: [:]].keys.filter {
      !$0.lexicographicallyPrecedes(lower) && $0.lexicographicallyPrecedes(upper)
    }
    try check(
      removed == UInt64(gone.count), "\(removed) removed from \(lower) to \(upper), not \(gone.count)")
    for key in gone { model[tree]?[key] = nil }
  }

  /// A tree of the transaction's own, filled and read.
  private func useScratchTree(_ transaction: WriteTransaction) throws {
    let scratch = try transaction.createScratchTree()
    var entries: Entries = [:]
    for _ in 0..<chance.below(30) {
      let key = bytes(chance.below(5))
      entries[key] = key
      try key.withUnsafeBytes { try transaction.put(scratch, $0, $0) }
    }
    try compare(transaction, [scratch: entries])
  }

  /// Few different ones, so that keys meet again and share beginnings.
  func bytes(_ count: Int) -> Bytes { (0..<count).map { _ in UInt8(chance.below(4)) } }
}
