import Testing

@testable import UpkeepStorage

/// Pages in memory, a working tree, and sorted arrays that say what must be in it.
final class TreeFixture {
  let store: PageStore
  let edits: PageEdits
  var editor: TreeEditor
  var keys: [[UInt8]] = []
  var values: [[UInt8]] = []

  init(pageSize: Int) {
    store = PageStore(pageSize: pageSize, source: nil)
    edits = PageEdits(store: store, version: 1, stamps: EditStamps())
    editor = TreeEditor(edits: edits, root: .empty)
  }

  var longestKey: Int { TreeLimits.maxKeyLength(pageSize: store.pageSize) }

  /// The position of the first key at or above this one.
  func rank(_ key: [UInt8]) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func put(_ key: [UInt8], _ value: [UInt8]) throws {
    let inserted = try key.withUnsafeBytes { k in try value.withUnsafeBytes { v in try editor.put(k, v) } }
    let at = rank(key)
    if at < keys.count, keys[at] == key {
      #expect(!inserted)
      values[at] = value
    } else {
      #expect(inserted)
      keys.insert(key, at: at)
      values.insert(value, at: at)
    }
  }

  /// Puts the entry in unless its key is there, and checks what is told of the value that is.
  func insert(_ key: [UInt8], _ value: [UInt8]) throws {
    let at = rank(key)
    let there = at < keys.count && keys[at] == key
    try key.withUnsafeBytes { k in
      try value.withUnsafeBytes { v in
        let found = try editor.insert(k, v)
        #expect((found != nil) == there)
        if let found, !found.isOverflow { #expect(Array(found.stored.buffer) == values[at]) }
      }
    }
    if !there {
      keys.insert(key, at: at)
      values.insert(value, at: at)
    }
  }

  func delete(_ key: [UInt8]) throws {
    let deleted = try key.withUnsafeBytes { try editor.delete($0) }
    let at = rank(key)
    let there = at < keys.count && keys[at] == key
    #expect(deleted == there)
    if there {
      keys.remove(at: at)
      values.remove(at: at)
    }
  }

  func deleteRange(_ lower: [UInt8]?, _ upper: [UInt8]?) throws {
    let removed = try withBytes(lower) { low in
      try withBytes(upper) { high in try editor.deleteRange(low, high) }
    }
    let start = lower.map { rank($0) } ?? 0
    let end = max(start, upper.map { rank($0) } ?? keys.count)
    #expect(removed == UInt64(end - start))
    keys.removeSubrange(start..<end)
    values.removeSubrange(start..<end)
  }

  func get(_ key: [UInt8]) throws -> [UInt8]? {
    let buffer = ByteBuffer()
    return try key.withUnsafeBytes { try editor.get($0)?.bytes(store, using: buffer) }.map { Array($0) }
  }

  func expectGet(_ key: [UInt8]) throws {
    let at = rank(key)
    let expected = at < keys.count && keys[at] == key ? values[at] : nil
    let found = try get(key)
    #expect(found == expected)
    let buffer = ByteBuffer()
    let read = try key.withUnsafeBytes {
      try TreeReader.get(editor.root, store, $0)?.bytes(store, using: buffer)
    }
    #expect(read.map { Array($0) } == expected)
  }

  /// What the verifier says, with the pages that are reached.
  func verify(_ root: TreeRoot) -> (problems: [String], pages: Set<PageID>) {
    var pages: Set<PageID> = []
    let problems = TreeVerifier.verify(root, store) { pages.insert($0).inserted }
    return (problems, pages)
  }

  /// Everything that must hold of the working tree.
  func expectSound() throws {
    try editor.flush()
    let (problems, pages) = verify(editor.root)
    #expect(problems == [])
    #expect(editor.root.count == UInt64(keys.count))
    for page in pages { #expect(store.table.entry(page).pointee.stamp != 0) }
    try expectRows(editor.root, keys, values)
  }

  /// Everything a tree has, by cursor, both ways.
  func expectRows(_ root: TreeRoot, _ keys: [[UInt8]], _ values: [[UInt8]]) throws {
    let cursor = try TreeCursor(store, root, keepAlive: nil)
    var i = 0
    while try cursor.next() {
      guard i < keys.count else { break }
      let value = try cursor.value()
      if !matches(cursor.key, keys[i]) || !matches(value, values[i]) {
        Issue.record("row \(i) differs")
        return
      }
      i += 1
    }
    #expect(i == keys.count)
    #expect(try cursor.next() == false)
    while try cursor.previous() {
      i -= 1
      guard i >= 0 else { break }
      if !matches(cursor.key, keys[i]) {
        Issue.record("row \(i) differs on the way back")
        return
      }
    }
    #expect(i == 0)
    #expect(try cursor.previous() == false)
    #expect(try cursor.next() == !keys.isEmpty)
  }

  /// Seeks, ordinals and range counts at some keys.
  func expectPlaces(_ probes: [[UInt8]]) throws {
    try editor.flush()
    let root = editor.root
    let cursor = try TreeCursor(store, root, keepAlive: nil)
    for probe in probes {
      let at = rank(probe)
      let found = try probe.withUnsafeBytes { try cursor.seek($0) }
      #expect(found == (at < keys.count))
      if found { #expect(matches(cursor.key, keys[at])) }
      #expect(try cursor.previous() == (at > 0))
      if at > 0 { #expect(matches(cursor.key, keys[at - 1])) }
      let before = try probe.withUnsafeBytes { try cursor.seekBefore($0) }
      #expect(before == (at > 0))
      if before { #expect(matches(cursor.key, keys[at - 1])) }
      #expect(try cursor.next() == (at < keys.count))
      #expect(try probe.withUnsafeBytes { try TreeReader.rank(root, store, $0) } == UInt64(at))
      #expect(try cursor.seek(ordinal: UInt64(at)) == (at < keys.count))
      if at < keys.count {
        #expect(matches(cursor.key, keys[at]))
        #expect(matches(try cursor.value(), values[at]))
        let buffer = ByteBuffer()
        let value = try TreeReader.nth(root, store, UInt64(at), key: buffer)
        #expect(value != nil && matches(buffer.bytes, keys[at]))
      }
    }
    for (a, b) in zip(probes, probes.dropFirst()) {
      let count = try a.withUnsafeBytes { low in
        try b.withUnsafeBytes { high in try TreeReader.count(root, store, from: low, to: high) }
      }
      #expect(count == UInt64(max(0, rank(b) - rank(a))))
    }
    #expect(try TreeReader.count(root, store, from: nil, to: nil) == UInt64(keys.count))
  }
}

func matches(_ bytes: UnsafeRawBufferPointer, _ expected: [UInt8]) -> Bool { bytes.elementsEqual(expected) }

func lower(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] { b.lexicographicallyPrecedes(a) ? b : a }
func upper(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] { b.lexicographicallyPrecedes(a) ? a : b }

func withBytes<R>(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws -> R) rethrows -> R {
  guard let bytes else { return try body(nil) }
  return try bytes.withUnsafeBytes { try body($0) }
}

/// A generator whose seed names a history.
struct TreeSeed: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ n: Int) -> Int { Int(next() % UInt64(max(n, 1))) }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}

/// What keys look like in a history.
enum KeyShape: CaseIterable {
  case numbers, decimal, shortBinary, longShared, prefixesOfOneAnother, mixed

  func key(_ seed: inout TreeSeed, longest: Int) -> [UInt8] {
    switch self {
    case .numbers:
      return withUnsafeBytes(of: seed.next() % 5000) { Array($0.reversed()) }
    case .decimal:
      return Array("user:\(100_000 + seed.below(5000)):row".utf8).prefix(longest).map { $0 }
    case .shortBinary:
      return seed.bytes(seed.below(4))
    case .longShared:
      let group = UInt8(seed.below(3))
      return [UInt8](repeating: group, count: longest - 10) + seed.bytes(1 + seed.below(9))
    case .prefixesOfOneAnother:
      return [UInt8](repeating: UInt8(seed.below(2)), count: seed.below(longest + 1))
    case .mixed:
      let shapes: [KeyShape] = [.numbers, .decimal, .shortBinary, .longShared, .prefixesOfOneAnother]
      return shapes[seed.below(shapes.count)].key(&seed, longest: longest)
    }
  }
}
