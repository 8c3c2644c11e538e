/// A radix tree on disk from small integers to extents: the page map (page id → extent) and the map of the roots array.
///
/// Level 0 are the entries themselves; level k+1 holds, for each map page of level k entries, where that
/// page lies. The top level has one entry: the map's root. The levels from 1 on are kept whole in memory, a fanOut-th of
/// the map; map pages of level 0 entries, the *leaves*, are read when they are asked for and let go when they are many.
///
/// Invariants:
/// 1. It belongs to the checkpointer (rule 7): a checkpoint changes a copy, which takes its place once the
///    superblock is durable and is dropped if it does not become so. Copies share leaves: one that is shared is never
///    written to.
/// 2. `dirty[k]` names exactly the pages of level k entries that differ from what is on disk. A leaf that it names is in
///    memory, unless it was only touched.
struct PageMap {
  /// Set in the identity of map pages of the roots map.
  static let rootsMark: UInt64 = 1 << 55

  /// Reads and verifies a map page, and gives its `fanOut` entries.
  typealias Read = (_ identity: UInt64, _ entry: MapEntry) throws(StorageError) -> [MapEntry]
  /// Stores a map page and gives its entry.
  typealias Write = (_ identity: UInt64, _ entries: ArraySlice<MapEntry>) throws(StorageError) -> MapEntry

  private final class Leaf: @unchecked Sendable {
    var entries: [MapEntry]
    /// Whether it was asked for since the hand last passed. Touched with the durable map's lock held.
    var isUsed = true
    init(_ entries: [MapEntry]) { self.entries = entries }
  }

  /// Entries of one map page.
  let fanOut: Int
  /// `rootsMark` for the roots map, 0 for the page map.
  let mark: UInt64
  /// Entries of level 0, given or not.
  private(set) var count = 0
  /// nil: not in memory, or without entries; the entry above it says which.
  private var leaves: [Leaf?] = []
  /// Leaves in memory.
  private(set) var leafCount = 0
  /// Entries of level k + 1.
  private var upper: [[MapEntry]] = []
  private var dirty: [Set<Int>] = [[]]
  private var hand = 0
  /// Extents that entries had before the changes since the last `commit`.
  private(set) var replaced: [Extent] = []

  init(pageSize: Int, mark: UInt64) {
    fanOut = (pageSize - PageStore.headerSize) / MapEntry.byteCount
    self.mark = mark
  }

  /// A map that is never on disk, so that all of it is in memory.
  static func unread(_ identity: UInt64, _ entry: MapEntry) throws(StorageError) -> [MapEntry] {
    throw .outOfMemory
  }

  /// Ids that a map may count whatever the length of its file: 32 MB of entries.
  static let freeCount: UInt64 = 1 << 21

  /// The units that a file with this map has at least, so that opening can tell its count from a wrong one: ids that are
  /// free count in the map too.
  var leastUnits: UInt64 { UInt64(count) <= Self.freeCount ? 0 : UInt64(count / fanOut + 1) }

  /// Levels of pages on disk.
  var levelCount: Int { count == 0 ? 0 : upper.count }

  /// The entry of the top page.
  var root: MapEntry { levelCount == 0 ? .none : upper[upper.count - 1].first ?? .none }

  /// Identity of the page that holds entries of `level - 1`, number `page`.
  func identity(level: Int, page: Int) -> UInt64 { UInt64(level) << 56 | mark | UInt64(page) }

  /// Identity of a leaf of the page map.
  static func identity(ofLeaf number: Int) -> UInt64 { 1 << 56 | UInt64(number) }

  // MARK: Looking

  /// What is known of an entry without reading.
  enum Look {
    case entry(MapEntry)
    /// It stands in the leaf of this number, which lies there.
    case unread(leaf: Int, MapEntry)
  }

  func look(_ index: UInt64, marksUse: Bool = false) -> Look {
    guard index < UInt64(count) else { return .entry(.none) }
    let number = Int(index) / fanOut
    if let leaf = leaves[number] {
      if marksUse { leaf.isUsed = true }
      return .entry(leaf.entries[Int(index) % fanOut])
    }
    let place = place(ofLeaf: number)
    return place.isNone ? .entry(.none) : .unread(leaf: number, place)
  }

  /// Where a leaf lies on disk.
  func place(ofLeaf number: Int) -> MapEntry {
    guard let level = upper.first, number < level.count else { return .none }
    return level[number]
  }

  /// An entry, read if it must be.
  func entry(_ index: UInt64, _ read: Read) throws(StorageError) -> MapEntry {
    switch look(index) {
    case .entry(let entry): return entry
    case .unread(let number, let place):
      return try read(identity(level: 1, page: number), place)[Int(index) % fanOut]
    }
  }

