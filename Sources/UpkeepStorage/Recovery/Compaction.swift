/// Moves extents from the end of the data file into free space before them, so that the file can be cut.
///
/// 1. What moves are pages that the durable map has and the map being written still has, as they are stored: a checksum
///    is seeded with the page's identity, not with its place. What was written by the same checkpoint stays.
/// 2. The place that a page leaves is free when the superblock that names the new one is durable, as for any extent
///    that is replaced (rule 8). A reader that looked at the old map looks again (`DataFile.read`).
/// 3. Nothing is signed again that was not verified: what does not pass its checksum stays where it is, to be
///    found by whoever needs it.
/// 4. Pages of the maps that lie at the end are written anew by the same checkpoint.
struct Compaction {
  /// How much a checkpoint moves.
  enum Reach {
    case nothing
    /// A little, into long free runs, if more than a quarter of the file is free.
    case step
    /// All that lies beyond where the file could end, into whatever is free.
    case full
  }

  /// 8 MB, in units of extents.
  private static let step: UInt64 = (8 << 20) / UInt64(Extent.unitSize)
  /// The runs that a step fills: 64 KB.
  private static let leastRunOfStep: UInt64 = 128
  private static let mostRun = 1 << 20

  private let data: DataFile
  private let writer: ExtentWriter
  private let reach: Reach

  /// - Parameter writer: of the checkpoint, which gives the places back if it comes to nothing.
  init(_ data: DataFile, _ writer: ExtentWriter, _ reach: Reach) {
    self.data = data
    self.writer = writer
    self.reach = reach
  }

  private struct Move {
    let isRoots: Bool
    let index: UInt64
    let entry: MapEntry
    var target = Extent(start: 0, count: 0)
  }

  func run(_ pages: inout PageMap, _ roots: inout PageMap) throws(StorageError) {
    let start: UInt64? = data.free.withLock { free in
      switch reach {
      case .nothing: nil
      case .step: free.freeUnits * 4 > free.endUnit ? free.start(ofLast: Self.step) : nil
      case .full: free.leastEnd
      }
    }
    guard let start else { return }
    let durable = data.maps.withLock { (pages: $0.pages, roots: $0.roots) }
    var moves = try movable(&pages, since: durable.pages, from: start, isRoots: false)
    moves += try movable(&roots, since: durable.roots, from: start, isRoots: true)
    moves.sort { $0.entry.extent.start > $1.entry.extent.start }
    let leastRun = reach == .full ? 1 : Self.leastRunOfStep
    let places = data.free.withLock {
      $0.takePlaces(before: moves.map(\.entry.extent), leastRun: leastRun)
    }
    var placed: [Move] = []
    for (move, place) in zip(moves, places) {
      guard let place else { continue }
      placed.append(move)
      placed[placed.count - 1].target = place
    }
    placed.sort { $0.target.start < $1.target.start }
    // Noted first, so that a failure gives all of them back.
    writer.note(placed.map(\.target))
    // In the order of the map: each leaf of it is changed once.
    for move in try copy(placed).sorted(by: { $0.index < $1.index }) {
      let entry = MapEntry(move.target, checksum: move.entry.checksum)
      if move.isRoots {
        try roots.set(move.index, entry, writer.readMapPage)
      } else {
        try pages.set(move.index, entry, writer.readMapPage)
        if pages.changedLeafCount > data.mostMapLeaves { try writer.storeLeaves(&pages, writer.readMapPage) }
      }
    }
  }

  /// What lies from `start` on and is not new; pages of the map itself are marked to be written anew.
  private func movable(
    _ map: inout PageMap, since durable: PageMap, from start: UInt64, isRoots: Bool
  ) throws(StorageError) -> [Move] {
    var moves: [Move] = []
    try map.forEachEntry(writer.readMapPage) { index, entry in
      guard entry.extent.start >= start else { return }
      moves.append(Move(isRoots: isRoots, index: index, entry: entry))
    }
    let old = try durable.entries(moves.map(\.index), data.readMapPage)
    let isOld = zip(moves, old).map { $0.entry == $1 }
    moves = zip(moves, isOld).filter(\.1).map(\.0)
    map.touchPages(from: start)
    return moves
  }

