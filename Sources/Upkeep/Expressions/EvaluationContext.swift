/// The rows and circumstances that an expression is evaluated on. One per statement, filled anew for each row.
///
/// A slot holds nothing (its columns are NULL), a row of values, one that lies elsewhere and is lent, or a view of a stored
/// row, which is read in place.
package final class EvaluationContext {
  private enum Source: UInt8 {
    case nothing
    case values
    case lent
    case view
  }

  /// How many rows an expression may see at once.
  package let slotCount: Int
  /// The rows of the query around the one that is evaluated.
  var outer: EvaluationContext?

  private let sources: UnsafeMutablePointer<Source>
  private let views: UnsafeMutablePointer<RowView>
  private let lent: UnsafeMutablePointer<UnsafeBufferPointer<Value>>
  @exclusivity(unchecked) private var rows: [[Value]]
  /// The parameters of a prepared statement; parameter 1 is the first. Those missing are NULL.
  package var parameters: [Value] = []
  /// The time of the statement.
  package var now = Timestamp(microseconds: 0)
  /// What `changes()` gives.
  package var changes = 0
  /// What `upsert_action()`, `conflict_key()` and `row_ordinal()` give.
  package var action: String?
  package var conflictKey: String?
  package var rowOrdinal: Int?
  /// What `merge_action()` gives.
  package var mergeAction: String?

  package init(slotCount: Int = 8) {
    self.slotCount = slotCount
    sources = .allocate(capacity: slotCount)
    sources.initialize(repeating: .nothing, count: slotCount)
    views = .allocate(capacity: slotCount)
    lent = .allocate(capacity: slotCount)
    rows = Array(repeating: [], count: slotCount)
  }

  deinit {
    sources.deallocate()
    views.deallocate()
    lent.deallocate()
  }

  /// Lets a slot be a row of values.
  package func set(slot: Int, row: [Value]) {
    rows[slot] = row
    sources[slot] = .values
  }

  /// Lets a slot be a row of values that somebody keeps where they are until the slot is set or cleared.
  @inline(__always)
  func set(slot: Int, lent row: UnsafeBufferPointer<Value>) {
    precondition(slot < slotCount)
    (lent + slot).initialize(to: row)
    sources[slot] = .lent
  }

  /// Lets a slot be a stored row, which must stay valid until the slot is set or cleared.
  package func set(slot: Int, view: RowView) {
    precondition(slot < slotCount)
    (views + slot).initialize(to: view)
    sources[slot] = .view
  }

  /// Lets a slot hold nothing: its columns are NULL.
  package func clear(slot: Int) {
    precondition(slot < slotCount)
    sources[slot] = .nothing
  }

  /// Lets all slots hold nothing: what they saw may go.
  func clear() {
    for slot in 0..<slotCount {
      sources[slot] = .nothing
      if !rows[slot].isEmpty { rows[slot] = [] }
    }
  }

  /// The stored row in a slot, if it holds one; valid until the slot is set or cleared.
  @inline(__always)
  func view(_ slot: Int) -> UnsafePointer<RowView>? {
    sources[slot] == .view ? UnsafePointer(views + slot) : nil
  }

  /// The value of a column; NULL where the row has fewer values.
  package func value(_ column: SlotColumn) throws(UpkeepError) -> Value {
    switch sources[column.slot] {
    case .view:
      let view = views + column.slot
      return column.ordinal < view.pointee.width ? try view.pointee.value(column.ordinal) : .null
    case .values:
      return column.ordinal < rows[column.slot].count ? rows[column.slot][column.ordinal] : .null
    case .lent:
      let row = lent[column.slot]
      return column.ordinal < row.count ? row[column.ordinal] : .null
    case .nothing:
      return .null
    }
  }

  /// The same, where it is a number or NULL, without a value being copied.
  @inline(__always)
  func scalar(_ column: SlotColumn) throws(UpkeepError) -> Scalar {
    if sources[column.slot] == .lent {
      let row = lent[column.slot]
      return column.ordinal < row.count ? Scalar(row[column.ordinal]) : .null
    }
    if sources[column.slot] == .view, column.ordinal < views[column.slot].width {
      return try views[column.slot].scalar(column.ordinal)
    }
    return Scalar(try value(column))
  }
}
