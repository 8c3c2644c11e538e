import Testing
import UpkeepTestSupport

@testable import Upkeep

/// Merge rules through the front door. Each test names what it holds.
@Suite struct MergeRuleTests {
  private static let time = ColumnReference("at")

  private func store(_ columns: [ColumnDefinition], uniqueKeys: [IndexDefinition] = []) throws -> Store {
    let store = try Store.inMemory()
    try store.write { tx throws in
      try tx.createTable(
        TableDefinition(
          "t", columns: [ColumnDefinition("id", .integer)] + columns,
          primaryKey: [IndexPart(column: "id")], uniqueKeys: uniqueKeys))
    }
    return store
  }

  /// What a column holds after values came in one after the other for one key; each on its own, and all in one batch.
  private func fold(
    _ type: ValueType, _ rule: MergeRule, _ values: [Value], collation: Collation = .binary
  ) throws -> Value? {
    let column = ColumnDefinition("x", type, collation: collation, merge: rule)
    let singly = try store([column])
    let whole = try store([column])
    let rows = values.map { ["id": 1, "x": $0] as RowInput }
    for row in rows { try singly.write { tx throws in _ = try tx.upsert(row, into: "t") } }
    try whole.write { tx throws in _ = try tx.upsert(contentsOf: rows, into: "t") }
    let found = try singly.read { try $0.find("t", 1)?.values[1] }
    #expect(try whole.read { try $0.find("t", 1)?.values[1] } == found)
    return found
  }

