/// Entries of a bucket one after the other, read as they are asked for, as the bucket was when the walk
/// was made.
///
/// ```swift
/// let entries = try snapshot.range(hits, "a"..<"m")
/// while let (page, count) = try entries.next() { print(page, count) }
/// ```
public final class BucketRange<Key: BucketKey, Value: BucketValue> {
  private let bucket: Bucket<Key, Value>
  private let cursor: EntryCursor?
  private let isReversed: Bool

  init(_ bucket: Bucket<Key, Value>, _ cursor: EntryCursor?, _ isReversed: Bool) {
    self.bucket = bucket
    self.cursor = cursor
    self.isReversed = isReversed
  }

  /// The next entry; nil at the end.
  public func next() throws(UpkeepError) -> (key: Key, value: Value)? {
    guard let cursor, try isReversed ? cursor.previous() : cursor.next() else { return nil }
    return (try bucket.key(of: cursor.key), try bucket.value(of: try cursor.value))
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

@available(*, unavailable)
extension BucketRange: Sendable {}
