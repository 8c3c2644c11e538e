import Synchronization

/// The pages of a store, by id: those in memory at once, those on disk read, checked and kept.
///
/// What a caller gets from `page` is immutable for as long as a snapshot or transaction that can reach
/// the page lives, and it is there until the operation ends in which the caller asked for it (`PageReader`).
final class PageStore: Sendable {
  /// Bytes at the start of each page that belong to the page, not to what it holds.
  static let headerSize = 64

  /// Bytes of a page, header included.
  let pageSize: Int
  let table = PageTable()
  let slots = ReaderSlots()
  let pool: FramePool
  /// Where pages are on disk; nil for a store in memory.
  let source: (any PageSource)?
  /// Frames are taken from pages that are on disk too. A store in memory keeps all of its pages.
  let isBounded: Bool
  /// The line of whoever has the writer's turn; nil where pages keep their frames for good.
  let writerLine: ReaderLine?
  /// Misses of one page wait for one another, those of different pages mostly do not.
  private let faults: [Guarded<Int>]
  private let ids = Guarded(PageIDs())

  /// - Parameter cacheSize: bytes of pages in memory. A few pages are kept whatever it says.
  init(pageSize: Int, source: (any PageSource)?, cacheSize: Int = Int.max) {
    self.pageSize = pageSize
    self.source = source
    isBounded = source != nil
    pool = FramePool(
      frameSize: pageSize, limit: source == nil ? nil : max(cacheSize / pageSize, Self.fewestFrames),
      table: table, slots: slots)
    writerLine = source == nil ? nil : slots.writerLine
    faults = (0..<(source == nil ? 0 : 64)).map { Guarded($0) }
  }

  /// Enough for the path of a writer and that of a reader.
  static let fewestFrames = 16

  /// The bytes of a page, `pageSize` long.
  @inline(__always)
  func page(_ id: PageID) throws(StorageError) -> UnsafeRawPointer {
    let word = table.word(id)
    // Marked as looked at: the common case, told from all others by one bit.
    if word & PageTable.referenced != 0 {
      return UnsafeRawPointer(bitPattern: word ^ PageTable.referenced).unsafelyUnwrapped
    }
    return try find(id, word)
  }

  /// A page that is to be marked as looked at, or that is not in memory.
  @inline(never)
  private func find(_ id: PageID, _ word: UInt) throws(StorageError) -> UnsafeRawPointer {
    if let frame = UnsafeRawPointer(bitPattern: word) {
      // If it fails, another reader was quicker, or the page is leaving: the frame is good for this operation.
      _ = table.frameWord(id).pointee.compareExchange(
        expected: word, desired: word | PageTable.referenced, ordering: .relaxed)
      return frame
    }
    guard source != nil else {
      throw .corrupt(file: "memory", place: "\(id)", reason: "no such page")
    }
    let result: Result<UnsafeRawPointer, StorageError> = faults[Int(id.rawValue % 64)].withLock { _ in
      if let frame = table.frame(id) { return .success(UnsafeRawPointer(frame)) }
      do throws(StorageError) { return .success(try read(id)) } catch { return .failure(error) }
    }
    #if UPKEEP_PLANTS
      Plant.pass(.pageWasRead)
    #endif
    return try result.get()
  }

  private func read(_ id: PageID) throws(StorageError) -> UnsafeRawPointer {
    guard let source else { throw .outOfMemory }
    try source.requireKnown(id)
    let frame = try pool.take(for: id, as: .loading)
    do throws(StorageError) {
      try source.read(id, into: UnsafeMutableRawBufferPointer(start: frame.base, count: pageSize))
    } catch {
      pool.giveBack(frame.index)
      throw error
    }
    pool.publish(id, in: frame)
    return UnsafeRawPointer(frame.base)
  }

  // MARK: Under the writer's turn

  /// An unused id with a frame of its own; the frame's bytes are as they were left.
  func makePage() throws(StorageError) -> (PageID, UnsafeMutableRawPointer) {
    let id = ids.withLock { $0.take() }
    guard id.rawValue < PageTable.limit else { throw .outOfMemory }
    do throws(StorageError) {
      return (id, try pool.take(for: id, as: .dirty).base)
    } catch {
      ids.withLock { $0.giveBack(id) }
      throw error
    }
  }

  /// Gives up a page that no version and no transaction can reach any more: its frame and its id.
  func freePage(_ id: PageID) {
    let entry = table.entry(id)
    entry.pointee.stamp = 0
    entry.pointee.bornIndex = -1
    source?.forget(id)
    pool.remove(id)
    ids.withLock { $0.giveBack(id) }
  }

  /// The disk has these pages now, as a durable superblock says: their frames may be taken for others.
  func markClean(_ ids: some Sequence<PageID>) {
    if isBounded { pool.markClean(ids) }
  }

  /// The lowest id never given.
  var nextPageID: PageID { ids.withLock { PageID(rawValue: $0.next) } }

  /// Ids given and not given back.
  var usedPageCount: UInt64 { ids.withLock { $0.next - 1 - UInt64($0.free.count) } }

  /// What the page map says at opening: ids below `next` that are not in use are free.
  func restoreIDs(next: PageID, free: [PageID]) {
    ids.withLock {
      $0.next = next.rawValue
      $0.free = free
    }
  }

  /// Ids that are not in use, for checks.
  var freePageIDs: [PageID] { ids.withLock { $0.free } }
}

/// Where a page store finds pages that are not in memory.
protocol PageSource: AnyObject, Sendable {
  /// Throws `corrupt` for an id that no page on disk has.
  func requireKnown(_ id: PageID) throws(StorageError)
  /// Reads, verifies, decompresses and validates a page, header included.
  func read(_ id: PageID, into frame: UnsafeMutableRawBufferPointer) throws(StorageError)
  /// Nobody can see the page any more.
  func forget(_ id: PageID)
}

/// Which page ids are in use. Derived at opening, never stored.
private struct PageIDs {
  var next: UInt64 = 1
  var free: [PageID] = []

  mutating func take() -> PageID {
    if let id = free.popLast() { return id }
    defer { next += 1 }
    return PageID(rawValue: next)
  }

  mutating func giveBack(_ id: PageID) { free.append(id) }
}
