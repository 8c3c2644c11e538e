import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The memory of all frames: slabs of two megabytes, aligned so that the system can back them with huge
/// pages, cut into frames of one page each, numbered in the order of cutting. In a bounded pool a clock
/// takes frames from pages that are on disk and were not looked at lately.
///
/// Invariants (rule 22):
/// 1. Of each frame one thing is true, and `uses` says which: it is free; a page is being read into it; it is a
///    clean page's, which the disk has too; a dirty page's; it is leaving, its page gone from the page table but
///    perhaps still looked at; or its memory went back to the system.
/// 2. Page table words come and go, and `owners` and `uses` change, with the pool's lock held. So a word that
///    the clock clears is that of the clean page that it looked at.
/// 3. Only clean frames leave. They are free once the slots show that nobody looks at them.
/// 4. The pool holds `limit` frames at most, but for dirty ones beyond it, and but for those that leave while
///    some operation lasts: nobody waits within an operation, so no two can wait for each other.
/// 5. Once dirty frames are more than three quarters of the limit the pool is crowded, and the writer makes room
///    before its next operation (rule 6).
final class FramePool: Sendable {
  /// A frame that was taken.
  struct Frame {
    let index: Int
    let base: UnsafeMutableRawPointer
  }

  /// What a frame is used for.
  enum Use: UInt8 { case free, loading, clean, dirty, leaving, returned }

  private static let slabSize = 2 << 20
  /// Frames that leave beyond this many make a taker give way to those who hold them up, for a while.
  private static let patientCount = 4096

  let frameSize: Int
  /// Frames that the pool is to do with; the highest number for a store in memory.
  let limit: Int
  var isBounded: Bool { limit < Int.max }
  private let batch: Int
  private let budget: Int
  private let slabShift: Int
  private let table: PageTable
  private let slots: ReaderSlots
  private let state: Guarded<State>
  private let crowded = Atomic<Bool>(false)

  private struct State {
    var slabs: [UInt] = []
    var uses: [Use] = []
    var owners: [PageID] = []
    var free: [Int] = []
    var returned: [Int] = []
    /// Frames that leave, and since which epoch no operation finds them, oldest first.
    var leaving: [(epoch: UInt, frames: [Int])] = []
    var leavingCount = 0
    var cleanCount = 0
    var dirtyCount = 0
    var hand = 0
    var peak = 0
    var evictions: UInt64 = 0
    /// Dirty frames that do not make the pool crowded: the budget, or more where there was no room to make.
    var threshold: Int
    var coldHand = 0

    var frameCount: Int { uses.count - returned.count }
  }

  /// - Parameter limit: nil for a pool without bound.
  init(frameSize: Int, limit: Int?, table: PageTable, slots: ReaderSlots) {
    self.frameSize = frameSize
    self.limit = limit ?? Int.max
    self.table = table
    self.slots = slots
    batch = min(max((limit ?? 0) / 16, 4), 128)
    budget = limit.map { $0 - $0 / 4 } ?? Int.max
    state = Guarded(State(threshold: budget))
    slabShift = (Self.slabSize / frameSize).trailingZeroBitCount
  }

  deinit {
    state.withLock { state in
      for slab in state.slabs { Self.giveToSystem(slab) }
    }
  }

  private static func giveToSystem(_ slab: UInt) { free(UnsafeMutableRawPointer(bitPattern: slab)) }

  // MARK: Taking and giving back

  /// A frame for a page, its bytes as they were left.
  ///
  /// - Parameter use: `dirty`, and the page table has the page at once; or `loading`, then `publish` follows.
  func take(for id: PageID, as use: Use) throws(StorageError) -> Frame {
    var patience = isBounded ? 64 : 0
    while true {
      let taken: (index: Int, address: UInt)? = state.withLock { state in
        if isBounded { makeRoom(&state) }
        if state.leavingCount > Self.patientCount, state.free.isEmpty, patience > 0 { return nil }
        guard let frame = pick(&state) else { return (0, 0) }
        state.uses[frame] = use
        state.owners[frame] = id
        let address = address(frame, state)
        if use == .dirty {
          state.dirtyCount += 1
          noteDirty(&state)
          enter(id, frame, address | PageTable.referenced)
        }
        return (frame, address)
      }
      if let taken {
        guard let base = UnsafeMutableRawPointer(bitPattern: taken.address) else { throw .outOfMemory }
        return Frame(index: taken.index, base: base)
      }
      patience -= 1
      sched_yield()
    }
  }

  /// A page was read into the frame that was taken for it: the page table has it.
  func publish(_ id: PageID, in frame: Frame) {
    let address = UInt(bitPattern: frame.base)
    state.withLock { state in
      state.uses[frame.index] = .clean
      state.cleanCount += 1
      // Not referenced yet: what is looked at but once leaves first.
      enter(id, frame.index, address)
    }
  }