  /// The entries of a leaf as they are now; nil if there are none.
  private func entries(ofLeaf number: Int, _ read: Read) throws(StorageError) -> [MapEntry]? {
    if let leaf = leaves[number] { return leaf.entries }
    let place = place(ofLeaf: number)
    return place.isNone ? nil : try read(identity(level: 1, page: number), place)
  }

  /// Every entry of level 0 that names an extent, in order; no more than a leaf is read at a time.
  func forEachEntry(_ read: Read, _ body: (_ index: UInt64, MapEntry) -> Void) throws(StorageError) {
    for number in leaves.indices {
      guard let entries = try entries(ofLeaf: number, read) else { continue }
      let first = number * fanOut
      for i in 0..<min(fanOut, count - first) where !entries[i].isNone { body(UInt64(first + i), entries[i]) }
    }
  }

  /// Every extent that the map names, its own pages included.
  func forEachExtent(
    _ read: Read, _ body: (_ level: Int, _ index: Int, Extent) -> Void
  ) throws(StorageError) {
    for (k, entries) in upper.enumerated() {
      for (i, entry) in entries.enumerated() where !entry.isNone { body(k + 1, i, entry.extent) }
    }
    try forEachEntry(read) { body(0, Int($0), $1.extent) }
  }

  /// Some entries, whose indices ascend; each leaf is read once.
  func entries(_ indices: [UInt64], _ read: Read) throws(StorageError) -> [MapEntry] {
    var result: [MapEntry] = []
    result.reserveCapacity(indices.count)
    var number = -1
    var leaf: [MapEntry] = []
    for index in indices {
      guard index < UInt64(count) else {
        result.append(.none)
        continue
      }
      if Int(index) / fanOut != number {
        number = Int(index) / fanOut
        leaf = try entries(ofLeaf: number, read) ?? Array(repeating: .none, count: fanOut)
      }
      result.append(leaf[Int(index) % fanOut])
    }
    return result
  }

  // MARK: Leaves in memory

  /// Keeps a leaf that was read, unless the map has changed meanwhile, and lets others go so that `most` are left.
  mutating func keep(_ entries: [MapEntry], ofLeaf number: Int, from place: MapEntry, most: Int) {
    guard number < leaves.count, leaves[number] == nil, self.place(ofLeaf: number) == place else { return }
    trim(to: max(most - 1, 0))
    leaves[number] = Leaf(entries)
    leafCount += 1
  }

  /// Lets leaves go that were not asked for lately. Nothing is dirty.
  mutating func trim(to most: Int) {
    while leafCount > most {
      hand = hand + 1 < leaves.count ? hand + 1 : 0
      guard let leaf = leaves[hand] else { continue }
      if leaf.isUsed {
        leaf.isUsed = false
      } else {
        leaves[hand] = nil
        leafCount -= 1
      }
    }
  }

  // MARK: Changing

  mutating func set(_ index: UInt64, _ entry: MapEntry, _ read: Read) throws(StorageError) {
    let i = Int(index)
    count = max(count, i + 1)
    let number = i / fanOut
    while leaves.count <= number { leaves.append(nil) }
    try ownLeaf(number, read)
    let old = leaves[number]?.entries[i % fanOut] ?? .none
    guard old != entry else { return }
    if !old.isNone { replaced.append(old.extent) }
    leaves[number]?.entries[i % fanOut] = entry
    dirty[0].insert(number)
  }

  /// Takes an entry out; what it named is not among the `replaced`, because readers may still need it.
  mutating func remove(_ index: UInt64, _ read: Read) throws(StorageError) -> MapEntry? {
    if case .entry(.none) = look(index) { return nil }
    let number = Int(index) / fanOut
    try ownLeaf(number, read)
    guard let old = leaves[number]?.entries[Int(index) % fanOut], !old.isNone else { return nil }
    leaves[number]?.entries[Int(index) % fanOut] = .none
    #if UPKEEP_PLANTS
      if Plant.isOn(.mapForgetsRemovals) { return old }
    #endif
    dirty[0].insert(number)
    return old
  }

  /// A leaf that is in memory and no other copy's.
  private mutating func ownLeaf(_ number: Int, _ read: Read) throws(StorageError) {
    if leaves[number] == nil {
      let entries = try entries(ofLeaf: number, read) ?? Array(repeating: .none, count: fanOut)
      leaves[number] = Leaf(entries)
      leafCount += 1
    } else if !isKnownUniquelyReferenced(&leaves[number]), let shared = leaves[number] {
      leaves[number] = Leaf(shared.entries)
    }
  }

