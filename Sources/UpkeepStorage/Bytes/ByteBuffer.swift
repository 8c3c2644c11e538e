#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A growing run of bytes that is filled, read and filled again without being allocated anew.
///
/// Invariants: `count <= capacity`; bytes below `count` are initialised; `base` is owned by this object alone.
package final class ByteBuffer {
  // Changed by this type's own methods only: they are set from outside by nothing but their inlined copies,
  // which is also why the checks for overlapping accesses can go.
  @exclusivity(unchecked) package var base: UnsafeMutableRawPointer
  @exclusivity(unchecked) package var capacity: Int
  /// The bytes filled so far.
  @exclusivity(unchecked) package var count = 0

  package init(capacity: Int = 256) {
    self.capacity = max(capacity, 16)
    base = Self.resized(nil, to: self.capacity)
  }

  deinit { free(base) }

  /// The system's own resizing, which moves a long run by its pages and copies nothing.
  private static func resized(_ old: UnsafeMutableRawPointer?, to byteCount: Int) -> UnsafeMutableRawPointer {
    // Where there is no memory, `allocate` ends the process as it does everywhere.
    realloc(old, byteCount) ?? .allocate(byteCount: byteCount, alignment: 16)
  }

  /// The bytes, valid until the buffer is next changed.
  @inlinable package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  @inlinable package func removeAll() { count = 0 }

  /// Forgets the bytes from `newCount` on.
  @inlinable package func truncate(to newCount: Int) {
    precondition(newCount >= 0 && newCount <= count)
    count = newCount
  }

  /// Makes room for `more` bytes and returns where they go; the caller fills all of them.
  @inlinable package func extend(by more: Int) -> UnsafeMutableRawPointer {
    if count + more > capacity { grow(toHold: count + more) }
    let place = base + count
    count += more
    return place
  }

  @inlinable package func append(_ byte: UInt8) {
    extend(by: 1).storeBytes(of: byte, as: UInt8.self)
  }

  @inlinable package func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    extend(by: bytes.count).copyMemory(from: start, byteCount: bytes.count)
  }

  /// Appends an integer, least significant byte first.
  @inlinable package func append<T: FixedWidthInteger>(littleEndian value: T) {
    extend(by: MemoryLayout<T>.size).storeBytes(of: value.littleEndian, as: T.self)
  }

  /// Appends an integer, most significant byte first.
  @inlinable package func append<T: FixedWidthInteger>(bigEndian value: T) {
    extend(by: MemoryLayout<T>.size).storeBytes(of: value.bigEndian, as: T.self)
  }

  @inline(never) package func grow(toHold needed: Int) {
    let newCapacity = max(needed, capacity * 2)
    base = Self.resized(base, to: newCapacity)
    capacity = newCapacity
  }
}
