package import UpkeepStorage

/// Puts and deletes for one tree, gathered in any order and made in key order, which is a sweep over the
/// tree's leaves rather than a descent for each.
///
/// Of several for one key the last counts. Bytes are copied into one arena; an entry costs 24 bytes more.
package final class EntryBatch {
  private struct Item {
    /// The key's first eight bytes, so that most comparisons need no look at the arena.
    let head: UInt64
    let offset: Int
    let keyCount: UInt32
    /// The value's length, or `deletion`.
    let valueCount: UInt32

    static let deletion = UInt32.max
  }

  private let arena = ByteBuffer(capacity: 4096)
  private var items: [Item] = []

  package init() {}

  /// What the batch holds in memory, roughly.
  package var byteCount: Int { arena.count + items.count * 24 }
  package var isEmpty: Bool { items.isEmpty }
  package var count: Int { items.count }

  package func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    let offset = arena.count
    arena.append(key)
    arena.append(value)
    items.append(
      Item(
        head: Self.head(of: key), offset: offset, keyCount: UInt32(truncatingIfNeeded: key.count),
        valueCount: UInt32(truncatingIfNeeded: value.count)))
  }

  package func delete(_ key: UnsafeRawBufferPointer) {
    let offset = arena.count
    arena.append(key)
    items.append(
      Item(
        head: Self.head(of: key), offset: offset, keyCount: UInt32(truncatingIfNeeded: key.count),
        valueCount: Item.deletion))
  }

  package func removeAll() {
    arena.removeAll()
    items.removeAll(keepingCapacity: true)
  }

  /// Makes the puts and deletes, in key order, and empties the batch. An empty tree's pages are packed.
  package func apply(to tree: TreeID, in transaction: WriteTransaction) throws(UpkeepError) {
    if let filling = try storing({ () throws(StorageError) in try transaction.fill(tree) }) {
      try fill(filling)
      return removeAll()
    }
    try forEachSorted { key, value throws(UpkeepError) in
      if let value {
        try storing { () throws(StorageError) in try transaction.put(tree, key, value) }
      } else {
        try storing { () throws(StorageError) in _ = try transaction.delete(tree, key) }
      }
    }
    removeAll()
  }

  private func fill(_ filling: TreeFilling) throws(UpkeepError) {
    try forEachSorted { key, value throws(UpkeepError) in
      // What is not there cannot be deleted.
      guard let value else { return }
      try storing { () throws(StorageError) in try filling.put(key, value) }
    }
    try storing { () throws(StorageError) in try filling.finish() }
  }

  /// Calls `body` with each key in order and the last value put for it, nil for a deletion.
  package func forEachSorted(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let base = UnsafeRawPointer(arena.base)
    items.sort { Self.precedes($0, $1, base) }
    for position in items.indices {
      let item = items[position]
      let key = Self.key(item, base)
      let next = position + 1
      if next < items.count, items[next].head == item.head, Bytes.equal(Self.key(items[next], base), key) {
        continue
      }
      if item.valueCount == Item.deletion {
        try body(key, nil)
      } else {
        try body(
          key, UnsafeRawBufferPointer(start: base + item.offset + key.count, count: Int(item.valueCount)))
      }
    }
  }

  /// Two puts of one key, if there are any: what a unique index does not take.
  package func firstDuplicate() -> (key: [UInt8], values: ([UInt8], [UInt8]))? {
    let base = UnsafeRawPointer(arena.base)
    items.sort { Self.precedes($0, $1, base) }
    for next in items.indices.dropFirst() where items[next].head == items[next - 1].head {
      let (a, b) = (items[next - 1], items[next])
      guard Bytes.equal(Self.key(a, base), Self.key(b, base)) else { continue }
      return (Array(Self.key(a, base)), (Self.value(a, base), Self.value(b, base)))
    }
    return nil
  }

  private static func head(of key: UnsafeRawBufferPointer) -> UInt64 {
    if key.count >= 8 { return UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)) }
    var head: UInt64 = 0
    for byte in key { head = head << 8 | UInt64(byte) }
    return head << (8 * UInt64(8 - key.count))
  }

  @inline(__always)
  private static func key(_ item: Item, _ base: UnsafeRawPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + item.offset, count: Int(item.keyCount))
  }

  private static func value(_ item: Item, _ base: UnsafeRawPointer) -> [UInt8] {
    guard item.valueCount != Item.deletion else { return [] }
    return Array(
      UnsafeRawBufferPointer(start: base + item.offset + Int(item.keyCount), count: Int(item.valueCount)))
  }

  /// By key; of equal keys the one that came first.
  @inline(__always)
  private static func precedes(_ a: Item, _ b: Item, _ base: UnsafeRawPointer) -> Bool {
    if a.head != b.head { return a.head < b.head }
    let order = Bytes.compare(key(a, base), key(b, base))
    return order == 0 ? a.offset < b.offset : order < 0
  }
}
