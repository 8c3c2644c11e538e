/// Entries of one leaf that follow each other, where they lie: who walks over many of them asks once for all.
///
/// Filled by a cursor (`TreeCursor.nextRun`), and valid until that moves.
package final class LeafRun {
  package struct Entry {
    /// The key without the prefix that all keys of the leaf have.
    @usableFromInline package let suffix: UnsafeRawPointer
    @usableFromInline package let value: UnsafeRawPointer
    @usableFromInline package let suffixCount: UInt32
    @usableFromInline package let valueCount: UInt32

    @inline(__always)
    init(suffix: UnsafeRawPointer, suffixCount: Int, value: UnsafeRawPointer, valueCount: Int) {
      self.suffix = suffix
      self.value = value
      self.suffixCount = UInt32(truncatingIfNeeded: suffixCount)
      self.valueCount = UInt32(truncatingIfNeeded: valueCount)
    }

    /// The entry's value.
    @inlinable package var bytes: UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(start: value, count: Int(valueCount))
    }
  }

  package static let capacity = 256

  /// The entries; as many as the cursor said.
  package let entries: UnsafeMutablePointer<Entry>
  var prefix: UnsafeRawPointer
  var prefixCount = 0
  /// Whether the prefix is in the buffer.
  private var isPrefixThere = false
  private let key: UnsafeMutableRawPointer

  package init(pageSize: Int) {
    entries = .allocate(capacity: Self.capacity)
    key = .allocate(byteCount: TreeLimits.maxKeyLength(pageSize: pageSize) + 8, alignment: 16)
    prefix = UnsafeRawPointer(key)
  }

  deinit {
    entries.deallocate()
    key.deallocate()
  }

  func begin(_ prefix: UnsafeRawPointer, _ count: Int) {
    self.prefix = prefix
    prefixCount = count
    isPrefixThere = false
  }

  /// The whole key of an entry, valid until the next one is asked for.
  package func key(_ number: Int) -> UnsafeRawBufferPointer {
    let entry = entries[number]
    let count = Int(entry.suffixCount)
    if prefixCount == 0 { return UnsafeRawBufferPointer(start: entry.suffix, count: count) }
    if !isPrefixThere {
      key.copyMemory(from: prefix, byteCount: prefixCount)
      isPrefixThere = true
    }
    (key + prefixCount).copyMemory(from: entry.suffix, byteCount: count)
    return UnsafeRawBufferPointer(start: key, count: prefixCount &+ count)
  }
}

extension TreeCursor {
  /// A run for this cursor to fill.
  package func makeRun() -> LeafRun { LeafRun(pageSize: pageSize) }
}
