/// Moves extents from the end of the data file into free space before them, so that the file can be cut.
///
/// 1. What moves are pages that the durable map has and the map being written still has, as they are stored: a checksum
///    is seeded with the page's identity, not with its place. What was written by the same checkpoint stays.
/// 2. The place that a page leaves is free when the superblock that names the new one is durable, as for any extent
///    that is replaced (rule 8). A reader that looked at the old map looks again (`DataFile.read`).
/// 3. Nothing is signed again that was not verified: what does not pass its checksum stays where it is, to be
///    found by whoever needs it.
/// 4. Pages of the maps that lie where all moves away are written anew by the same checkpoint.
///
/// Where what lies at the end fits into no hole, the file is cleared block by block instead, as a log-structured file
/// system cleans its segments (Rosenblum and Ousterhout, 1992), those first that hold least: what they hold goes behind
/// what the checkpoint wrote, and the next one finds long runs free.
struct Compaction {
  /// How much a checkpoint moves.
  enum Reach {
    case nothing
    /// A little, into long free runs, if more than a quarter of the file is free.
    case step
    /// All that lies beyond where the file could end, into whatever is free. If that is not much, a third of the file is
    /// `clearing`: it may end later than before, until the next such.
    case full(clearing: Bool)

    /// Whether what is written goes into holes however small, so that the file ends as early as it can.
    var fillsHoles: Bool { if case .full = self { true } else { false } }
  }

  /// 8 MB, in units of extents.
  private static let step: UInt64 = (8 << 20) / UInt64(Extent.unitSize)
  /// The runs that a step fills: 64 KB.
  private static let leastRunOfStep: UInt64 = 128
  private static let mostRun = 1 << 20

  private let data: DataFile
  private let writer: ExtentWriter
  private let reach: Reach
  /// Asked before each run of pages, which may stop all of the checkpoint.
  private let progress: PageProgress?

  /// - Parameter writer: of the checkpoint, which gives the places back if it comes to nothing.
  init(_ data: DataFile, _ writer: ExtentWriter, _ reach: Reach, progress: PageProgress? = nil) {
    self.data = data
    self.writer = writer
    self.reach = reach
    self.progress = progress
  }

  private struct Move {
    let isRoots: Bool
    let index: UInt64
    let entry: MapEntry
    var target = Extent(start: 0, count: 0)
  }

  func run(_ pages: inout PageMap, _ roots: inout PageMap) throws(StorageError) {
    let (end, free, leastEnd) = data.free.withLock { ($0.endUnit, $0.freeUnits, $0.leastEnd) }
    switch reach {
    case .nothing: return
    case .step:
      guard free * 4 > end else { return }
      let start = data.free.withLock { $0.start(ofLast: Self.step) }
      _ = try moveDown(&pages, &roots, from: start, leastRun: Self.leastRunOfStep)
    case .full(let clearing):
      let moved = try moveDown(&pages, &roots, from: leastEnd, leastRun: 1)
      if clearing, moved < free / 2 { try clear(max(Self.step, end / 3), &pages, &roots) }
    }
  }

  /// Moves what lies from `start` on into free runs before it.
  ///
  /// - Returns: how many units moved.
  private func moveDown(
    _ pages: inout PageMap, _ roots: inout PageMap, from start: UInt64, leastRun: UInt64
  ) throws(StorageError) -> UInt64 {
    var moves = try movable(&pages, &roots) { $0.start >= start }
    moves.sort { $0.entry.extent.start > $1.entry.extent.start }
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
    let copied = try copy(placed)
    try enter(copied, &pages, &roots)
    return copied.reduce(0) { $0 + $1.target.count }
  }

