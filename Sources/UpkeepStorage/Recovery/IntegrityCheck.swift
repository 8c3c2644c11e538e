/// Walks everything that a store is and tells what is wrong. The caller has the writer's turn and the
/// checkpoint's lock.
///
/// 1. Every tree is sound in itself (`TreeVerifier`), and no page is reached twice.
/// 2. Every page id in use is reached, or waits for a reader; no free id is reached.
/// 3. Every page that is on disk reads back and passes its checksum.
/// 4. No two extents overlap, and free space is what they leave.
struct IntegrityCheck {
  private static let limit = 200
  private let core: StorageCore
  private let progress: PageProgress?

  init(_ core: StorageCore, progress: PageProgress? = nil) {
    self.core = core
    self.progress = progress
  }

  /// Pages are looked at twice: as nodes of trees, and as they lie on disk.
  private var total: UInt64 { core.pages.usedPageCount * (core.data == nil ? 1 : 2) }

  func run() throws(StorageError) -> [String] {
    var problems: [String] = []
    var reached: Set<PageID> = []
    let reader = try ReadTransaction(reading: core)
    let roots = core.versions.visible.roots
    // What is left of dropped trees are trees too.
    for (tree, root) in roots.trees + roots.droppedTrees {
      var stop: StorageError?
      let found = TreeVerifier.verify(root, core.pages, reader) { page in
        // A walk that was stopped goes no deeper, and what it says is not told.
        if stop != nil { return false }
        if reached.count & 255 == 255 { stop = tell(UInt64(reached.count)) }
        return reached.insert(page).inserted
      }
      if let stop { throw stop }
      for problem in found { problems.append("\(tree): \(problem)") }
    }
    checkIDs(reached, &problems)
    do throws(StorageError) { try checkExtents(&problems) } catch {
      // A page of the map itself.
      guard case .corrupt(_, let place, let reason) = error else { throw error }
      problems.append("\(place): \(reason)")
    }
    return Array(problems.prefix(Self.limit))
  }

  private func tell(_ done: UInt64) -> StorageError? {
    do throws(StorageError) { try progress?(done, total) } catch { return error }
    return nil
  }

  private func checkIDs(_ reached: Set<PageID>, _ problems: inout [String]) {
    let free = Set(core.pages.freePageIDs)
    let waiting = Set(core.versions.waitingPages).union(core.commits.pendingPages)
    for id in free.intersection(reached).sorted() {
      problems.append("\(id) is in a tree and among the free ones")
    }
    for raw in 1..<max(core.pages.nextPageID.rawValue, 1) {
      let id = PageID(rawValue: raw)
      guard !reached.contains(id), !free.contains(id), !waiting.contains(id) else { continue }
      problems.append("\(id) is in use and in no tree")
      if problems.count > Self.limit { return }
    }
  }

  private func checkExtents(_ problems: inout [String]) throws(StorageError) {
    guard let data = core.data else { return }
    let maps = data.maps.withLock { $0 }
    var used: [Extent] = []
    try maps.pages.forEachExtent(data.readMapPage) { _, _, extent in used.append(extent) }
    try maps.roots.forEachExtent(data.readMapPage) { _, _, extent in used.append(extent) }
    used += maps.graves.values.map(\.extent) + maps.spilled.extents
    let known = data.free.withLock { $0 }
    if let free = FreeSpace(used: used, endUnit: known.endUnit) {
      if free.runs != known.runs { problems.append("free space is not what the pages leave") }
    } else {
      problems.append("two pages lie in one place, or beyond the end of the file")
    }
    let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: core.pages.pageSize, alignment: 64)
    defer { frame.deallocate() }
    var ids: [UInt64] = []
    try maps.pages.forEachEntry(data.readMapPage) { id, _ in ids.append(id) }
    for (number, id) in ids.enumerated() {
      if number & 255 == 255 { try progress?(total / 2 + UInt64(number), total) }
      do throws(StorageError) { try data.read(PageID(rawValue: id), into: frame) } catch {
        guard case .corrupt(_, let place, let reason) = error else { throw error }
        problems.append("\(place): \(reason)")
      }
      if problems.count > Self.limit { return }
    }
  }
}
