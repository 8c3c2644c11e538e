extension StorageCore {
  /// Writes `version` to the data file and makes a superblock of it durable. The caller has the writer's turn.
  ///
  /// The order is rule 9's: log synced through the version's own position; pages, roots and map into fresh
  /// extents; sync; one superblock slot; sync; only now are log segments and old extents free; then the other
  /// slot. If it fails before the superblock is durable, the state on disk and in memory is as before.
  ///
  /// - Parameters:
  ///   - version: visible, or about to be: then nobody is told before this returns.
  ///   - isClean: no log is needed to read this superblock.
  ///   - syncsBothSlots: the second slot is synced too, because a promise rests on this superblock alone.
  func writeCheckpoint(of version: Version, isClean: Bool, syncsBothSlots: Bool) throws(StorageError) {
    guard let data else { return }
    try latch?.check()
    try log?.sync()

    var maps = data.maps.withLock { $0 }
    let writer = ExtentWriter(data, version: version.number, free: free)
    try writePages(of: version, into: writer, &maps)
    try writeRoots(of: version, into: writer, &maps)
    try writeMaps(into: writer, &maps)
    try writer.finish()
    try data.file.sync(.data)

    var next = superblock
    next.generation += 1
    next.isClean = isClean
    next.version = version.number
    next.nextTreeID = version.nextTreeID
    next.nextPageID = UInt64(max(maps.pages.count, 1))
    next.mapLevels = maps.pages.levelCount
    next.mapRoot = maps.pages.root
    next.rootsLevels = maps.roots.levelCount
    next.rootsRoot = maps.roots.root
    next.rootsCount = UInt64(maps.roots.count)
    if let log { next.logSalt = log.salt }
    next.logPosition = version.logEnd
    next.logChain = version.logChain
    var nextFree = writer.free
    let replaced = maps.pages.replaced + maps.roots.replaced
    if isClean {
      // Extents that only the old superblock names become free with this one; what they leave of the file's
      // end is cut off later, when both slots say so.
      var trimmed = nextFree
      trimmed.release(replaced)
      trimmed.trimEnd()
      next.fileSize = trimmed.endUnit * UInt64(Extent.unitSize)
    } else {
      next.fileSize = nextFree.endUnit * UInt64(Extent.unitSize)
    }
    let slot = Int(next.generation % 2)
    try data.writeSlot(slot, next)
    try data.file.sync(.data)

    maps.pages.commit()
    maps.roots.commit()
    data.maps.withLock { $0 = maps }
    nextFree.release(replaced)
    if isClean { nextFree.trimEnd() }
    free = nextFree
    superblock = next
    durableRoots = version.roots
    changes.removeAll { $0.number <= version.number }
    log?.recycle(before: version.logEnd)
    checkpointCount += 1
    pagesWritten += UInt64(writer.pageCount)

    do throws(StorageError) {
      try data.writeSlot(1 - slot, next)
      if syncsBothSlots { try data.file.sync(.data) }
    } catch {
      // One slot holds the version durably: what was promised is kept, and the latch keeps the failure. Only
      // the removal of the log needs both.
      if isClean { throw error }
    }
  }

  /// Rule 7: the map of the last superblock, plus what was born and less what was given up since, in order.
  private func writePages(
    of version: Version, into writer: ExtentWriter, _ maps: inout DataFile.Maps
  ) throws(StorageError) {
    let table = pages.table
    let included = changes.prefix { $0.number <= version.number }
    for change in included {
      for id in change.retired {
        table.entry(id).pointee.needsWriting = false
        if !maps.pages[id.rawValue].isNone { maps.pages.set(id.rawValue, .none) }
      }
      for id in change.born { table.entry(id).pointee.needsWriting = true }
    }
    let copy = UnsafeMutableRawPointer.allocate(byteCount: pages.pageSize, alignment: 64)
    defer { copy.deallocate() }
    for change in included {
      for id in change.born {
        let entry = table.entry(id)
        guard entry.pointee.needsWriting, let frame = table.frame(id) else { continue }
        entry.pointee.needsWriting = false
        // Readers may stand on the page: its compact form is made in a copy (rule 21).
        copy.copyMemory(from: frame, byteCount: pages.pageSize)
        NodeLayout.prepareForDisk(copy, pageSize: pages.pageSize)
        maps.pages.set(id.rawValue, try writer.store(copy, identity: id.rawValue))
      }
    }
  }

  private func writeRoots(
    of version: Version, into writer: ExtentWriter, _ maps: inout DataFile.Maps
  ) throws(StorageError) {
    let page = UnsafeMutableRawPointer.allocate(byteCount: pages.pageSize, alignment: 64)
    defer { page.deallocate() }
    for i in 0..<max(version.roots.chunks.count, durableRoots.chunks.count) {
      let new = i < version.roots.chunks.count ? version.roots.chunks[i] : nil
      let old = i < durableRoots.chunks.count ? durableRoots.chunks[i] : nil
      guard new !== old else { continue }
      guard let new else {
        maps.roots.set(UInt64(i), .none)
        continue
      }
      page.initializeMemory(as: UInt8.self, repeating: 0, count: pages.pageSize)
      page.storeBytes(of: PageKind.roots.rawValue, as: UInt8.self)
      RootsArray.encode(new, into: page)
      maps.roots.set(UInt64(i), try writer.store(page, identity: UInt64(i)))
    }
  }

  private func writeMaps(into writer: ExtentWriter, _ maps: inout DataFile.Maps) throws(StorageError) {
    let page = UnsafeMutableRawPointer.allocate(byteCount: pages.pageSize, alignment: 64)
    defer { page.deallocate() }
    let size = pages.pageSize
    func write(_ identity: UInt64, _ entries: ArraySlice<MapEntry>) throws(StorageError) -> MapEntry {
      page.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      page.storeBytes(of: PageKind.map.rawValue, as: UInt8.self)
      for (i, entry) in entries.enumerated() {
        let at = PageStore.headerSize + i * MapEntry.byteCount
        page.setInteger(at, entry.packedExtent)
        page.setInteger(at + 8, entry.checksum)
      }
      return try writer.store(page, identity: identity)
    }
    try maps.pages.writeChanges(write)
    try maps.roots.writeChanges(write)
  }
}
