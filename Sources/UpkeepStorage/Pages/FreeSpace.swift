/// The free space of the data file: a bit for each unit of 512 bytes, set where the unit is in use. Derived at opening,
/// never stored.
///
/// The life of an extent (rule 8):
/// 1. `allocate`: free → in use by the checkpoint being written.
/// 2. The checkpoint's superblock is durable: it is in use by the durable map.
/// 3. A later checkpoint's superblock, which does not name it, is durable: `release`, and it is free.
///
/// Invariants:
/// 1. Units before `firstUnit` are in use. Units that `words` has no bit for are free, up to `endUnit`; none is in use
///    from there on.
/// 2. Of the free runs of whole 4 KB in the block `b`, the words from `b * 64` on, none has more than `longest[b]` of them.
///    A run is looked for only in blocks that may have it: a file full of small holes costs no more than a full one.
struct FreeSpace {
  /// Where extents begin.
  static let firstUnit: UInt64 = 16384 / UInt64(Extent.unitSize)
  /// Units of 4 KB, at which runs are aligned: a byte of `words`.
  private static let alignment: UInt64 = 8
  /// Words of a block: 2 MB of the file.
  private static let blockWords = 64
  private static let blockPieces = blockWords * 8

  private var words: [UInt64] = [1 << firstUnit - 1]
  private var usedUnits: UInt64 = 0
  /// For each block, the most 4 KB in a row that may be free in it.
  private var longest = [UInt16(blockPieces)]
  /// Where extents end: the file grows here.
  private(set) var endUnit: UInt64

  /// A file without extents, or one of which nothing is known to be in use yet.
  init(endUnit: UInt64 = firstUnit) { self.endUnit = max(endUnit, Self.firstUnit) }

  /// What the extents in use leave free up to `endUnit`; nil where two of them overlap or one lies outside.
  init?(used: [Extent], endUnit: UInt64) {
    self.init(endUnit: endUnit)
    for extent in used { guard occupy(extent) else { return nil } }
  }

  var freeUnits: UInt64 { endUnit - Self.firstUnit - usedUnits }

  /// What is kept of the file in memory, in bytes.
  var byteCount: Int { words.count * 8 }

  /// The free runs, in order. O(file).
  var runs: [Extent] {
    var runs: [Extent] = []
    var at = nextFree(Self.firstUnit)
    while at < endUnit {
      let end = nextUsed(at)
      runs.append(Extent(start: at, count: end - at))
      at = nextFree(end)
    }
    return runs
  }

  // MARK: Bits

  private func nextUsed(_ unit: UInt64) -> UInt64 {
    var i = Int(unit >> 6)
    guard i < words.count else { return endUnit }
    var word = words[i] & (.max << (unit & 63))
    while word == 0 {
      i += 1
      if i == words.count { return endUnit }
      word = words[i]
    }
    return min(UInt64(i) << 6 + UInt64(word.trailingZeroBitCount), endUnit)
  }

  private func nextFree(_ unit: UInt64) -> UInt64 {
    var i = Int(unit >> 6)
    guard i < words.count else { return unit }
    var word = ~words[i] & (.max << (unit & 63))
    while word == 0 {
      i += 1
      if i == words.count { return UInt64(i) << 6 }
      word = ~words[i]
    }
    return UInt64(i) << 6 + UInt64(word.trailingZeroBitCount)
  }

  /// The bits of an extent in the word `i`.
  @inline(__always)
  private static func mask(_ extent: Extent, _ i: Int) -> UInt64 {
    let base = UInt64(i) << 6
    let first = extent.start > base ? extent.start - base : 0
    let end = min(extent.end - base, 64)
    return (.max << first) & (end == 64 ? .max : 1 << end - 1)
  }

