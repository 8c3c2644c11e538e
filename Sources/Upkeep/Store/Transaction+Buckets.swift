internal import UpkeepStorage

// Changes of buckets. Each happens whole or not at all, and together with what else the transaction does.

extension Transaction {
  /// Sets the value of a key, whether it had one or not.
  public func put<Key, Value>(_ bucket: Bucket<Key, Value>, _ key: Key, _ value: Value) throws(UpkeepError) {
    let tree = try scope.madeTree(of: bucket)
    try KeyBounds.borrow(bucket.bytes(of: key)) { key throws(UpkeepError) in
      try put(tree, key, bucket.bytes(of: value))
    }
  }

  /// Sets the value of a key that has none.
  ///
  /// - Returns: whether it was `inserted`, or `ignored` because there is one.
  @discardableResult
  public func insert<Key, Value>(
    _ bucket: Bucket<Key, Value>, _ key: Key, _ value: Value
  ) throws(UpkeepError) -> BucketInsertion<Value> {
    let tree = try scope.madeTree(of: bucket)
    return try KeyBounds.borrow(bucket.bytes(of: key)) { key throws(UpkeepError) in
      if let stored = try stored(tree, key, in: bucket) { return .ignored(existing: stored) }
      try put(tree, key, bucket.bytes(of: value))
      return .inserted
    }
  }

  /// Brings a value to the one that is there: `.add(5)`, `.min(x)`, `.max(x)`, `.append("x")`, `.json("{…}")`. Where there
  /// is none, it is stored as it is.
  ///
  /// - Returns: what is stored now.
  @discardableResult
  public func merge<Key, Value>(
    _ bucket: Bucket<Key, Value>, _ key: Key, _ merge: BucketMerge<Value>
  ) throws(UpkeepError) -> Value {
    let tree = try scope.madeTree(of: bucket)
    return try KeyBounds.borrow(bucket.bytes(of: key)) { key throws(UpkeepError) in
      let merged = try merge.merged(try stored(tree, key, in: bucket))
      try put(tree, key, bucket.bytes(of: merged))
      return merged
    }
  }

  /// Makes a new value of the one that is there. `body` is given nil where there is none, and gives nil where none is to be.
  ///
  /// ```swift
  /// try tx.merge(hits, "home") { old in (old ?? 0) + 1 }
  /// ```
  ///
  /// - Returns: what is stored now.
  @discardableResult
  public func merge<Key, Value>(
    _ bucket: Bucket<Key, Value>, _ key: Key, _ body: (Value?) throws(UpkeepError) -> Value?
  ) throws(UpkeepError) -> Value? {
    let tree = try scope.madeTree(of: bucket)
    return try KeyBounds.borrow(bucket.bytes(of: key)) { key throws(UpkeepError) in
      let merged = try body(try stored(tree, key, in: bucket))
      try set(tree, key, merged.map { bucket.bytes(of: $0) })
      return merged
    }
  }

  /// Sets the value of a key if it is the expected one; nil is none. Values are compared as they are stored.
  ///
  /// - Returns: false, and nothing done, if it is another one.
  @discardableResult
  public func compareAndSwap<Key, Value>(
    _ bucket: Bucket<Key, Value>, _ key: Key, expected: Value?, new: Value?
  ) throws(UpkeepError) -> Bool {
    let tree = try scope.madeTree(of: bucket)
    let transaction = try scope.writing
    return try KeyBounds.borrow(bucket.bytes(of: key)) { key throws(UpkeepError) in
      let found = try storing { () throws(StorageError) in try transaction.get(tree, key) }
      switch (found, expected) {
      case (nil, nil): break
      case (let found?, let expected?):
        if Bytes.compare(found, bucket.bytes(of: expected)) != 0 { return false }
      default: return false
      }
      try set(tree, key, new.map { bucket.bytes(of: $0) })
      return true
    }
  }

  /// Removes a key.
  ///
  /// - Returns: false if it was not there.
  @discardableResult
  public func delete<Key, Value>(_ bucket: Bucket<Key, Value>, _ key: Key) throws(UpkeepError) -> Bool {
    try scope.requireOpen()
    guard let tree = try scope.tree(of: bucket) else { return false }
    return try KeyBounds.borrow(bucket.bytes(of: key)) { key throws(UpkeepError) in
      try scope.change { transaction throws(StorageError) in try transaction.delete(tree, key) }
    }
  }

  /// Removes the keys in `from ..< upTo`, nil being open. It is one operation, however many they are.
  ///
  /// - Returns: how many there were.
  @discardableResult
  public func delete<Key, Value>(
    _ bucket: Bucket<Key, Value>, from lower: Key?, upTo upper: Key?
  ) throws(UpkeepError) -> Int {
    try scope.requireOpen()
    guard let tree = try scope.tree(of: bucket) else { return 0 }
    return try bucket.bounds(from: lower, upTo: upper).withBytes { lower, upper throws(UpkeepError) in
      Int(
        clamping: try scope.change { transaction throws(StorageError) in
          try transaction.deleteRange(tree, from: lower, to: upper)
        })
    }
  }

  /// Removes the keys in a range.
  ///
  /// - Returns: how many there were.
  @discardableResult
  public func delete<Key: Comparable, Value>(
    _ bucket: Bucket<Key, Value>, _ keys: Range<Key>
  ) throws(UpkeepError) -> Int {
    try delete(bucket, from: keys.lowerBound, upTo: keys.upperBound)
  }

  /// Puts many values in as one statement: all of them or, if one is refused, none. They may come in any order, and are
  /// written in that of their keys.
  ///
  /// ```swift
  /// let result = try tx.upsert(contentsOf: counts, into: hits, .merge { $0 + $1 })
  /// print(result)   // 12 inserted, 30 updated, 0 unchanged, 0 ignored
  /// ```
  @discardableResult
  public func upsert<Key, Value>(
    contentsOf entries: some Sequence<(key: Key, value: Value)>, into bucket: Bucket<Key, Value>,
    _ action: BucketAction<Value> = .replace
  ) throws(UpkeepError) -> BucketResult {
    try scope.statement { () throws(UpkeepError) in
      let batch = try BucketBatch(bucket, action, scope)
      for (key, value) in entries { try batch.add(key, value) }
      try batch.finish()
      return batch.result
    }
  }

  private func stored<Key, Value>(
    _ tree: TreeID, _ key: UnsafeRawBufferPointer, in bucket: Bucket<Key, Value>
  ) throws(UpkeepError) -> Value? {
    let transaction = try scope.writing
    let bytes = try storing { () throws(StorageError) in try transaction.get(tree, key) }
    return try bytes.map { bytes throws(UpkeepError) in try bucket.value(of: bytes) }
  }

  private func put(_ tree: TreeID, _ key: UnsafeRawBufferPointer, _ value: [UInt8]) throws(UpkeepError) {
    try KeyBounds.borrow(value) { value throws(UpkeepError) in
      try scope.change { transaction throws(StorageError) in try transaction.put(tree, key, value) }
    }
  }

  private func set(_ tree: TreeID, _ key: UnsafeRawBufferPointer, _ value: [UInt8]?) throws(UpkeepError) {
    if let value { return try put(tree, key, value) }
    _ = try scope.change { transaction throws(StorageError) in try transaction.delete(tree, key) }
  }
}
