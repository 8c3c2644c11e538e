/// Writes the pages of a checkpoint, or those that leave memory early, into fresh extents, packed into long runs (rule 27): each run begins on a
/// multiple of 4 KB, and what is written of it ends on one.
final class ExtentWriter {
  /// 64 KB and 1 MB, in units.
  private static let leastRun: UInt64 = 128
  private static let mostRun: UInt64 = 2048
  private static let alignment: UInt64 = 8

  let data: DataFile
  private let version: UInt64
  /// The run being filled, and how many of its units are.
  private var run = Extent(start: 0, count: 0)
  private var filled: UInt64 = 0
  /// Units of the run from which on nothing was written to the file yet; they are in `buffer`.
  private let buffer: UnsafeMutableRawPointer
  /// Where pages were written.
  private var used: [Extent] = []
  /// Parts of runs that no page took.
  private var leftOver: [Extent] = []
  private let least: UInt64
  private(set) var pageCount = 0
  private(set) var byteCount: UInt64 = 0

  /// - Parameter fillsHoles: whether short free runs are used; where much of the file is free they are in any case, because
  ///   a slower write beats a longer file.
  init(_ data: DataFile, version: UInt64, fillsHoles: Bool = false) {
    self.data = data
    self.version = version
    let usesAll = data.free.withLock { fillsHoles || $0.freeUnits * 4 > $0.endUnit }
    least = usesAll ? Self.alignment : Self.leastRun
    buffer = .allocate(byteCount: Int(Self.mostRun) * Extent.unitSize + data.codec.pageSize, alignment: 4096)
  }

  deinit { buffer.deallocate() }

  var pageSize: Int { data.codec.pageSize }

  /// Stores a page and says where.
  func store(_ page: UnsafeRawPointer, identity: UInt64) throws(StorageError) -> MapEntry {
    let (units, checksum) = data.codec.encode(
      page, identity: identity, version: version, into: buffer + Int(filled) * Extent.unitSize)
    pageCount += 1
    return MapEntry(try place(units: UInt64(units)), checksum: checksum)
  }

  /// Stores a page as it is stored elsewhere.
  func store(encoded page: UnsafeRawBufferPointer) throws(StorageError) -> Extent {
    let end = UnsafeMutableRawBufferPointer(start: buffer + Int(filled) * Extent.unitSize, count: page.count)
    end.copyMemory(from: page)
    return try place(units: UInt64(page.count / Extent.unitSize))
  }

  /// Where what was just put behind the rest of the run goes: there, or to the next run.
  private func place(units: UInt64) throws(StorageError) -> Extent {
    #if UPKEEP_PLANTS
      if Plant.isOn(.writesPagesAlone), filled > 0 {
        try nextRun(units: units)
      } else if filled + units > run.count {
        try nextRun(units: units)
      }
    #else
      if filled + units > run.count { try nextRun(units: units) }
    #endif
    let extent = Extent(start: run.start + filled, count: units)
    filled += units
    return extent
  }

  /// What is stored in an extent, while it waits to be written.
  func pending(_ extent: Extent) -> UnsafeRawBufferPointer? {
    guard extent.start >= run.start, extent.end <= run.start + filled else { return nil }
    let offset = Int(extent.start - run.start) * Extent.unitSize
    return UnsafeRawBufferPointer(start: buffer + offset, count: extent.byteCount)
  }

  /// Writes the run so far and begins another; the page just encoded moves to its start.
  private func nextRun(units: UInt64) throws(StorageError) {
    let encoded = buffer + Int(filled) * Extent.unitSize
    let size = Int(units) * Extent.unitSize
    let kept = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
    defer { kept.deallocate() }
    kept.copyMemory(from: encoded, byteCount: size)
    try flush()
    let wanted = max(least, units)
    run = data.free.withLock { $0.allocate(least: wanted, most: Self.mostRun) }
    filled = 0
    buffer.copyMemory(from: kept, byteCount: size)
  }

  /// Writes what the current run holds, up to a multiple of 4 KB.
  private func flush() throws(StorageError) {
    guard run.count > 0 else { return }
    let end = min((filled + Self.alignment - 1) / Self.alignment * Self.alignment, run.count)
    (buffer + Int(filled) * Extent.unitSize)
      .initializeMemory(as: UInt8.self, repeating: 0, count: Int(end - filled) * Extent.unitSize)
    let bytes = UnsafeRawBufferPointer(start: buffer, count: Int(end) * Extent.unitSize)
    if !bytes.isEmpty { try data.file.write(bytes, at: run.byteOffset, .spare) }
    byteCount += UInt64(bytes.count)
    if filled > 0 { used.append(Extent(start: run.start, count: filled)) }
    if filled < run.count { leftOver.append(Extent(start: run.start + filled, count: run.count - filled)) }
    run = Extent(start: 0, count: 0)
    filled = 0
  }

  /// Writes the rest, and gives back what no page took. More may be stored afterwards.
  func finish() throws(StorageError) {
    try flush()
    data.free.withLock { $0.release(leftOver) }
    leftOver.removeAll()
  }

  /// Places that were taken by somebody else share the fate of those of this writer.
  func note(_ places: [Extent]) { used += places }

  /// Some of those are not needed after all.
  func giveUp(_ places: [Extent]) {
    guard !places.isEmpty else { return }
    let unneeded = Set(places)
    used.removeAll { unneeded.contains($0) }
    leftOver += places
  }

  /// Gives everything back: what was written is not needed after all.
  ///
  /// - Parameter kept: but for these, which are in use by somebody else by now.
  func abandon(keeping kept: [Extent] = []) {
    if run.count > 0 { leftOver.append(run) }
    run = Extent(start: 0, count: 0)
    filled = 0
    data.free.withLock { free in
      free.release(used + leftOver)
      for extent in kept { _ = free.occupy(extent) }
    }
    used.removeAll()
    leftOver.removeAll()
  }
}
