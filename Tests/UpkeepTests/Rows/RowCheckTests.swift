import Testing

@testable import Upkeep

@Suite struct RowCheckTests {
  @Test func nullInANotNullColumnNamesTableAndColumn() throws {
    try RowFixtures.store().read { snapshot throws in
      let check = RowCheck(try snapshot.scope.table("people"))
      let error = #expect(throws: UpkeepError.self) {
        try check.check([.integer(1), .null, .null, .null, .null, .null])
      }
      #expect(error?.code == .notNullViolation)
      #expect(error?.table == "people")
      #expect(error?.column == "code")
      #expect(error?.message.contains("people.code") == true)
    }
  }

  @Test func aFailedCheckNamesItsTextAndTheValue() throws {
    try RowFixtures.store().read { snapshot throws in
      let check = RowCheck(try snapshot.scope.table("people"))
      try check.check([.integer(1), .null, .text(""), .null, .null, .null])
      try check.check([.integer(1), .null, .text(""), .integer(999), .null, .null])
      let error = #expect(throws: UpkeepError.self) {
        try check.check([.integer(1), .null, .text(""), .integer(1000), .null, .null])
      }
      #expect(error?.code == .checkViolation)
      #expect(error?.index == "level_range")
      #expect(error?.column == "level")
      #expect(error?.value == "1000")
      #expect(error?.message.contains("level < 1000") == true)
      #expect(error?.message.contains("level = 1000") == true)
    }
  }
}