  /// Takes an extent that was free; false, with nothing to rely on, if part of it was in use or lies outside.
  mutating func occupy(_ extent: Extent) -> Bool {
    guard extent.count > 0, extent.start >= Self.firstUnit, extent.end <= endUnit else { return false }
    let last = Int((extent.end - 1) >> 6)
    if last >= words.count {
      // The last block gains words.
      longest[longest.count - 1] = UInt16(Self.blockPieces)
      words.append(contentsOf: repeatElement(0, count: last + 1 - words.count))
      let blocks = (words.count + Self.blockWords - 1) / Self.blockWords
      longest.append(contentsOf: repeatElement(UInt16(Self.blockPieces), count: blocks - longest.count))
    }
    for i in Int(extent.start >> 6)...last {
      let mask = Self.mask(extent, i)
      guard words[i] & mask == 0 else { return false }
      words[i] |= mask
    }
    usedUnits += extent.count
    return true
  }

  /// Gives an extent back.
  mutating func release(_ extent: Extent) {
    guard extent.count > 0, extent.start >= Self.firstUnit else { return }
    for i in Int(extent.start >> 6)...Int((extent.end - 1) >> 6) where i < words.count {
      let mask = Self.mask(extent, i)
      usedUnits -= UInt64((words[i] & mask).nonzeroBitCount)
      words[i] &= ~mask
      longest[i / Self.blockWords] = UInt16(Self.blockPieces)
    }
  }

  mutating func release(_ extents: [Extent]) {
    for extent in extents { release(extent) }
  }

  private static func aligned(_ unit: UInt64) -> UInt64 { (unit + alignment - 1) / alignment * alignment }

  // MARK: Allocation

  /// A run of at least `least` and at most `most` units that begins and ends on multiples of 4 KB, else the system reads
  /// what lies before and behind it in the same 4 KB (rule 27). The lowest that does not go from one block to the next;
  /// grows the file if none is free. O(blocks), and O(a block's words) for each block that was thought to have such
  /// a run and has none, which is then known until something in it is released.
  mutating func allocate(least: UInt64, most: UInt64) -> Extent {
    let pieces = max((least + Self.alignment - 1) / Self.alignment, 1)
    for block in longest.indices where UInt64(longest[block]) >= pieces {
      guard let found = run(in: block, least: Int(pieces)) else { continue }
      return take(found, most)
    }
    // The last run may reach the end of the file: begin there.
    let start = Self.aligned(tail)
    let rest = endUnit > start ? (endUnit - start) / Self.alignment * Self.alignment : 0
    if rest >= pieces * Self.alignment { return take(Extent(start: start, count: rest), most) }
    endUnit = max(endUnit, start + most)
    return take(Extent(start: start, count: most), most)
  }

  private mutating func take(_ found: Extent, _ most: UInt64) -> Extent {
    var run = found
    #if UPKEEP_PLANTS
      if Plant.isOn(.unalignedRuns) {
        while words[Int((run.start - 1) >> 6)] >> ((run.start - 1) & 63) & 1 == 0 {
          run = Extent(start: run.start - 1, count: run.count + 1)
        }
      }
    #endif
    run.count = min(run.count, most)
    _ = occupy(run)
    return run
  }

  /// The first run of at least so many free 4 KB in a block; where there is none, what the longest is gets noted.
  private mutating func run(in block: Int, least: Int) -> Extent? {
    let first = block * Self.blockWords
    let end = min(min(first + Self.blockWords, words.count) * 8, Int(endUnit / Self.alignment))
    var most = 0
    var length = 0
    var piece = first * 8
    while piece < end {
      let word = words[piece >> 3]
      if word == .max {
        if length >= least { return Self.pieces(piece - length, length) }
        (most, length) = (max(most, length), 0)
        piece += 8
        continue
      }
      for byte in 0..<min(8, end - piece) {
        if word >> UInt64(byte * 8) & 0xFF == 0 {
          length += 1
        } else {
          if length >= least { return Self.pieces(piece + byte - length, length) }
          (most, length) = (max(most, length), 0)
        }
      }
      piece += 8
    }
    if length >= least { return Self.pieces(end - length, length) }
    longest[block] = UInt16(max(most, length))
    return nil
  }

  private static func pieces(_ first: Int, _ count: Int) -> Extent {
    Extent(start: UInt64(first) * alignment, count: UInt64(count) * alignment)
  }

