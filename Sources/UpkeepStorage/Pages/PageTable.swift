import Synchronization

/// The page table: for every page id the frame that holds it, if it is in memory, and what the writer
/// knows of it.
///
/// Two levels: a fixed directory of chunks, a chunk per 65,536 ids, made when first needed and never moved,
/// so that a reader finds a frame by two loads without a lock.
///
/// Invariants:
/// 1. A frame's address is published with release order after its bytes are complete.
/// 2. `stamp`, `born`, `bornIndex` and `needsWriting` are touched only under the writer's turn.
final class PageTable: @unchecked Sendable {
  /// What is known of one page in memory.
  struct Entry: ~Copyable {
    /// The frame's address; 0 where the page is not in memory.
    let frame = Atomic<UInt>(0)
    /// The edit stamp under which the page may be edited in place (rule 3); 0: by nobody.
    var stamp: UInt64 = 0
    /// The version in which the page was born; 0 for pages found on disk.
    var born: UInt64 = 0
    /// Where the open transaction's list of the pages that it made counts this one.
    var bornIndex = -1
    /// Born since the last checkpoint and still needed by the version being written.
    var needsWriting = false
  }

  private static let chunkBits = 16
  private static let chunkCount = 1 << chunkBits
  private static let directoryCount = 1 << 16
  /// Ids are below this: 4,294,967,296 pages.
  static let limit = UInt64(chunkCount) * UInt64(directoryCount)

  private let directory: UnsafeMutablePointer<Atomic<UInt>>
  private let growth = Mutex(())

  init() {
    directory = .allocate(capacity: Self.directoryCount)
    for i in 0..<Self.directoryCount { (directory + i).initialize(to: Atomic<UInt>(0)) }
  }

  deinit {
    for i in 0..<Self.directoryCount {
      guard let chunk = chunk(i) else { continue }
      chunk.deinitialize(count: Self.chunkCount)
      chunk.deallocate()
    }
    directory.deinitialize(count: Self.directoryCount)
    directory.deallocate()
  }

  @inline(__always)
  private func chunk(_ i: Int) -> UnsafeMutablePointer<Entry>? {
    UnsafeMutablePointer(bitPattern: directory[i].load(ordering: .acquiring))
  }

  /// The frame of a page, or nil if it is not in memory.
  @inline(__always)
  func frame(_ id: PageID) -> UnsafeRawPointer? {
    guard id.rawValue < Self.limit, let chunk = chunk(Int(truncatingIfNeeded: id.rawValue &>> 16)) else {
      return nil
    }
    return UnsafeRawPointer(
      bitPattern: chunk[Int(truncatingIfNeeded: id.rawValue & 0xFFFF)].frame.load(ordering: .acquiring))
  }

  /// The entry of a page, made if it was never used. The caller checked that the id is below the limit.
  @inline(__always)
  func entry(_ id: PageID) -> UnsafeMutablePointer<Entry> {
    let index = Int(truncatingIfNeeded: id.rawValue &>> 16)
    let base = chunk(index) ?? makeChunk(index)
    return base + Int(truncatingIfNeeded: id.rawValue & 0xFFFF)
  }

  @inline(never)
  private func makeChunk(_ index: Int) -> UnsafeMutablePointer<Entry> {
    precondition(index < Self.directoryCount)
    return growth.withLock { _ in
      if let chunk = chunk(index) { return UnsafeMutablePointer(chunk) }
      let made = UnsafeMutablePointer<Entry>.allocate(capacity: Self.chunkCount)
      for i in 0..<Self.chunkCount { (made + i).initialize(to: Entry()) }
      directory[index].store(UInt(bitPattern: made), ordering: .releasing)
      return made
    }
  }
}
