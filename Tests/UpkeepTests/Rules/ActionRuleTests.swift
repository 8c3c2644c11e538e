import Testing
import Upkeep

/// Sections 1 to 4 of `Docs/UpsertRules.md`, by calls.
@Suite struct ActionRuleTests {
  let table: RuleTable

  init() throws { table = try RuleTable() }

  private func column(_ name: String, of row: String? = nil) -> Expression {
    .column(ColumnReference(name, of: row))
  }

  @Test func actions() throws {
    try table.attempt { tx throws in
      // rule U-1.1
      for (id, action) in [(10, ConflictAction.fail), (11, .ignore), (12, .replace), (13, .merge)] {
        let outcome = try tx.upsert(["id": .integer(Int64(id)), "name": "new"], into: "t", action)
        #expect(outcome.kind == .inserted && outcome.stored?[3] == 7)
      }
      // rule U-1.2
      let ignored = try tx.upsert(["id": 1, "n": 9], into: "t", .ignore)
      #expect(ignored.kind == .ignored && ignored.stored == [1, "a", "x", 1, "A"])
      // rule U-1.3
      #expect(
        try tx.upsert(["id": 1, "name": "new"], into: "t", .replace).stored == [1, .null, .null, 7, "new"])
      // rule U-1.4
      #expect(try tx.upsert(["id": 2, "n": 9], into: "t").stored == [2, "b", "y", 9, "B"])
      let named = try tx.upsert(["id": 3, "n": 9, "code": "q"], into: "t", .merge(columns: ["n"]))
      #expect(named.stored == [3, "c", "z", 9, "C"])
    }
  }

  @Test func failing() throws {
    // rule U-1.5
    let met = try table.failure {
      try $0.upsert(["id": 9, "code": "b", "name": ""], into: "t", on: .on("code"), .fail)
    }
    #expect(met?.code == .uniqueViolation && met?.existingKey == "2" && met?.index == "t_code")
    // rule U-1.6
    let whole = try table.failure { tx throws in
      try tx.upsert(contentsOf: [["id": 30, "name": ""], ["id": 31, "n": 500, "name": ""]], into: "t")
    }
    #expect(whole?.code == .checkViolation && whole?.rowNumber == 2)
  }

  @Test func givenOrNot() throws {
    try table.attempt { tx throws in
      // rule U-2.1
      #expect(
        try tx.upsert(["id": .null, "name": "next"], into: "t").stored == [4, .null, .null, 7, "next"])
      #expect(try tx.upsert(["id": 1, "code": "a"], into: "t").kind == .unchanged)
      // rule U-2.2
      #expect(try tx.upsert(["id": 1, "n": .null], into: "t").stored == [1, "a", "x", .null, "A"])
      // rule U-2.3
      let byDefault = try tx.upsert(
        ["id": 1, "name": "x"], into: "t",
        .update(assignments: [Assignment("n", column("n", of: "excluded"))], where: nil))
      #expect(byDefault.stored?[3] == 7)
      // rule U-2.4
      let result = try tx.upsert(
        contentsOf: [["id": 2, "n": 20], ["name": "three", "id": 3], ["id": 2, "code": .null]], into: "t")
      #expect(result.updated == 3)
      #expect(try tx.find("t", 2)?.values == [2, .null, "y", 20, "B"])
      #expect(try tx.find("t", 3)?.values == [3, "c", "z", 3, "three"])
      // rule U-2.5
      #expect(try tx.upsert(["id": 2, "n": 30], into: "t").kind == .updated)
      #expect(try tx.upsert(["id": 2, "n": 500, "name": .null], into: "t", .ignore).kind == .ignored)
      // rule U-2.6
      #expect(try tx.upsert(["code": "c", "name": ""], into: "t", on: .on("code"), .ignore).kind == .ignored)
      #expect(try tx.upsert(["name": "five"], into: "t").stored?[0] == 5)
    }
    #expect(try table.failure { try $0.upsert(["id": 9, "n": 30], into: "t") }?.code == .notNullViolation)
  }

  @Test func targets() throws {
    try table.attempt { tx throws in
      // rule U-3.1
      let row: RowInput = ["code": "b", "n": 9]
      #expect(try tx.upsert(row, into: "t", on: .on("code")).key == "(code)")
      #expect(try tx.upsert(row, into: "t", on: .index("t_code")).stored?[0] == 2)
      #expect(try tx.upsert(["id": 1, "n": 9], into: "t", on: .primaryKey).key == "(id)")
      #expect(try tx.upsert(["lid": "z", "n": 9], into: "t", on: .anyUnique).key == "(lid)")
      // rule U-3.7
      let folded = try tx.upsert(
        contentsOf: [["code": "new", "name": "1"], ["code": "new", "name": "2"]], into: "t", on: .on("code"))
      #expect(folded.inserted == 1 && folded.updated == 1)
      // rule U-3.10
      let both = try tx.upsert(
        ["id": 3, "code": "q", "lid": "r", "n": 0, "name": ""], into: "t",
        .update(
          assignments: [
            Assignment("code", column("lid")), Assignment("lid", column("code", of: "t")),
            Assignment("n", nil), Assignment("name", column("code", of: "excluded")),
          ], where: nil))
      #expect(both.stored == [3, "z", "c", 7, "q"])
      // rule U-3.12
      #expect(try tx.upsert(["id": 50, "code": "a", "n": 5], into: "t", on: .on("code")).stored?[0] == 1)
      #expect(
        try tx.upsert(["id": 50, "code": "a"], into: "t", on: .on("code"), .merge(columns: ["id"])).stored?[0]
          == 50)
      #expect(
        try tx.upsert(["code": "a", "name": ""], into: "t", on: .on("code"), .replace).stored?[0] == 50)
    }
    // rule U-3.4
    let none = try table.failure { try $0.upsert(["id": 1], into: "t", on: .on("n")) }
    #expect(none?.code == .unknownIndex && none?.message.contains("the nearest is") == true)
  }

  @Test func keys() throws {
    try table.attempt { tx throws in
      try tx.createTable(
        TableDefinition(
          "bare",
          columns: [ColumnDefinition("a", .text, collation: .nocase), ColumnDefinition("b", .integer)],
          uniqueKeys: [IndexDefinition("bare_a", on: "bare", parts: [IndexPart(column: "a")], isUnique: true)]
        ))
      let positive = Expression.binary(.greater, column("b"), .literal(0))
      try tx.createIndex(
        IndexDefinition(
          "bare_b", on: "bare", parts: [IndexPart(column: "b")], isUnique: true, where: positive))
      // rule U-3.2
      do throws(UpkeepError) {
        try tx.upsert(["a": "x"], into: "bare")
        Issue.record("a table without a primary key took an upsert by it")
      } catch {
        #expect(error.code == .unknownIndex && error.message.contains("(a)"))
      }
      // rule U-3.3
      try tx.upsert(["a": "p", "b": 5], into: "bare", on: .anyUnique)
      #expect(
        try tx.upsert(["b": 5, "a": "P"], into: "bare", on: .on("b", where: positive)).kind == .updated)
      #expect(throws: UpkeepError.self) { try tx.upsert(["b": 5], into: "bare", on: .on("b")) }
      #expect(
        try tx.upsert(["a": "m", "b": -5], into: "bare", on: .on("b", where: positive)).kind == .inserted)
      #expect(
        try tx.upsert(["a": "o", "b": -5], into: "bare", on: .on("b", where: positive)).kind == .inserted)
      // rule U-3.5
      #expect(try tx.upsert(["a": .null], into: "bare", on: .on("a")).kind == .inserted)
      #expect(try tx.upsert(["a": .null], into: "bare", on: .on("a")).kind == .inserted)
      try tx.createIndex(
        IndexDefinition(
          "equal", on: "t", parts: [IndexPart(column: "name")], isUnique: true, nullsAreEqual: true))
      #expect(throws: UpkeepError.self) {
        try tx.createIndex(
          IndexDefinition(
            "no", on: "bare", parts: [IndexPart(column: "a")], isUnique: true, nullsAreEqual: true))
      }
      // rule U-3.6
      let other = try tx.upsert(["a": "M", "b": -6], into: "bare", on: .on("a"))
      #expect(other.kind == .updated && other.stored == ["M", -6])
    }
  }

  @Test func several() throws {
    try table.attempt { tx throws in
      // rule U-4.1
      let one = try tx.upsert(["id": 1, "code": "a", "lid": "x", "n": 9], into: "t", on: .anyUnique)
      #expect(one.kind == .updated && one.key == "(id)")
      // rule U-4.2
      let ignored = try tx.upsert(
        ["id": 9, "code": "b", "lid": "x", "name": ""], into: "t", on: .anyUnique, .ignore)
      #expect(ignored.kind == .ignored && ignored.key == "(code)")
      // rule U-4.4
      let first = try tx.upsert(
        ["id": 1, "code": "b", "n": 8], into: "t", on: .anyUnique, .merge(columns: ["n"]), ambiguity: .first)
      #expect(first.stored == [1, "a", "x", 8, "A"])
    }
    // rule U-4.3
    let both = try table.failure { try $0.upsert(["id": 1, "code": "b"], into: "t", on: .anyUnique) }
    #expect(both?.code == .ambiguous)
    #expect(both?.message.contains("row 1 by (id) = 1 and row 2 by (code) = b") == true)
  }
}