  /// Copies pages, in the order of their targets, in runs as long as the targets are.
  ///
  /// - Returns: those that were copied; the places of the others are given back.
  private func copy(_ moves: [Move]) throws(StorageError) -> [Move] {
    var copied: [Move] = []
    var failed: [Extent] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.mostRun, alignment: 4096)
    defer { buffer.deallocate() }
    var first = 0
    while first < moves.count {
      let start = moves[first].target.start
      var end = first
      var length = 0
      while end < moves.count,
        moves[end].target.byteOffset == moves[first].target.byteOffset + UInt64(length),
        length + moves[end].target.byteCount <= buffer.count
      {
        let move = moves[end]
        let part = UnsafeMutableRawBufferPointer(
          rebasing: buffer[length..<(length + move.target.byteCount)])
        if read(move, into: part) {
          copied.append(move)
        } else {
          part.initializeMemory(as: UInt8.self, repeating: 0)
          failed.append(move.target)
        }
        length += move.target.byteCount
        end += 1
      }
      guard end > first else { break }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<length])
      try data.file.write(bytes, at: start * UInt64(Extent.unitSize), .spare)
      first = end
    }
    writer.giveUp(failed)
    return copied
  }

  /// Whether the page is there and whole.
  private func read(_ move: Move, into part: UnsafeMutableRawBufferPointer) -> Bool {
    guard let count = try? data.file.read(into: part, at: move.entry.extent.byteOffset), count == part.count
    else { return false }
    let seed = data.codec.seed(identity: move.index, kind: move.isRoots ? PageKind.roots.rawValue : 0)
    return Checksum.hash(UnsafeRawBufferPointer(part), seed: seed) == move.entry.checksum
  }
}

extension StorageCore {
  /// Free units for which no checkpoint is worth writing: 16 KB.
  private static var worthRounds: UInt64 { 32 }

  /// Rounds of full compaction, each a checkpoint: what one leaves free the next can fill. It ends when little is free,
  /// or when nothing is won any more. Called with the checkpoint's lock.
  ///
  /// - Parameters:
  ///   - share: what part of the file may stay free: one in so many.
  ///   - write: writes a checkpoint that moves all it can.
  func compactInRounds(
    sparing share: UInt64, _ write: () throws(StorageError) -> Void
  ) throws(StorageError) {
    guard let data else { return }
    var stalled = 0
    for _ in 0..<12 {
      let (end, free) = data.free.withLock { ($0.endUnit, $0.freeUnits) }
      guard free * share > end, free > Self.worthRounds, stalled < 2 else { return }
      try write()
      let now = data.free.withLock { $0.endUnit }
      stalled = now + end / 128 < end ? 0 : stalled + 1
    }
  }

  /// Moves everything down that can be, and cuts the file.
  func compact() throws(StorageError) {
    try checkpoints.lock.withLock { () throws(StorageError) in
      if isClosed { throw .closed }
      if commits.hasChanges { try checkpointPinned(moving: .nothing) }
      try compactInRounds(sparing: 64) { () throws(StorageError) in try checkpointPinned(moving: .full) }
    }
  }

  /// Cuts off what is free at the end of the file, if it is worth a call, or `always`. A failure is kept by the latch: what was
  /// promised is kept all the same.
  func trimFile(_ data: DataFile, atLeast units: UInt64, always: Bool) {
    data.free.withLock { free in
      let before = free.endUnit
      free.trimEnd()
      // Nobody can take a place beyond the end meanwhile.
      guard before - free.endUnit > (always ? 0 : before / 8) else { return }
      try? data.file.truncate(to: max(free.endUnit, units) * UInt64(Extent.unitSize))
    }
  }
}