  // rule U-9.2
  @Test("SUM, MIN, MAX and APPEND combine, keep the stored value for NULL, and fill a stored NULL")
  func combiningRules() throws {
    #expect(try fold(.integer, .sum, [.null, 1, .null, 2]) == 3)
    #expect(try fold(.real, .sum, [1.5, .null, 2.25]) == 3.75)
    #expect(try fold(.any, .sum, [1, .real(0.5)]) == 1.5)
    #expect(try fold(.integer, .min, [.null, 4, .null, 2, 3]) == 2)
    #expect(try fold(.integer, .max, [.null, 4, .null, 2, 3]) == 4)
    #expect(try fold(.text, .max, ["b", "a", "c"]) == "c")
    #expect(try fold(.text, .max, ["b", "B"], collation: .nocase) == "b")
    #expect(try fold(.text, .append, [.null, "a", .null, "b"]) == "ab")
    #expect(try fold(.blob, .append, [.blob([1]), .blob([2])]) == .blob([1, 2]))
    #expect(
      try fold(.json, .json, [.json(#"{"a": 1}"#), .null, .json(#"{"b": 2}"#)]) == .json(#"{"a":1,"b":2}"#))
  }

  // rule U-9.1
  @Test("KEEP leaves what is stored, COALESCE takes what is not NULL, IF NULL only fills")
  func choosingRules() throws {
    #expect(try fold(.integer, .set, [1, .null]) == .null)
    #expect(try fold(.integer, .keep, [1, 2]) == 1)
    #expect(try fold(.integer, .keep, [.null, 2]) == .null)
    #expect(try fold(.integer, .coalesce, [1, .null, 3, .null]) == 3)
    #expect(try fold(.integer, .ifNull, [.null, 2, 3]) == 2)
  }

  // rule U-9.8
  @Test("An overflow of SUM is an error of that row, and nothing else of it is stored")
  func overflowIsTheRowsError() throws {
    let store = try store([
      ColumnDefinition("n", .integer, merge: .sum), ColumnDefinition("r", .real, merge: .sum),
      ColumnDefinition("a", .any, merge: .sum),
    ])
    try store.write { tx throws in
      try tx.upsert(
        ["id": 1, "n": .integer(.max), "r": .real(.greatestFiniteMagnitude), "a": "text"], into: "t")
      for row: RowInput in [["id": 1, "n": 1], ["id": 1, "r": .real(.greatestFiniteMagnitude)]] {
        let error = #expect(throws: UpkeepError.self) { try tx.upsert(row, into: "t") }
        #expect(error?.code == .overflow && error?.rowNumber == 1)
        #expect(error?.column == row.columns.names[1] && error?.table == "t")
      }
      let misfit = #expect(throws: UpkeepError.self) { try tx.upsert(["id": 1, "a": 1], into: "t") }
      #expect(misfit?.code == .typeMismatch)
      let rows: [RowInput] = [
        ["id": 2, "n": 1], ["id": 1, "n": 1], ["id": 2, "n": -1], ["id": 1, "n": -1],
      ]
      let result = try tx.upsert(contentsOf: rows, into: "t", rejects: .collect(limit: nil))
      #expect(result.rejected == 1 && result.inserted == 1 && result.updated == 2)
      #expect(result.rejects.map(\.code) == [.overflow])
      #expect(try tx.find("t", 1)?.values[1] == .integer(.max - 1))
      #expect(try tx.find("t", 2)?.values[1] == 0)
    }
  }

  // rule U-9.3
  @Test("LATEST BY compares before any assignment; NULL and absent are older; both NULL: the incoming")
  func latest() throws {
    let store = try store([
      ColumnDefinition("at", .integer), ColumnDefinition("a", .text, merge: .latest(by: "at")),
      ColumnDefinition("b", .text, merge: .latest(by: "at")),
    ])
    func give(_ row: RowInput) throws -> [Value]? {
      try store.write { tx throws in
        try tx.upsert(row, into: "t")
        return try tx.find("t", 1)?.values
      }
    }
    #expect(try give(["id": 1, "a": "a0", "b": "b0"]) == [1, .null, "a0", "b0"])
    #expect(try give(["id": 1, "a": "a1"]) == [1, .null, "a1", "b0"])
    #expect(try give(["id": 1, "at": 5, "a": "a2", "b": "b2"]) == [1, 5, "a2", "b2"])
    #expect(try give(["id": 1, "at": 4, "a": "a3", "b": "b3"]) == [1, 5, "a2", "b2"])
    #expect(try give(["id": 1, "at": .null, "a": "a4"]) == [1, 5, "a2", "b2"])
    #expect(try give(["id": 1, "a": "a5"]) == [1, 5, "a2", "b2"])
    #expect(try give(["id": 1, "at": 5, "a": "a6", "b": .null]) == [1, 5, "a6", .null])
  }

  @Test("A time that is not given is older, whatever its column's default")
  func absentTimeIsOlder() throws {
    let store = try store([
      ColumnDefinition("at", .integer, defaultValue: .literal(100)),
      ColumnDefinition("a", .text, merge: .latest(by: "at")),
    ])
    try store.write { tx throws in
      try tx.upsert(["id": 1, "at": 5, "a": "x"], into: "t")
      try tx.upsert(["id": 1, "a": "y"], into: "t")
      try tx.upsert(contentsOf: [["id": 1, "a": "z"], ["id": 2, "a": "z"]], into: "t")
      #expect(try tx.find("t", 1)?.values == [1, 5, "x"])
      #expect(try tx.find("t", 2)?.values == [2, 100, "z"])
    }
  }

  @Test("The column that LATEST BY compares by is MAX, unless it has a rule of its own")
  func comparedColumnHasItsOwnRule() throws {
    let store = try store([
      ColumnDefinition("at", .integer, merge: .set), ColumnDefinition("a", .text, merge: .latest(by: "AT")),
    ])
    try store.write { tx throws in
      try tx.upsert(["id": 1, "at": 5, "a": "x"], into: "t")
      try tx.upsert(["id": 1, "at": 4, "a": "y"], into: "t")
      #expect(try tx.find("t", 1)?.values == [1, 4, "x"])
    }
  }

  // rule U-9.4
  @Test(
    "TOUCH tells the time of the statement when something else changes, and on insert, unless it is given")
  func touch() throws {
    let store = try store([
      ColumnDefinition("n", .integer), ColumnDefinition("at", .timestamp, merge: .touch),
      ColumnDefinition("said", .text, merge: .touch),
    ])
    let long = Timestamp(microseconds: 0)
    let before = Timestamp.now()
    try store.write { tx throws in
      try tx.upsert(["id": 1, "n": 1], into: "t")
      let first = try #require(try tx.find("t", 1)?.values)
      guard case .timestamp(let at) = first[2] else { return #expect(Bool(false), "\(first)") }
      #expect(at >= before && first[3].text == first[2].text)
      let given = try tx.upsert(["id": 1, "n": 1, "at": .timestamp(long), "said": "then"], into: "t")
      #expect(given.kind == .updated)
      #expect(try tx.upsert(["id": 1, "n": 1], into: "t").kind == .unchanged)
      #expect(try tx.find("t", 1)?.values == [1, 1, .timestamp(long), "then"])
      #expect(try tx.upsert(["id": 1, "n": 2, "said": "now"], into: "t").kind == .updated)
      let last = try #require(try tx.find("t", 1)?.values)
      guard case .timestamp(let changed) = last[2] else { return #expect(Bool(false), "\(last)") }
      #expect(changed >= before && last[3] == "now")
    }
  }

  /// Whatever statement changes a row: its time is that of the statement if another column changed and it did not give the
  /// column, and else what it was.
  @Test("TOUCH tells of every statement that changed a row, and of no other")
  func touchOfAnyStatement() throws {
    var random = SeededGenerator(seed: firstSeed())
    let long = Value.timestamp(Timestamp(microseconds: 0))
    for round in 0..<300 {
      let store = try store([
        ColumnDefinition("n", .integer), ColumnDefinition("m", .integer),
        ColumnDefinition("at", .timestamp, merge: .touch),
      ])
      try store.write { tx throws in
        try tx.upsert(
          contentsOf: (1...4).map { id -> RowInput in
            ["id": .integer(id), "n": .integer(Int64(random.below(2))), "m": 0, "at": long]
          },
          into: "t")
      }
      let before = try store.read { try $0.scan("t").rows().map(\.values) }
      let gives = random.oneIn(3)
      let given = Value.timestamp(Timestamp(microseconds: Int64(1 + random.below(2))))
      func row(_ id: Int64) -> RowInput {
        gives ? ["id": .integer(id), "n": 1, "at": given] : ["id": .integer(id), "n": 1]
      }
      let rows = (2...Int64(4 + random.below(2))).map(row)
      func incoming(_ name: String, _ row: String) -> Expression { .column(ColumnReference(name, of: row)) }
      func assignments(of row: String) -> [Assignment] {
        (gives ? ["n", "at"] : ["n"]).map { Assignment($0, incoming($0, row)) }
      }
      let same = Expression.binary(.equal, incoming("id", "t"), incoming("id", "source"))
      let way = random.below(8)
      switch way {
      case 0: try store.write { tx in for row in rows { try tx.upsert(row, into: "t") } }
      case 1: try store.write { tx in try tx.upsert(contentsOf: rows, into: "t") }
      case 2:
        try store.write { tx in
          for row in rows {
            try tx.upsert(row, into: "t", .update(assignments: assignments(of: "excluded"), where: nil))
          }
        }
      case 3:
        try store.write { tx in
          try tx.upsert(
            contentsOf: rows, into: "t", .update(assignments: assignments(of: "excluded"), where: nil))
        }
      case 4:
        try store.write { tx in
          try tx.merge(
            into: "t", using: rows, on: same,
            [MergeClause(.matched, .updateAll), MergeClause(.notMatched, .insertAll)])
        }
      case 5:
        try store.write { tx in
          try tx.merge(
            into: "t", using: rows, on: same,
            [MergeClause(.matched, .update(assignments(of: "source"))), MergeClause(.notMatched, .insertAll)])
        }
      case 6:
        // Without an m in any row a sync leaves it.
        try store.write { tx in try tx.sync("t", with: [["id": 1]] + rows) }
      default:
        let isOne = Expression.binary(.greater, incoming("id", "t"), .literal(1))
        let constants = [Assignment("n", .literal(1))] + (gives ? [Assignment("at", .literal(given))] : [])
        try Session(store).execute(
          .update(UpdateStatement(TableReference("t"), set: constants, where: isOne)))
      }
      let after = try store.read { try $0.scan("t").rows().map(\.values) }
      #expect(after.count >= 4)
      for new in after {
        let old = before.first { $0[0] == new[0] }
        let isMeant = new[0] != 1
        let changed = old.map { $0[1] != new[1] } ?? true
        let place = "round \(round), way \(way), gives \(gives): \(old ?? []) to \(new)"
        if !isMeant {
          #expect(new[3] == long, "\(place)")
        } else if gives {
          #expect(new[3] == given, "\(place)")
        } else {
          #expect((new[3] == long) == !changed, "\(place)")
        }
      }
    }
  }

  @Test("A sync makes rows equal to the source whatever their rules; TOUCH tells when that changed one")
  func syncAsksNoRules() throws {
    let store = try store([
      ColumnDefinition("n", .integer, merge: .sum), ColumnDefinition("k", .text, merge: .keep),
      ColumnDefinition("at", .timestamp, merge: .touch),
    ])
    let long = Value.timestamp(Timestamp(microseconds: 0))
    try store.write { tx throws in
      for id in 1...3 { try tx.upsert(["id": .integer(Int64(id)), "n": 1, "k": "a", "at": long], into: "t") }
      let result = try tx.sync("t", with: [["id": 1, "n": 1, "k": "a"], ["id": 2, "n": 5, "k": "b"]])
      #expect(result.unchanged == 1 && result.updated == 1 && result.deleted == 1)
      #expect(try tx.find("t", 1)?.values == [1, 1, "a", long])
      let second = try #require(try tx.find("t", 2)?.values)
      #expect(Array(second.prefix(3)) == [2, 5, "b"] && second[3] != long)
    }
  }

  // rule U-9.5
  // rule U-9.7
  @Test("A rule in the statement stands above that of the schema, and only columns that it names change")
  func statementRules() throws {
    let store = try store([
      ColumnDefinition("n", .integer, merge: .sum), ColumnDefinition("m", .integer, merge: .max),
      ColumnDefinition("o", .integer),
    ])
    try store.write { tx throws in
      try tx.upsert(["id": 1, "n": 1, "m": 1, "o": 1], into: "t")
      let doubled = Expression.binary(.multiply, .column(ColumnReference("n", of: "excluded")), .literal(2))
      let row: RowInput = ["id": 1, "n": 5, "m": 7, "o": 9]
      let action = ConflictAction.merge(columns: [MergeColumn("n", .using(doubled)), "m"])
      try tx.upsert(row, into: "t", action)
      #expect(try tx.find("t", 1)?.values == [1, 10, 7, 1])
      try tx.upsert(contentsOf: [row, row], into: "t", .merge(columns: ["n", MergeColumn("o", .sum)]))
      #expect(try tx.find("t", 1)?.values == [1, 20, 7, 19])
      try tx.upsert(row, into: "t", .replace)
      #expect(try tx.find("t", 1)?.values == [1, 5, 7, 9])
    }
  }

  @Test("Sweeps, row after row and single rows come to the same table, whatever the rules")
  func allWaysAgree() throws {
    let seed = firstSeed()
    for (number, target) in [ConflictTarget.primaryKey, .on("email"), .primaryKey].enumerated() {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let columns = [
        ColumnDefinition("email", .text), ColumnDefinition("n", .integer, merge: .sum),
        ColumnDefinition("lo", .integer, merge: .min), ColumnDefinition("k", .text, merge: .keep),
        ColumnDefinition("name", .text, merge: .latest(by: "at")), ColumnDefinition("at", .integer),
        ColumnDefinition("log", .text, merge: .append), ColumnDefinition("c", .integer, merge: .coalesce),
      ]
      let names = ColumnNames(["id"] + columns.map(\.name))
      var rows: [RowInput] = []
      for _ in 0..<4_000 {
        let id = Int64(random.below(1_500))
        func small() -> Value { random.oneIn(5) ? .null : .integer(Int64(random.below(50))) }
        rows.append(
          RowInput(
            names,
            [
              .integer(id), .text("e\(id)"), small(), small(), .text("k\(random.below(9))"),
              .text("n\(random.below(9))"), small(), .text("\(random.below(9))"), small(),
            ]))
      }
      let key = IndexDefinition("t_email", on: "t", parts: [IndexPart(column: "email")], isUnique: true)
      var tables: [[Row]] = []
      for way in 0..<3 {
        let store = try store(columns, uniqueKeys: [key])
        try store.write { tx throws in
          if way == 2 {
            for row in rows { try tx.upsert(row, into: "t", on: target) }
          } else {
            for half in [rows.prefix(2_000), rows.suffix(2_000)] {
              try tx.upsert(contentsOf: half, into: "t", on: target, collectsOutcomes: way == 1)
            }
          }
        }
        #expect(try store.verify() == [])
        tables.append(try store.read { try $0.scan("t").rows() })
      }
      #expect(tables[0].count > 1_000)
      #expect(tables[0] == tables[1] && tables[1] == tables[2], "seed \(seed &+ UInt64(number))")
    }
  }

  @Test("With MIN, MAX, integer SUM, KEEP on stored rows and LATEST without ties every order gives one table")
  func theOrderOfRowsDoesNotMatter() throws {
    let seed = firstSeed()
    let columns = [
      ColumnDefinition("n", .integer, merge: .sum), ColumnDefinition("lo", .integer, merge: .min),
      ColumnDefinition("hi", .integer, merge: .max), ColumnDefinition("k", .integer, merge: .keep),
      ColumnDefinition("name", .integer, merge: .latest(by: "at")), ColumnDefinition("at", .integer),
    ]
    let names = ColumnNames(["id"] + columns.map(\.name))
    for number in 0..<25 {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      var moments = Array(1...20)
      func row(_ id: Int, keeps: Bool) -> RowInput {
        func small() -> Value { random.oneIn(4) ? .null : .integer(Int64(random.below(9))) }
        let moment = moments.remove(at: random.below(moments.count))
        return RowInput(
          names,
          [
            .integer(Int64(id)), small(), small(), small(), keeps ? small() : .null, small(),
            .integer(Int64(moment)),
          ])
      }
      let stored = [1, 2, 3].map { row($0, keeps: true) }
      let rows = (0..<4).map { _ in
        let id = 1 + random.below(5)
        return row(id, keeps: id <= 3)
      }
      var tables = Set<String>()
      for order in permutations(rows) {
        for way in 0..<3 {
          let store = try store(columns)
          try store.write { tx throws in
            try tx.upsert(contentsOf: stored, into: "t")
            if way == 2 {
              for row in order { try tx.upsert(row, into: "t") }
            } else {
              try tx.upsert(contentsOf: order, into: "t", collectsOutcomes: way == 1)
            }
          }
          tables.insert("\(try store.read { try $0.scan("t").rows().map(\.values) })")
        }
      }
      #expect(tables.count == 1, "seed \(seed &+ UInt64(number)): \(tables)")
    }
  }

  private func permutations<T>(_ items: [T]) -> [[T]] {
    if items.count <= 1 { return [items] }
    return items.indices.flatMap { index -> [[T]] in
      var rest = items
      let item = rest.remove(at: index)
      return permutations(rest).map { [item] + $0 }
    }
  }
}
