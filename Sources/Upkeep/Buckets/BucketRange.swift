/// Entries of a bucket one after the other, read as they are asked for, as the bucket was when the walk
/// was made.
///
/// ```swift
/// for (page, count) in try snapshot.range(hits, "a"..<"m").reversed().prefix(10) { print(page, count) }
/// ```
///
/// A `for` loop has no place for an error: one that comes up while it walks ends the loop, and is thrown by the `read` or
/// `write` around it. `next()` throws it at once.
public final class BucketRange<Key: BucketKey, Value: BucketValue> {
  private let bucket: Bucket<Key, Value>
  private let scope: TransactionScope
  private let bounds: KeyBounds
  private let cursor: EntryCursor?
  private let isReversed: Bool

  init(
    _ bucket: Bucket<Key, Value>, _ scope: TransactionScope, _ bounds: KeyBounds, isReversed: Bool
  ) throws(UpkeepError) {
    self.bucket = bucket
    self.scope = scope
    self.bounds = bounds
    self.isReversed = isReversed
    try scope.requireOpen()
    if let tree = try scope.tree(of: bucket) {
      cursor = try EntryCursor(scope, tree, in: bounds)
    } else {
      cursor = nil
    }
  }

  /// The next entry; nil at the end.
  public func next() throws(UpkeepError) -> (key: Key, value: Value)? {
    guard let cursor, try isReversed ? cursor.previous() : cursor.next() else { return nil }
    return (try bucket.key(of: cursor.key), try bucket.value(of: try cursor.value))
  }

  /// The same entries from the other end, all of them, as the bucket is now.
  public func reversed() throws(UpkeepError) -> BucketRange {
    try BucketRange(bucket, scope, bounds, isReversed: !isReversed)
  }

  /// Lends the bytes of each entry that follows to `body`, which gives false to stop.
  public func forEachBytes(
    _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(UpkeepError) -> Bool
  ) throws(UpkeepError) {
    guard let cursor else { return }
    while try isReversed ? cursor.previous() : cursor.next() {
      if !(try body(cursor.key, try cursor.value)) { return }
    }
  }

  /// The next `count` entries, or as many as there are.
  public func prefix(_ count: Int) throws(UpkeepError) -> [(key: Key, value: Value)] {
    var entries: [(key: Key, value: Value)] = []
    while entries.count < count, let entry = try next() { entries.append(entry) }
    return entries
  }

  /// All entries that follow.
  public func entries() throws(UpkeepError) -> [(key: Key, value: Value)] { try prefix(.max) }
}

extension BucketRange: Sequence {
  /// The entries that follow.
  public struct Iterator: IteratorProtocol {
    let range: BucketRange

    /// The next entry; nil at the end, and where it cannot be read.
    public mutating func next() -> (key: Key, value: Value)? { range.nextOrNil() }
  }

  /// Walks on from where the range is.
  public func makeIterator() -> Iterator { Iterator(range: self) }

  private func nextOrNil() -> (key: Key, value: Value)? {
    do throws(UpkeepError) { return try next() } catch {
      if scope.walkFailure == nil { scope.walkFailure = error }
      return nil
    }
  }
}

@available(*, unavailable)
extension BucketRange: Sendable {}
