#if UPKEEP_PLANTS
  import Testing
  import UpkeepStorage

  /// The tests find what they are for: with each mistake put into the engine, the search that is meant to find it
  /// does, and without any mistake it finds nothing.
  @Suite("Each mistake that is planted in the engine is found")
  struct PlantTests {
    @Test(arguments: Plant.allCases)
    func isFound(_ plant: Plant) {
      for hunt in plant.hunts {
        let failures = Plant.sow(plant) { hunt.run() }
        guard let first = failures.first else { continue }
        print("\(plant.rawValue) is found by \(hunt): \(first.prefix(160))")
        return
      }
      Issue.record("\(plant.rawValue) survives \(plant.hunts)")
    }

    /// Programs and faults have suites of their own; these checks have this one.
    @Test(arguments: Hunt.checks)
    func withoutAnyMistakeNothingIsFound(_ check: Hunt) {
      #expect(check.run() == [])
    }
  }
#endif
