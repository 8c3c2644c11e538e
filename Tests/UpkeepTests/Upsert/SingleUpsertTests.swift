import Testing
import Upkeep
import UpkeepTestSupport

/// Rows given one by one take a short way; the same rows as statements of one row go the long way. Both must say and
/// leave the same.
@Suite("An upsert of one row does what a statement of one row does")
struct SingleUpsertTests {
  private static func makeStore(hasRules: Bool) throws -> Store {
    let store = try Store.inMemory()
    try store.write { tx in
      try tx.createTable(
        TableDefinition(
          "t",
          columns: [
            ColumnDefinition("id", .integer), ColumnDefinition("code", .text),
            ColumnDefinition("mark", .text),
            ColumnDefinition("name", .text, isNullable: false, merge: hasRules ? .latest(by: "n") : nil),
            ColumnDefinition("n", .integer, defaultValue: .literal(7)),
            ColumnDefinition("sum", .integer, merge: hasRules ? .sum : nil),
            ColumnDefinition("log", .text, merge: hasRules ? .append : nil),
          ],
          primaryKey: [IndexPart(column: "id")],
          uniqueKeys: [
            IndexDefinition("t_code", on: "t", parts: [IndexPart(column: "code")], isUnique: true)
          ]))
      try tx.createIndex(
        IndexDefinition(
          "t_mark", on: "t", parts: [IndexPart(column: "mark")], isUnique: true,
          where: .binary(.notEqual, .column(ColumnReference("mark")), .literal(.text("")))))
      try tx.createIndex(IndexDefinition("t_name", on: "t", parts: [IndexPart(column: "name")]))
    }
    return store
  }

  private static func row(_ chance: inout SeededGenerator) -> RowInput {
    var names: [String] = []
    var values: [Value] = []
    func give(_ name: String, _ value: Value) {
      names.append(name)
      values.append(value)
    }
    if !chance.oneIn(6) { give("id", chance.oneIn(12) ? .null : .integer(Int64(chance.below(12)))) }
    if !chance.oneIn(3) { give("code", chance.oneIn(5) ? .null : .text("c\(chance.below(8))")) }
    if !chance.oneIn(3) { give("mark", [.null, .text(""), .text("m\(chance.below(5))")][chance.below(3)]) }
    if !chance.oneIn(5) { give("name", chance.oneIn(8) ? .null : .text("n\(chance.below(4))")) }
    if chance.oneIn(2) { give("n", chance.oneIn(9) ? .text("no number") : .integer(Int64(chance.below(3)))) }
    if chance.oneIn(2) { give("sum", [.null, 1, .integer(.max)][chance.below(3)]) }
    if chance.oneIn(2) { give("log", chance.oneIn(3) ? .null : "x") }
    if chance.oneIn(40) { give("name", .text(String(repeating: "x", count: 3000))) }
    var seen: Set<String> = []
    let kept = names.indices.filter { seen.insert(names[$0]).inserted }
    return RowInput(ColumnNames(kept.map { names[$0] }), kept.map { values[$0] })
  }

  private static func words(_ body: () throws -> String) -> String {
    do { return try body() } catch { return "\(error)" }
  }

  @Test(arguments: UInt64(1)...12, [false, true])
  func bothWaysAgree(seed: UInt64, hasRules: Bool) throws {
    var chance = SeededGenerator(seed: seed)
    let single = try Self.makeStore(hasRules: hasRules)
    let whole = try Self.makeStore(hasRules: hasRules)
    let targets: [ConflictTarget] = [
      .primaryKey, .anyUnique, .index("t_code"), .index("t_mark"),
      .on("mark", where: .binary(.notEqual, .column(ColumnReference("mark")), .literal(.text("")))),
    ]
    let actions: [ConflictAction] = [
      .fail, .ignore, .replace, .merge, .merge(columns: ["name", "n"]), .merge(columns: ["id", "code"]),
      .merge(columns: [MergeColumn("n", .sum), MergeColumn("id", .keep), MergeColumn("name", .coalesce)]),
      .update(
        assignments: [
          Assignment("n", .binary(.add, .column(ColumnReference("n", of: "excluded")), .literal(1)))
        ],
        where: .binary(.less, .column(ColumnReference("n")), .literal(3))),
    ]
    var shortWays = 0
    for step in 0..<600 {
      let row = Self.row(&chance)
      let target = targets[chance.below(targets.count)]
      let action = actions[chance.below(actions.count)]
      let ambiguity: AmbiguityPolicy = [.fail, .first, .displace][chance.below(3)]
      let a = Self.words {
        try single.write { "\(try $0.upsert(row, into: "t", on: target, action, ambiguity: ambiguity))" }
      }
      let b = Self.words {
        try whole.write { tx in
          let result = try tx.upsert(
            contentsOf: [row], into: "t", on: target, action, ambiguity: ambiguity, collectsOutcomes: true)
          return "\(try #require(result.outcomes?.first))"
        }
      }
      try #require(a == b, "seed \(seed), step \(step): \(row) on \(target) \(action) \(ambiguity)")
      if a.hasPrefix("inserted") || a.hasPrefix("updated") { shortWays += 1 }
    }
    let rows = try single.read { try $0.scan("t").rows() }
    #expect(rows == (try whole.read { try $0.scan("t").rows() }), "seed \(seed)")
    #expect(try single.verify() == [])
    #expect(shortWays > 50)
  }
}
