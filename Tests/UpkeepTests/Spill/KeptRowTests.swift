import Testing
import UpkeepTestSupport

@testable import Upkeep

/// Whole numbers and rows that joins keep come back as from a dictionary and an array.
@Suite struct KeptRowTests {
  @Test func numbersAreToldApartAsByADictionary() {
    var random = SeededGenerator(seed: firstSeed())
    for spread in [3, 1000, Int.max] {
      let table = NumberTable()
      var model: [Int64: Int] = [:]
      for _ in 0..<5000 {
        let key = random.oneIn(20) ? random.pick([.min, .max, 0, -1]) : Int64(random.below(spread)) &- 500
        #expect(table.search.find(key) == model[key] ?? -1)
        let number = table.insert(key)
        #expect(number == model[key] ?? model.count)
        model[key] = number
      }
      #expect(table.count == model.count && table.keys.enumerated().allSatisfy { model[$1] == $0 })
    }
  }

  @Test func rowsStayWhereTheyAre() {
    let arena = RowArena()
    var places: [UnsafeBufferPointer<Value>] = []
    func text(_ number: Int) -> Value { .text("a text that is too long to lie in place, \(number)") }
    for number in 0..<3000 {
      arena.append([.integer(Int64(number)), text(number)])
      places.append(arena.places[number])
    }
    for number in 0..<3000 {
      #expect(Array(places[number]) == [.integer(Int64(number)), text(number)])
      #expect(arena.values(number) == Array(places[number]))
    }
    arena.removeAll()
    #expect(arena.count == 0)
    arena.append([])
    #expect(arena.values(0).isEmpty && arena.count == 1)
  }
}
