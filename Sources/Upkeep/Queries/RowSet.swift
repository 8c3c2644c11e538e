internal import UpkeepStorage

/// Rows as keys: tells those that are equal, as DISTINCT and UNION want it.
final class RowSet {
  private let parts: [KeyPart]
  private let keys: KeySet
  private let buffer = ByteBuffer(capacity: 64)

  init(_ columns: [SubqueryColumn], _ memory: QueryMemory) {
    parts = columns.map { KeyPart(.any, collation: $0.collation ?? .binary) }
    keys = KeySet(memory)
  }

  /// Takes a row; false if an equal one was there.
  func insert(_ row: [Value]) throws(UpkeepError) -> Bool {
    try encode(row)
    return try keys.insert(buffer.bytes)
  }

  /// The same for the row in the context, of which `maker` makes the key.
  func insert(_ maker: KeyMaker, _ context: EvaluationContext) throws(UpkeepError) -> Bool {
    buffer.removeAll()
    try maker.appendWhole(context, to: buffer)
    return try keys.insert(buffer.bytes)
  }

  func contains(_ row: [Value]) throws(UpkeepError) -> Bool {
    try encode(row)
    return try keys.contains(buffer.bytes)
  }

  private func encode(_ row: [Value]) throws(UpkeepError) {
    buffer.removeAll()
    for (value, part) in zip(row, parts) { try KeyCodec.append(value, part, to: buffer) }
  }
}

/// The values that an aggregate with DISTINCT has seen, of each group by itself.
final class DistinctValues {
  private let part: KeyPart
  private let keys: KeySet
  private let buffer = ByteBuffer(capacity: 64)

  init(_ aggregate: Aggregate, _ memory: QueryMemory) {
    part = KeyPart(.any, collation: aggregate.argument?.collation ?? .binary)
    keys = KeySet(memory)
  }

  /// Takes a value of a group; false if the group has it.
  func insert(_ value: Value, group: Int) throws(UpkeepError) -> Bool {
    buffer.removeAll()
    buffer.append(littleEndian: UInt64(truncatingIfNeeded: group))
    try KeyCodec.append(value, part, to: buffer)
    return try keys.insert(buffer.bytes)
  }
}
