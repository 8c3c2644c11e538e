import Testing

@testable import Upkeep

@Suite struct AutomaticIDTests {
  private func store(isAutoincrement: Bool = false, isDescending: Bool = false) throws -> Store {
    let store = try Store.inMemory()
    try store.write {
      try $0.createTable(
        TableDefinition(
          "t", columns: [ColumnDefinition("id", .integer), ColumnDefinition("x", .text)],
          primaryKey: [IndexPart(column: "id", isDescending: isDescending)], isAutoincrement: isAutoincrement)
      )
    }
    return store
  }

  @Test(arguments: [false, true])
  func idsFollowTheGreatest(isDescending: Bool) throws {
    let store = try store(isDescending: isDescending)
    try store.write { tx throws in
      let writer = try RowWriter(tx.scope, try tx.scope.table("t"))
      #expect(try writer.nextAutomaticID() == 1)
      #expect(try writer.nextAutomaticID() == 1, "an id is used up by an insert only")
      try writer.insert([.integer(7), .null])
      #expect(try writer.nextAutomaticID() == 8)
      try writer.delete([.integer(7), .null])
      #expect(try writer.nextAutomaticID() == 1)
      try writer.insert([.integer(-5), .null])
      #expect(try writer.nextAutomaticID() == -4)
    }
  }

  @Test func theLastIDLeavesNoOther() throws {
    let store = try store()
    try store.write { tx throws in
      let writer = try RowWriter(tx.scope, try tx.scope.table("t"))
      try writer.insert([.integer(.max), .null])
      #expect { try writer.nextAutomaticID() } throws: { ($0 as? UpkeepError)?.code == .overflow }
    }
  }

  @Test func autoincrementNeverGivesAnIDAgain() throws {
    let store = try store(isAutoincrement: true)
    try store.write { tx throws in
      let writer = try RowWriter(tx.scope, try tx.scope.table("t"))
      try writer.insert([.integer(5), .null])
      try writer.delete([.integer(5), .null])
      #expect(try writer.nextAutomaticID() == 6)
    }
    try store.write { tx throws in
      let writer = try RowWriter(tx.scope, try tx.scope.table("t"))
      #expect(try writer.nextAutomaticID() == 6)
      // A statement that fails uses up nothing.
      _ = try? tx.scope.statement { () throws(UpkeepError) in
        try writer.insert([.integer(100), .null])
        throw UpkeepError(.misuse, "on purpose")
      }
      #expect(try RowWriter(tx.scope, try tx.scope.table("t")).nextAutomaticID() == 6)
    }
  }
}
