package import UpkeepStorage

/// Puts and deletes for one tree, gathered in any order and made in key order, which is a sweep over the
/// tree's leaves rather than a descent for each.
///
/// Of several for one key the last counts. Bytes are copied into one arena, a key, the length of its value or
/// `deletion` in four bytes, and the value; an entry costs 28 bytes more, and 24 while they are sorted.
package final class EntryBatch {
  private static let deletion = UInt32.max

  private let arena = ByteBuffer(capacity: 4096)
  private var keys: [SortedKey] = []
  private let sorter = KeySorter()
  private var isSorted = true

  package init() {}

  /// What the batch holds in memory, roughly, with what sorting takes.
  package var byteCount: Int { arena.count + keys.count * MemoryLayout<SortedKey>.stride * 2 }
  package var isEmpty: Bool { keys.isEmpty }
  package var count: Int { keys.count }

  package func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    add(key)
    arena.append(littleEndian: UInt32(truncatingIfNeeded: value.count))
    arena.append(value)
  }

  package func delete(_ key: UnsafeRawBufferPointer) {
    add(key)
    arena.append(littleEndian: Self.deletion)
  }

  private func add(_ key: UnsafeRawBufferPointer) {
    keys.append(SortedKey(key, offset: arena.count, number: UInt32(truncatingIfNeeded: keys.count)))
    arena.append(key)
    isSorted = false
  }

  package func removeAll() {
    arena.removeAll()
    keys.removeAll(keepingCapacity: true)
    isSorted = true
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
    sort()
    let base = UnsafeRawPointer(arena.base)
    for position in keys.indices {
      let key = keys[position]
      let next = position + 1
      if next < keys.count, keys[next].equals(key, base) { continue }
      try body(key.bytes(base), value(of: key))
    }
  }

  /// Two puts of one key, if there are any: what a unique index does not take.
  package func firstDuplicate() -> (key: [UInt8], values: ([UInt8], [UInt8]))? {
    sort()
    let base = UnsafeRawPointer(arena.base)
    for next in keys.indices.dropFirst() where keys[next].equals(keys[next - 1], base) {
      let values = (bytes(of: keys[next - 1]), bytes(of: keys[next]))
      return (Array(keys[next].bytes(base)), values)
    }
    return nil
  }

  /// By key; of equal keys the one that came first.
  private func sort() {
    guard !isSorted else { return }
    sorter.sort(&keys, UnsafeRawPointer(arena.base))
    isSorted = true
  }

  private func bytes(of key: SortedKey) -> [UInt8] {
    guard let value = value(of: key) else { return [] }
    return Array(value)
  }

  /// Nil for a deletion.
  @inline(__always)
  private func value(of key: SortedKey) -> UnsafeRawBufferPointer? {
    let start = UnsafeRawPointer(arena.base) + key.offset + Int(key.count)
    let count = UInt32(littleEndian: start.loadUnaligned(as: UInt32.self))
    return count == Self.deletion ? nil : UnsafeRawBufferPointer(start: start + 4, count: Int(count))
  }
}
