import UpkeepTesting

@testable import UpkeepStorage

/// Changes what a closed database says anywhere and makes every checksum above it right again, as somebody would who
/// means harm: what is left to protect the engine is that it believes nothing.
///
/// A page that changed is written behind all others, so that the old one need not be as long.
struct Forger {
  private(set) var bytes: [UInt8]
  var superblock: Superblock
  private let codec: PageCodec
  private var entries: [MapEntry]

  /// - Parameter bytes: a closed database whose page map is a single page.
  init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    let slot = bytes[..<Superblock.byteCount].withUnsafeBytes { Superblock.decode($0, slot: 0) }
    guard case .valid(let superblock) = slot, superblock.mapLevels == 1 else { return nil }
    self.superblock = superblock
    codec = PageCodec(pageSize: superblock.pageSize, databaseID: superblock.databaseID)
    entries = []
    let fanOut = (superblock.pageSize - PageStore.headerSize) / MapEntry.byteCount
    let map = PageMap(pageSize: superblock.pageSize, mark: 0)
    guard let page = page(superblock.mapRoot, map.identity(level: 1, page: 0), .map) else { return nil }
    entries = (0..<fanOut).map { number in
      let at = PageStore.headerSize + number * MapEntry.byteCount
      return page.withUnsafeBytes { bytes in
        MapEntry(
          packedExtent: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self),
          checksum: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self))
      }
    }
  }

  /// The ids of the pages of trees.
  var pages: [UInt64] { entries.indices.filter { !entries[$0].isNone }.map { UInt64($0) } }

  /// A page of a tree as it is in memory.
  func page(_ id: UInt64) -> [UInt8]? { page(entries[Int(id)], id, nil) }

  private func page(_ entry: MapEntry, _ identity: UInt64, _ kind: PageKind?) -> [UInt8]? {
    let start = Int(entry.extent.byteOffset)
    guard start + entry.extent.byteCount <= bytes.count else { return nil }
    var page = [UInt8](repeating: 0, count: codec.pageSize)
    let problem = bytes[start..<start + entry.extent.byteCount].withUnsafeBytes { stored in
      page.withUnsafeMutableBytes {
        codec.decode(stored, identity: identity, checksum: entry.checksum, kind: kind, into: $0)
      }
    }
    return problem == nil ? page : nil
  }

  private mutating func append(_ page: [UInt8], _ identity: UInt64) -> MapEntry {
    var stored = [UInt8](repeating: 0, count: codec.pageSize * 2)
    let (units, checksum) = page.withUnsafeBytes { page in
      stored.withUnsafeMutableBytes { stored -> (Int, UInt64) in
        guard let from = page.baseAddress, let to = stored.baseAddress else { return (0, 0) }
        return codec.encode(from, identity: identity, version: superblock.version, into: to)
      }
    }
    let start = UInt64(bytes.count / Extent.unitSize)
    bytes += stored[..<(units * Extent.unitSize)]
    superblock.fileSize = UInt64(bytes.count)
    return MapEntry(Extent(start: start, count: UInt64(units)), checksum: checksum)
  }

  /// Changes a page of a tree.
  mutating func change(_ id: UInt64, _ change: (inout [UInt8]) -> Void) {
    guard var page = page(id) else { return }
    change(&page)
    entries[Int(id)] = append(page, id)
    writeMap()
  }

  /// Changes where the page map says that a page is.
  mutating func change(entryOf id: UInt64, _ change: (inout MapEntry) -> Void) {
    change(&entries[Int(id)])
    writeMap()
  }

  private mutating func writeMap() {
    let map = PageMap(pageSize: codec.pageSize, mark: 0)
    var page = [UInt8](repeating: 0, count: codec.pageSize)
    page[0] = PageKind.map.rawValue
    for (number, entry) in entries.enumerated() {
      page.put(entry.packedExtent, at: PageStore.headerSize + number * MapEntry.byteCount)
      page.put(entry.checksum, at: PageStore.headerSize + number * MapEntry.byteCount + 8)
    }
    superblock.mapRoot = append(page, map.identity(level: 1, page: 0))
  }

  /// Changes the first page of the roots array.
  mutating func changeRoots(_ change: (inout [UInt8]) -> Void) {
    let map = PageMap(pageSize: codec.pageSize, mark: PageMap.rootsMark)
    let identity = map.identity(level: 1, page: 0)
    guard var listing = page(superblock.rootsRoot, identity, .map) else { return }
    let entry = listing.withUnsafeBytes {
      MapEntry(
        packedExtent: $0.loadUnaligned(fromByteOffset: PageStore.headerSize, as: UInt64.self),
        checksum: $0.loadUnaligned(fromByteOffset: PageStore.headerSize + 8, as: UInt64.self))
    }
    guard var roots = page(entry, 0, .roots) else { return }
    change(&roots)
    let new = append(roots, 0)
    listing.put(new.packedExtent, at: PageStore.headerSize)
    listing.put(new.checksum, at: PageStore.headerSize + 8)
    superblock.rootsRoot = append(listing, identity)
  }

  /// The file, with both superblocks as they are meant to be.
  var file: [UInt8] {
    var file = bytes
    for slot in 0...1 {
      file.replaceSubrange(slot * 4096..<slot * 4096 + 512, with: superblock.encoded(slot: slot))
    }
    return file
  }
}

extension [UInt8] {
  /// Overwrites bytes with a number, least byte first.
  mutating func put<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
    Swift.withUnsafeBytes(of: number.littleEndian) { replaceSubrange(offset..<offset + $0.count, with: $0) }
  }
}
