internal import UpkeepStorage

/// The changes of an UPDATE that must all be known before the first is made: in memory while they are few.
final class ChangeSpool {
  private final class Rows: Spillable {
    let change: UpdateExecutor.Change

    init(_ change: UpdateExecutor.Change) { self.change = change }

    var byteCount: Int { 64 + change.old.rowByteCount + change.new.rowByteCount }

    func append(to buffer: ByteBuffer) {
      buffer.spill(change.old)
      buffer.spill(change.new)
    }

    init(_ bytes: inout SpilledBytes) throws(UpkeepError) {
      change = UpdateExecutor.Change(old: try bytes.row(), new: try bytes.row())
    }
  }

  private let budget: SpillBudget
  private let changes: SpillMap<Rows>
  /// Where in `changes` those are that are not given in order, by what orders them.
  private let places: SpillKeys
  private var count = 0
  private var isOrdered = true

  init(_ transaction: WriteTransaction) throws(UpkeepError) {
    budget = SpillBudget(transaction.spillByteCount)
    changes = SpillMap(transaction, budget)
    places = SpillKeys(transaction, budget)
  }

  deinit {
    changes.end()
    places.end()
  }

  /// Adds the next change.
  func append(_ change: UpdateExecutor.Change) throws(UpkeepError) {
    changes.set(count, Rows(change))
    count += 1
    try budget.settle()
  }

  /// Adds a change at its place in the order of keys.
  func insert(_ change: UpdateExecutor.Change, at key: UnsafeRawBufferPointer) throws(UpkeepError) {
    isOrdered = false
    places.set(key, count)
    try append(change)
  }

  func forEach(_ body: (UpdateExecutor.Change) throws(UpkeepError) -> Void) throws(UpkeepError) {
    if isOrdered {
      try changes.forEach { _, rows throws(UpkeepError) in try body(rows.change) }
    } else {
      try places.forEach { _, place throws(UpkeepError) in
        if let rows = try changes.look(place) { try body(rows.change) }
      }
    }
  }
}
