import Synchronization

/// The pages of a store, by id: those in memory at once, those on disk read, checked and kept.
///
/// What a caller gets from `page` is immutable for as long as a snapshot or transaction that can reach
/// the page lives.
final class PageStore: Sendable {
  /// Bytes at the start of each page that belong to the page, not to what it holds.
  static let headerSize = 64

  /// Bytes of a page, header included.
  let pageSize: Int
  let table = PageTable()
  let pool: FramePool
  /// Where pages are on disk; nil for a store in memory.
  let source: (any PageSource)?
  private let faults = Guarded(())
  private let ids = Guarded(PageIDs())

  init(pageSize: Int, source: (any PageSource)?) {
    self.pageSize = pageSize
    self.source = source
    pool = FramePool(frameSize: pageSize)
  }

  /// The bytes of a page, `pageSize` long.
  @inline(__always)
  func page(_ id: PageID) throws(StorageError) -> UnsafeRawPointer {
    if let frame = table.frame(id) { return frame }
    return try fault(id)
  }

  /// Reads a page that is not in memory.
  @inline(never)
  private func fault(_ id: PageID) throws(StorageError) -> UnsafeRawPointer {
    guard let source else {
      throw .corrupt(file: "memory", place: "\(id)", reason: "no such page")
    }
    let result: Result<UnsafeRawPointer, StorageError> = faults.withLock { _ in
      if let frame = table.frame(id) { return .success(frame) }
      do throws(StorageError) {
        try source.requireKnown(id)
        let frame = try pool.take()
        do throws(StorageError) {
          try source.read(id, into: UnsafeMutableRawBufferPointer(start: frame, count: pageSize))
        } catch {
          pool.giveBack(frame)
          throw error
        }
        table.entry(id).pointee.frame.store(UInt(bitPattern: frame), ordering: .releasing)
        return .success(UnsafeRawPointer(frame))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  // MARK: Under the writer's turn

  /// An unused id with a frame of its own; the frame's bytes are as they were left.
  func makePage() throws(StorageError) -> (PageID, UnsafeMutableRawPointer) {
    let frame = try pool.take()
    let id = ids.withLock { $0.take() }
    guard id.rawValue < PageTable.limit else {
      pool.giveBack(frame)
      throw .outOfMemory
    }
    table.entry(id).pointee.frame.store(UInt(bitPattern: frame), ordering: .releasing)
    return (id, frame)
  }

  /// Gives up a page that no version and no transaction can reach any more: its frame and its id.
  func freePage(_ id: PageID) {
    let entry = table.entry(id)
    entry.pointee.stamp = 0
    entry.pointee.bornIndex = -1
    source?.forget(id)
    let frame = entry.pointee.frame.exchange(0, ordering: .acquiringAndReleasing)
    if let frame = UnsafeMutableRawPointer(bitPattern: frame) { pool.giveBack(frame) }
    ids.withLock { $0.giveBack(id) }
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
