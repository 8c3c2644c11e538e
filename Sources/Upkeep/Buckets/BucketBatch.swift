internal import UpkeepStorage

/// Entries that go into a bucket as one statement: they wait until they are many, and go to the tree in the order of their
/// keys. Those of one key keep their order.
final class BucketBatch<Key: BucketKey, Value: BucketValue> {
  private let bucket: Bucket<Key, Value>
  private let transaction: WriteTransaction
  private let writer: TreeWriter
  private let action: BucketAction<Value>
  private let arena = ByteBuffer(capacity: 1024)
  private var keys: [SortedKey] = []
  private let sorter = KeySorter()
  private(set) var result = BucketResult()

  init(
    _ bucket: Bucket<Key, Value>, _ action: BucketAction<Value>, _ scope: TransactionScope
  ) throws(UpkeepError) {
    self.bucket = bucket
    self.action = action
    let tree = try scope.madeTree(of: bucket)
    let transaction = try scope.writing
    self.transaction = transaction
    writer = try storing { () throws(StorageError) in try transaction.writer(of: tree) }
  }

  func add(_ key: Key, _ value: Value) throws(UpkeepError) {
    let start = arena.count
    let keyBytes = bucket.bytes(of: key)
    let valueBytes = bucket.bytes(of: value)
    keyBytes.withUnsafeBytes { arena.append($0) }
    arena.append(littleEndian: UInt64(valueBytes.count))
    valueBytes.withUnsafeBytes { arena.append($0) }
    let place = UnsafeRawBufferPointer(rebasing: arena.bytes[start..<(start + keyBytes.count)])
    keys.append(SortedKey(place, offset: start, number: UInt32(truncatingIfNeeded: keys.count)))
    if arena.count + keys.count * 2 * MemoryLayout<SortedKey>.stride > transaction.batchByteCount {
      try flush()
    }
  }

  func finish() throws(UpkeepError) { try flush() }

  private func flush() throws(UpkeepError) {
    let base = UnsafeRawPointer(arena.base)
    sorter.sort(&keys, base)
    for sorted in keys {
      let key = sorted.bytes(base)
      let end = sorted.offset + key.count
      let count = Int(UInt64(littleEndian: base.loadUnaligned(fromByteOffset: end, as: UInt64.self)))
      try apply(key, UnsafeRawBufferPointer(start: base + end + 8, count: count))
    }
    keys.removeAll(keepingCapacity: true)
    arena.removeAll()
  }

  private func apply(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(UpkeepError) {
    let writer = writer
    guard let stored = try storing({ () throws(StorageError) in try writer.insert(key, value) }) else {
      result.inserted += 1
      return
    }
    var made: [UInt8]?
    var before: [UInt8]?
    switch action {
    case .ignore:
      result.ignored += 1
      return
    case .replace: break
    case .merge(let combine):
      // Whoever combines may use the transaction, and then what it gave is gone.
      before = Array(stored)
      made = bucket.bytes(of: try combine(try bucket.value(of: stored), try bucket.value(of: value)))
    }
    if made == nil ? Bytes.equal(stored, value) : made == before {
      result.unchanged += 1
      return
    }
    if let made {
      try KeyBounds.borrow(made) { made throws(UpkeepError) in
        try storing { () throws(StorageError) in try writer.put(key, made) }
      }
    } else {
      try storing { () throws(StorageError) in try writer.put(key, value) }
    }
    result.updated += 1
  }
}
