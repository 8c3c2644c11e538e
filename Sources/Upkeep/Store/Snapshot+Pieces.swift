internal import UpkeepStorage

// Values of buckets in pieces: what is long need not be in memory as a whole.

extension Snapshot {
  /// How many bytes the value of a key has; nil if there is none. None of them is read.
  ///
  /// - Complexity: O(log n).
  public func valueSize<Key>(_ bucket: Bucket<Key, [UInt8]>, _ key: Key) throws(UpkeepError) -> Int? {
    try value(bucket, key)?.byteCount
  }

  /// A part of a key's value: `count` bytes from `offset` on, fewer only where the value ends; nil if there is no
  /// such key.
  ///
  /// - Complexity: O(log n + count).
  public func read<Key>(
    _ bucket: Bucket<Key, [UInt8]>, _ key: Key, from offset: Int, count: Int
  ) throws(UpkeepError) -> [UInt8]? {
    guard let value = try value(bucket, key) else { return nil }
    let left = value.byteCount - min(max(offset, 0), value.byteCount)
    let buffer = ByteBuffer(capacity: max(min(count, left), 16))
    try storing { () throws(StorageError) in try value.read(from: offset, count: count, into: buffer) }
    return Array(buffer.bytes)
  }

  /// Lends the value of a key to `body` piece by piece, in order, until it gives false.
  ///
  /// ```swift
  /// try snapshot.withPieces(films, "intro") { piece in output.write(piece); return true }
  /// ```
  ///
  /// - Parameter pieceSize: bytes of each piece but the last.
  /// - Returns: the bytes that were lent; nil if there is no such key.
  @discardableResult
  public func withPieces<Key>(
    _ bucket: Bucket<Key, [UInt8]>, _ key: Key, of pieceSize: Int = 1 << 16,
    _ body: (UnsafeRawBufferPointer) throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Int? {
    guard let value = try value(bucket, key) else { return nil }
    let buffer = ByteBuffer(capacity: max(min(pieceSize, value.byteCount), 16))
    var at = 0
    while at < value.byteCount {
      buffer.removeAll()
      try storing { () throws(StorageError) in
        try value.read(from: at, count: max(pieceSize, 1), into: buffer)
      }
      at += buffer.count
      if !(try body(buffer.bytes)) { break }
    }
    return at
  }

  private func value<Key>(
    _ bucket: Bucket<Key, [UInt8]>, _ key: Key
  ) throws(UpkeepError) -> ValueReader? {
    try scope.requireOpen()
    guard let tree = try scope.tree(of: bucket) else { return nil }
    let read = scope.read
    return try KeyBounds.borrow(bucket.bytes(of: key)) { key throws(UpkeepError) in
      try storing { () throws(StorageError) in try read.value(tree, key) }
    }
  }
}

extension Transaction {
  /// Sets the value of a key to pieces one after the other, as `next` gives them until it gives nil. At most a few pages
  /// of the value are in memory at a time, whatever its length.
  ///
  /// ```swift
  /// try tx.put(films, "intro") { try file.read(upToCount: 1 << 16).map { Array($0) } }
  /// ```
  ///
  /// `next` may read in the transaction, and change nothing. If it throws nothing has changed.
  ///
  /// - Throws: `tooLong` for a value of more than 64 MB.
  public func put<Key>(
    _ bucket: Bucket<Key, [UInt8]>, _ key: Key, pieces next: () throws(UpkeepError) -> [UInt8]?
  ) throws(UpkeepError) {
    let tree = try scope.madeTree(of: bucket)
    let transaction = try scope.writing
    let writer = try KeyBounds.borrow(bucket.bytes(of: key)) { key throws(UpkeepError) in
      try storing { () throws(StorageError) in try transaction.putting(tree, key) }
    }
    do throws(UpkeepError) {
      while let piece = try next() {
        try KeyBounds.borrow(piece) { bytes throws(UpkeepError) in
          try storing { () throws(StorageError) in try writer.append(bytes) }
        }
      }
    } catch {
      writer.abandon()
      throw error
    }
    _ = try scope.change { _ throws(StorageError) in try writer.finish() }
  }
}
