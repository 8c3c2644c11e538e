import Testing
import UpkeepTesting

@testable import UpkeepStorage

/// Free space against a row of flags, a flag a unit.
@Suite struct FreeSpaceTests {
  private struct Model {
    var isUsed: [Bool] = []

    mutating func set(_ extent: Extent, _ used: Bool) {
      while isUsed.count < Int(extent.end) { isUsed.append(isUsed.count < Int(FreeSpace.firstUnit)) }
      for i in Int(extent.start)..<Int(extent.end) {
        #expect(isUsed[i] != used, "unit \(i) is in that state already")
        isUsed[i] = used
      }
    }

    func runs(upTo end: UInt64) -> [Extent] {
      var runs: [Extent] = []
      for i in Int(FreeSpace.firstUnit)..<Int(end) where i >= isUsed.count || !isUsed[i] {
        if let last = runs.last, last.end == UInt64(i) {
          runs[runs.count - 1].count += 1
        } else {
          runs.append(Extent(start: UInt64(i), count: 1))
        }
      }
      return runs
    }
  }

  @Test func historiesOfPlaces() {
    for seed in UInt64(1)...20 {
      var random = SeededGenerator(seed: seed)
      var free = FreeSpace()
      var model = Model()
      var used: [Extent] = []
      for _ in 0..<400 {
        if random.below(3) > 0 {
          let least = UInt64(1 + random.below(20))
          let most = UInt64(20 + random.below(60))
          let expected = firstFit(in: free, least: least, most: most)
          let run = free.allocate(least: least, most: most)
          #expect(run == expected, "seed \(seed)")
          model.set(run, true)
          var at = run.start
          while at < run.end {
            let part = Extent(start: at, count: min(run.end - at, UInt64(1 + random.below(9))))
            used.append(part)
            at = part.end
          }
        } else {
          var given: [Extent] = []
          for _ in 0..<random.below(30) where !used.isEmpty {
            given.append(used.remove(at: random.below(used.count)))
          }
          for extent in given { model.set(extent, false) }
          free.release(given)
          if random.oneIn(4) { free.trimEnd() }
        }
        if random.oneIn(10) { compact(&free, &model, &used, &random) }
        #expect(free.runs == model.runs(upTo: free.endUnit))
        #expect(FreeSpace(used: used, endUnit: free.endUnit)?.runs == free.runs)
      }
    }
  }

  /// What must be allocated: the lowest free run of whole 4 KB that fits and lies in one block of 2 MB, or the one at
  /// the file's end, which may be made longer.
  private func firstFit(in free: FreeSpace, least: UInt64, most: UInt64) -> Extent {
    let wanted = (least + 7) / 8 * 8
    var tail = free.endUnit
    for run in free.runs {
      if run.end == free.endUnit { tail = run.start }
      var at = (run.start + 7) / 8 * 8
      while at < run.end {
        let end = min(run.end, (at / 4096 + 1) * 4096) / 8 * 8
        if end >= at + wanted { return Extent(start: at, count: min(end - at, most)) }
        at = max(end, at + 8)
      }
    }
    let start = (tail + 7) / 8 * 8
    let rest = free.endUnit > start ? (free.endUnit - start) / 8 * 8 : 0
    return Extent(start: start, count: rest >= wanted ? min(rest, most) : most)
  }

  @Test func emptiestBlocks() {
    let size: UInt64 = 4096
    var free = FreeSpace(endUnit: 6 * size)
    // Of the blocks 0 to 5 so much is in use: 100 and what comes first, all, 3000, nothing, 100, 4000.
    for (block, used) in [(0, 100), (1, 4096), (2, 3000), (4, 100), (5, 4000)] as [(UInt64, UInt64)] {
      let start = max(block * size, FreeSpace.firstUnit)
      let isTaken = free.occupy(Extent(start: start, count: used))
      #expect(isTaken)
    }
    #expect(free.emptiestBlocks(holding: 99) == [])
    #expect(free.emptiestBlocks(holding: 100) == [4])
    #expect(free.emptiestBlocks(holding: 300) == [0, 4])
    #expect(free.emptiestBlocks(holding: 100_000) == [0, 2, 4])
  }

  private func compact(
    _ free: inout FreeSpace, _ model: inout Model, _ used: inout [Extent], _ random: inout SeededGenerator
  ) {
    let budget = UInt64(random.below(200))
    let start = random.oneIn(2) ? free.leastEnd : free.start(ofLast: budget)
    let total = used.reduce(0) { $0 + $1.count }
    #expect(free.leastEnd == FreeSpace.firstUnit + total)
    #expect(start >= free.leastEnd)
    let last = used.filter { $0.start >= start }.sorted { $0.start > $1.start }
    if start > free.leastEnd { #expect(last.reduce(0) { $0 + $1.count } <= budget) }
    let leastRun: UInt64 = random.oneIn(2) ? 1 : 16
    let before = free.runs
    let places = free.takePlaces(before: last, leastRun: leastRun)
    #expect(places.count == last.count)
    for (extent, place) in zip(last, places) {
      guard let place else {
        // Only where nothing would have done.
        if leastRun == 1 {
          #expect(!free.runs.contains { $0.count >= extent.count && $0.start + extent.count <= extent.start })
        }
        continue
      }
      #expect(place.count == extent.count && place.end <= extent.start)
      if leastRun > 1 {
        #expect(before.contains { $0.count >= leastRun && $0.start <= place.start && place.end <= $0.end })
      }
      model.set(place, true)
      model.set(extent, false)
      free.release([extent])
      used.removeAll { $0 == extent }
      used.append(place)
    }
  }
}
