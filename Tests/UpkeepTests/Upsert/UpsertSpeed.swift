import Foundation
import Testing
import Upkeep
import UpkeepTestSupport

/// Times of bulk upserts, printed when `UPKEEP_SPEED` is set.
@Suite(.serialized) struct UpsertSpeed {
  static let isAsked = ProcessInfo.processInfo.environment["UPKEEP_SPEED"] != nil
  static let count = Int(ProcessInfo.processInfo.environment["UPKEEP_SPEED"] ?? "") ?? 1_000_000

  private func row(_ id: Int, _ score: Int) -> [Value?] {
    [
      .integer(Int64(id)), .text("user\(id)@example.com"), .text("name of the person \(id) here"),
      .real(Double(score) / 4), .integer(Int64(1_700_000_000 + score)),
    ]
  }

  @Test(.enabled(if: UpsertSpeed.isAsked)) func bulk() throws {
    let count = Self.count
    let store = try Store.inMemory()
    try store.write { tx in
      try tx.createTable(
        TableDefinition(
          "t",
          columns: [
            ColumnDefinition("id", .integer), ColumnDefinition("email", .text),
            ColumnDefinition("name", .text),
            ColumnDefinition("score", .real), ColumnDefinition("updated_at", .integer),
          ], primaryKey: [IndexPart(column: "id")],
          uniqueKeys: [
            IndexDefinition("t_email", on: "t", parts: [IndexPart(column: "email")], isUnique: true)
          ]))
    }
    var random = SeededGenerator(seed: 1)
    let inOrder = (0..<count).map { row($0 * 2, 0) }
    let halfNew = (0..<count).map { _ in random.below(count) * 2 + random.below(2) }.map { row($0, 1) }
    let again = (0..<count).map { row($0 * 2, 7) }.shuffled(using: &random)
    try time("load in order", store, inOrder)
    try time("the same, unchanged", store, inOrder)
    try time("half new, random", store, halfNew)
    try time("random, changed", store, again)
    try time("random, unchanged", store, again)
    let other = try Store.inMemory()
    _ = other
    try oneByOne(store, Array(again.prefix(100_000)))
  }

  private func time(_ what: String, _ store: Store, _ rows: [[Value?]]) throws {
    let scope = try store.beginWrite()
    let start = ContinuousClock.now
    let plan = try UpsertPlan(
      try scope.table("t"), clauses: [ConflictClause(.primaryKey, .merge(columns: nil))])
    let batch = try UpsertBatch(scope, plan)
    for (index, row) in rows.enumerated() { try batch.add(row, number: index + 1) }
    let added = ContinuousClock.now
    let result = try batch.finish()
    let end = ContinuousClock.now
    try scope.commit()
    let total = (end - start) / rows.count
    print(
      "\(what): \(total) a row (\((added - start) / rows.count) to add), commit \((ContinuousClock.now - end) / rows.count) µs: \(result)"
    )
  }

  private func oneByOne(_ store: Store, _ rows: [[Value?]]) throws {
    let scope = try store.beginWrite()
    let start = ContinuousClock.now
    let plan = try UpsertPlan(
      try scope.table("t"), clauses: [ConflictClause(.primaryKey, .merge(columns: nil))])
    for row in rows {
      var row = row
      row[4] = .integer(5)
      let batch = try UpsertBatch(scope, plan)
      try batch.add(row, number: 1)
      _ = try batch.finish()
    }
    print("one by one in a transaction: \((ContinuousClock.now - start) / rows.count) µs")
    try scope.commit()
  }
}
