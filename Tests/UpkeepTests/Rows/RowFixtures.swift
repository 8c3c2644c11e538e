import UpkeepTestSupport

@testable import Upkeep

/// Tables that have every kind of index between them, and random rows for them from so few values that keys
/// meet all the time.
enum RowFixtures {
  static func column(_ name: String) -> Expression { .column(ColumnReference(name)) }

  /// Unique, partial unique, unique with several parts and NULLs, descending, expression and NOCASE indexes.
  static let people = TableDefinition(
    "people",
    columns: [
      ColumnDefinition("id", .integer, isNullable: false),
      ColumnDefinition("email", .text),
      ColumnDefinition("code", .text, isNullable: false),
      ColumnDefinition("level", .integer),
      ColumnDefinition("score", .real),
      ColumnDefinition("note", .any),
    ],
    primaryKey: [IndexPart(column: "id")],
    uniqueKeys: [
      IndexDefinition("people_email", on: "people", parts: [IndexPart(column: "email")], isUnique: true)
    ],
    checks: [
      CheckDefinition(
        "level_range", .binary(.less, column("level"), .literal(.integer(1000))), text: "level < 1000")
    ])

  static let peopleIndexes: [IndexDefinition] = [
    IndexDefinition(
      "people_code", on: "people", parts: [IndexPart(column: "code")], isUnique: true,
      where: .binary(.notEqual, column("code"), .literal(.text("")))),
    IndexDefinition(
      "people_level_score", on: "people",
      parts: [IndexPart(column: "level"), IndexPart(column: "score", isDescending: true)], isUnique: true),
    IndexDefinition(
      "people_score", on: "people",
      parts: [IndexPart(column: "score", isDescending: true), IndexPart(column: "note")]),
    IndexDefinition(
      "people_double", on: "people",
      parts: [IndexPart(.binary(.multiply, column("level"), .literal(.integer(2))))]),
    IndexDefinition(
      "people_email_folded", on: "people", parts: [IndexPart(column("email"), collation: .nocase)],
      where: .isNull(column("email"), negated: true)),
  ]

  /// A primary key of two columns, one of them descending.
  static let visits = TableDefinition(
    "visits",
    columns: [
      ColumnDefinition("place", .text, collation: .nocase), ColumnDefinition("day", .integer),
      ColumnDefinition("guest", .text),
    ],
    primaryKey: [IndexPart(column: "place"), IndexPart(column: "day", isDescending: true)],
    uniqueKeys: [
      IndexDefinition(
        nil, on: "visits", parts: [IndexPart(column: "guest"), IndexPart(column: "day")], isUnique: true)
    ])

  /// No primary key.
  static let log = TableDefinition(
    "log", columns: [ColumnDefinition("line", .text), ColumnDefinition("mark", .integer)],
    uniqueKeys: [IndexDefinition("log_mark", on: "log", parts: [IndexPart(column: "mark")], isUnique: true)])

  static func row(of table: String, _ random: inout SeededGenerator) -> [Value] {
    switch table {
    case "people":
      [
        .integer(Int64(random.below(60)) - 20),
        random.oneIn(3)
          ? .null : .text(random.pick(["a@x", "A@X", "b@x", "c", "d\u{0}e", "é", "e\u{301}", "", "z"])),
        .text(random.pick(["", "", "", "AA", "AB", "AC", "B", "BB"])),
        random.oneIn(4) ? .null : .integer(Int64(random.below(5))),
        random.oneIn(4) ? .null : .real(random.pick([0, -1.5, 2, 1e300, -1e-300, .infinity])),
        random.pick([.null, .integer(1), .real(1), .text("n"), .blob([0, 1, 255]), .boolean(true)]),
      ]
    case "visits":
      [
        .text(random.pick(["Oslo", "oslo", "Rome", "", "R"])), .integer(Int64(random.below(12)) - 6),
        random.oneIn(3) ? .null : .text(random.pick(["Ann", "Ben", "Cid"])),
      ]
    default:
      [
        .text(random.pick(["one", "two", "three"])),
        random.oneIn(3) ? .null : .integer(Int64(random.below(30))),
      ]
    }
  }

  /// A store in memory with all three tables.
  static func store(indexes: Bool = true) throws -> Store {
    let store = try Store.inMemory()
    try store.write { tx throws in
      for table in [people, visits, log] { try tx.createTable(table) }
      if indexes { for index in peopleIndexes { try tx.createIndex(index) } }
    }
    return store
  }
}
