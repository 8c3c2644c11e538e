import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

@Suite("Keys are sorted by their bytes, and equal ones by number")
struct KeySorterTests {
  @Test(arguments: [0, 1, 2, 50, 191, 192, 1000, 6000])
  func sorted(count: Int) {
    let seed = firstSeed()
    let sorter = KeySorter()
    for round in 0..<12 {
      var random = SeededGenerator(seed: seed &+ UInt64(round))
      let shared = (0..<random.below(70)).map { _ in UInt8(random.below(3)) }
      let symbols = 1 + random.below(256)
      let longest = 1 + random.below(40)
      let keys = (0..<count).map { _ -> [UInt8] in
        let start = random.oneIn(3) ? Array(shared.prefix(random.below(shared.count + 1))) : shared
        return start + (0..<random.below(longest)).map { _ in UInt8(random.below(symbols)) }
      }
      let arena = ByteBuffer()
      var entries: [SortedKey] = []
      for (number, key) in keys.enumerated() {
        let offset = arena.count
        key.withUnsafeBytes { bytes in
          arena.append(bytes)
          entries.append(SortedKey(bytes, offset: offset, number: UInt32(number)))
        }
      }
      let heads = entries.map(\.head)
      sorter.sort(&entries, UnsafeRawPointer(arena.base))
      let wanted = keys.indices.sorted { a, b in
        if keys[a] != keys[b] { return keys[a].lexicographicallyPrecedes(keys[b]) }
        return a < b
      }
      #expect(entries.map { Int($0.number) } == wanted, "seed \(seed &+ UInt64(round))")
      #expect(entries.map(\.head) == wanted.map { heads[$0] }, "seed \(seed &+ UInt64(round))")
    }
  }
}
