import Testing

@testable import UpkeepStorage

@Suite("Ranges that go take time for their edges, not for their rows")
struct RangeTests {
  /// Counts the pages that are looked at: a source of pages that hands out what a tree in memory has.
  private func key(_ i: Int) -> [UInt8] { Array("key\(1_000_000 + i)".utf8) }

  private func filled(_ count: Int, pageSize: Int = 512, longEvery: Int = .max) throws -> TreeFixture {
    let tree = TreeFixture(pageSize: pageSize)
    for i in 0..<count {
      let value = [UInt8](repeating: UInt8(i & 0xFF), count: i % longEvery == longEvery - 1 ? 2000 : 20)
      try tree.put(key(i), value)
    }
    return tree
  }

  @Test func everyRangeOfASmallTree() throws {
    for longEvery in [Int.max, 7] {
      let count = 60
      for first in stride(from: 0, through: count, by: 3) {
        for end in stride(from: first, through: count, by: 4) {
          let tree = try filled(count, longEvery: longEvery)
          _ = tree.edits.takeNewStamp()
          try tree.deleteRange(key(first), key(end))
          try tree.expectSound()
        }
      }
    }
  }

  /// Rows of half a tree go, and only few pages are made for that: copies of the edges.
  @Test func onlyEdgesAreCopied() throws {
    let tree = try filled(20_000)
    try tree.editor.flush()
    let height = tree.editor.root.height
    let before = tree.edits.takeNewStamp()
    let all = tree.verify(tree.editor.root).pages.count
    try tree.deleteRange(key(4000), key(14_000))
    try tree.expectSound()
    let made = tree.edits.born.count - before.born
    #expect(made <= 2 * height + 2, "\(made) pages made")
    let left = tree.verify(tree.editor.root).pages.count
    #expect(left < all * 11 / 20)
    #expect(tree.edits.takeNewStamp().dead - before.dead >= all - left - 2 * height)
  }

  /// No leaf inside the range is read where no value lies outside of its leaf.
  @Test func leavesInsideAreNotRead() throws {
    let tree = try filled(5000)
    try tree.editor.flush()
    // Leaves far from the edges are made unreadable: whoever looks at one fails.
    var leaves: [PageID] = []
    func collect(_ page: PageID, _ level: Int) throws {
      let node = try TreeReader.node(page, level: level, tree.store)
      for child in 0...node.count {
        if level == 1 { leaves.append(node.child(child)) } else { try collect(node.child(child), level - 1) }
      }
    }
    try collect(tree.editor.root.page, tree.editor.root.height - 1)
    let middle = leaves[(leaves.count / 4)..<(leaves.count * 3 / 4)]
    for id in middle {
      let base = try #require(tree.store.table.frame(id))
      MutableNode(base, 512).store16(9, NodeLayout.level)
    }
    tree.editor.reset(to: tree.editor.root)
    _ = tree.edits.takeNewStamp()
    try tree.deleteRange(key(500), key(4500))
    try tree.expectSound()
    #expect(tree.keys.count == 1000)
  }

  /// What is left of a tree after ranges went is joined: no chain of nodes with a row each.
  @Test func edgesAreJoined() throws {
    let tree = try filled(5000)
    for i in 0..<49 { try tree.deleteRange(key(i * 100 + 1), key(i * 100 + 100)) }
    try tree.expectSound()
    let pages = tree.verify(tree.editor.root).pages.count
    #expect(tree.keys.count == 149)
    #expect(pages < 30, "\(pages) pages for 149 rows")
  }

  /// Counts that lie lead to an error, or to a tree that is as wrong as before, but to nothing worse.
  @Test func wrongCountsAreDamage() throws {
    for rows in [0, UInt64.max] {
      for wrong in [0, 3, 5] {
        let tree = try filled(2000)
        try tree.editor.flush()
        let (id, base) = try tree.edits.edit(tree.editor.root.page)
        let node = MutableNode(base, 512)
        try #require(node.view.count > 6)
        node.setRows(below: wrong, rows)
        var root = tree.editor.root
        root.page = id
        tree.editor.reset(to: root)
        let result = Result {
          try key(3).withUnsafeBytes { low in
            try key(1990).withUnsafeBytes { try tree.editor.deleteRange(low, $0) }
          }
        }
        if rows == 0, wrong > 0 {
          let error = #expect(throws: StorageError.self) { try result.get() }
          if case .corrupt = error {} else { Issue.record("another error: \(String(describing: error))") }
        }
      }
    }
  }
}
