/// A value that is read in pieces, so that it is nowhere whole in memory. It is of use while its transaction is open and,
/// if that is one that writes, until the next change.
package final class ValueReader {
  private let transaction: ReadTransaction
  /// A value that lies in its leaf.
  private let short: [UInt8]
  private var long: OverflowReader?
  private let changeCount: Int
  private let rollbackCount: Int

  fileprivate init(_ transaction: ReadTransaction, _ stored: [UInt8], isOverflow: Bool) {
    self.transaction = transaction
    short = isOverflow ? [] : stored
    long = isOverflow ? OverflowReader(stored, transaction.pages) : nil
    changeCount = transaction.working?.changeCount ?? 0
    rollbackCount = transaction.working?.rollbackCount ?? 0
  }

  /// Bytes of the whole value.
  package var byteCount: Int { long?.byteCount ?? short.count }

  /// Appends at most `count` bytes from `offset` on; fewer only where the value ends.
  package func read(from offset: Int, count: Int, into buffer: ByteBuffer) throws(StorageError) {
    guard transaction.isOpen else { throw .transactionEnded }
    if let working = transaction.working,
      working.changeCount != changeCount || working.rollbackCount != rollbackCount
    {
      throw .badOption("the transaction changed something since the value was looked up: look it up again")
    }
    guard long == nil else {
      try long?.read(from: offset, count: count, transaction, into: buffer)
      return
    }
    let start = min(max(offset, 0), short.count)
    let end = start + min(max(count, 0), short.count - start)
    short[start..<end].withUnsafeBytes { buffer.append($0) }
  }
}

extension ReadTransaction {
  /// Looks a value up that is to be read in pieces; nil if there is none.
  package final func value(
    _ tree: TreeID, _ key: UnsafeRawBufferPointer
  ) throws(StorageError) -> ValueReader? {
    guard isOpen else { throw .transactionEnded }
    if let working {
      guard let found = try working.editor(tree).get(key) else { return nil }
      return ValueReader(self, Array(found.stored.buffer), isOverflow: found.isOverflow)
    }
    guard let found = try find(try root(tree), key) else { return nil }
    return ValueReader(self, Array(found.stored.buffer), isOverflow: found.isOverflow)
  }
}