  /// A page could not be read into the frame that was taken for it.
  func giveBack(_ index: Int) {
    state.withLock { release(index, &$0) }
  }

  /// Takes the frame of a page that nobody can see any more, if it has one.
  func remove(_ id: PageID) {
    let entry = table.entry(id)
    state.withLock { state in
      guard table.frameWord(id).pointee.exchange(0, ordering: .acquiringAndReleasing) != 0 else { return }
      let index = Int(entry.pointee.frameIndex)
      switch state.uses[index] {
      case .clean: state.cleanCount -= 1
      case .dirty:
        state.dirtyCount -= 1
        noteDirty(&state)
      default: break
      }
      release(index, &state)
    }
  }

  /// The disk has these pages now, and whoever looks for them there finds them: their frames may leave.
  func markClean(_ ids: some Sequence<PageID>) {
    state.withLock { state in
      for id in ids {
        let entry = table.entry(id)
        guard table.word(id) != 0 else { continue }
        let index = Int(entry.pointee.frameIndex)
        guard state.uses[index] == .dirty else { continue }
        state.uses[index] = .clean
        state.dirtyCount -= 1
        state.cleanCount += 1
      }
      noteDirty(&state)
    }
  }

  // MARK: The dirty budget

  /// Whether the writer is to make room before it goes on.
  @inline(__always)
  var isCrowded: Bool { crowded.load(ordering: .relaxed) }

  /// Whether dirty frames are half of what the pool may hold: time for a checkpoint.
  var wantsCheckpoint: Bool { isBounded && state.withLock { $0.dirtyCount > limit / 2 } }

  /// How many dirty frames should go at least.
  var excess: Int { state.withLock { max($0.dirtyCount - limit * 5 / 8, 0) } }

  /// Pages of a checkpoint after which their frames are let go: many enough to be written in long runs.
  var pagesLetGoAtOnce: Int { min(max(limit / 8, 8), 256) }

  private func noteDirty(_ state: inout State) {
    if state.dirtyCount <= budget { state.threshold = budget }
    let isCrowded = state.dirtyCount > state.threshold
    if isCrowded != crowded.load(ordering: .relaxed) { crowded.store(isCrowded, ordering: .relaxed) }
  }

  /// The writer made what room it could. If that was too little it goes on for a while all the same.
  func roomWasMade() {
    state.withLock { state in
      state.threshold = max(budget, state.dirtyCount + max(limit / 16, 1))
      noteDirty(&state)
    }
  }

  /// Dirty pages that `may` allows, at most `count`, those first that were not looked at since the last time.
  func coldDirty(_ count: Int, where may: (PageID) -> Bool) -> [PageID] {
    state.withLock { state in
      var ids: [PageID] = []
      var steps = 2 * state.uses.count
      while ids.count < count, steps > 0 {
        steps -= 1
        state.coldHand = state.coldHand + 1 < state.uses.count ? state.coldHand + 1 : 0
        let index = state.coldHand
        guard state.uses[index] == .dirty, may(state.owners[index]) else { continue }
        let place = table.frameWord(state.owners[index])
        let word = place.pointee.load(ordering: .relaxed)
        if word & PageTable.referenced == 0 {
          // The second turn of the hand may find it again.
          if !ids.contains(state.owners[index]) { ids.append(state.owners[index]) }
        } else {
          _ = place.pointee.compareExchange(
            expected: word, desired: word & ~PageTable.referenced, ordering: .relaxed)
        }
      }
      return ids
    }
  }

  private func enter(_ id: PageID, _ index: Int, _ word: UInt) {
    table.entry(id).pointee.frameIndex = UInt32(truncatingIfNeeded: index)
    table.frameWord(id).pointee.store(word, ordering: .releasing)
  }

  private func address(_ index: Int, _ state: borrowing State) -> UInt {
    state.slabs[index >> slabShift] + UInt((index & (1 << slabShift - 1)) * frameSize)
  }

  /// A free frame, or one more.
  private func pick(_ state: inout State) -> Int? {
    if let frame = state.free.popLast() { return frame }
    defer { state.peak = max(state.peak, state.frameCount) }
    if let frame = state.returned.popLast() { return frame }
    if state.uses.count == state.slabs.count << slabShift {
      var slab: UnsafeMutableRawPointer?
      guard posix_memalign(&slab, Self.slabSize, Self.slabSize) == 0, let slab else { return nil }
      // A store that is opened for a few reads or writes touches a few frames: two megabytes are cleared for it only
      // when it needs a second slab.
      if !state.slabs.isEmpty { Self.backWithHugePages(slab) }
      state.slabs.append(UInt(bitPattern: slab))
    }
    state.uses.append(.free)
    state.owners.append(.none)
    return state.uses.count - 1
  }

