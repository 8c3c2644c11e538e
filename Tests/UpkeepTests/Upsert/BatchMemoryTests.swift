import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

/// What a long statement remembers of its rows takes little memory, and is right all the same.
@Suite struct BatchMemoryTests {
  @Test func numbersThatCountByOnesTakeOneRun() {
    var random = SeededGenerator(seed: 5)
    var numbers = RowNumbers()
    var model: [Int] = []
    var next = 1
    for _ in 0..<2000 {
      if random.oneIn(40) { next += random.below(5) - 2 }
      numbers.append(next)
      model.append(next)
      next += 1
    }
    #expect(numbers.count == model.count)
    #expect(model.indices.allSatisfy { numbers[$0] == model[$0] })
  }

  @Test func kindsOfRowsThatEndedAlikeTakeNoMemory() {
    var random = SeededGenerator(seed: 6)
    let kinds = RowKinds()
    var model: [StatementSummary.Kind] = []
    for row in 0..<100_000 {
      kinds.append(.rejected)
      model.append(.inserted)
      kinds[row] = .inserted
    }
    kinds.settle(before: 100_000)
    #expect(kinds.blocksApart == 1, "only the last block is not full")
    for _ in 0..<50 {
      let row = random.below(model.count)
      model[row] = random.pick([.updated, .ignored])
      kinds[row] = model[row]
    }
    kinds.settle(before: 100_000)
    #expect(model.indices.allSatisfy { kinds[$0] == model[$0] })
    #expect(kinds.tally == Dictionary(grouping: model) { $0 }.mapValues(\.count))
  }

  @Test func choicesBeyondTheLatestGoToATreeOfTheTransaction() throws {
    let store = try Store.inMemory()
    let scope = try store.beginWrite()
    defer { scope.rollback() }
    let log = ChoiceLog(try scope.writing, keptCount: 10_000)
    var random = SeededGenerator(seed: 7)
    var model: [Int: UInt64] = [:]
    func note(_ row: Int) {
      let name = UInt64.random(in: 1 ... .max, using: &random)
      log.note(name, row)
      model[row] = name
    }
    for start in stride(from: 0, to: 60_000, by: 3000) {
      for row in (start..<(start + 3000)) where !random.oneIn(3) { note(row) }
      try log.settle(before: start + 3000)
      #expect(log.countInMemory < 14_100)
    }
    for _ in 0..<20 { note(random.below(60_000)) }
    var found: [Int: UInt64] = [:]
    try log.forEach { row, name in
      #expect(found[row] == nil, "row \(row) is told twice")
      found[row] = name
    }
    #expect(found == model)
    try log.end()
  }
}
