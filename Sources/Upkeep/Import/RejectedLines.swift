internal import UpkeepStorage

/// Takes the records of a feed that were set aside, in their order.
package protocol RejectSink: AnyObject {
  /// Called with the feed's line of names, if it has one, before anything else.
  func begin(_ header: [UInt8]?, _ format: FeedFormat) throws(UpkeepError)
  /// Called for each rejected record: the record as it was, its line in its file, and why.
  func reject(_ record: UnsafeRawBufferPointer, line: Int, because error: UpkeepError) throws(UpkeepError)
}

/// The records of a feed as they were, by number, until it is known which of them are rejected: that may be
/// only when the whole feed has been seen. They lie in a tree of the transaction.
struct LineSpool {
  private let transaction: WriteTransaction
  private let tree: TreeID
  private let key = ByteBuffer(capacity: 16)
  private let value = ByteBuffer(capacity: 1024)

  init(_ transaction: WriteTransaction) throws(UpkeepError) {
    self.transaction = transaction
    tree = try storing { () throws(StorageError) in try transaction.createScratchTree() }
  }

  func keep(_ record: UnsafeRawBufferPointer, line: Int, number: Int) throws(UpkeepError) {
    value.removeAll(keepingCapacity: 1 << 20)
    value.append(littleEndian: UInt64(line))
    // One longer than any value is itself the reason of its reject, and too long to hand back.
    if record.count <= CSVReader.fieldLimit { value.append(record) }
    setKey(number)
    try storing { () throws(StorageError) in try transaction.put(tree, key.bytes, value.bytes) }
  }

  func record(_ number: Int) throws(UpkeepError) -> (bytes: UnsafeRawBufferPointer, line: Int) {
    setKey(number)
    let kept = try storing { () throws(StorageError) in try transaction.get(tree, key.bytes) }
    guard let kept, kept.count >= 8 else { return (UnsafeRawBufferPointer(start: nil, count: 0), number) }
    let line = UInt64(littleEndian: kept.loadUnaligned(as: UInt64.self))
    return (UnsafeRawBufferPointer(rebasing: kept[8...]), Int(clamping: line))
  }

  private func setKey(_ number: Int) {
    key.removeAll()
    key.append(bigEndian: UInt64(number))
  }
}
