// The pages of a data file that are no pages of trees: roots and maps.

extension ExtentWriter {
  /// Stores a page of the roots array.
  func store(_ chunk: RootsArray.Chunk, at index: Int) throws(StorageError) -> MapEntry {
    let page = UnsafeMutableRawPointer.allocate(byteCount: pageSize, alignment: 64)
    defer { page.deallocate() }
    page.initializeMemory(as: UInt8.self, repeating: 0, count: pageSize)
    page.storeBytes(of: PageKind.roots.rawValue, as: UInt8.self)
    RootsArray.encode(chunk, into: page)
    return try store(page, identity: UInt64(index))
  }

  /// Reads a map page, be it on disk or among what this writer has not written to the file yet.
  func readMapPage(_ identity: UInt64, _ entry: MapEntry) throws(StorageError) -> [MapEntry] {
    guard let stored = pending(entry.extent) else { return try data.readMapPage(identity, entry) }
    let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: pageSize, alignment: 64)
    defer { frame.deallocate() }
    if let reason = data.codec.decode(
      stored, identity: identity, checksum: entry.checksum, kind: .map, into: frame)
    {
      throw .corrupt(file: data.file.path, place: "map page \(identity) in memory", reason: reason)
    }
    return data.mapEntries(UnsafeRawBufferPointer(frame))
  }

  /// Stores a page of a map.
  private func store(_ identity: UInt64, _ entries: ArraySlice<MapEntry>) throws(StorageError) -> MapEntry {
    let size = pageSize
    let page = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    defer { page.deallocate() }
    page.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    page.storeBytes(of: PageKind.map.rawValue, as: UInt8.self)
    for (i, entry) in entries.enumerated() {
      let at = PageStore.headerSize + i * MapEntry.byteCount
      page.setInteger(at, entry.packedExtent)
      page.setInteger(at + 8, entry.checksum)
    }
    return try store(page, identity: identity)
  }

  /// Stores the pages of the maps that changed.
  func storeChanges(
    _ pages: inout PageMap, _ roots: inout PageMap, _ read: PageMap.Read
  ) throws(StorageError) {
    try pages.writeChanges(read, store)
    try roots.writeChanges(read, store)
  }

  /// Stores the leaves that changed.
  func storeLeaves(_ pages: inout PageMap, _ read: PageMap.Read) throws(StorageError) {
    try pages.writeLeaves(read, store)
  }
}
