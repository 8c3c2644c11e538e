import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

/// Rows that queries sort, tell apart and find by key come back as from arrays and sets, however often they leave memory.
@Suite struct SortedTests {
  private func bytes(_ random: inout SeededGenerator, longest: Int = 12) -> [UInt8] {
    (0..<random.below(longest)).map { _ in UInt8(random.below(3)) }
  }

  private let keyBuffer = ByteBuffer()
  private let rowBuffer = ByteBuffer()

  /// The bytes in a buffer, until it is filled again.
  private func lying(_ bytes: [UInt8], in buffer: ByteBuffer) -> UnsafeRawBufferPointer {
    buffer.removeAll()
    bytes.withUnsafeBytes { buffer.append($0) }
    return buffer.bytes
  }

  private func memory(_ limit: Int) throws -> QueryMemory {
    QueryMemory(
      limit: limit, files: try Store("t.upkeep", fileSystem: MemoryFileSystem()).storage.temporaryFiles)
  }

  @Test func rowsAreSortedAndCutAsAnArrayIs() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    var (spills, merges) = (0, 0)
    for round in 0..<60 {
      let memory = try memory(random.pick([0, 200, 3000, 1 << 20]))
      let most = random.oneIn(3) ? nil : 1 + random.below(random.oneIn(2) ? 5 : 300)
      let sorter = RowSorter(most: most, memory)
      var model: [(key: [UInt8], row: [Value])] = []
      for number in 0..<random.below(500) {
        let key = bytes(&random)
        let row: [Value] = [.integer(Int64(number)), .text(String(repeating: "x", count: random.below(40)))]
        model.append((key, row))
        let lying = lying(key, in: keyBuffer)
        if sorter.accepts(lying) { try sorter.add(lying, row) }
      }
      let indices = model.indices.sorted { a, b in
        if model[a].key == model[b].key { return a < b }
        return model[a].key.lexicographicallyPrecedes(model[b].key)
      }
      let expected = indices.prefix(most ?? .max).map { model[$0].row }
      var found: [[Value]] = []
      let rows = try sorter.finish()
      while try rows.next() { found.append(try rows.row()) }
      #expect(Array(found.prefix(most ?? .max)) == expected, "seed \(seed), round \(round)")
      spills += memory.spillCount > 0 ? 1 : 0
      merges += memory.spillCount > 1 ? 1 : 0
    }
    #expect(spills > 20 && merges > 5)
  }

  @Test func keysAreToldApartAsInASet() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    var merges = 0
    for round in 0..<40 {
      let memory = try memory(random.pick([0, 300, 2000, 1 << 20]))
      let keys = KeySet(memory)
      var model: Set<[UInt8]> = []
      for _ in 0..<random.below(300) {
        let key = bytes(&random)
        let wanted = lying(key, in: keyBuffer)
        let isNew = try keys.insert(wanted)
        let isThere = try keys.contains(wanted)
        #expect(isNew == model.insert(key).inserted && isThere, "seed \(seed), round \(round), \(key)")
        let other = bytes(&random)
        let isOther = try keys.contains(lying(other, in: keyBuffer))
        #expect(isOther == model.contains(other), "seed \(seed), round \(round), \(other)")
      }
      merges += memory.spillCount > 9 ? 1 : 0
    }
    #expect(merges > 5)
  }

  @Test func recordsAreFoundByKeyInTheOrderInWhichTheyCame() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    for round in 0..<20 {
      let run = SortedRun(try memory(0).makeFile(), filterByteCount: random.below(2000))
      var model: [(key: [UInt8], row: [UInt8])] = []
      // Many records of one key, so that they are longer than what is read at once; and long ones.
      for _ in 0..<random.below(60) {
        let key = bytes(&random, longest: 5)
        for _ in 0..<(random.oneIn(15) ? 900 : 1 + random.below(3)) {
          model.append((key, [UInt8](repeating: 7, count: random.below(random.oneIn(300) ? 90_000 : 40))))
        }
      }
      let sorted = model.indices.sorted { a, b in
        model[a].key == model[b].key ? a < b : model[a].key.lexicographicallyPrecedes(model[b].key)
      }.map { model[$0] }
      for record in sorted {
        try run.append(lying(record.key, in: keyBuffer), lying(record.row, in: rowBuffer))
      }
      try run.finish()
      #expect(run.count == sorted.count)
      for _ in 0..<30 {
        let key = bytes(&random, longest: 5)
        var found: [(Int, [UInt8])] = []
        let wanted = lying(key, in: keyBuffer)
        _ = try run.forEach(wanted, hash: ByteKeyTable.hash(wanted)) {
          number, row throws(UpkeepError) in
          found.append((number, Array(row)))
          return true
        }
        let expected = sorted.indices.filter { sorted[$0].key == key }
        #expect(found.map(\.0) == expected, "seed \(seed), round \(round), \(key)")
        #expect(found.map(\.1) == expected.map { sorted[$0].row })
      }
    }
  }

  @Test func rowsAreFoundByTheirNumbers() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    var spills = 0
    for round in 0..<30 {
      let memory = try memory(random.pick([0, 3000, 1 << 20]))
      let rows = IndexedRows(memory)
      var model: [[Value]] = []
      for number in 0..<random.below(900) {
        let text = String(repeating: "x", count: random.oneIn(50) ? 20_000 : random.below(40))
        model.append([.integer(Int64(number)), random.oneIn(3) ? .null : .text(text)])
        try rows.append(model[number])
      }
      try rows.finish()
      guard rows.count == model.count else {
        Issue.record("\(rows.count) rows, not \(model.count): seed \(seed), round \(round)")
        continue
      }
      let places = (0..<4).map { _ in random.below(max(1, model.count)) }
      for step in 0..<min(600, model.count) {
        let number = random.oneIn(8) ? random.below(model.count) : (random.pick(places) + step) % model.count
        #expect(try rows.row(number) == model[number], "seed \(seed), round \(round), row \(number)")
      }
      spills += memory.spillCount
    }
    #expect(spills > 9, "too seldom in a file: seed \(seed)")
  }
}
