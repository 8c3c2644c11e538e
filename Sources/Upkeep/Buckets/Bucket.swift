internal import UpkeepStorage

/// The name of an ordered space of keys and values without a schema, and the types of both. The space
/// itself is made at the first `put`.
///
/// ```swift
/// let hits = store.bucket("hits", key: String.self, value: Int64.self)
/// try store.write { tx in try tx.put(hits, "home", 1) }
/// let home = try store.read { try $0.get(hits, "home") }
/// ```
public struct Bucket<Key: BucketKey, Value: BucketValue>: Sendable {
  /// The name, under which the store finds it.
  public let name: String

  /// A bucket by name.
  public init(_ name: String) { self.name = name }
}

extension Bucket {
  func bytes(of key: Key) -> [UInt8] {
    var bytes: [UInt8] = []
    key.appendBucketKey(to: &bytes)
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

  private func foreign(_ what: String, _ type: Any.Type) -> UpkeepError {
    UpkeepError(
      .typeMismatch,
      "a \(what) in bucket \(name) is no \(type); open the bucket with the types it was filled with")
  }
}

extension TransactionScope {
  func bucketTree(_ name: String) throws(UpkeepError) -> TreeID? { try catalog.buckets[name] }

  /// The bucket's tree, made if there is none.
  func madeBucketTree(_ name: String) throws(UpkeepError) -> TreeID {
    if let tree = try bucketTree(name) { return tree }
    return try statement { () throws(UpkeepError) in
      let (catalog, tree) = try catalog.addingBucket(name, in: writing)
      adopt(catalog)
      return tree
    }
  }
}
