internal import UpkeepStorage

/// Takes the lines of a feed that were set aside, in their order.
package protocol RejectSink: AnyObject {
  /// Called with the feed's header line before any other.
  func header(_ line: UnsafeRawBufferPointer, _ format: CSVReader.Format) throws(UpkeepError)
  /// Called for each rejected line: the line as it was, its number in its file, and why.
  func reject(_ line: UnsafeRawBufferPointer, number: Int, because error: UpkeepError) throws(UpkeepError)
}

/// The lines of a feed as they were, by number, until it is known which of them are rejected: that may be
/// only when the whole feed has been seen. They lie in a tree of the transaction.
struct LineSpool {
  private let transaction: WriteTransaction
  private let tree: TreeID
  private let key = ByteBuffer(capacity: 16)

  init(_ transaction: WriteTransaction) throws(UpkeepError) {
    self.transaction = transaction
    tree = try storing { () throws(StorageError) in try transaction.createScratchTree() }
  }

  func keep(_ line: UnsafeRawBufferPointer, number: Int) throws(UpkeepError) {
    // A line longer than any value is itself the reason of its reject, and too long to hand back.
    guard line.count <= CSVReader.fieldLimit else { return }
    setKey(number)
    try storing { () throws(StorageError) in try transaction.put(tree, key.bytes, line) }
  }

  func line(_ number: Int) throws(UpkeepError) -> UnsafeRawBufferPointer {
    setKey(number)
    let line = try storing { () throws(StorageError) in try transaction.get(tree, key.bytes) }
    return line ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }

  private func setKey(_ number: Int) {
    key.removeAll()
    key.append(bigEndian: UInt64(number))
  }
}
