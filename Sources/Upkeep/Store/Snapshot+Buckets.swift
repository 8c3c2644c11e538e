internal import UpkeepStorage

extension Store {
  /// A bucket of bytes by bytes.
  public func bucket(_ name: String) -> Bucket<[UInt8], [UInt8]> { Bucket(name) }

  /// A bucket of values by keys. Their types are stored when the bucket is made; use the same ones each time.
  public func bucket<Key, Value>(
    _ name: String, key: Key.Type, value: Value.Type
  ) -> Bucket<Key, Value> { Bucket(name) }
}

extension Snapshot {
  /// The names of all buckets, in order.
  public var bucketNames: [String] {
    get throws(UpkeepError) { try scope.catalog.buckets.keys.sorted() }
  }

  /// The value of a key; nil if there is none.
  public func get<Key, Value>(_ bucket: Bucket<Key, Value>, _ key: Key) throws(UpkeepError) -> Value? {
    try withValue(bucket, key) { bytes throws(UpkeepError) in try bucket.value(of: bytes) }
  }

  /// Lends the bytes of a key's value to `body`; nil if there is none.
  public func withValue<Key, Value, R>(
    _ bucket: Bucket<Key, Value>, _ key: Key, _ body: (UnsafeRawBufferPointer) throws(UpkeepError) -> R
  ) throws(UpkeepError) -> R? {
    try scope.requireOpen()
    guard let tree = try scope.tree(of: bucket) else { return nil }
    let read = scope.read
    return try KeyBounds.borrow(bucket.bytes(of: key)) { bytes throws(UpkeepError) in
      guard let value = try storing({ () throws(StorageError) in try read.get(tree, bytes) }) else {
        return nil
      }
      return try body(value)
    }
  }

  /// The entries whose keys lie in `from ..< upTo`, nil being open, in key order or the other way.
  public func range<Key, Value>(
    _ bucket: Bucket<Key, Value>, from lower: Key? = nil, upTo upper: Key? = nil, reversed: Bool = false
  ) throws(UpkeepError) -> BucketRange<Key, Value> {
    try BucketRange(bucket, scope, bucket.bounds(from: lower, upTo: upper), isReversed: reversed)
  }

  /// The entries whose keys lie in a range, in key order or the other way.
  public func range<Key: Comparable, Value>(
    _ bucket: Bucket<Key, Value>, _ keys: Range<Key>, reversed: Bool = false
  ) throws(UpkeepError) -> BucketRange<Key, Value> {
    try range(bucket, from: keys.lowerBound, upTo: keys.upperBound, reversed: reversed)
  }

  /// How many keys a bucket has, or has in `from ..< upTo`.
  ///
  /// - Complexity: O(log n).
  public func count<Key, Value>(
    _ bucket: Bucket<Key, Value>, from lower: Key? = nil, upTo upper: Key? = nil
  ) throws(UpkeepError) -> Int {
    try scope.requireOpen()
    guard let tree = try scope.tree(of: bucket) else { return 0 }
    let bounds = bucket.bounds(from: lower, upTo: upper)
    let read = scope.read
    let count = try bounds.withBytes { lower, upper throws(UpkeepError) in
      try storing { () throws(StorageError) in try read.count(tree, from: lower, to: upper) }
    }
    return Int(clamping: count)
  }
}
