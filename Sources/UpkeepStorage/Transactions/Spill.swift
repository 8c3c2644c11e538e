// Pages of an open transaction that are written early, so that a transaction may be larger than the memory.

extension WorkingState {
  /// Pages that an operation may have to wait for.
  private static let mostSpilled = 256

  /// Makes room where dirty pages are too many (rule 6): pages of this transaction are written to fresh extents,
  /// and where those of committed versions are in the way, a checkpoint writes them. Called before an operation,
  /// by the transaction's own thread.
  func makeRoom() throws(StorageError) {
    defer { pages.pool.roomWasMade() }
    guard core.data != nil, !core.options.isReadOnly else { return }
    try leavePaths()
    edits.dropSpares()
    try spill(min(pages.pool.excess, Self.mostSpilled))
    if pages.pool.isCrowded { core.relieve() }
  }

  /// Writes at most `count` pages of this transaction. Its working trees stay as they are: only where their pages
  /// are changes. If it fails nothing has changed.
  private func spill(_ count: Int) throws(StorageError) {
    guard let data = core.data, count > 0 else { return }
    let ids = pages.pool.coldDirty(count) { maySpill($0) }
    guard !ids.isEmpty else { return }
    try core.beginSpilling()
    let writer = ExtentWriter(data, version: edits.version)
    let copy = UnsafeMutableRawPointer.allocate(byteCount: pages.pageSize, alignment: 64)
    defer { copy.deallocate() }
    var places: [(id: PageID, entry: MapEntry)] = []
    do throws(StorageError) {
      for id in ids {
        guard let frame = pages.table.frame(id) else { continue }
        copy.copyMemory(from: frame, byteCount: pages.pageSize)
        NodeLayout.prepareForDisk(copy, pageSize: pages.pageSize)
        places.append((id, try writer.store(copy, identity: id.rawValue)))
      }
      try writer.finish()
    } catch {
      writer.abandon()
      throw error
    }
    data.enterSpilled(places)
    let written = places.map(\.id)
    edits.noteSpilled(written)
    // Only now, for whoever looks for them on disk finds them there.
    pages.markClean(written)
    core.pagesWritten.add(UInt64(written.count), ordering: .relaxed)
  }

  /// Whether a dirty page may be written early: one of this transaction, and a branch only if all below it was
  /// written, because what is edited in place has only such pages above it.
  private func maySpill(_ id: PageID) -> Bool {
    guard pages.table.entry(id).pointee.stamp >= edits.firstStamp, let base = pages.table.frame(id) else {
      return false
    }
    guard base.load(as: UInt8.self) == PageKind.branch.rawValue else { return true }
    let node = Node(base)
    for child in 0...node.count where pages.table.entry(node.child(child)).pointee.stamp >= edits.firstStamp {
      return false
    }
    return true
  }
}

extension StorageCore {
  /// A checkpoint of what is committed, by the thread of a writer whose own pages are not what fills the memory. If it
  /// cannot be, the transaction goes on with more memory than it should have; the failure is told by whatever next
  /// needs the disk.
  func relieve() {
    guard commits.hasChanges || commits.newest.number > versions.visibleNumber else { return }
    try? wait(for: CommitTicket(version: commits.newest.number))
    if options.checkpointsInBackground {
      // The store's own thread writes it, and lets frames go on its way.
      askToTend()
      let isRelieved = checkpoints.waitForRoom {
        !pages.pool.isCrowded || !commits.hasChanges || latch?.failure != nil
      }
      if isRelieved { return }
    }
    try? checkpoint()
  }

  /// Before the first page is written early in this opening.
  func beginSpilling() throws(StorageError) {
    guard let prepare = prepareToSpill else { return }
    try prepare()
    prepareToSpill = nil
  }
}
