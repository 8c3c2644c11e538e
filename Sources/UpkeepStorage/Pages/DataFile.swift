import Synchronization

/// The data file: its fixed zones, its superblocks, and the pages that the page map names.
final class DataFile: PageSource {
  static let ownerOffset: UInt64 = 8192
  static let ownerMagic: UInt64 = 0x574F_5045_454B_5055  // "UPKEEPOW", little-endian

  let file: StoreFile
  let codec: PageCodec
  /// Where the pages of the durable superblock are.
  let maps: Guarded<Maps>
  /// Free extents. Whoever takes some either gets them into the map of a durable superblock or gives them back.
  let free: Guarded<FreeSpace>
  /// Whether some page lies where the map of the durable superblock does not say.
  private let hasLoose = Atomic<Bool>(false)

  struct Maps {
    var pages: PageMap
    var roots: PageMap
    /// Pages that the durable superblock's map does not have any more and that a reader can still see (rule 8).
    var graves: [UInt64: MapEntry] = [:]
    /// Pages that were written early and that the durable superblock's map does not have yet (rule 6). A page id
    /// that was used again may be in both, and then this is the page.
    var spilled: LoosePages

    /// Where a page is, if it is anywhere on disk.
    func look(_ id: PageID) -> PageMap.Look {
      if let entry = spilled[id.rawValue] { return .entry(entry) }
      let look = pages.look(id.rawValue, marksUse: true)
      guard case .entry(let entry) = look else { return look }
      return .entry(entry.isNone ? graves[id.rawValue] ?? .none : entry)
    }
  }

  /// Leaves of the page map that are kept in memory.
  let mostMapLeaves: Int

  /// - Parameter mapCacheSize: bytes of the page map that are kept in memory; a little is whatever it says.
  init(file: StoreFile, pageSize: Int, databaseID: DatabaseID, mapCacheSize: Int = 0) {
    self.file = file
    mostMapLeaves = max(mapCacheSize / pageSize, 4)
    codec = PageCodec(pageSize: pageSize, databaseID: databaseID)
    maps = Guarded(
      Maps(
        pages: PageMap(pageSize: pageSize, mark: 0),
        roots: PageMap(pageSize: pageSize, mark: PageMap.rootsMark),
        spilled: LoosePages()))
    free = Guarded(FreeSpace())
  }

  // MARK: Superblocks and owner

  /// Reads a slot; nil bytes where the file is too short.
  static func readSlot(_ slot: Int, of file: StoreFile) throws(StorageError) -> Superblock.Slot {
    var bytes = [UInt8](repeating: 0, count: Superblock.byteCount)
    let count = try fill(&bytes, from: file, at: Superblock.slotOffsets[slot])
    guard count == bytes.count else { return .foreign }
    return bytes.withUnsafeBytes { Superblock.decode($0, slot: slot) }
  }

  func writeSlot(_ slot: Int, _ superblock: Superblock) throws(StorageError) {
    try write(superblock.encoded(slot: slot), at: Superblock.slotOffsets[slot])
  }

