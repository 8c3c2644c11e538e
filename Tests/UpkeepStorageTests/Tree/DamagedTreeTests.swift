import Testing

@testable import UpkeepStorage

@Suite("A damaged tree whose pages look valid gives errors, and nothing worse")
struct DamagedTreeTests {
  /// Flips bytes of reachable pages, keeping each page valid in itself.
  private static func damage(_ tree: TreeFixture, _ pages: [PageID], _ seed: inout TreeSeed) throws {
    let size = tree.store.pageSize
    for _ in 0..<(1 + seed.below(3)) {
      for _ in 0..<20 {
        let page = UnsafeMutableRawPointer(mutating: try tree.store.page(pages[seed.below(pages.count)]))
        let at = PageStore.headerSize + seed.below(size - PageStore.headerSize)
        let old = page.load(fromByteOffset: at, as: UInt8.self)
        let new = seed.below(3) == 0 ? UInt8(seed.below(40)) : old ^ 1 << UInt8(seed.below(8))
        page.storeBytes(of: new, toByteOffset: at, as: UInt8.self)
        if NodeValidation.validateInMemory(page, pageSize: size) == nil { break }
        page.storeBytes(of: old, toByteOffset: at, as: UInt8.self)
      }
    }
  }

  private static func read(_ tree: TreeFixture, _ seed: inout TreeSeed) throws {
    let root = tree.editor.root
    let buffer = ByteBuffer()
    for _ in 0..<10 {
      let key = KeyShape.mixed.key(&seed, longest: 40)
      try key.withUnsafeBytes { key in
        _ = try TreeReader.get(root, tree.store, key)?.bytes(tree.store, using: buffer).count
        _ = try TreeReader.rank(root, tree.store, key)
        let cursor = try TreeCursor(tree.store, root, keepAlive: nil)
        var found = try seed.below(2) == 0 ? cursor.seek(key) : cursor.seekBefore(key)
        var steps = 0
        while found && steps < 30 {
          _ = cursor.key.count
          _ = try cursor.value().count
          found = try seed.below(4) > 0 ? cursor.next() : cursor.previous()
          steps += 1
        }
        if try cursor.seek(ordinal: seed.next() % 500) { _ = cursor.key.count }
      }
      _ = try TreeReader.nth(root, tree.store, seed.next() % 500, key: buffer)
    }
  }

  private static func write(_ tree: TreeFixture, _ seed: inout TreeSeed) throws {
    for _ in 0..<30 {
      let key = KeyShape.mixed.key(&seed, longest: 40)
      let value = seed.bytes(seed.below(8) == 0 ? 1000 : seed.below(50))
      try key.withUnsafeBytes { key in
        switch seed.below(5) {
        case 0, 1: try value.withUnsafeBytes { _ = try tree.editor.put(key, $0) }
        case 2: _ = try tree.editor.delete(key)
        case 3: _ = try tree.editor.get(key)
        default:
          let end = seed.bytes(2)
          _ = try end.withUnsafeBytes { try tree.editor.deleteRange(key, $0) }
        }
      }
    }
    if seed.below(3) == 0 { try tree.editor.dropAll() }
  }

  @Test func damagedTrees() throws {
    #if DEBUG
      let rounds = 60
    #else
      let rounds = 3000
    #endif
    var errors = 0
    var found = 0
    for round in 0..<rounds {
      var seed = TreeSeed(state: UInt64(round))
      let tree = TreeFixture(pageSize: 512)
      for _ in 0..<150 {
        let key = KeyShape.mixed.key(&seed, longest: 40)
        let value = seed.bytes(seed.below(15) == 0 ? 900 + seed.below(4000) : seed.below(40))
        try key.withUnsafeBytes { k in try value.withUnsafeBytes { v in _ = try tree.editor.put(k, v) } }
      }
      try tree.editor.flush()
      let pages = tree.verify(tree.editor.root).pages.sorted()
      _ = tree.edits.takeNewStamp()
      try Self.damage(tree, pages, &seed)
      if tree.verify(tree.editor.root).problems != [] { found += 1 }
      for work in [Self.read, Self.write] {
        do {
          try work(tree, &seed)
        } catch is StorageError {
          errors += 1
        }
      }
    }
    // Most flips hit values, which only a checksum can guard.
    #expect(errors > rounds / 50 && found > rounds / 20)
  }
}
