internal import UpkeepStorage

/// Rows that a query keeps until it needs them: those of a query that is read more than once, and those of one side
/// of a join.
///
/// They are kept in memory, all of them. Everything that queries keep by the row is kept in here or in a `RowSorter`,
/// so that these two are the places from which rows can one day go to a scratch tree.
final class RowBuffer {
  private var rows: [[Value]] = []

  var count: Int { rows.count }

  func append(_ row: [Value]) { rows.append(row) }

  subscript(number: Int) -> [Value] { rows[number] }
}

/// Rows as keys: tells those that are equal, as DISTINCT and UNION want it.
final class RowSet {
  private let parts: [KeyPart]
  private let keys = ByteKeyTable()
  private let buffer = ByteBuffer(capacity: 64)

  init(_ columns: [SubqueryColumn]) {
    parts = columns.map { KeyPart(.any, collation: $0.collation ?? .binary) }
  }

  /// Takes a row; false if an equal one was there.
  func insert(_ row: [Value]) throws(UpkeepError) -> Bool {
    try encode(row)
    let before = keys.count
    _ = keys.insert(buffer.bytes)
    return keys.count > before
  }

  func contains(_ row: [Value]) throws(UpkeepError) -> Bool {
    try encode(row)
    return keys.find(buffer.bytes) != nil
  }

  private func encode(_ row: [Value]) throws(UpkeepError) {
    buffer.removeAll()
    for (value, part) in zip(row, parts) { try KeyCodec.append(value, part, to: buffer) }
  }
}
