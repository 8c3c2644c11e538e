internal import UpkeepStorage

/// The name of an ordered space of keys and values without a schema, and the types of both. The space
/// itself is made at the first `put`, and keeps the names of the types: who uses it with others later is told so.
///
/// ```swift
/// let hits = store.bucket("hits", key: String.self, value: Int64.self)
/// try store.write { tx in try tx.put(hits, "home", 1) }
/// let home = try store.read { try $0.get(hits, "home") }
/// ```
public struct Bucket<Key: BucketKey, Value: BucketValue>: Sendable {
  /// The name, under which the store finds it.
  public let name: String
  let types = BucketTypes(key: Key.bucketType, value: Value.bucketType)

  /// A bucket by name.
  public init(_ name: String) { self.name = name }
}

extension Bucket {
  func bytes(of key: Key) -> [UInt8] {
    var bytes: [UInt8] = []
    key.appendBucketKey(to: &bytes)
    return bytes
  }

  func bytes(of value: Value) -> [UInt8] {
    var bytes: [UInt8] = []
    value.appendBucketValue(to: &bytes)
    return bytes
  }

  func key(of bytes: UnsafeRawBufferPointer) throws(UpkeepError) -> Key {
    guard let key = Key(bucketKey: bytes) else { throw foreign("key", Key.self) }
    return key
  }

  func value(of bytes: UnsafeRawBufferPointer) throws(UpkeepError) -> Value {
    guard let value = Value(bucketValue: bytes) else { throw foreign("value", Value.self) }
    return value
  }

  func bounds(from lower: Key?, upTo upper: Key?) -> KeyBounds {
    KeyBounds(lower: lower.map(bytes(of:)), upper: upper.map(bytes(of:)))
  }

  private func foreign(_ what: String, _ type: Any.Type) -> UpkeepError {
    UpkeepError(
      .typeMismatch,
      "a \(what) in bucket \(name) is no \(type); open the bucket with the types it was filled with")
  }

  fileprivate func require(_ stored: BucketTypes?) throws(UpkeepError) {
    guard let stored, stored != types else { return }
    throw UpkeepError(
      .typeMismatch,
      "bucket \(name) has \(stored.key) keys and \(stored.value) values, not \(types.key) keys and \(types.value) "
        + "values; open it with the types it was made with")
  }
}

extension TransactionScope {
  /// The bucket's tree, nil if there is none.
  func tree<Key, Value>(of bucket: Bucket<Key, Value>) throws(UpkeepError) -> TreeID? {
    guard let schema = try catalog.buckets[bucket.name] else { return nil }
    try bucket.require(schema.types)
    return schema.tree
  }

  /// The bucket's tree, made if there is none.
  func madeTree<Key, Value>(of bucket: Bucket<Key, Value>) throws(UpkeepError) -> TreeID {
    if let tree = try tree(of: bucket) { return tree }
    return try statement { () throws(UpkeepError) in
      let (catalog, tree) = try catalog.addingBucket(bucket.name, types: bucket.types, in: writing)
      adopt(catalog)
      return tree
    }
  }
}
