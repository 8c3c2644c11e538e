import Testing
import Upkeep
import UpkeepTestSupport

/// Sections 5 to 13 of `Docs/UpsertRules.md`, by calls.
@Suite struct BatchRuleTests {
  let table: RuleTable

  init() throws { table = try RuleTable() }

  private func row(_ id: Int64, _ code: Value, _ n: Value = 5) -> RowInput {
    ["id": .integer(id), "code": code, "n": n, "name": "N"]
  }

  @Test func claims() throws {
    try table.attempt { tx throws in
      // rule U-5.1
      let swapped = try tx.upsert(contentsOf: [row(1, "b"), row(2, "c"), row(3, "a")], into: "t")
      #expect(swapped.updated == 3)
      #expect(try RuleTable.rows(tx).map { $0[1] } == ["b", "c", "a"])
    }
    // rule U-5.2
    let kept = try table.failure { try $0.upsert(contentsOf: [row(8, "q"), row(9, "a")], into: "t") }
    #expect(kept?.code == .uniqueViolation && kept?.existingKey == "1" && kept?.rowNumber == 2)
    // rule U-5.4
    let first = try table.failure { try $0.upsert(contentsOf: [row(7, "b"), row(9, "a")], into: "t") }
    #expect(first?.rowNumber == 1 && first?.existingKey == "2" && first?.key == "b")
    try table.attempt { tx throws in
      // rule U-5.3
      let two = try tx.upsert(
        contentsOf: [row(8, "new"), row(7, "new")], into: "t", rejects: .collect(limit: nil))
      #expect(two.inserted == 1 && two.rejects.map(\.rowNumber) == [2])
      #expect(try tx.find("t", 8)?["code"] == "new")
    }
    try table.attempt { tx throws in
      // rule U-5.5
      let aside = try tx.upsert(
        contentsOf: [row(1, "p"), row(1, "b"), row(8, "a"), row(9, "free")], into: "t",
        rejects: .collect(limit: nil))
      #expect(aside.rejects.map(\.rowNumber) == [1, 2, 3] && aside.inserted == 1)
      #expect(try tx.find("t", 1)?.values == [1, "a", "x", 1, "A"])
    }
  }

  @Test func displacing() throws {
    try table.attempt { tx throws in
      // rule U-6.1
      let result = try tx.upsert(
        contentsOf: [row(9, "a"), row(2, "c")], into: "t", ambiguity: .displace, collectsOutcomes: true)
      #expect(result.displaced == 2 && result.outcomes?.map(\.kind) == [.inserted, .updated])
      #expect(result.displacedRows.map { $0[0] }.sorted { "\($0)" < "\($1)" } == [1, 3])
    }
    // rule U-6.2
    let chosen = try table.failure {
      try $0.upsert(contentsOf: [row(9, "a"), row(1, "a")], into: "t", ambiguity: .displace)
    }
    #expect(chosen?.code == .uniqueViolation && chosen?.existingKey == "1")
  }

  @Test func duplicates() throws {
    for (policy, n) in [(DuplicatePolicy.fold, Value.integer(2)), (.first, 1), (.last, 2)] {
      try table.attempt { tx throws in
        // rule U-7.1
        // rule U-7.2
        let result = try tx.upsert(
          contentsOf: [row(9, "q", 1), row(9, "q", 2)], into: "t", duplicates: policy)
        #expect(result.inserted == 1 && result.ignored == (policy == .fold ? 0 : 1))
        #expect(try tx.find("t", 9)?["n"] == n)
      }
    }
    let twice = try table.failure {
      try $0.upsert(contentsOf: [row(9, "q"), row(9, "q")], into: "t", duplicates: .fail)
    }
    #expect(twice?.code == .uniqueViolation && twice?.rowNumber == 2)
    // rule U-7.3
    let several = try table.failure {
      try $0.upsert(contentsOf: [RowInput](), into: "t", on: .anyUnique, duplicates: .last)
    }
    #expect(several?.code == .misuse)
  }

