import Synchronization

/// Where readers say which version they stand on: a line of memory for each, written by its reader only.
///
/// Invariants (rule 5, rule 22):
/// 1. A slot holds 0, or the address of a version that its reader may use.
/// 2. A reader claims a slot with the version's address in one sequentially consistent step and then looks
///    whether that version is still the newest; if it is, whoever publishes a newer one afterwards sees the slot.
/// 3. A slot is cleared by whoever ends the snapshot, on whatever thread.
final class ReaderSlots: @unchecked Sendable {
  static let count = 1024
  private static let spread = 16
  /// Apart by two cache lines, which the processor fetches in pairs.
  private static let stride = 128

  private let base: UnsafeMutableRawPointer
  /// Slots from here on were never claimed; it is raised before a slot beyond it is. It keeps the scan short.
  private let limit = Atomic<Int>(0)

  init() {
    base = .allocate(byteCount: Self.count * Self.stride, alignment: Self.stride)
    for i in 0..<Self.count { slot(i).initialize(to: Atomic<UInt>(0)) }
  }

  deinit {
    for i in 0..<Self.count { slot(i).deinitialize(count: 1) }
    base.deallocate()
  }

  @inline(__always)
  private func slot(_ i: Int) -> UnsafeMutablePointer<Atomic<UInt>> {
    (base + i * Self.stride).assumingMemoryBound(to: Atomic<UInt>.self)
  }

  /// Claims the first slot from `hint` on that is free.
  ///
  /// - Returns: the slot, or nil if all are taken.
  @inline(__always)
  func claim(_ version: UInt, hint: Int) -> Int? {
    for step in 0..<Self.count {
      // The hint spreads threads over a few slots at first, so that the writer's scan stays short.
      let i = step < Self.spread ? (hint &+ step) & (Self.spread - 1) : step
      let slot = slot(i)
      guard slot.pointee.load(ordering: .relaxed) == 0 else { continue }
      if i >= limit.load(ordering: .relaxed) { limit.max(i + 1, ordering: .sequentiallyConsistent) }
      if slot.pointee.compareExchange(expected: 0, desired: version, ordering: .sequentiallyConsistent)
        .exchanged
      {
        return i
      }
    }
    return nil
  }

  @inline(__always)
  func move(_ i: Int, to version: UInt) {
    slot(i).pointee.store(version, ordering: .sequentiallyConsistent)
  }

  @inline(__always)
  func release(_ i: Int) {
    slot(i).pointee.store(0, ordering: .releasing)
  }

  /// The addresses that readers stand on, some perhaps more than once.
  func pinned() -> [UInt] {
    var result: [UInt] = []
    for i in 0..<limit.load(ordering: .sequentiallyConsistent) {
      let address = slot(i).pointee.load(ordering: .sequentiallyConsistent)
      if address != 0 { result.append(address) }
    }
    return result
  }

  /// Slots in use.
  var usedCount: Int {
    (0..<limit.load(ordering: .acquiring)).reduce(0) {
      $0 + (slot($1).pointee.load(ordering: .relaxed) == 0 ? 0 : 1)
    }
  }
}