  /// Moves what lies in the blocks that hold least, `units` at most, behind what the checkpoint wrote.
  private func clear(_ units: UInt64, _ pages: inout PageMap, _ roots: inout PageMap) throws(StorageError) {
    let blocks = data.free.withLock { $0.emptiestBlocks(holding: units) }
    guard !blocks.isEmpty else { return }
    var moves = try movable(&pages, &roots) { blocks.contains(FreeSpace.block(of: $0.start)) }
    moves.sort { $0.entry.extent.start < $1.entry.extent.start }
    let longest = Int(moves.map(\.entry.extent.count).max() ?? 0) * Extent.unitSize
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: longest, alignment: 4096)
    defer { buffer.deallocate() }
    var copied: [Move] = []
    for (number, var move) in moves.enumerated() {
      if number & 255 == 0 { try progress?(UInt64(number), UInt64(moves.count)) }
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<move.entry.extent.byteCount])
      guard read(move, into: part) else { continue }
      move.target = try writer.store(encoded: UnsafeRawBufferPointer(part))
      copied.append(move)
    }
    try enter(copied, &pages, &roots)
  }

  /// Says in the maps where pages are now.
  private func enter(
    _ moves: [Move], _ pages: inout PageMap, _ roots: inout PageMap
  ) throws(StorageError) {
    // In the order of the map: each leaf of it is changed once.
    for move in moves.sorted(by: { $0.index < $1.index }) {
      let entry = MapEntry(move.target, checksum: move.entry.checksum)
      if move.isRoots {
        try roots.set(move.index, entry, writer.readMapPage)
      } else {
        try pages.set(move.index, entry, writer.readMapPage)
        if pages.changedLeafCount > data.mostMapLeaves { try writer.storeLeaves(&pages, writer.readMapPage) }
      }
    }
  }

  /// What lies where `isMoved` says and is not new; pages of the maps themselves are marked to be written anew.
  private func movable(
    _ pages: inout PageMap, _ roots: inout PageMap, where isMoved: (Extent) -> Bool
  ) throws(StorageError) -> [Move] {
    let durable = data.maps.withLock { (pages: $0.pages, roots: $0.roots) }
    return try movable(&pages, since: durable.pages, isRoots: false, where: isMoved)
      + movable(&roots, since: durable.roots, isRoots: true, where: isMoved)
  }

  private func movable(
    _ map: inout PageMap, since durable: PageMap, isRoots: Bool, where isMoved: (Extent) -> Bool
  ) throws(StorageError) -> [Move] {
    var moves: [Move] = []
    try map.forEachEntry(writer.readMapPage) { index, entry in
      guard isMoved(entry.extent) else { return }
      moves.append(Move(isRoots: isRoots, index: index, entry: entry))
    }
    let old = try durable.entries(moves.map(\.index), data.readMapPage)
    let isOld = zip(moves, old).map { $0.entry == $1 }
    moves = zip(moves, isOld).filter(\.1).map(\.0)
    map.touchPages(where: isMoved)
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
      try progress?(UInt64(first), UInt64(moves.count))
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

  /// Rounds of full compaction, each a checkpoint: what one leaves free the next can fill. They come in twos, of which
  /// only the first clears blocks. It ends when little is free, or when nothing is won any more. Called with the
  /// checkpoint's lock.
  ///
  /// - Parameters:
  ///   - share: what part of the file may stay free: one in so many.
  ///   - write: writes a checkpoint that moves what it is told.
  func compactInRounds(
    sparing share: UInt64, _ write: (Compaction.Reach) throws(StorageError) -> Void
  ) throws(StorageError) {
    guard let data else { return }
    func hasMuchFree() -> Bool {
      let (end, free) = data.free.withLock { ($0.endUnit, $0.freeUnits) }
      return free * share > end && free > Self.worthRounds
    }
    // A round that wins nothing may have made room for the next: the maps' pages lie where they were written last.
    var stalled = 0
    for _ in 0..<8 where hasMuchFree() && stalled < 2 {
      let end = data.free.withLock { $0.endUnit }
      try write(.full(clearing: true))
      if hasMuchFree() { try write(.full(clearing: false)) }
      stalled = data.free.withLock { $0.endUnit } < end - end / 128 ? 0 : stalled + 1
    }
  }

  /// Moves everything down that can be, and cuts the file.
  func compact(progress: PageProgress?) throws(StorageError) {
    try checkpoints.lock.withLock { () throws(StorageError) in
      if isClosed { throw .closed }
      versions.releaseUnseen()
      if commits.hasChanges { try checkpointPinned(moving: .nothing) }
      try compactInRounds(sparing: 64) { reach throws(StorageError) in
        try checkpointPinned(moving: reach, progress: progress)
      }
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