  /// The pages of the map that lie where `isMoved` says are to be written anew, elsewhere.
  mutating func touchPages(where isMoved: (Extent) -> Bool) {
    for k in upper.indices {
      for (i, entry) in upper[k].enumerated() where !entry.isNone && isMoved(entry.extent) {
        dirty[k].insert(i)
      }
    }
  }

  /// Changes an entry of a level from 1 on.
  private mutating func change(level: Int, _ i: Int, _ entry: MapEntry) {
    let old = upper[level - 1][i]
    guard old != entry else { return }
    if !old.isNone { replaced.append(old.extent) }
    upper[level - 1][i] = entry
    dirty[level].insert(i / fanOut)
  }

  // MARK: Writing

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

  private func pagesNeeded(for count: Int) -> Int { (count + fanOut - 1) / fanOut }

  /// Makes the levels above as many and as long as `count` asks for.
  private mutating func growLevels() {
    let needed = Self.levelsNeeded(for: count, fanOut: fanOut)
    var below = count
    for k in 0..<needed {
      let isNew = k == upper.count
      if isNew {
        upper.append([])
        dirty.append([])
        // A new level above a full one: every page below it must be entered.
        if k > 0 { dirty[k].formUnion(0..<pagesNeeded(for: upper[k - 1].count)) }
      }
      let pages = pagesNeeded(for: below)
      let missing = pages - upper[k].count
      if missing > 0 { upper[k].append(contentsOf: repeatElement(.none, count: missing)) }
      below = pages
    }
  }

  /// Leaves that changed and were not written since.
  var changedLeafCount: Int { dirty[0].count }

  /// Writes the leaves that changed and lets them go: what has changed in a large map need not be in memory all at once.
  /// One that changes again afterwards is written again.
  mutating func writeLeaves(_ read: Read, _ write: Write) throws(StorageError) {
    growLevels()
    let written = dirty[0]
    try writeDirtyLeaves(read, write)
    for number in written where leaves[number] != nil {
      leaves[number] = nil
      leafCount -= 1
    }
  }

  private mutating func writeDirtyLeaves(_ read: Read, _ write: Write) throws(StorageError) {
    for number in dirty[0].sorted() {
      guard let entries = try entries(ofLeaf: number, read) else { continue }
      let isEmpty = entries.allSatisfy(\.isNone)
      let part = entries[..<min(fanOut, count - number * fanOut)]
      change(level: 1, number, isEmpty ? .none : try write(identity(level: 1, page: number), part))
    }
    dirty[0].removeAll()
  }

  /// Writes every map page that changed, lowest level first.
  mutating func writeChanges(_ read: Read, _ write: Write) throws(StorageError) {
    guard count > 0 else { return }
    growLevels()
    let changed = dirty[0]
    try writeDirtyLeaves(read, write)
    dirty[0] = changed
    for level in 2..<(upper.count + 1) {
      let below = upper[level - 2]
      for page in dirty[level - 1].sorted() {
        let start = page * fanOut
        let entries = below[start..<min(start + fanOut, below.count)]
        let isEmpty = entries.allSatisfy(\.isNone)
        change(
          level: level, page, isEmpty ? .none : try write(identity(level: level, page: page), entries))
      }
    }
  }

  /// The changes are durable.
  mutating func commit() {
    replaced.removeAll()
    for i in dirty.indices { dirty[i].removeAll() }
  }

  // MARK: Loading

  /// Loads all levels but the leaves from disk.
  mutating func load(
    root: MapEntry, levelCount: Int, count: UInt64, limit: UInt64, _ read: Read
  ) throws(StorageError) {
    guard count <= limit, Int(exactly: count) != nil,
      Self.levelsNeeded(for: Int(count), fanOut: fanOut) == levelCount
    else { throw .corrupt(file: "", place: "superblock", reason: "levels and count of a map disagree") }
    guard levelCount > 0 else { return }
    var counts = [Int(count)]
    for level in 1...levelCount { counts.append(pagesNeeded(for: counts[level - 1])) }
    var entries = [root]
    var loaded: [[MapEntry]] = [entries]
    for level in stride(from: levelCount, to: 1, by: -1) {
      var lower: [MapEntry] = []
      for (page, entry) in entries.enumerated() {
        let room = min(fanOut, counts[level - 1] - lower.count)
        if entry.isNone {
          lower.append(contentsOf: repeatElement(.none, count: room))
        } else {
          lower.append(contentsOf: try read(identity(level: level, page: page), entry).prefix(room))
        }
      }
      loaded.insert(lower, at: 0)
      entries = lower
    }
    self.count = Int(count)
    upper = loaded
    dirty = Array(repeating: [], count: upper.count + 1)
    leaves = Array(repeating: nil, count: pagesNeeded(for: self.count))
  }
}
