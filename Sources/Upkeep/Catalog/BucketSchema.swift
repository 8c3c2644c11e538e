internal import UpkeepStorage

/// What the catalog has of a bucket.
package struct BucketSchema: Sendable, Hashable {
  package let tree: TreeID
  /// Nil for a bucket that was made before types were kept.
  let types: BucketTypes?
}

/// The names of the types of a bucket's keys and values.
package struct BucketTypes: Sendable, Hashable {
  let key: String
  let value: String
}
