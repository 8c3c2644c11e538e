internal import UpkeepStorage

/// What a row's own step did, kept for outcomes and RETURNING.
final class UpsertStep: Spillable {
  var old: [Value]?
  var new: [Value]?
  /// The key by which it met a row; -1 for none.
  let key: Int
  var displaced: [[Value]]
  let error: UpkeepError?
  /// The bytes of the target key, of a row dropped by ON DUPLICATE.
  let droppedKey: [UInt8]?

  init(
    old: [Value]? = nil, new: [Value]? = nil, key: Int = -1, displaced: [[Value]] = [],
    error: UpkeepError? = nil, droppedKey: [UInt8]? = nil
  ) {
    self.old = old
    self.new = new
    self.key = key
    self.displaced = displaced
    self.error = error
    self.droppedKey = droppedKey
  }

  var byteCount: Int {
    120 + (old?.rowByteCount ?? 0) + (new?.rowByteCount ?? 0) + displaced.reduce(0) { $0 + $1.rowByteCount }
      + (error == nil ? 0 : 500) + (droppedKey?.count ?? 0)
  }

  func append(to buffer: ByteBuffer) {
    buffer.spill(optional: old)
    buffer.spill(optional: new)
    buffer.spill(key)
    buffer.spill(displaced.count)
    for row in displaced { buffer.spill(row) }
    buffer.append(error == nil ? 0 : 1)
    if let error { SpilledError.append(error, to: buffer) }
    buffer.append(droppedKey == nil ? 0 : 1)
    droppedKey?.withUnsafeBytes { buffer.spill($0) }
  }

  init(_ bytes: inout SpilledBytes) throws(UpkeepError) {
    old = try bytes.optionalRow()
    new = try bytes.optionalRow()
    key = try bytes.int()
    displaced = []
    for _ in 0..<(try bytes.count()) { displaced.append(try bytes.row()) }
    error = try bytes.byte() == 0 ? nil : try SpilledError.read(&bytes)
    droppedKey = try bytes.byte() == 0 ? nil : Array(try bytes.raw())
  }
}
