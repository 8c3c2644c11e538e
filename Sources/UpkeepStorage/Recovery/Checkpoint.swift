/// What a checkpoint has written so far, and what becomes of it once its superblock is durable.
private struct CheckpointDraft {
  var pages: PageMap
  var roots: PageMap
  /// Pages that were on disk and that the version does not have.
  var given: [(PageID, MapEntry)] = []
  /// Pages that were on disk before their superblock: written early, before the checkpoint or by it.
  var entered: [PageID] = []
  /// Where those lie that this checkpoint wrote.
  var kept: [Extent] = []
}

extension StorageCore {
  /// What a superblock is written for.
  enum CheckpointPurpose {
    /// To keep the log short.
    case progress
    /// To be found without a log: at close, at the end of recovery, and while none was begun.
    case cleanEnd
  }

  /// Writes `version` to the data file and makes a superblock of it durable. The caller holds the checkpoint's lock,
  /// and the version is pinned, or the newest with the writer's turn taken.
  ///
  /// The order is rule 9's: log synced through the version's own position; pages, roots and map into fresh
  /// extents; sync; one superblock slot; sync; only now are log segments and old extents free; then the other
  /// slot. If it fails before the superblock is durable, the state on disk and in memory is as before.
  ///
  /// - Parameter unpublished: the version, where nobody sees it yet: it becomes visible when both slots are durable,
  ///   because what its commit promises rests on this superblock alone (rule 14).
  /// - Parameter reach: what is moved down in the file besides, with somebody who looks on.
  func writeCheckpoint(
    of version: Version, for purpose: CheckpointPurpose = .progress, unpublished: PendingVersion? = nil,
    moving reach: Compaction.Reach = .step, progress: PageProgress? = nil
  ) throws(StorageError) {
    guard let data else { return }
    try latch?.check()
    #if UPKEEP_PLANTS
      let log = Plant.isOn(.checkpointSkipsLogSync) ? nil : self.log
    #endif
    try log?.sync()
    // Whoever made the database may have failed to make its name durable; a log would have done it since.
    if superblock.generation == 1 { try folder?.syncDirectory(of: path) }

    let isClean = purpose == .cleanEnd
    var draft = data.maps.withLock { CheckpointDraft(pages: $0.pages, roots: $0.roots) }
    let writer = ExtentWriter(data, version: version.number, fillsHoles: reach.fillsHoles)
    var changes = commits.changes(through: version.number)
    #if UPKEEP_PLANTS
      if Plant.isOn(.takesLaterPages) { changes = commits.changes(through: .max) }
      if Plant.isOn(.forgetsChangesEarly) { commits.forgetChanges(through: version.number) }
    #endif
    if let unpublished { changes.append(unpublished.change) }
    let next: Superblock
    let slot: Int
    let written: [PageID]
    do throws(StorageError) {
      written = try writePages(changes, into: writer, &draft)
      #if UPKEEP_PLANTS
        if Plant.isOn(.recyclesLogEarly) { log?.recycle(before: version.logEnd) }
      #endif
      try writeRoots(of: version, into: writer, &draft)
      try Compaction(data, writer, reach, progress: progress).run(&draft.pages, &draft.roots)
      try writer.storeChanges(&draft.pages, &draft.roots, writer.readMapPage)
      try writer.finish()
      #if UPKEEP_PLANTS
        Plant.skipSync(.skipsPageSync)
      #endif
      try data.file.sync(.data)
      next = makeSuperblock(version, draft, isClean: isClean)
      slot = Int(next.generation % 2)
      try data.writeSlot(slot, next)
      #if UPKEEP_PLANTS
        Plant.skipSync(.skipsSuperblockSync)
      #endif
      try data.file.sync(.data)
    } catch {
      writer.abandon(keeping: draft.kept)
      throw error
    }

    let replaced = draft.pages.replaced + draft.roots.replaced
    superblock = next
    durableRoots = version.roots
    checkpointCount.add(1, ordering: .relaxed)
    pagesWritten.add(UInt64(writer.pageCount), ordering: .relaxed)
    let second = mirror(next, in: 1 - slot, isSynced: isClean || unpublished != nil)
    if let unpublished { commits.publish(unpublished, isLogged: true) }
    #if UPKEEP_PLANTS
      if Plant.isOn(.dropsLaterChanges) { commits.forgetChanges(through: .max) }
    #endif
    commits.forgetChanges(through: version.number)
    draft.pages.commit()
    draft.roots.commit()
    // Pages that went are freed, or kept for readers, in one step with the new map.
    let released = versions.withWaitingPages(retiredThrough: version.number) {
      data.adopt(
        pages: draft.pages, roots: draft.roots, given: draft.given, waiting: $0, entered: draft.entered)
    }
    // Only now, for whoever looks for them on disk finds them there.
    pages.markClean(written)
    data.free.withLock { $0.release(replaced + released) }
    trimFile(data, atLeast: draft.pages.leastUnits, always: isClean)
    log?.recycle(before: version.logEnd)
    // One slot holds the version durably: what was promised is kept, and the latch keeps the failure. Only the
    // removal of the log needs both.
    if let second, isClean, unpublished == nil { throw second }
  }

  /// Writes the other slot, so that at rest both say the same.
  func mirror(_ superblock: Superblock, in slot: Int, isSynced: Bool) -> StorageError? {
    #if UPKEEP_PLANTS
      if Plant.isOn(.skipsMirror) { return nil }
      let isSynced = isSynced && (superblock.isClean || !Plant.isOn(.unloggedSkipsMirrorSync))
    #endif
    guard let data else { return nil }
    do throws(StorageError) {
      try data.writeSlot(slot, superblock)
      if isSynced { try data.file.sync(.data) }
      return nil
    } catch {
      return error
    }
  }

