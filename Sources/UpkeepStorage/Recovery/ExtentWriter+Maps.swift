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

  /// Stores the pages of the maps that changed.
  func storeChanges(_ pages: inout PageMap, _ roots: inout PageMap) throws(StorageError) {
    let size = pageSize
    let page = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    defer { page.deallocate() }
    func write(_ identity: UInt64, _ entries: ArraySlice<MapEntry>) throws(StorageError) -> MapEntry {
      page.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      page.storeBytes(of: PageKind.map.rawValue, as: UInt8.self)
      for (i, entry) in entries.enumerated() {
        let at = PageStore.headerSize + i * MapEntry.byteCount
        page.setInteger(at, entry.packedExtent)
        page.setInteger(at + 8, entry.checksum)
      }
      return try store(page, identity: identity)
    }
    try pages.writeChanges(write)
    try roots.writeChanges(write)
  }
}
