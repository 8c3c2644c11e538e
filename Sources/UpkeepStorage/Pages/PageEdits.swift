/// Gives edit stamps: each once in the life of the process, never 0. Used under the writer's turn.
final class EditStamps {
  private var last: UInt64 = 0

  func take() -> UInt64 {
    last += 1
    return last
  }
}

/// The pages of one open write transaction: those it made, and those of its base that it no longer needs.
///
/// The life of a page here:
/// 1. `allocate` or `edit` (of a page that is not ours) gives it an id, a frame and the current edit stamp.
/// 2. While its stamp is the current one it is edited in place (rule 3).
/// 3. A savepoint, or a cursor over the working roots, takes a new stamp: from then on the page is copied
///    when it is edited (rule 4), and the copy it leaves behind is kept until the transaction ends.
/// 4. Commit hands `born` and `retired` to the version; rollback frees what was born.
///
/// Invariants:
/// 1. A page of `born` with stamp 0 was given up again under its own stamp; its id is in `spare` until the
///    next stamp, and then is unused.
/// 2. Pages of the base version are never written to.
final class PageEdits {
  /// Lengths of the lists at some moment.
  struct Mark {
    let born: Int
    let retired: Int
    let dead: Int
  }

  let store: PageStore
  /// The version that will be made of this transaction.
  let version: UInt64
  private let firstStamp: UInt64
  private(set) var stamp: UInt64
  /// Pages made by this transaction.
  private(set) var born: [PageID] = []
  /// Pages of the base that the working roots no longer reach.
  private(set) var retired: [PageID] = []
  /// Pages of this transaction's own earlier stamps that the working roots no longer reach.
  private(set) var dead: [PageID] = []
  private var spare: [PageID] = []
  /// Where in `born` the pages of the current stamp begin.
  private var stampStart = 0
  private let stamps: EditStamps

  init(store: PageStore, version: UInt64, stamps: EditStamps) {
    self.store = store
    self.version = version
    self.stamps = stamps
    stamp = stamps.take()
    firstStamp = stamp
  }

  /// A new page, zeroed, its kind set, owned by the current stamp.
  func allocate(_ kind: PageKind) throws(StorageError) -> (id: PageID, base: UnsafeMutableRawPointer) {
    let (id, base) = try makeOwnedPage()
    base.initializeMemory(as: UInt8.self, repeating: 0, count: store.pageSize)
    base.storeBytes(of: kind.rawValue, as: UInt8.self)
    return (id, base)
  }

  /// A page to be edited: itself where the current stamp owns it, else a copy under a new id.
  @inline(__always)
  func edit(_ id: PageID) throws(StorageError) -> (id: PageID, base: UnsafeMutableRawPointer) {
    let entry = store.table.entry(id)
    if entry.pointee.stamp == stamp,
      let frame = UnsafeMutableRawPointer(bitPattern: entry.pointee.frame.load(ordering: .relaxed))
    {
      return (id, frame)
    }
    return try copy(id)
  }

  @inline(never)
  private func copy(_ id: PageID) throws(StorageError) -> (id: PageID, base: UnsafeMutableRawPointer) {
    let original = try store.page(id)
    let (newID, base) = try makeOwnedPage()
    base.copyMemory(from: original, byteCount: store.pageSize)
    retire(id)
    return (newID, base)
  }

  private func makeOwnedPage() throws(StorageError) -> (PageID, UnsafeMutableRawPointer) {
    if let id = spare.popLast() {
      let entry = store.table.entry(id)
      if let frame = UnsafeMutableRawPointer(bitPattern: entry.pointee.frame.load(ordering: .relaxed)) {
        entry.pointee.stamp = stamp
        return (id, frame)
      }
    }
    let (id, frame) = try store.makePage()
    let entry = store.table.entry(id)
    entry.pointee.stamp = stamp
    entry.pointee.born = version
    born.append(id)
    return (id, frame)
  }

  /// A page that the working roots no longer reach.
  func retire(_ id: PageID) {
    let entry = store.table.entry(id)
    if entry.pointee.stamp == stamp {
      // Made since the last savepoint or cursor: nobody else can reach it.
      entry.pointee.stamp = 0
      spare.append(id)
    } else if entry.pointee.stamp >= firstStamp {
      dead.append(id)
    } else {
      retired.append(id)
    }
  }

  /// Ends the current stamp: what exists now is copied before it is edited.
  func takeNewStamp() -> Mark {
    dropSpares()
    stamp = stamps.take()
    stampStart = born.count
    return Mark(born: born.count, retired: retired.count, dead: dead.count)
  }

  /// Returns to a mark: what was born since is freed, what was retired since is needed again.
  func rollback(to mark: Mark) {
    spare.removeAll()
    for id in born[mark.born...] { store.freePage(id) }
    born.removeSubrange(mark.born...)
    retired.removeSubrange(mark.retired...)
    dead.removeSubrange(mark.dead...)
    stamp = stamps.take()
    stampStart = born.count
  }

  /// Ends the edits for a commit: what the new version reaches is in `born`, what it gave up in `retired`.
  func finish() {
    dropSpares()
    guard !dead.isEmpty else { return }
    for id in dead { store.table.entry(id).pointee.stamp = 0 }
    removeUnowned(from: 0)
    dead.removeAll()
  }

  /// Gives up everything.
  func abandon() {
    for id in born { store.freePage(id) }
    born.removeAll()
    retired.removeAll()
    dead.removeAll()
    spare.removeAll()
  }

  /// Invariant 1: spare pages all lie in the tail of `born` made under the current stamp.
  private func dropSpares() {
    guard !spare.isEmpty else { return }
    spare.removeAll()
    removeUnowned(from: stampStart)
  }

  private func removeUnowned(from start: Int) {
    var kept = start
    for i in start..<born.count {
      let id = born[i]
      if store.table.entry(id).pointee.stamp == 0 {
        store.freePage(id)
      } else {
        born[kept] = id
        kept += 1
      }
    }
    born.removeSubrange(kept...)
  }
}