  func writeOwner(pid: Int32) throws(StorageError) {
    var bytes = [UInt8](repeating: 0, count: 512)
    bytes.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      base.setInteger(0, Self.ownerMagic)
      base.setInteger(8, pid)
    }
    try write(bytes, at: Self.ownerOffset)
  }

  /// The pid that the lock's holder left, if one can be read.
  static func readOwner(of file: StoreFile) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 512)
    guard let count = try? fill(&bytes, from: file, at: ownerOffset), count == bytes.count else { return nil }
    return bytes.withUnsafeBytes { buffer -> Int32? in
      guard let base = buffer.baseAddress, base.integer(0, UInt64.self) == ownerMagic else { return nil }
      return base.integer(8, Int32.self)
    }
  }

  private static func fill(
    _ bytes: inout [UInt8], from file: StoreFile, at offset: UInt64
  ) throws(StorageError) -> Int {
    let result: Result<Int, StorageError> = bytes.withUnsafeMutableBytes { buffer in
      do throws(StorageError) { return .success(try file.read(into: buffer, at: offset)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func write(_ bytes: [UInt8], at offset: UInt64) throws(StorageError) {
    let result: Result<Void, StorageError> = bytes.withUnsafeBytes { buffer in
      do throws(StorageError) { return .success(try file.write(buffer, at: offset)) } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  // MARK: Pages

  /// Where a page is, if it is anywhere on disk. A leaf of the map is read where it must be.
  func entry(_ id: PageID) throws(StorageError) -> MapEntry {
    while true {
      switch maps.withLock({ $0.look(id) }) {
      case .entry(let entry): return entry
      case .unread(let leaf, let place):
        do throws(StorageError) {
          let entries = try readMapPage(PageMap.identity(ofLeaf: leaf), place)
          maps.withLock { $0.pages.keep(entries, ofLeaf: leaf, from: place, most: mostMapLeaves) }
        } catch {
          // Rule 8, for the map's own pages: a newer map may be in place, and the old one's pages used again.
          guard case .corrupt = error, maps.withLock({ $0.pages.place(ofLeaf: leaf) }) != place else {
            throw error
          }
        }
      }
    }
  }

  func requireKnown(_ id: PageID) throws(StorageError) {
    guard !(try entry(id).isNone) else {
      throw .corrupt(
        file: file.path, place: "\(id)", reason: "a tree refers to a page that the page map does not have")
    }
  }

  func read(_ id: PageID, into frame: UnsafeMutableRawBufferPointer) throws(StorageError) {
    var entry = try entry(id)
    #if UPKEEP_PLANTS
      Plant.pass(.pageWasLocated)
    #endif
    while true {
      do throws(StorageError) {
        return try read(id, entry, into: frame)
      } catch {
        #if UPKEEP_PLANTS
          if Plant.isOn(.readsOnce) { throw error }
        #endif
        // Rule 8: the page may have moved between the look at the map and the read.
        let now = try self.entry(id)
        guard case .corrupt = error, now != entry, !now.isNone else { throw error }
        entry = now
      }
    }
  }

  private func read(
    _ id: PageID, _ entry: MapEntry, into frame: UnsafeMutableRawBufferPointer
  ) throws(StorageError) {
    try readExtent(entry, identity: id.rawValue, kind: nil, place: "\(id)", into: frame)
    #if UPKEEP_PLANTS
      if Plant.isOn(.skipsNodeValidation) { return }
    #endif
    if let base = frame.baseAddress, let reason = NodeValidation.validate(base, pageSize: codec.pageSize) {
      throw .corrupt(file: file.path, place: "\(id)", reason: reason)
    }
  }

  /// A superblock with these maps is durable. Pages that it gave up go, or stay where they are for readers.
  ///
  /// - Parameters:
  ///   - given: pages that the maps before had, with their places.
  ///   - waiting: pages that a reader can still see.
  ///   - entered: pages that were written early and that the new map has.
  /// - Returns: the extents of given pages that nobody can see.
  func adopt(
    pages: PageMap, roots: PageMap, given: [(PageID, MapEntry)], waiting: Set<PageID>,
    entered: [PageID]
  ) -> [Extent] {
    #if UPKEEP_PLANTS
      let waiting = Plant.isOn(.ignoresReadersOfExtents) ? [] : waiting
    #endif
    return maps.withLock { maps in
      maps.pages = pages
      maps.pages.trim(to: mostMapLeaves)
      maps.roots = roots
      for id in entered { maps.spilled[id.rawValue] = nil }
      var released: [Extent] = []
      for (id, entry) in given {
        if waiting.contains(id) {
          maps.graves[id.rawValue] = entry
          hasLoose.store(true, ordering: .releasing)
        } else {
          released.append(entry.extent)
        }
      }
      return released
    }
  }

  /// Pages were written early: this is where they are from now on.
  func enterSpilled(_ places: [(id: PageID, entry: MapEntry)]) {
    maps.withLock { maps in
      for place in places { maps.spilled[place.id.rawValue] = place.entry }
      hasLoose.store(true, ordering: .releasing)
    }
  }

  func forget(_ id: PageID) {
    guard hasLoose.load(ordering: .acquiring) else { return }
    let entry = maps.withLock { maps -> MapEntry? in
      let entry = maps.spilled.remove(id.rawValue) ?? maps.graves.removeValue(forKey: id.rawValue)
      if maps.graves.isEmpty, maps.spilled.isEmpty { hasLoose.store(false, ordering: .releasing) }
      return entry
    }
    if let entry { free.withLock { $0.release(entry.extent) } }
  }

  /// Reads, verifies and decompresses what an entry names.
  func readExtent(
    _ entry: MapEntry, identity: UInt64, kind: PageKind?, place: String,
    into frame: UnsafeMutableRawBufferPointer
  ) throws(StorageError) {
    let extent = entry.extent
    func corrupt(_ reason: String) -> StorageError {
      .corrupt(file: file.path, place: "\(place) at byte \(extent.byteOffset)", reason: reason)
    }
    guard extent.start >= FreeSpace.firstUnit, extent.count > 0, extent.byteCount <= codec.pageSize else {
      throw corrupt("an extent out of bounds")
    }
    let stored = UnsafeMutableRawBufferPointer.allocate(byteCount: extent.byteCount, alignment: 64)
    defer { stored.deallocate() }
    guard try file.read(into: stored, at: extent.byteOffset) == stored.count else {
      throw corrupt("the file ends before it")
    }
    if let reason = codec.decode(
      UnsafeRawBufferPointer(stored), identity: identity, checksum: entry.checksum, kind: kind, into: frame)
    {
      throw corrupt(reason)
    }
  }

  /// Reads a map page's entries.
  func readMapPage(_ identity: UInt64, _ entry: MapEntry) throws(StorageError) -> [MapEntry] {
    let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: codec.pageSize, alignment: 64)
    defer { frame.deallocate() }
    try readExtent(entry, identity: identity, kind: .map, place: "map page \(identity)", into: frame)
    return mapEntries(UnsafeRawBufferPointer(frame))
  }

  /// The entries of a map page that was verified.
  func mapEntries(_ page: UnsafeRawBufferPointer) -> [MapEntry] {
    guard let base = page.baseAddress else { return [] }
    let fanOut = (codec.pageSize - PageStore.headerSize) / MapEntry.byteCount
    return (0..<fanOut).map { i in
      let at = PageStore.headerSize + i * MapEntry.byteCount
      return MapEntry(packedExtent: base.integer(at), checksum: base.integer(at + 8))
    }
  }
}
