import Testing
import UpkeepTestSupport

@testable import Upkeep

@Suite struct IntegerGroupsTests {
  @Test(arguments: UInt64(1)...8) func `an integer is found with its own number or not at all`(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let groups = IntegerGroups()
    #expect(groups.find(0) == nil, "an empty place is not the group of zero")
    var model: [Int64: Int] = [:]
    var found = 0
    for _ in 0..<20_000 {
      let key = chance.oneIn(3) ? Int64(bitPattern: chance.next()) : Int64(chance.below(6000)) - 3000
      if let number = groups.find(key) {
        found += 1
        #expect(model[key] == number, "seed \(seed): \(key)")
      } else {
        let number = model[key] ?? model.count
        model[key] = number
        groups.set(key, number)
        #expect(groups.find(key) == number, "seed \(seed): \(key) right after it was set")
      }
    }
    #expect(found > 1000, "seed \(seed): \(found) of 20000 found")
  }
}
