/// A radix tree on disk from small integers to extents, kept whole in memory while the store is open:
/// the page map (page id → extent) and the map of the roots array.
///
/// Level 0 are the entries themselves; level k+1 holds, for each map page of level k entries, where that
/// page lies. The top level has one entry: the map's root.
///
/// Invariants:
/// 1. It belongs to the checkpointer (rule 7): a checkpoint changes a copy, which takes its place once the
///    superblock is durable and is dropped if it does not become so.
/// 2. `dirty[k]` names exactly the pages of level k entries that differ from what is on disk.
struct PageMap {
  /// Set in the identity of map pages of the roots map.
  static let rootsMark: UInt64 = 1 << 55

  /// Entries of one map page.
  let fanOut: Int
  /// `rootsMark` for the roots map, 0 for the page map.
  let mark: UInt64
  /// Entries by level.
  private(set) var levels: [[MapEntry]] = [[]]
  private var dirty: [Set<Int>] = [[]]
  /// Extents that entries had before the changes since the last `commit`.
  private(set) var replaced: [Extent] = []

  init(pageSize: Int, mark: UInt64) {
    fanOut = (pageSize - PageStore.headerSize) / MapEntry.byteCount
    self.mark = mark
  }

  /// Entries of level 0, given or not.
  var count: Int { levels[0].count }

  subscript(index: UInt64) -> MapEntry {
    index < UInt64(levels[0].count) ? levels[0][Int(index)] : .none
  }

  /// Ids that a map may count whatever the length of its file: 32 MB of entries.
  static let freeCount: UInt64 = 1 << 21

  /// The units that a file with this map has at least, so that opening can tell its count from a wrong one: ids that are
  /// free count in the map too.
  var leastUnits: UInt64 { UInt64(count) <= Self.freeCount ? 0 : UInt64(count / fanOut + 1) }

  /// Levels of pages on disk.
  var levelCount: Int { levels[0].isEmpty ? 0 : levels.count - 1 }

  /// The entry of the top page.
  var root: MapEntry { levelCount == 0 ? .none : levels[levels.count - 1].first ?? .none }

  mutating func set(_ index: UInt64, _ entry: MapEntry) {
    let i = Int(index)
    grow(level: 0, toHold: i + 1)
    change(level: 0, i, entry)
  }

  /// Takes an entry out; what it named is not among the `replaced`, because readers may still need it.
  mutating func remove(_ index: UInt64) -> MapEntry? {
    let i = Int(index)
    guard i < levels[0].count, !levels[0][i].isNone else { return nil }
    let old = levels[0][i]
    levels[0][i] = .none
    #if UPKEEP_PLANTS
      if Plant.isOn(.mapForgetsRemovals) { return old }
    #endif
    dirty[0].insert(i / fanOut)
    return old
  }

  /// The page of the map whose entry is entry `index` of `level` is to be written anew, elsewhere.
  mutating func touch(level: Int, _ index: Int) {
    if level > 0 { dirty[level - 1].insert(index) }
  }

  private mutating func grow(level: Int, toHold count: Int) {
    let missing = count - levels[level].count
    if missing > 0 { levels[level].append(contentsOf: repeatElement(.none, count: missing)) }
  }

  private mutating func change(level: Int, _ i: Int, _ entry: MapEntry) {
    let old = levels[level][i]
    guard old != entry else { return }
    if !old.isNone { replaced.append(old.extent) }
    levels[level][i] = entry
    dirty[level].insert(i / fanOut)
  }

  /// Identity of the page that holds entries of `level - 1`, number `page`.
  func identity(level: Int, page: Int) -> UInt64 { UInt64(level) << 56 | mark | UInt64(page) }

  /// The number of levels that `count` entries need.
  static func levelsNeeded(for count: Int, fanOut: Int) -> Int {
    var pages = count
    var levels = 0
    while pages > 0 {
      pages = (pages + fanOut - 1) / fanOut
      levels += 1
      if pages == 1 { break }
    }
    return levels
  }

  /// Writes every map page that changed, lowest level first.
  ///
  /// - Parameter write: stores a map page and gives its entry; it is handed the page's entries.
  mutating func writeChanges(
    _ write: (_ identity: UInt64, _ entries: ArraySlice<MapEntry>) throws(StorageError) -> MapEntry
  ) throws(StorageError) {
    let needed = Self.levelsNeeded(for: levels[0].count, fanOut: fanOut)
    while levels.count < needed + 1 {
      levels.append([])
      dirty.append([])
      // A new level above a full one: every page below it must be entered.
      let below = levels.count - 2
      if below > 0 { dirty[below].formUnion(0..<((levels[below].count + fanOut - 1) / fanOut)) }
    }
    guard needed > 0 else { return }
    for level in 1...needed {
      grow(level: level, toHold: (levels[level - 1].count + fanOut - 1) / fanOut)
      for page in dirty[level - 1].sorted() {
        let start = page * fanOut
        let entries = levels[level - 1][start..<min(start + fanOut, levels[level - 1].count)]
        let isEmpty = entries.allSatisfy(\.isNone)
        let entry: MapEntry = isEmpty ? .none : try write(identity(level: level, page: page), entries)
        change(level: level, page, entry)
      }
    }
  }

  /// The changes are durable.
  mutating func commit() {
    replaced.removeAll()
    for i in dirty.indices { dirty[i].removeAll() }
  }

  /// Loads the map from disk.
  ///
  /// - Parameter read: reads and verifies a map page, and gives its `fanOut` entries.
  mutating func load(
    root: MapEntry, levelCount: Int, count: UInt64, limit: UInt64,
    read: (_ identity: UInt64, _ entry: MapEntry) throws(StorageError) -> [MapEntry]
  ) throws(StorageError) {
    guard count <= limit, Int(exactly: count) != nil,
      Self.levelsNeeded(for: Int(count), fanOut: fanOut) == levelCount
    else { throw .corrupt(file: "", place: "superblock", reason: "levels and count of a map disagree") }
    guard levelCount > 0 else { return }
    var counts = [Int(count)]
    for level in 1...levelCount { counts.append((counts[level - 1] + fanOut - 1) / fanOut) }
    var upper = [root]
    var loaded: [[MapEntry]] = [upper]
    for level in stride(from: levelCount, through: 1, by: -1) {
      var lower: [MapEntry] = []
      for (page, entry) in upper.enumerated() {
        let room = min(fanOut, counts[level - 1] - lower.count)
        if entry.isNone {
          lower.append(contentsOf: repeatElement(.none, count: room))
        } else {
          let entries = try read(identity(level: level, page: page), entry)
          lower.append(contentsOf: entries.prefix(room))
        }
      }
      loaded.insert(lower, at: 0)
      upper = lower
    }
    levels = loaded
    dirty = Array(repeating: [], count: levels.count)
  }

  /// Every extent that the map names, its own pages included.
  func forEachExtent(_ body: (_ level: Int, _ index: Int, Extent) -> Void) {
    for (level, entries) in levels.enumerated() {
      for (i, entry) in entries.enumerated() where !entry.isNone { body(level, i, entry.extent) }
    }
  }
}
