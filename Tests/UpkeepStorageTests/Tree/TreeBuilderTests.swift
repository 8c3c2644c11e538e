import Testing

@testable import UpkeepStorage

@Suite("A tree built from sorted entries is the tree that puts make")
struct TreeBuilderTests {
  private func build(_ tree: TreeFixture, _ entries: [[UInt8]: [UInt8]]) throws {
    let sorted = entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    let builder = TreeBuilder(edits: tree.edits)
    for (key, value) in sorted {
      try key.withUnsafeBytes { k in try value.withUnsafeBytes { v in try builder.add(k, v) } }
    }
    tree.editor.reset(to: try builder.finish())
    tree.keys = sorted.map(\.key)
    tree.values = sorted.map(\.value)
  }

  private func entries(_ shape: KeyShape, _ count: Int, longest: Int, _ seed: inout TreeSeed) -> [[UInt8]:
    [UInt8]]
  {
    var result: [[UInt8]: [UInt8]] = [:]
    for _ in 0..<count {
      let length = [0, 10, 60, 200, 3000][seed.below(40) == 0 ? 4 : seed.below(4)]
      result[shape.key(&seed, longest: longest)] = seed.bytes(seed.below(length + 1))
    }
    return result
  }

  @Test(arguments: [512, 1024, 8192], KeyShape.allCases)
  func builtTreesAreSound(pageSize: Int, shape: KeyShape) throws {
    var seed = TreeSeed(state: UInt64(pageSize) &* 31)
    for count in [0, 1, 2, 3, 20, 300, 2500] {
      let tree = TreeFixture(pageSize: pageSize)
      try build(tree, entries(shape, count, longest: tree.longestKey, &seed))
      try tree.expectSound()
      try tree.expectPlaces((0..<20).map { _ in shape.key(&seed, longest: tree.longestKey) } + [[]])
      // It is a tree like any other: it takes puts and deletes, down to the last row.
      for _ in 0..<200 {
        let key = shape.key(&seed, longest: tree.longestKey)
        if seed.below(2) == 0 { try tree.put(key, seed.bytes(30)) } else { try tree.delete(key) }
      }
      try tree.expectSound()
      while let key = tree.keys.randomElement(using: &seed), tree.keys.count > 1 {
        let other = tree.keys[seed.below(tree.keys.count)]
        try tree.delete(key)
        try tree.deleteRange(lower(key, other), upper(key, other))
      }
      try tree.expectSound()
      try tree.deleteRange(nil, nil)
      tree.edits.finish()
      #expect(tree.edits.born.isEmpty, "every page was given up")
    }
  }

  @Test func nodesAreFull() throws {
    let (built, put) = (TreeFixture(pageSize: 1024), TreeFixture(pageSize: 1024))
    var seed = TreeSeed(state: 3)
    var entries: [[UInt8]: [UInt8]] = [:]
    for i in 0..<20_000 { entries[Array("row\(1_000_000 + i)".utf8)] = seed.bytes(20) }
    try build(built, entries)
    try built.expectSound()
    for key in entries.keys { try put.editor.putBytes(key, entries[key] ?? []) }
    try put.editor.flush()
    let pages = built.verify(built.editor.root).pages.count
    // A leaf's row takes 20 bytes, 8 for slot and head, 2 and up to 4 of the key.
    #expect(pages < 20_000 * 34 / (1024 - 140) + 20, "\(pages) pages")
    #expect(pages * 4 < put.verify(put.editor.root).pages.count * 3)
    #expect(built.editor.root.height <= put.editor.root.height)
    #expect(built.editor.root.count == put.editor.root.count)
  }

  @Test func entriesOutOfOrderAreRefused() throws {
    let tree = TreeFixture(pageSize: 512)
    for (first, second) in [("b", "a"), ("b", "b"), ("ab", "a"), ("", "")] {
      let builder = TreeBuilder(edits: tree.edits)
      let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
      try Array(first.utf8).withUnsafeBytes { try builder.add($0, nothing) }
      let error = #expect(throws: StorageError.self) {
        try Array(second.utf8).withUnsafeBytes { try builder.add($0, nothing) }
      }
      guard case .badOption = error else {
        Issue.record("another error: \(String(describing: error))")
        return
      }
    }
  }
}

extension TreeEditor {
  func putBytes(_ key: [UInt8], _ value: [UInt8]) throws {
    _ = try key.withUnsafeBytes { k in try value.withUnsafeBytes { v in try put(k, v) } }
  }
}
