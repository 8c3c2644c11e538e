import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The page table: for every page id the frame that holds it, if it is in memory, and what the writer
/// knows of it.
///
/// Two levels: a fixed directory of chunks, a chunk per 65,536 ids, made when first needed and never moved,
/// so that a reader finds a frame by two loads without a lock. In a chunk the frames' words come first, all of them:
/// they are what readers look at, and eight pages' words share a line of the processor's cache.
///
/// Invariants:
/// 1. A frame's address is published with release order after its bytes are complete. Whoever may find it there
///    while pages are evicted reads it within an operation (rule 22).
/// 2. What else is known is changed under the writer's turn, but for two things. `needsWriting` is the checkpoint's,
///    under its lock. And whoever publishes a version clears `stamp` and `bornIndex` of pages that it frees: no
///    transaction can reach those, but one that looks for pages to be written early may come by and look at them.
/// 3. Zero bytes are an empty directory and unused entries: memory comes zeroed from the system, which gives
///    it only where it is touched, so that opening a store costs nothing here.
final class PageTable: @unchecked Sendable {
  /// The frame's address, and in its lowest bit whether the page was looked at lately; 0 where the page is not
  /// in memory. It comes and goes with the frame pool's lock held; readers set the bit.
  typealias FrameWord = Atomic<UInt>

  /// What else is known of one page.
  struct Entry: ~Copyable {
    private let stampWord = Atomic<UInt64>(0)
    private let bornPlace = Atomic<Int>(0)
    /// The version in which the page was born; 0 for pages found on disk.
    var born: UInt64 = 0

    /// The edit stamp under which the page may be edited in place (rule 3); 0: by nobody.
    @inline(__always)
    var stamp: UInt64 {
      get { stampWord.load(ordering: .relaxed) }
      nonmutating set { stampWord.store(newValue, ordering: .relaxed) }
    }

    /// Where the open transaction's list of the pages that it made counts this one; -1: nowhere.
    @inline(__always)
    var bornIndex: Int {
      get { bornPlace.load(ordering: .relaxed) - 1 }
      nonmutating set { bornPlace.store(newValue + 1, ordering: .relaxed) }
    }

    /// Born since the last checkpoint and still needed by the version being written.
    var needsWriting = false
    /// The frame's number, for the frame pool.
    var frameIndex: UInt32 = 0
  }

  /// The bit of a frame's word that says that its page was looked at lately.
  static let referenced: UInt = 1

  private static let chunkBits = 16
  private static let chunkCount = 1 << chunkBits
  private static let directoryCount = 1 << 16
  /// Ids are below this: 4,294,967,296 pages.
  static let limit = UInt64(chunkCount) * UInt64(directoryCount)

  private let directory: UnsafeMutablePointer<Atomic<UInt>>
  /// The chunks made, in any order.
  private let growth = Guarded<[UInt]>([])

  init() {
    directory = Self.zeroed(Self.directoryCount * MemoryLayout<Atomic<UInt>>.stride)
      .assumingMemoryBound(to: Atomic<UInt>.self)
  }

  deinit {
    for chunk in growth.withLock({ $0 }) { free(UnsafeMutableRawPointer(bitPattern: chunk)) }
    free(directory)
  }

  private static func zeroed(_ byteCount: Int) -> UnsafeMutableRawPointer {
    // Where no memory is to be had this traps, as every allocation in Swift does.
    calloc(byteCount, 1) ?? .allocate(byteCount: byteCount, alignment: 16)
  }

  /// The words of a chunk's frames, which its entries follow.
  @inline(__always)
  private func chunk(_ i: Int) -> UnsafeMutablePointer<FrameWord>? {
    UnsafeMutablePointer(bitPattern: directory[i].load(ordering: .acquiring))
  }

  /// The frame of a page, or nil if it is not in memory.
  @inline(__always)
  func frame(_ id: PageID) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: word(id) & ~Self.referenced)
  }

  /// The frame's word of a page; 0 if the page is not in memory.
  @inline(__always)
  func word(_ id: PageID) -> UInt {
    guard id.rawValue < Self.limit, let chunk = chunk(Int(truncatingIfNeeded: id.rawValue &>> 16)) else {
      return 0
    }
    return chunk[Int(truncatingIfNeeded: id.rawValue & 0xFFFF)].load(ordering: .acquiring)
  }

  /// The place of a page's frame word, made if it was never used. The caller checked that the id is below the limit.
  @inline(__always)
  func frameWord(_ id: PageID) -> UnsafeMutablePointer<FrameWord> {
    let index = Int(truncatingIfNeeded: id.rawValue &>> 16)
    return (chunk(index) ?? makeChunk(index)) + Int(truncatingIfNeeded: id.rawValue & 0xFFFF)
  }

  /// The entry of a page, made if it was never used. The caller checked that the id is below the limit.
  @inline(__always)
  func entry(_ id: PageID) -> UnsafeMutablePointer<Entry> {
    let index = Int(truncatingIfNeeded: id.rawValue &>> 16)
    let words = chunk(index) ?? makeChunk(index)
    let entries = UnsafeMutableRawPointer(words + Self.chunkCount).assumingMemoryBound(to: Entry.self)
    return entries + Int(truncatingIfNeeded: id.rawValue & 0xFFFF)
  }

  @inline(never)
  private func makeChunk(_ index: Int) -> UnsafeMutablePointer<FrameWord> {
    precondition(index < Self.directoryCount)
    return growth.withLock { chunks in
      if let chunk = chunk(index) { return chunk }
      let size = Self.chunkCount * (MemoryLayout<FrameWord>.stride + MemoryLayout<Entry>.stride)
      let made = Self.zeroed(size).assumingMemoryBound(to: FrameWord.self)
      chunks.append(UInt(bitPattern: made))
      directory[index].store(UInt(bitPattern: made), ordering: .releasing)
      return made
    }
  }
}
