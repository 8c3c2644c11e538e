/// The free runs of the data file, in units of 512 bytes. Derived at opening, never stored.
///
/// The life of an extent (rule 8):
/// 1. `allocate`: free → in use by the checkpoint being written.
/// 2. The checkpoint's superblock is durable: it is in use by the durable map.
/// 3. A later checkpoint's superblock, which does not name it, is durable: `release`, and it is free.
///
/// Invariants: runs are sorted, do not touch one another and lie within `firstUnit ..< endUnit`.
struct FreeSpace {
  /// Where extents begin.
  static let firstUnit: UInt64 = 16384 / UInt64(Extent.unitSize)
  /// Units of 4 KB, at which runs are aligned.
  private static let alignment: UInt64 = 8

  private(set) var runs: [Extent] = []
  /// Where extents end: the file grows here.
  private(set) var endUnit: UInt64

  /// A file without extents.
  init() { endUnit = Self.firstUnit }

  /// What the extents in use leave free up to `endUnit`.
  ///
  /// - Throws: nil-like `overlap` where two of them overlap or one lies outside.
  init?(used: [Extent], endUnit: UInt64) {
    self.endUnit = max(endUnit, Self.firstUnit)
    var at = Self.firstUnit
    for extent in used.sorted(by: { $0.start < $1.start }) {
      guard extent.count > 0, extent.start >= at, extent.end <= self.endUnit else { return nil }
      if extent.start > at { runs.append(Extent(start: at, count: extent.start - at)) }
      at = extent.end
    }
    if at < self.endUnit { runs.append(Extent(start: at, count: self.endUnit - at)) }
  }

  var freeUnits: UInt64 { runs.reduce(0) { $0 + $1.count } }

  /// A run of at least `least` and at most `most` units that begins and ends on multiples of 4 KB, lowest first; grows the file if none is free.
  mutating func allocate(least: UInt64, most: UInt64) -> Extent {
    for i in runs.indices {
      let run = runs[i]
      let start = (run.start + Self.alignment - 1) / Self.alignment * Self.alignment
      #if UPKEEP_PLANTS
        if Plant.isOn(.unalignedRuns), run.count >= least {
          let part = Extent(start: run.start, count: min(run.count, most))
          take(i, part)
          return part
        }
      #endif
      guard start < run.end else { continue }
      // It ends on a multiple of 4 KB too, else the system reads what lies behind it in the same 4 KB (rule 27).
      let count = min((run.end - start) / Self.alignment * Self.alignment, most)
      guard count >= least else { continue }
      take(i, Extent(start: start, count: count))
      return Extent(start: start, count: count)
    }
    // The last run may reach the end of the file: begin there.
    var start = endUnit
    if let last = runs.last, last.end == endUnit {
      start = (last.start + Self.alignment - 1) / Self.alignment * Self.alignment
      if start >= last.end { start = (endUnit + Self.alignment - 1) / Self.alignment * Self.alignment }
    } else {
      start = (start + Self.alignment - 1) / Self.alignment * Self.alignment
    }
    let grown = Extent(start: start, count: most)
    if start > endUnit {
      if let last = runs.last, last.end == endUnit {
        runs[runs.count - 1].count += start - endUnit
      } else {
        runs.append(Extent(start: endUnit, count: start - endUnit))
      }
    }
    if start < endUnit, let last = runs.popLast() {
      if last.start < start { runs.append(Extent(start: last.start, count: start - last.start)) }
    }
    endUnit = grown.end
    return grown
  }

  private mutating func take(_ i: Int, _ part: Extent) {
    let run = runs[i]
    let after = Extent(start: part.end, count: run.end - part.end)
    let before = Extent(start: run.start, count: part.start - run.start)
    if before.count > 0 {
      runs[i] = before
      if after.count > 0 { runs.insert(after, at: i + 1) }
    } else if after.count > 0 {
      runs[i] = after
    } else {
      runs.remove(at: i)
    }
  }

  /// Gives extents back. O(n) for all of them together.
  mutating func release(_ extents: [Extent]) {
    guard !extents.isEmpty else { return }
    var merged: [Extent] = []
    merged.reserveCapacity(runs.count + extents.count)
    for run in (runs + extents).sorted(by: { $0.start < $1.start }) where run.count > 0 {
      if let last = merged.last, last.end == run.start {
        merged[merged.count - 1].count += run.count
      } else {
        merged.append(run)
      }
    }
    runs = merged
  }

  /// Cuts the free run at the end of the file off, if there is one.
  mutating func trimEnd() {
    if let last = runs.last, last.end == endUnit {
      runs.removeLast()
      endUnit = last.start
    }
  }

  // MARK: Compaction

  /// Where a file of the same extents would end that has no free space.
  var leastEnd: UInt64 { endUnit - freeUnits }

  /// The lowest unit from which on at most `units` are in use; no lower than `leastEnd`.
  func start(ofLast units: UInt64) -> UInt64 {
    let least = leastEnd
    var at = endUnit
    var used: UInt64 = 0
    for run in runs.reversed() {
      let between = at - run.end
      if used + between >= units { return max(least, at - (units - used)) }
      used += between
      at = run.start
      if at <= least { return least }
    }
    return max(least, at - min(units - used, at))
  }

  /// Takes, for each of some extents, the lowest free place that is long enough and lies before it; nil where there is
  /// none. O(extents + runs) for each length of an extent.
  ///
  /// - Parameters:
  ///   - extents: in descending order.
  ///   - leastRun: units of the runs that are used; of runs longer than one unit, the part from a multiple of 4 KB on.
  mutating func takePlaces(before extents: [Extent], leastRun: UInt64) -> [Extent?] {
    var holes = runs.compactMap { run -> Extent? in
      let start =
        leastRun > 1 ? (run.start + Self.alignment - 1) / Self.alignment * Self.alignment : run.start
      return start < run.end && run.end - start >= leastRun
        ? Extent(start: start, count: run.end - start) : nil
    }
    var firstOfLength = [Int](repeating: 0, count: Int(extents.map(\.count).max() ?? 0) + 1)
    var taken: [Extent] = []
    let places = extents.map { extent -> Extent? in
      var i = firstOfLength[Int(extent.count)]
      while i < holes.count, holes[i].count < extent.count { i += 1 }
      firstOfLength[Int(extent.count)] = i
      guard i < holes.count, holes[i].start + extent.count <= extent.start else { return nil }
      let place = Extent(start: holes[i].start, count: extent.count)
      holes[i].start += extent.count
      holes[i].count -= extent.count
      taken.append(place)
      return place
    }
    remove(taken)
    return places
  }

  /// Takes parts of runs out.
  private mutating func remove(_ parts: [Extent]) {
    guard !parts.isEmpty else { return }
    var rest: [Extent] = []
    var next = parts.sorted { $0.start < $1.start }[...]
    for run in runs {
      var at = run.start
      while let part = next.first, part.start < run.end {
        if part.start > at { rest.append(Extent(start: at, count: part.start - at)) }
        at = part.end
        next.removeFirst()
      }
      if at < run.end { rest.append(Extent(start: at, count: run.end - at)) }
    }
    runs = rest
  }
}
