internal import UpkeepStorage

/// What statements do to buckets, whose types they do not know.
struct BucketChange {
  let scope: TransactionScope

  /// Makes a bucket.
  func create(_ bucket: BucketDefinition, ifNotExists: Bool) throws(UpkeepError) {
    if ifNotExists, try scope.catalog.buckets[bucket.name] != nil { return }
    let types = bucket.types.map { BucketTypes(key: $0.key, value: $0.value) }
    scope.adopt(try scope.catalog.addingBucket(bucket.name, types: types, in: scope.writing).0)
  }

  /// Puts entries in.
  func insert(_ statement: BucketInsertStatement) throws(UpkeepError) {
    guard let tree = try scope.catalog.buckets[statement.bucket]?.tree else {
      throw UpkeepError(
        .unknownBucket, "there is no bucket \(statement.bucket); CREATE BUCKET makes one")
    }
    let transaction = try scope.writing
    for (number, entry) in statement.entries.enumerated() {
      try KeyBounds.borrow(entry.key) { key throws(UpkeepError) in
        guard try storing({ () throws(StorageError) in try transaction.get(tree, key) }) == nil else {
          var error = UpkeepError(
            .uniqueViolation,
            "bucket \(statement.bucket) has a value under the key \(Value.blob(entry.key).literalText)")
          error.rowNumber = number + 1
          throw error
        }
        try KeyBounds.borrow(entry.value) { value throws(UpkeepError) in
          try storing { () throws(StorageError) in try transaction.put(tree, key, value) }
        }
      }
    }
  }
}

extension UpkeepError.Code {
  /// A bucket that is not there.
  public static let unknownBucket = Self(rawValue: "no-bucket")
}

extension TransactionScope {
  /// The buckets by name, with the names of their types.
  package func bucketDefinitions() throws(UpkeepError) -> [BucketDefinition] {
    try catalog.buckets.sorted { $0.key < $1.key }.map { name, bucket in
      BucketDefinition(
        name, types: bucket.types.map { BucketDefinition.Types(key: $0.key, value: $0.value) })
    }
  }

  /// Calls `body` with each entry of a bucket as bytes, in the order of the keys.
  package func forEachEntry(
    ofBucket name: String,
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    guard let tree = try catalog.buckets[name]?.tree else { return }
    let cursor = try EntryCursor(self, tree)
    while try cursor.next() { try body(cursor.key, try cursor.value) }
  }
}
