#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A growing run of bytes that is filled, read and filled again without being allocated anew.
///
/// What changes lies behind a pointer rather than in stored properties, so that filling a buffer, which rows and keys do
/// by the million, is not checked for overlapping accesses each time. One thread uses a buffer at a time.
///
/// Invariants: `count <= capacity`; bytes below `count` are initialised; `base` and `state` are owned by this object
/// alone.
package final class ByteBuffer {
  @usableFromInline
  struct State {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    @usableFromInline var count: Int
  }

  @usableFromInline let state: UnsafeMutablePointer<State>

  package init(capacity: Int = 256) {
    let capacity = max(capacity, 16)
    state = .allocate(capacity: 1)
    state.initialize(to: State(base: Self.resized(nil, to: capacity), capacity: capacity, count: 0))
  }

  deinit {
    free(base)
    state.deallocate()
  }

  /// Where the bytes are, until the buffer next grows.
  @inlinable package var base: UnsafeMutableRawPointer { state.pointee.base }
  /// The bytes filled so far.
  @inlinable package var count: Int { state.pointee.count }
  @inlinable package var capacity: Int { state.pointee.capacity }

  /// The system's own resizing, which moves a long run by its pages and copies nothing.
  private static func resized(_ old: UnsafeMutableRawPointer?, to byteCount: Int) -> UnsafeMutableRawPointer {
    // Where there is no memory, `allocate` ends the process as it does everywhere.
    realloc(old, byteCount) ?? .allocate(byteCount: byteCount, alignment: 16)
  }

  /// The bytes, valid until the buffer is next changed.
  @inlinable package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  @inlinable package func removeAll() { state.pointee.count = 0 }

  /// Forgets all bytes, and gives memory back beyond `capacity`.
  package func removeAll(keepingCapacity capacity: Int) {
    removeAll()
    guard state.pointee.capacity > capacity else { return }
    state.pointee.base = Self.resized(base, to: capacity)
    state.pointee.capacity = capacity
  }

  /// Forgets the bytes from `newCount` on.
  @inlinable package func truncate(to newCount: Int) {
    precondition(newCount >= 0 && newCount <= count)
    state.pointee.count = newCount
  }

  /// Makes room for `more` bytes and returns where they go; the caller fills all of them.
  @inlinable package func extend(by more: Int) -> UnsafeMutableRawPointer {
    let count = state.pointee.count
    if count + more > state.pointee.capacity { grow(toHold: count + more) }
    state.pointee.count = count + more
    return state.pointee.base + count
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
    state.pointee.base = Self.resized(base, to: newCapacity)
    state.pointee.capacity = newCapacity
  }
}
