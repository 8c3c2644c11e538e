#if UPKEEP_PLANTS
  import Foundation
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

    @Test("The document has a row for each rule, and in it each plant")
    func theyAreListed() throws {
      let root = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "../../../Docs/Testing.md")
      let rows = try String(contentsOf: root, encoding: .utf8).split(separator: "\n").filter {
        $0.hasPrefix("| ")
      }
      let named = rows.joined().split(separator: "`").map(String.init)
      for plant in Plant.allCases { #expect(named.contains(plant.rawValue)) }
      for rule in 1...27 {
        let row = rows.first { $0.hasPrefix("| \(rule) ") }
        let plants = row.map { row in Plant.allCases.filter { row.contains("`\($0.rawValue)`") } } ?? []
        #expect(!plants.isEmpty, "rule \(rule)")
      }
    }

    /// Programs and faults have suites of their own; these checks have this one.
    @Test(arguments: Hunt.checks)
    func withoutAnyMistakeNothingIsFound(_ check: Hunt) {
      #expect(check.run() == [])
    }
  }
#endif