  @Test func order() throws {
    var tables: Set<String> = []
    let rows = [row(1, "c", 5), row(3, "a", 6), row(5, "e", 7)]
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      try table.attempt { tx throws in
        try tx.upsert(contentsOf: order.map { rows[$0] }, into: "t")
        tables.insert("\(try RuleTable.rows(tx))")
      }
    }
    // rule U-8.1
    #expect(tables.count == 1)
    // rule U-8.2
    let late = try table.failure { try $0.upsert(contentsOf: [row(9, "a"), row(1, "a", 500)], into: "t") }
    #expect(late?.code == .uniqueViolation && late?.rowNumber == 1)
    let early = try table.failure { try $0.upsert(contentsOf: [row(1, "a", 500), row(9, "a")], into: "t") }
    #expect(early?.code == .checkViolation && early?.rowNumber == 1)
  }

  @Test func outcomes() throws {
    try table.attempt { tx throws in
      let rows = [row(1, "a", 1), row(2, "b", 9), row(9, "c"), row(10, "j", 500)]
      let result = try tx.upsert(
        contentsOf: rows, into: "t", .merge(columns: ["n"]), ambiguity: .displace,
        rejects: .collect(limit: nil),
        collectsOutcomes: true)
      // rule U-10.1
      #expect(result.outcomes?.map(\.kind) == [.unchanged, .updated, .inserted, .rejected])
      #expect(result.rowsGiven == 4 && result.displaced == 1 && result.deleted == 0)
    }
    // rule U-10.2
    let again = try table.store.write { tx throws in
      let again = try tx.upsert(contentsOf: [["id": 1, "code": "a"], ["id": 2, "n": 2]], into: "t")
      #expect(again.unchanged == 2)
      return again
    }
    #expect(again.changes == 2)
    // rule U-11.1
    let bad = try table.failure { try $0.upsert(contentsOf: [row(8, "q"), row(1, "a", "many")], into: "t") }
    #expect(bad?.table == "t" && bad?.column == "n" && bad?.rowNumber == 2 && bad?.value == "'many'")
    try table.attempt { tx throws in
      // rule U-11.2
      let result = try tx.upsert(
        contentsOf: [row(1, "a", "many"), row(8, "q"), row(9, "r", 500)], into: "t",
        rejects: .collect(limit: nil))
      #expect(result.inserted == 1 && result.rejects.map(\.code) == [.typeMismatch, .checkViolation])
    }
    // rule U-11.3
    let limit = try table.failure {
      try $0.upsert(
        contentsOf: [row(1, "a", "many"), row(8, "q"), row(9, "r", 500)], into: "t",
        rejects: .collect(limit: 1))
    }
    #expect(limit?.code == .tooManyRejects)
  }

  @Test func rulesOfKeys() throws {
    // rule U-9.6
    let refused = try table.failure { tx throws in
      try tx.createTable(
        TableDefinition(
          "bad", columns: [ColumnDefinition("id", .integer, merge: .max)],
          primaryKey: [IndexPart(column: "id")]))
    }
    #expect(refused?.message.contains("SET or KEEP") == true)
  }

  @Test func syncs() throws {
    try table.attempt { tx throws in
      // rule U-12.8
      let result = try tx.sync("t", with: [row(1, "a", 9), row(4, "d")])
      #expect(result.inserted == 1 && result.updated == 1 && result.deleted == 2 && result.changes == 4)
      #expect(try RuleTable.rows(tx).map { $0[0] } == [1, 4])
    }
    try table.attempt { tx throws in
      // rule U-12.9
      let result = try tx.sync(
        "t", with: [row(1, "a", "many"), row(2, "b"), row(2, "b")], rejects: .collect(limit: nil))
      #expect(result.rejected == 1 && result.deleted == 1)
      #expect(try RuleTable.rows(tx).map { $0[0] } == [1, 2])
    }
    // rule U-12.10
    let unreadable = try table.failure {
      try $0.sync("t", with: [["id": "x", "name": ""]], rejects: .collect(limit: nil))
    }
    #expect(unreadable?.code == .unreadableKey)
    #expect(
      try table.failure { try $0.sync("t", with: [RowInput]()) }?.message.contains("ALLOW EMPTY") == true)
    try table.attempt { tx throws in
      #expect(try tx.sync("t", with: [RowInput](), allowsEmpty: true).deleted == 3)
    }
    // rule U-12.11
    let null = try table.failure { try $0.sync("t", with: [["code": .null, "name": ""]], by: .on("code")) }
    #expect(null?.code == .notNullViolation && null?.rowNumber == 1)
  }

  @Test func merges() throws {
    func column(_ name: String, _ row: String) -> Expression { .column(ColumnReference(name, of: row)) }
    let same = Expression.binary(.equal, column("id", "t"), column("id", "source"))
    let byN = Expression.binary(.equal, column("n", "t"), column("n", "source"))
    let delete = MergeClause(.matched, and: .binary(.greater, column("n", "t"), .literal(1)), .delete)
    try table.attempt { tx throws in
      // rule U-12.1
      let once = try tx.merge(
        into: "t", using: [["n": 1, "id": 2], ["n": 2, "id": 8]], on: byN,
        [MergeClause(.matched, .update([Assignment("n", column("id", "source"))]))])
      let numbers = try RuleTable.rows(tx).map { $0[3] }
      #expect(once.updated == 2 && numbers == [2, 8, 3])
    }
    try table.attempt { tx throws in
      // rule U-12.2
      // rule U-12.7
      let result = try tx.merge(
        into: "t", using: [["id": 1, "n": 50], ["id": 2, "n": 50], ["id": 9, "name": "new"]], on: same,
        [delete, MergeClause(.matched, .updateAll), MergeClause(.notMatched, .insertAll)])
      #expect("\(result)" == "1 inserted, 1 updated, 0 unchanged, 1 deleted")
      #expect(try tx.find("t", 1)?.values == [1, "a", "x", 50, "A"])
    }
    // rule U-12.3
    let twice = try table.failure {
      try $0.merge(into: "t", using: [["id": 1], ["id": 1]], on: same, [MergeClause(.matched, .delete)])
    }
    #expect(twice?.code == .changedTwice && twice?.message.contains("rows 1 and 2") == true)
    try table.attempt { tx throws in
      let none = try tx.merge(
        into: "t", using: [["id": 1], ["id": 1]], on: same, [MergeClause(.matched, .nothing)])
      #expect(none.changes == 0)
    }
    // rule U-12.4
    let claimed = try table.failure {
      try $0.merge(
        into: "t", using: [["id": 8, "name": ""], ["id": 8, "name": ""]], on: same,
        [MergeClause(.notMatched, .insertAll)])
    }
    #expect(claimed?.code == .uniqueViolation && claimed?.rowNumber == 2)
    try table.attempt { tx throws in
      // rule U-12.5
      let clauses = [
        MergeClause(.matched, and: .literal(0), .delete), MergeClause(.notMatchedBySource, .delete),
      ]
      #expect(try tx.merge(into: "t", using: [["id": 1]], on: same, clauses).deleted == 2)
      #expect(try tx.find("t", 1) != nil)
    }
    // rule U-13.2
    try table.attempt { tx throws in
      let result = try tx.merge(
        into: "t", using: [["id": 2]], on: same, [MergeClause(.matched, .delete)], dryRun: true)
      let row = try tx.find("t", 2)
      #expect(result.deleted == 1 && row != nil)
    }
  }
}