  private func makeSuperblock(_ version: Version, _ draft: CheckpointDraft, isClean: Bool) -> Superblock {
    var next = superblock
    next.generation += 1
    next.isClean = isClean
    next.version = version.number
    next.nextTreeID = version.nextTreeID
    next.nextPageID = UInt64(max(draft.pages.count, 1))
    next.mapLevels = draft.pages.levelCount
    next.mapRoot = draft.pages.root
    next.rootsLevels = draft.roots.levelCount
    next.rootsRoot = draft.roots.root
    next.rootsCount = UInt64(draft.roots.count)
    if let log { next.logSalt = log.salt }
    next.logPosition = version.logEnd
    next.logChain = version.logChain
    #if UPKEEP_PLANTS
      if Plant.isOn(.takesNewestPosition), let log {
        next.logPosition = log.end
        next.logChain = log.chain
      }
    #endif
    var endUnit = data?.free.withLock { $0.endUnit } ?? 0
    if isClean, var free = data?.free.withLock({ $0 }) {
      // Extents that only the old superblock names become free with this one; what they leave of the file's
      // end is cut off later, when both slots say so.
      free.release(draft.pages.replaced + draft.roots.replaced + draft.given.map(\.1.extent))
      free.trimEnd()
      endUnit = max(free.endUnit, draft.pages.leastUnits)
    }
    next.fileSize = endUnit * UInt64(Extent.unitSize)
    return next
  }

  /// Rule 7: the map of the last superblock, plus what was born and less what was given up since, in order.
  ///
  /// - Returns: the pages that were written.
  private func writePages(
    _ changes: [VersionChange], into writer: ExtentWriter, _ draft: inout CheckpointDraft
  ) throws(StorageError) -> [PageID] {
    guard let data else { return [] }
    let table = pages.table
    var retired: [PageID] = []
    var born: [PageID] = []
    for change in changes {
      for id in change.retired { table.entry(id).pointee.needsWriting = false }
      for id in change.born { table.entry(id).pointee.needsWriting = true }
      retired += change.retired
      born += change.born
    }
    // In the order of the map: each leaf of it is read and changed once.
    retired.sort()
    born.sort()
    for id in retired {
      if let entry = try draft.pages.remove(id.rawValue, writer.readMapPage) {
        draft.given.append((id, entry))
      }
      if draft.pages.changedLeafCount > data.mostMapLeaves {
        try writer.storeLeaves(&draft.pages, writer.readMapPage)
      }
    }
    #if UPKEEP_PLANTS
      if Plant.isOn(.reusesExtentsEarly) {
        let early = draft.given.map(\.1.extent)
        data.free.withLock { $0.release(early) }
        draft.given = []
      }
    #endif
    let copy = UnsafeMutableRawPointer.allocate(byteCount: pages.pageSize, alignment: 64)
    defer { copy.deallocate() }
    var written: [PageID] = []
    var places: [(id: PageID, entry: MapEntry)] = []
    for id in born {
      let entry = table.entry(id)
      guard entry.pointee.needsWriting else { continue }
      entry.pointee.needsWriting = false
      // One look at a time: a copy of all of them would make the writer copy what it changes.
      if let place = data.maps.withLock({ $0.spilled[id.rawValue] }) {
        try draft.pages.set(id.rawValue, place, writer.readMapPage)
        draft.entered.append(id)
      } else if let frame = table.frame(id) {
        // Readers may stand on the page: its compact form is made in a copy (rule 21).
        copy.copyMemory(from: frame, byteCount: pages.pageSize)
        NodeLayout.prepareForDisk(copy, pageSize: pages.pageSize)
        let place = try writer.store(copy, identity: id.rawValue)
        try draft.pages.set(id.rawValue, place, writer.readMapPage)
        written.append(id)
        places.append((id, place))
        if places.count >= pages.pool.pagesLetGoAtOnce {
          try letGo(places, of: writer, data, &draft)
          written.removeLast(places.count)
          places.removeAll(keepingCapacity: true)
        }
      }
      if draft.pages.changedLeafCount > data.mostMapLeaves {
        try writer.storeLeaves(&draft.pages, writer.readMapPage)
      }
    }
    return written
  }

  /// In a bounded cache the frames of pages that are written need not wait for the superblock, and so for syncs: from now
  /// on these are pages that were written early, and stay such where the checkpoint fails. None of them can go meanwhile,
  /// because the checkpoint stands on a version that has them all, or keeps the writer's turn.
  private func letGo(
    _ places: [(id: PageID, entry: MapEntry)], of writer: ExtentWriter, _ data: DataFile,
    _ draft: inout CheckpointDraft
  ) throws(StorageError) {
    try writer.finish()
    data.enterSpilled(places)
    pages.markClean(places.map(\.id))
    draft.entered += places.map(\.id)
    draft.kept += places.map(\.entry.extent)
    checkpoints.roomWasMade()
  }

  private func writeRoots(
    of version: Version, into writer: ExtentWriter, _ draft: inout CheckpointDraft
  ) throws(StorageError) {
    for i in 0..<max(version.roots.chunks.count, durableRoots.chunks.count) {
      let new = i < version.roots.chunks.count ? version.roots.chunks[i] : nil
      let old = i < durableRoots.chunks.count ? durableRoots.chunks[i] : nil
      guard new !== old else { continue }
      let place = try new.map { chunk throws(StorageError) in try writer.store(chunk, at: i) } ?? .none
      try draft.roots.set(UInt64(i), place, writer.readMapPage)
    }
  }
}