  /// A wish, not a need.
  private static func backWithHugePages(_ slab: UnsafeMutableRawPointer) {
    #if !canImport(Darwin)
      _ = madvise(slab, slabSize, 14)  // MADV_HUGEPAGE
    #endif
  }

  /// A frame is free; beyond the limit its memory goes back to the system.
  private func release(_ index: Int, _ state: inout State) {
    state.owners[index] = .none
    #if DEBUG || UPKEEP_PLANTS
      // Whoever still looks at it finds out.
      if isBounded, let frame = UnsafeMutableRawPointer(bitPattern: address(index, state)) {
        memset(frame, 0xDB, frameSize)
      }
    #endif
    guard state.frameCount > limit else {
      state.uses[index] = .free
      state.free.append(index)
      return
    }
    state.uses[index] = .returned
    state.returned.append(index)
    let frame = UnsafeMutableRawPointer(bitPattern: address(index, state))
    if frameSize >= 16_384 || (frameSize >= 4096 && Int(getpagesize()) <= frameSize) {
      _ = madvise(frame, frameSize, MADV_DONTNEED)
    }
  }

  // MARK: The clock

  /// Keeps a batch of frames ready, so that what leaves has left by the time it is needed.
  private func makeRoom(_ state: inout State) {
    guard isShort(state) else { return }
    reclaim(&state)
    // What an operation took beyond the limit leaves at its end, all of it.
    let wanted = batch + max(state.frameCount - limit, 0)
    guard isShort(state), state.leavingCount < batch + wanted else { return }
    evict(wanted, &state)
    reclaim(&state)
  }

  private func isShort(_ state: borrowing State) -> Bool {
    state.free.count + max(limit - state.frameCount, 0) < batch
  }

  /// Takes some clean pages that were not looked at since the hand last passed out of the page table.
  private func evict(_ wanted: Int, _ state: inout State) {
    guard state.cleanCount > 0 else { return }
    var frames: [Int] = []
    var steps = min(max(16 * wanted, 256), 2 * state.uses.count)
    while frames.count < wanted, steps > 0 {
      steps -= 1
      state.hand = state.hand + 1 < state.uses.count ? state.hand + 1 : 0
      let index = state.hand
      #if UPKEEP_PLANTS
        if Plant.isOn(.evictsDirtyPages), state.uses[index] == .dirty { state.uses[index] = .clean }
      #endif
      guard state.uses[index] == .clean else { continue }
      let place = table.frameWord(state.owners[index])
      let word = place.pointee.load(ordering: .relaxed)
      let isReferenced = word & PageTable.referenced != 0
      let next = isReferenced ? word & ~PageTable.referenced : 0
      // Fails if a reader marked it this moment.
      guard
        place.pointee.compareExchange(
          expected: word, desired: next, ordering: .acquiringAndReleasing
        ).exchanged, !isReferenced
      else { continue }
      state.uses[index] = .leaving
      frames.append(index)
    }
    guard !frames.isEmpty else { return }
    state.cleanCount -= frames.count
    state.leavingCount += frames.count
    state.evictions += UInt64(frames.count)
    state.leaving.append((slots.advance(), frames))
  }

  /// Frees what left in epochs of which no operation is under way, and no hazard names.
  private func reclaim(_ state: inout State) {
    guard !state.leaving.isEmpty else { return }
    let oldest = oldestOperation()
    guard state.leaving[0].epoch <= oldest else { return }
    let hazards = slots.hazards()
    var held: [Int] = []
    while let (epoch, frames) = state.leaving.first, epoch <= oldest {
      state.leaving.removeFirst()
      for index in frames {
        #if UPKEEP_PLANTS
          let hazards = Plant.isOn(.ignoresHazards) ? [] : hazards
        #endif
        if hazards.contains(address(index, state)) {
          held.append(index)
        } else {
          state.leavingCount -= 1
          release(index, &state)
        }
      }
    }
    // Those left before every operation that there is: only hazards are to be looked at from now on.
    if !held.isEmpty { state.leaving.insert((0, held), at: 0) }
  }

  private func oldestOperation() -> UInt {
    #if UPKEEP_PLANTS
      if Plant.isOn(.ignoresOperations) { return .max }
    #endif
    return slots.oldestOperation()
  }

  // MARK: Figures

  /// What the pool holds, at one moment.
  struct Figures {
    /// Frames with memory, and the most there ever were.
    var frameCount = 0
    var peak = 0
    var cleanCount = 0
    var dirtyCount = 0
    var leavingCount = 0
    var evictions: UInt64 = 0
  }

  var figures: Figures {
    state.withLock {
      Figures(
        frameCount: $0.frameCount, peak: $0.peak, cleanCount: $0.cleanCount, dirtyCount: $0.dirtyCount,
        leavingCount: $0.leavingCount, evictions: $0.evictions)
    }
  }
}
