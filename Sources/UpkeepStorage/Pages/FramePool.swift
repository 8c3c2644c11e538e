import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The memory of all frames: slabs of two megabytes, aligned so that the system can back them with huge
/// pages, cut into frames of one page each.
///
/// Invariants:
/// 1. A frame is either in `free` or owned by exactly one entry of the page table.
/// 2. Slabs are given back only when the pool goes.
final class FramePool: Sendable {
  private struct State {
    var slabs: [UInt] = []
    var free: [UInt] = []
    var cut = 0
  }

  private static let slabSize = 2 << 20
  let frameSize: Int
  private let framesPerSlab: Int
  private let state = Guarded(State())

  init(frameSize: Int) {
    self.frameSize = frameSize
    framesPerSlab = Self.slabSize / frameSize
  }

  deinit {
    state.withLock { state in
      for slab in state.slabs { free(UnsafeMutableRawPointer(bitPattern: slab)) }
    }
  }

  /// A frame, its bytes as they were left.
  func take() throws(StorageError) -> UnsafeMutableRawPointer {
    let address: UInt? = state.withLock { state in
      if let frame = state.free.popLast() { return frame }
      if state.slabs.isEmpty || state.cut == framesPerSlab {
        var slab: UnsafeMutableRawPointer?
        guard posix_memalign(&slab, Self.slabSize, Self.slabSize) == 0, let slab else { return nil }
        #if !canImport(Darwin)
          _ = madvise(slab, Self.slabSize, 14)  // MADV_HUGEPAGE: a wish, not a need
        #endif
        state.slabs.append(UInt(bitPattern: slab))
        state.cut = 0
      }
      guard let slab = state.slabs.last else { return nil }
      let frame = slab + UInt(state.cut * frameSize)
      state.cut += 1
      return frame
    }
    guard let address, let frame = UnsafeMutableRawPointer(bitPattern: address) else { throw .outOfMemory }
    return frame
  }

  /// Gives a frame back.
  func giveBack(_ frame: UnsafeMutableRawPointer) {
    state.withLock { $0.free.append(UInt(bitPattern: frame)) }
  }
}
