import Upkeep

/// A table for the rules of `Docs/UpsertRules.md` to be shown on, and how to try something on it.
struct RuleTable {
  let store: Store

  /// Rows 1, 2 and 3 have the codes a, b and c, and the lids x, y and z.
  init() throws {
    store = try Store.inMemory()
    try store.write { tx throws in
      try tx.createTable(
        TableDefinition(
          "t",
          columns: [
            ColumnDefinition("id", .integer), ColumnDefinition("code", .text), ColumnDefinition("lid", .text),
            ColumnDefinition("n", .integer, defaultValue: .literal(7)),
            ColumnDefinition("name", .text, isNullable: false),
          ], primaryKey: [IndexPart(column: "id")],
          uniqueKeys: [
            IndexDefinition("t_code", on: "t", parts: [IndexPart(column: "code")], isUnique: true),
            IndexDefinition("t_lid", on: "t", parts: [IndexPart(column: "lid")], isUnique: true),
          ], checks: [CheckDefinition(nil, .binary(.less, .column(ColumnReference("n")), .literal(100)))]))
      let rows: [RowInput] = [
        ["id": 1, "code": "a", "lid": "x", "n": 1, "name": "A"],
        ["id": 2, "code": "b", "lid": "y", "n": 2, "name": "B"],
        ["id": 3, "code": "c", "lid": "z", "n": 3, "name": "C"],
      ]
      try tx.upsert(contentsOf: rows, into: "t")
    }
  }

  private struct TakenBack: Error {}

  /// Runs `body` in a transaction of which nothing stays.
  func attempt(_ body: (Transaction) throws -> Void) throws {
    do {
      try store.write { tx throws in
        try body(tx)
        throw TakenBack()
      }
    } catch is TakenBack {}
  }

  /// The error of `body`, after which the table is as it was and the transaction goes on.
  func failure(_ body: (Transaction) throws -> Void) throws -> UpkeepError? {
    var failure: UpkeepError?
    try attempt { tx throws in
      let before = try Self.rows(tx)
      do { try body(tx) } catch let error as UpkeepError { failure = error }
      if failure != nil, try Self.rows(tx) != before { failure = nil }
    }
    return failure
  }

  static func rows(_ tx: Transaction) throws -> [[Value]] {
    try (1...60).compactMap { try tx.find("t", .integer($0))?.values }
  }
}

extension UpsertOutcome {
  /// What is stored after the row's own step.
  var stored: [Value]? {
    switch self {
    case .inserted(let new), .updated(_, let new, _, _), .replaced(_, let new, _, _): new
    case .unchanged(let row, _, _), .ignored(let row, _): row
    case .rejected: nil
    }
  }

  /// The key by which it met a row.
  var key: String? {
    switch self {
    case .updated(_, _, let key, _), .replaced(_, _, let key, _), .unchanged(_, let key, _),
      .ignored(_, let key):
      key
    case .inserted, .rejected: nil
    }
  }
}