  /// The end of the last extent in use.
  private var tail: UInt64 {
    var i = words.count - 1
    while i > 0, words[i] == 0 { i -= 1 }
    return max(UInt64(i) << 6 + UInt64(64 - words[i].leadingZeroBitCount), Self.firstUnit)
  }

  /// Cuts the free run at the end of the file off, if there is one.
  mutating func trimEnd() {
    endUnit = tail
    let needed = Int((endUnit + 63) >> 6)
    if words.count > needed {
      words.removeSubrange(needed...)
      longest.removeSubrange(((needed + Self.blockWords - 1) / Self.blockWords)...)
    }
  }

  // MARK: Compaction

  /// Where a file of the same extents would end that has no free space.
  var leastEnd: UInt64 { Self.firstUnit + usedUnits }

  /// The lowest unit from which on at most `units` are in use; no lower than `leastEnd`.
  func start(ofLast units: UInt64) -> UInt64 {
    var left = units
    var i = words.count - 1
    while i >= 0, UInt64(i) << 6 >= leastEnd {
      let used = UInt64(words[i].nonzeroBitCount)
      guard used <= left else { break }
      left -= used
      i -= 1
    }
    guard i >= 0 else { return leastEnd }
    // The word in which it lies, bit by bit.
    var at = min(UInt64(i + 1) << 6, endUnit)
    while at > leastEnd {
      let bit = words[i] >> ((at - 1) & 63) & 1
      guard at - 1 >= UInt64(i) << 6, bit <= left else { break }
      left -= bit
      at -= 1
    }
    return max(at, leastEnd)
  }

  /// The block in which a unit lies.
  static func block(of unit: UInt64) -> UInt64 { unit / UInt64(blockWords * 64) }

  /// The blocks that hold least, at most `units` together and none more than seven eighths of itself: who moves what is
  /// in them has long free runs for it. Of equals those at the file's end. O(file).
  func emptiestBlocks(holding units: UInt64) -> Set<UInt64> {
    let size = UInt64(Self.blockWords * 64)
    let uses = longest.indices.map { block -> (block: Int, used: UInt64) in
      let part = words[(block * Self.blockWords)..<min((block + 1) * Self.blockWords, words.count)]
      return (block, part.reduce(0) { $0 + UInt64($1.nonzeroBitCount) })
    }
    var left = units
    var blocks: Set<UInt64> = []
    for (block, used) in uses.sorted(by: { ($0.used * 32 / size, $1.block) < ($1.used * 32 / size, $0.block) }
    ) {
      let end = min(UInt64(block + 1) * size, endUnit)
      guard used > 0, used * 8 <= (end - min(UInt64(block) * size, end)) * 7 else { continue }
      guard used <= left else { break }
      left -= used
      blocks.insert(UInt64(block))
    }
    return blocks
  }

  /// Takes, for each of some extents, the lowest free place that is long enough and lies before it; nil where there is
  /// none. O(extents + runs) for each length of an extent.
  ///
  /// - Parameters:
  ///   - extents: in descending order.
  ///   - leastRun: units of the runs that are used; of runs longer than one unit, the part from a multiple of 4 KB on.
  mutating func takePlaces(before extents: [Extent], leastRun: UInt64) -> [Extent?] {
    var holes = runs.compactMap { run -> Extent? in
      let start = leastRun > 1 ? Self.aligned(run.start) : run.start
      return start < run.end && run.end - start >= leastRun
        ? Extent(start: start, count: run.end - start) : nil
    }
    var firstOfLength = [Int](repeating: 0, count: Int(extents.map(\.count).max() ?? 0) + 1)
    var places: [Extent?] = []
    places.reserveCapacity(extents.count)
    for extent in extents {
      var i = firstOfLength[Int(extent.count)]
      while i < holes.count, holes[i].count < extent.count { i += 1 }
      firstOfLength[Int(extent.count)] = i
      guard i < holes.count, holes[i].start + extent.count <= extent.start else {
        places.append(nil)
        continue
      }
      let place = Extent(start: holes[i].start, count: extent.count)
      holes[i].start += extent.count
      holes[i].count -= extent.count
      _ = occupy(place)
      places.append(place)
    }
    return places
  }
}
