import CPlatform
import Synchronization

/// Where readers say which version they stand on and what they are looking at: a line of memory for each,
/// written by its reader only. The writer has a line of its own.
///
/// ```
/// word 0      the address of the version that the reader stands on; 0: the slot is free
/// word 1      the epoch in which its operation began; 0: no operation is under way
/// words 2-15  hazards: frames whose bytes stay in use between operations; 0: none
/// ```
/// Invariants (rule 5, rule 22):
/// 1. A reader claims a slot with the version's address in one sequentially consistent step and then looks
///    whether that version is still the newest; if it is, whoever publishes a newer one afterwards sees the slot.
/// 2. A slot is cleared by whoever ends the snapshot, on whatever thread.
/// 3. A frame is used for another page only after its page left the page table, then the epoch advanced, then
///    no operation of an earlier epoch was under way, then no hazard named it. An operation stores its epoch
///    before it looks into the page table, and its hazards before it ends.
/// 4. Between that store and that look belongs a full barrier. Operations are many and epochs few, so where the
///    system can run a barrier on all threads at once whoever advances the epoch asks for it, and operations pay
///    nothing (membarrier(2) of Linux, "asymmetric fences"); elsewhere each operation has its own.
final class ReaderSlots: @unchecked Sendable {
  static let count = 1024
  static let hazardCount = 14
  private static let spread = 16
  /// Words of a line: two cache lines, which the processor fetches in pairs.
  private static let lineWords = 16

  private let base: UnsafeMutablePointer<Atomic<UInt>>
  /// Slots from here on were never claimed; it is raised before a slot beyond it is. It keeps the scan short.
  private let limit = Atomic<Int>(0)
  /// Whether operations have a barrier of their own.
  private let areOperationsFenced: Bool

  /// - Parameter fencesOperations: true has operations pay for their barrier even where the system could do better.
  init(fencesOperations: Bool = false) {
    areOperationsFenced = fencesOperations || upkeep_has_barrier() == 0
    let words = (Self.count + 2) * Self.lineWords
    let memory = UnsafeMutableRawPointer.allocate(byteCount: words * 8, alignment: Self.lineWords * 8)
    memory.initializeMemory(as: UInt.self, repeating: 0, count: words)
    base = memory.assumingMemoryBound(to: Atomic<UInt>.self)
    epoch.pointee.store(1, ordering: .relaxed)
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }

  @inline(__always)
  private func words(_ i: Int) -> UnsafeMutablePointer<Atomic<UInt>> { base + i &* Self.lineWords }

  /// The epoch, on a line of its own: it changes only when frames are taken from pages.
  private var epoch: UnsafeMutablePointer<Atomic<UInt>> { words(Self.count + 1) }

  /// A reader's line.
  @inline(__always)
  func line(_ slot: Int) -> ReaderLine {
    ReaderLine(words: words(slot), clock: epoch, isFenced: areOperationsFenced)
  }

  /// The line of whoever has the writer's turn.
  var writerLine: ReaderLine { line(Self.count) }

  // MARK: Snapshots

  /// Claims the first slot from `hint` on that is free.
  ///
  /// - Returns: the slot, or nil if all are taken.
  @inline(__always)
  func claim(_ version: UInt, hint: Int) -> Int? {
    for step in 0..<Self.count {
      // The hint spreads threads over a few slots at first, so that the writer's scan stays short.
      let i = step < Self.spread ? (hint &+ step) & (Self.spread - 1) : step
      let slot = words(i)
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
    words(i).pointee.store(version, ordering: .sequentiallyConsistent)
  }

  @inline(__always)
  func release(_ i: Int) {
    words(i).pointee.store(0, ordering: .releasing)
  }

  /// The addresses that readers stand on, some perhaps more than once.
  func pinned() -> [UInt] {
    var result: [UInt] = []
    for i in 0..<limit.load(ordering: .sequentiallyConsistent) {
      let address = words(i).pointee.load(ordering: .sequentiallyConsistent)
      if address != 0 { result.append(address) }
    }
    return result
  }

  /// Slots in use.
  var usedCount: Int {
    (0..<limit.load(ordering: .acquiring)).reduce(0) {
      $0 + (words($1).pointee.load(ordering: .relaxed) == 0 ? 0 : 1)
    }
  }

  // MARK: Operations

  /// Begins an epoch, after pages left the page table; operations that begin later cannot find them.
  func advance() -> UInt {
    let now = epoch.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    if !areOperationsFenced {
      // What the system said it has it does not refuse.
      let isDone = upkeep_barrier() != 0
      precondition(isDone, "the system took its barrier back")
    }
    return now
  }

  /// The epoch of the oldest operation that is under way; the highest number if there is none.
  func oldestOperation() -> UInt {
    var oldest = words(Self.count)[ReaderLine.epoch].load(ordering: .sequentiallyConsistent)
    if oldest == 0 { oldest = .max }
    for i in 0..<limit.load(ordering: .sequentiallyConsistent) {
      let epoch = words(i)[ReaderLine.epoch].load(ordering: .sequentiallyConsistent)
      if epoch != 0, epoch < oldest { oldest = epoch }
    }
    return oldest
  }

  /// The frames that hazards name. Operations that ended before `oldestOperation` looked have stored theirs.
  func hazards() -> [UInt] {
    var result: [UInt] = []
    func collect(_ words: UnsafeMutablePointer<Atomic<UInt>>) {
      for i in 0..<Self.hazardCount {
        let address = words[ReaderLine.firstHazard + i].load(ordering: .acquiring)
        if address != 0 { result.append(address) }
      }
    }
    collect(words(Self.count))
    for i in 0..<limit.load(ordering: .sequentiallyConsistent) { collect(words(i)) }
    return result
  }
}

/// One reader's line, and the epoch that all share: atomic words, which live as long as the slots.
struct ReaderLine: @unchecked Sendable {
  static let epoch = 1
  static let firstHazard = 2

  let words: UnsafeMutablePointer<Atomic<UInt>>
  let clock: UnsafeMutablePointer<Atomic<UInt>>
  let isFenced: Bool

  /// An operation begins: pages found in the page table from now on keep their frames until it ends.
  @inline(__always)
  func enter() {
    let now = clock.pointee.load(ordering: .acquiring)
    if isFenced {
      // On every processor an exchange is a full barrier between the store and the loads that follow.
      _ = words[Self.epoch].exchange(now, ordering: .sequentiallyConsistent)
    } else {
      words[Self.epoch].store(now, ordering: .releasing)
      upkeep_compiler_barrier()
    }
  }

  /// The operation ends.
  @inline(__always)
  func leave() { words[Self.epoch].store(0, ordering: .releasing) }

  /// Keeps a frame that the operation under way found, beyond its end; nil lets go of the one kept before.
  @inline(__always)
  func keep(_ frame: UnsafeRawPointer?, in cell: Int) {
    words[Self.firstHazard &+ cell].store(UInt(bitPattern: frame), ordering: .releasing)
  }

  /// The epoch now. If it is that of an earlier moment, read within an operation each, no frame that was in use
  /// then is in use for another page.
  @inline(__always)
  var now: UInt { clock.pointee.load(ordering: .sequentiallyConsistent) }
}
