internal import UpkeepStorage

/// Tells whether a row equals the one before it: where equal rows come together, that is all that DISTINCT asks.
final class RowBefore {
  private let parts: [KeyPart]
  private let buffers = [ByteBuffer(capacity: 64), ByteBuffer(capacity: 64)]
  private var isFirst = true
  private var current = 0

  init(_ columns: [SubqueryColumn]) {
    parts = columns.map { KeyPart(.any, collation: $0.collation ?? .binary) }
  }

  /// Whether it is as the one of the call before; it is then the row before.
  func isEqual(_ row: [Value]) throws(UpkeepError) -> Bool {
    let (before, own) = (buffers[current], buffers[1 - current])
    own.removeAll()
    for (value, part) in zip(row, parts) { try KeyCodec.append(value, part, to: own) }
    current = 1 - current
    defer { isFirst = false }
    return !isFirst && Bytes.equal(own.bytes, before.bytes)
  }
}
