/// Gives edit stamps: each once in the life of the process, never 0. Used under the writer's turn.
final class EditStamps {
  private var last: UInt64 = 0

  func take() -> UInt64 {
    #if UPKEEP_PLANTS
      if Plant.isOn(.reusesEditStamps) { return 1 }
    #endif
    last += 1
    return last
  }
}

/// The pages of one open write transaction: those it made, and those of its base that it no longer needs.
///
/// The life of a page here:
/// 1. `allocate` or `edit` (of a page that is not ours) gives it an id, a frame and the current edit stamp.
/// 2. While nobody else can see it, that is while its stamp is at or above `ownedFrom`, it is edited in place (rule 3).
/// 3. A savepoint, or a cursor over the working roots, takes a new stamp and raises `ownedFrom` to it: what
///    existed before is copied when it is edited (rule 4), and what the copy replaces is kept in `dead`.
/// 4. When the last of them goes, `thaw` lowers `ownedFrom` again, and the dead are spare.
/// 5. A page of ours that was written early (`noteSpilled`) is edited no more: touching it makes a copy (rule 6).
/// 6. Commit hands `born` and `retired` to the version; rollback frees what was born.
///
/// Invariants:
/// 1. The page at `born[i]` is counted there if and only if its entry's `bornIndex` is i: a spare page that
///    is used again is entered again, so that a mark tells what was made after it.
/// 2. A page whose stamp is 0 is spare: unreachable, and free to be used again by this transaction.
/// 3. Pages of the base version are never written to.
/// 4. The stamp of a spilled page is `spilledStamp`, below all stamps under which pages are edited. No savepoint
///    or cursor can see it if its `bornIndex` is `frozenBorn` or more.
final class PageEdits {
  /// Lengths of the lists at some moment.
  struct Mark {
    let born: Int
    let retired: Int
    let dead: Int
    /// The stamp taken at the mark.
    let stamp: UInt64
  }

  let store: PageStore
  /// The version that will be made of this transaction.
  let version: UInt64
  /// Pages with this stamp or a later one are of this transaction and were never written.
  let firstStamp: UInt64
  private let spilledStamp: UInt64
  /// What savepoints and cursors may see was born before this place in `born`.
  private var frozenBorn = 0
  /// Called before an operation when dirty pages are too many.
  var makeRoom: (() throws(StorageError) -> Void)?
  private var stamp: UInt64
  /// Pages with this stamp or a later one are seen by nobody else.
  private var ownedFrom: UInt64
  /// Pages made by this transaction, some perhaps more than once (invariant 1).
  private(set) var born: [PageID] = []
  /// Pages of the base that the working roots no longer reach.
  private(set) var retired: [PageID] = []
  /// Pages of this transaction that the working roots no longer reach, but a savepoint or cursor may.
  private var dead: [PageID] = []
  private var spare: [PageID] = []
  private let stamps: EditStamps

  init(store: PageStore, version: UInt64, stamps: EditStamps) {
    self.store = store
    self.version = version
    self.stamps = stamps
    spilledStamp = stamps.take()
    stamp = stamps.take()
    firstStamp = stamp
    ownedFrom = stamp
    // The path of one row.
    born.reserveCapacity(4)
    retired.reserveCapacity(4)
  }

  /// A new page, zeroed, its kind set, owned by the current stamp.
  func allocate(_ kind: PageKind) throws(StorageError) -> (id: PageID, base: UnsafeMutableRawPointer) {
    let (id, base) = try makeOwnedPage()
    base.initializeMemory(as: UInt8.self, repeating: 0, count: store.pageSize)
    base.storeBytes(of: kind.rawValue, as: UInt8.self)
    return (id, base)
  }

