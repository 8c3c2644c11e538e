import Testing
import UpkeepTestSupport

@testable import UpkeepStorage

/// A cursor with an upper bound steps as far as the bound and no further, whichever leaf the bound lies in.
struct CursorBoundTests {
  @Test func stepsEndBelowTheBound() throws {
    let seed = firstSeed()
    for number in 0..<60 {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let tree = TreeFixture(pageSize: 512)
      for _ in 0..<random.below(400) {
        // Short suffixes and long ones, with and without a common prefix.
        var key: [UInt8] = random.oneIn(3) ? [7, 7, 7, 7, 7] : [UInt8(random.below(3))]
        for _ in 0..<random.below(12) { key.append(UInt8(random.below(4))) }
        try tree.put(key, Array(repeating: 1, count: random.below(40)))
      }
      for _ in 0..<40 {
        var upper: [UInt8] = random.oneIn(2) ? [7, 7, 7, 7, 7] : [UInt8(random.below(9))]
        for _ in 0..<random.below(4) { upper.append(UInt8(random.below(4))) }
        if random.oneIn(3), !tree.keys.isEmpty { upper = tree.keys[random.below(tree.keys.count)] }
        let cursor = try TreeCursor(tree.store, tree.editor.root, keepAlive: nil)
        cursor.setUpperBound(upper)
        var found: [[UInt8]] = []
        var entry = TreeEntry()
        if random.oneIn(2) {
          while try cursor.next(&entry) { found.append(Array(entry.key)) }
        } else {
          while try cursor.next() { found.append(Array(cursor.key)) }
        }
        let expected = Array(tree.keys[..<tree.rank(upper)])
        #expect(found == expected, "seed \(seed &+ UInt64(number)), bound \(upper)")
        // It stays ended, and goes back from there.
        #expect(try !cursor.next())
        if !expected.isEmpty, try cursor.previous() { #expect(tree.keys.contains(Array(cursor.key))) }
      }
    }
  }
}
