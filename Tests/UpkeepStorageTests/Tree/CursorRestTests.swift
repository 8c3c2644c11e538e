import Testing
import UpkeepTestSupport

@testable import UpkeepStorage

/// A cursor that rested and was opened again is as a new one, whatever it stood on before: of another tree, of another
/// state, in a store whose pages lose their frames.
struct CursorRestTests {
  @Test("A cursor opened again and again shows what a new one shows")
  func openedAgain() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let database = try SmallCacheTests.Database()
    // Another tree, much lower than the first.
    let small = try database.storage.beginWrite()
    let other = try small.createTree()
    for number in 0..<3 as Range<UInt8> {
      try [number].withUnsafeBytes { key in
        try [number, number].withUnsafeBytes { try small.put(other, key, $0) }
      }
    }
    try small.commit()
    let rows: UInt64 = 3000
    try database.fill(0..<rows, round: 1)
    var round: UInt64 = 1
    var kept: TreeCursor?
    for _ in 0..<120 {
      if random.oneIn(8) {
        round += 1
        try database.fill(0..<rows, round: round)
      }
      let snapshot = try database.storage.beginRead()
      defer { snapshot.end() }
      let isLarge = !random.oneIn(3)
      let tree = isLarge ? database.tree : other
      let cursor: TreeCursor
      if let kept {
        #expect(try snapshot.reopen(kept, tree))
        cursor = kept
      } else {
        cursor = try snapshot.cursor(tree)
        kept = cursor
      }
      defer {
        // Now and then it rests late, as if somebody forgot: opening it lets go as well.
        if !random.oneIn(4) { cursor.rest() }
      }
      guard isLarge else {
        var found: [UInt8] = []
        while try cursor.next() { found.append(cursor.key[0]) }
        #expect(found == [0, 1, 2], "seed \(seed)")
        continue
      }
      if random.oneIn(2) { cursor.setUpperBound(nil) }
      let start = UInt64(random.below(Int(rows)))
      var isThere = try withUnsafeBytes(of: start.bigEndian) { try cursor.seek($0) }
      for row in start..<min(rows, start + UInt64(random.below(40))) {
        try #require(isThere && SmallCacheTests.row(cursor.key) == row, "seed \(seed)")
        #expect(SmallCacheTests.round(of: try cursor.value(), row: row) == round, "seed \(seed)")
        isThere = try cursor.next()
      }
    }
  }

  @Test("A cursor that rests stands on nothing, and lends its place to others")
  func restsOnNothing() throws {
    let database = try SmallCacheTests.Database()
    try database.fill(0..<500, round: 1)
    let snapshot = try database.storage.beginRead()
    var cursors: [TreeCursor] = []
    // More than there are places for frames that are kept: were they not given back, later ones would have none.
    for _ in 0..<100 {
      let cursor = try snapshot.cursor(database.tree)
      #expect(try cursor.first())
      cursor.rest()
      #expect(try !cursor.next() && !cursor.first() && !cursor.last())
      cursors.append(cursor)
    }
    #expect(snapshot.takeCell() == 1)
    for cursor in cursors.prefix(3) {
      #expect(try snapshot.reopen(cursor, database.tree))
      #expect(try cursor.first() && SmallCacheTests.row(cursor.key) == 0)
    }
    snapshot.end()
    #expect(throws: StorageError.self) { try cursors[0].seek(UnsafeRawBufferPointer(start: nil, count: 0)) }
    #expect(throws: StorageError.self) { try snapshot.reopen(cursors[1], database.tree) }
  }

  @Test("A cursor is not opened on pages of another store")
  func ofOneStore() throws {
    let (first, second) = (try SmallCacheTests.Database(), try SmallCacheTests.Database())
    for database in [first, second] { try database.fill(0..<10, round: 1) }
    let snapshot = try first.storage.beginRead()
    let cursor = try snapshot.cursor(first.tree)
    cursor.rest()
    #expect(try !second.storage.beginRead().reopen(cursor, second.tree))
    #expect(try snapshot.reopen(cursor, first.tree) && cursor.first())
  }
}