  /// A page to be edited: itself where nobody else can see it, else a copy under a new id.
  @inline(__always)
  func edit(_ id: PageID) throws(StorageError) -> (id: PageID, base: UnsafeMutableRawPointer) {
    #if UPKEEP_PLANTS
      if Plant.isOn(.editsPublishedPages) {
        return (id, UnsafeMutableRawPointer(mutating: try store.page(id)))
      }
    #endif
    if store.table.entry(id).pointee.stamp >= ownedFrom, let base = store.table.frame(id) {
      return (id, base)
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
    let made: (PageID, UnsafeMutableRawPointer)
    if let id = spare.popLast(), let base = store.table.frame(id) {
      made = (id, base)
    } else {
      made = try store.makePage()
    }
    let entry = store.table.entry(made.0)
    entry.pointee.stamp = stamp
    entry.pointee.born = version
    entry.pointee.bornIndex = born.count
    born.append(made.0)
    if born.count >= nextCompaction { compactTail() }
    return made
  }

  /// A page that was written early and is touched again is entered anew: of a transaction larger than the memory most
  /// entries would be such. What marks count stays as it is.
  @inline(never)
  private func compactTail() {
    compactBorn(keepingSpares: true, from: frozenBorn)
    nextCompaction = born.count * 2 + 4096
  }

  /// A page that the working roots no longer reach.
  func retire(_ id: PageID) {
    let entry = store.table.entry(id)
    if entry.pointee.stamp >= ownedFrom {
      entry.pointee.stamp = 0
      spare.append(id)
    } else if entry.pointee.stamp >= spilledStamp {
      if isOursAlone(entry) { store.freePage(id) } else { dead.append(id) }
    } else {
      retired.append(id)
    }
  }

  /// Whether a spilled page is seen by nobody but this transaction's working roots.
  private func isOursAlone(_ entry: UnsafeMutablePointer<PageTable.Entry>) -> Bool {
    entry.pointee.stamp == spilledStamp && entry.pointee.bornIndex >= frozenBorn
  }

  /// These pages are on disk now.
  func noteSpilled(_ ids: [PageID]) {
    #if UPKEEP_PLANTS
      if Plant.isOn(.editsSpilledPages) { return }
    #endif
    for id in ids { store.table.entry(id).pointee.stamp = spilledStamp }
  }

  /// Gives up pages that are kept to be used again.
  func dropSpares() {
    for id in spare { store.freePage(id) }
    spare.removeAll()
  }

  /// Freezes what exists: it is copied before it is edited, until `thaw`.
  func takeNewStamp() -> Mark {
    #if UPKEEP_PLANTS
      if Plant.isOn(.savepointKeepsStamp) {
        return Mark(born: born.count, retired: retired.count, dead: dead.count, stamp: stamp)
      }
    #endif
    stamp = stamps.take()
    ownedFrom = stamp
    frozenBorn = born.count
    return Mark(born: born.count, retired: retired.count, dead: dead.count, stamp: stamp)
  }

  /// Savepoints or cursors went: what only they could see may be edited in place, and used, again.
  ///
  /// - Parameters:
  ///   - savepoint: the newest savepoint that is left.
  ///   - cursor: the stamp of the newest cursor, if any is left.
  func thaw(savepoint: Mark?, cursor: UInt64?) {
    ownedFrom = max(savepoint?.stamp ?? firstStamp, cursor ?? 0)
    if cursor == nil { frozenBorn = savepoint?.born ?? 0 }
    // What died before the savepoint that is left stays: its mark counts it. What was looked at before is not
    // looked at again; it waits for the outermost savepoint at the latest.
    let isOutermost = savepoint == nil && cursor == nil
    let start = isOutermost ? 0 : max(savepoint?.dead ?? 0, min(deadSeen, dead.count))
    var kept = start
    for i in start..<dead.count {
      let id = dead[i]
      let entry = store.table.entry(id)
      if entry.pointee.stamp >= ownedFrom {
        entry.pointee.stamp = 0
        spare.append(id)
      } else if isOursAlone(entry) {
        store.freePage(id)
      } else {
        dead[kept] = id
        kept += 1
      }
    }
    dead.removeSubrange(kept...)
    deadSeen = dead.count
    if isOutermost, born.count > compactedCount * 2 + 4096 {
      compactBorn(keepingSpares: true)
      compactedCount = born.count
    }
  }

  /// Entries of `dead` that `thaw` looked at and kept.
  private var deadSeen = 0
  private var compactedCount = 0
  private var nextCompaction = 4096

  /// Returns to a mark: what was made since is freed, what was given up since is needed again.
  func rollback(to mark: Mark) {
    spare.removeAll { store.table.entry($0).pointee.bornIndex >= mark.born }
    for i in mark.born..<born.count where isCounted(i) { store.freePage(born[i]) }
    born.removeSubrange(mark.born...)
    #if UPKEEP_PLANTS
      let forgotten = Plant.isOn(.rollbackKeepsRetired) ? Array(retired[mark.retired...]) : []
    #endif
    retired.removeSubrange(mark.retired...)
    #if UPKEEP_PLANTS
      retired += forgotten
    #endif
    dead.removeSubrange(mark.dead...)
    deadSeen = min(deadSeen, dead.count)
    stamp = stamps.take()
    ownedFrom = stamp
    frozenBorn = born.count
  }

  /// Ends the edits for a commit: what the new version reaches is in `born`, what it gave up in `retired`.
  func finish() {
    for id in dead { store.table.entry(id).pointee.stamp = 0 }
    dead.removeAll()
    spare.removeAll()
    compactBorn(keepingSpares: false)
  }

  /// Gives up everything.
  func abandon() {
    for i in born.indices where isCounted(i) { store.freePage(born[i]) }
    born.removeAll()
    retired.removeAll()
    dead.removeAll()
    spare.removeAll()
  }

  private func isCounted(_ i: Int) -> Bool { store.table.entry(born[i]).pointee.bornIndex == i }

  /// Drops what is not counted, and frees spare pages unless they are to be used again.
  private func compactBorn(keepingSpares: Bool, from start: Int = 0) {
    var kept = start
    for i in start..<born.count where isCounted(i) {
      let id = born[i]
      let entry = store.table.entry(id)
      if entry.pointee.stamp == 0, !keepingSpares {
        store.freePage(id)
      } else {
        entry.pointee.bornIndex = kept
        born[kept] = id
        kept += 1
      }
    }
    born.removeSubrange(kept...)
  }
}
