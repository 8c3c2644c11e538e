import Testing
import UpkeepTesting

@testable import UpkeepStorage

/// The page map against a dictionary, its leaves now in memory and now not, over a disk that is a dictionary too.
@Suite struct PageMapTests {
  /// Map pages by where they lie.
  private final class Disk {
    var pages: [MapEntry: (identity: UInt64, entries: [MapEntry])] = [:]
    var next: UInt64 = 100
    var readCount = 0
    let fanOut: Int

    init(fanOut: Int) { self.fanOut = fanOut }

    func write(_ identity: UInt64, _ entries: ArraySlice<MapEntry>) throws(StorageError) -> MapEntry {
      #expect(entries.count <= fanOut)
      let place = MapEntry(Extent(start: next, count: 1), checksum: identity &* 31 &+ next)
      next += 1
      let missing = fanOut - entries.count
      pages[place] = (identity, Array(entries) + Array(repeating: .none, count: missing))
      return place
    }

    func read(_ identity: UInt64, _ entry: MapEntry) throws(StorageError) -> [MapEntry] {
      readCount += 1
      guard let page = pages[entry], page.identity == identity else {
        throw .corrupt(file: "disk", place: "\(identity)", reason: "no such map page")
      }
      return page.entries
    }
  }

  /// Four entries a map page.
  private static let pageSize = 128

  private static func check(_ map: PageMap, _ disk: Disk, _ model: [UInt64: MapEntry]) throws {
    var found: [UInt64: MapEntry] = [:]
    var last: UInt64?
    try map.forEachEntry(disk.read) { index, entry in
      #expect(last.map { $0 < index } ?? true)
      last = index
      found[index] = entry
    }
    #expect(found == model)
    let indices = (0..<UInt64(map.count + 3)).map { $0 }
    #expect(try map.entries(indices, disk.read) == indices.map { model[$0] ?? .none })
    for index in indices.filter({ $0 % 7 == 3 }) {
      #expect(try map.entry(index, disk.read) == model[index] ?? .none)
    }
  }

  @Test(arguments: UInt64(1)...12)
  func historiesOfEntries(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let disk = Disk(fanOut: 4)
    var durable = PageMap(pageSize: Self.pageSize, mark: 0)
    var model: [UInt64: MapEntry] = [:]
    var next: UInt64 = 1 << 20
    for round in 0..<25 {
      // A checkpoint: a copy is changed, and takes its place or does not.
      let before = model
      var draft = durable
      let reach = 20 + random.below(30) * round
      for _ in 0..<random.below(60) {
        let index = UInt64(random.below(reach))
        if random.oneIn(3) {
          #expect(try draft.remove(index, disk.read) == model.removeValue(forKey: index))
        } else {
          next += 1
          let entry = MapEntry(Extent(start: next, count: 2), checksum: next)
          try draft.set(index, entry, disk.read)
          model[index] = entry
        }
        if draft.changedLeafCount > 3 {
          try draft.writeLeaves(disk.read, disk.write)
          #expect(draft.changedLeafCount == 0)
        }
      }
      try draft.writeChanges(disk.read, disk.write)
      try Self.check(draft, disk, model)
      try Self.check(durable, disk, before)
      if random.oneIn(4) {
        model = before
      } else {
        let replaced = Set(draft.replaced.map(\.start))
        draft.commit()
        #expect(draft.replaced.isEmpty)
        // What was replaced is named by nothing any more.
        try draft.forEachExtent(disk.read) { _, _, extent in #expect(!replaced.contains(extent.start)) }
        durable = draft
        durable.trim(to: random.below(5))
        if random.oneIn(3) {
          var again = PageMap(pageSize: Self.pageSize, mark: 0)
          try again.load(
            root: durable.root, levelCount: durable.levelCount, count: UInt64(durable.count), limit: 1 << 20,
            disk.read)
          #expect(again.leafCount == 0)
          durable = again
        }
      }
      try Self.check(durable, disk, model)
    }
  }

  @Test func leavesAreReadOnceAndLetGoWhenTheyAreMany() throws {
    let disk = Disk(fanOut: 4)
    var map = PageMap(pageSize: Self.pageSize, mark: 0)
    for i in 0..<UInt64(400) {
      try map.set(i, MapEntry(Extent(start: i + 1000, count: 1), checksum: i), PageMap.unread)
    }
    try map.writeChanges(PageMap.unread, disk.write)
    map.commit()
    map.trim(to: 10)
    #expect(map.leafCount == 10)
    for i in 0..<UInt64(400) {
      if case .unread(let leaf, let place) = map.look(i) {
        #expect(leaf == Int(i) / 4)
        map.keep(
          try disk.read(PageMap.identity(ofLeaf: leaf), place), ofLeaf: leaf, from: place, most: 10)
      }
      guard case .entry(let entry) = map.look(i, marksUse: true) else {
        Issue.record("entry \(i) was not kept")
        continue
      }
      #expect(entry.checksum == i && map.leafCount <= 10)
    }
    #expect(disk.readCount >= 90 && disk.readCount <= 100)
    // A place that is no longer the leaf's keeps nothing.
    map.trim(to: 0)
    map.keep(
      Array(repeating: .none, count: 4), ofLeaf: 1, from: MapEntry(packedExtent: 1, checksum: 1), most: 10)
    #expect(map.leafCount == 0)
  }

  @Test func loosePagesAreADictionary() {
    var random = SeededGenerator(seed: 3)
    var loose = LoosePages()
    var model: [UInt64: MapEntry] = [:]
    for round in 0..<4000 {
      let id = UInt64(1 + random.below(3000))
      let kept = loose
      if random.oneIn(2) {
        let entry = MapEntry(Extent(start: UInt64(round + 1), count: 3), checksum: id)
        loose[id] = entry
        #expect(kept[id] == model[id], "a copy stays as it was")
        model[id] = entry
      } else {
        #expect(loose.remove(id) == model.removeValue(forKey: id))
      }
      #expect(loose.count == model.count && loose.isEmpty == model.isEmpty)
    }
    #expect((0..<UInt64(3100)).allSatisfy { loose[$0] == model[$0] })
    #expect(Set(loose.extents) == Set(model.values.map(\.extent)))
    for id in model.keys { loose[id] = nil }
    #expect(loose.isEmpty && loose.extents.isEmpty)
  }
}
