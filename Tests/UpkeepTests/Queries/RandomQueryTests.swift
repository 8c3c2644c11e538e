import Testing
import UpkeepTestSupport

@testable import Upkeep

/// Queries over random tables, indexes and conditions give what a loop over all rows gives.
@Suite struct RandomQueryTests {
  @Test(arguments: 0..<40) func `every path gives the rows that a loop over all rows gives`(seed: Int) throws
  {
    var trial = try QueryTrial(seed: UInt64(seed) &+ 77)
    for _ in 0..<60 { try trial.checkOneQuery() }
  }

  @Test(arguments: 0..<20) func `updates and deletes leave what a loop over all rows leaves`(seed: Int) throws
  {
    var trial = try QueryTrial(seed: UInt64(seed) &+ 9000)
    for _ in 0..<12 {
      try trial.changeSomeRows()
      try trial.checkTable()
    }
  }
}

/// A random table in a store and as an array, to which the same is done.
struct QueryTrial {
  let seed: UInt64
  private var chance: SeededGenerator
  private let session: Session
  /// The rows with all their columns; the first is unique.
  private var rows: [[Value]] = []
  private let columns: [ColumnDefinition]
  private let key: [IndexPart]
  private var nextID: Int64 = 0

  init(seed: UInt64) throws {
    self.seed = seed
    chance = SeededGenerator(seed: seed)
    session = Session(try Store.inMemory())
    columns = [
      ColumnDefinition("id", .integer, isNullable: false),
      ColumnDefinition("i", .integer, isNullable: chance.oneIn(2)),
      ColumnDefinition("r", .real),
      ColumnDefinition("t", .text, collation: chance.oneIn(3) ? .nocase : .binary),
      ColumnDefinition("a", .any),
      ColumnDefinition("b", .boolean),
    ]
    var key: [IndexPart] = []
    if !chance.oneIn(4) {
      key = [IndexPart(column: "id", isDescending: chance.oneIn(3))]
      if chance.oneIn(4) { key.insert(IndexPart(column: "t", isDescending: chance.oneIn(2)), at: 0) }
    }
    self.key = key
    let isTextInKey = key.count == 2
    var columns = columns
    if isTextInKey { columns[3].isNullable = false }
    try session.execute(
      .createTable(TableDefinition("t", columns: columns, primaryKey: key), ifNotExists: false))
    for number in 0..<chance.below(5) {
      var parts: [IndexPart] = []
      for name in ["i", "r", "t", "a", "b"].shuffled(using: &chance).prefix(1 + chance.below(3)) {
        parts.append(IndexPart(column: name, isDescending: chance.oneIn(3)))
      }
      let predicate: Expression? =
        chance.oneIn(4)
        ? chance.pick([.compare("i", .greater, .integer(0)), .isNull(col("t"), negated: true)]) : nil
      try session.execute(
        .createIndex(
          IndexDefinition("x\(number)", on: "t", parts: parts, where: predicate), ifNotExists: false))
    }
    var made: [[Value]] = []
    for _ in 0..<chance.below(120) { made.append(row(isTextNeeded: isTextInKey)) }
    rows = made
    if !made.isEmpty { try session.insert("t", made) }
  }

  private mutating func row(isTextNeeded: Bool) -> [Value] {
    nextID += 1
    var text = value(of: .text)
    if isTextNeeded, text == .null { text = .text("needed") }
    var number = value(of: .integer)
    if !columns[1].isNullable, number == .null { number = .integer(0) }
    return [.integer(nextID), number, value(of: .real), text, anyValue(), value(of: .boolean)]
  }

  private mutating func value(of type: ValueType) -> Value {
    if chance.oneIn(6) { return .null }
    switch type {
    case .integer:
      return .integer(
        chance.oneIn(10) ? (Int64(1) << 53) + Int64(chance.below(3)) : Int64(chance.below(9)) - 4)
    case .real: return .real(chance.pick([-1.5, 0, 0.5, 1, 2, 2.5, 9_007_199_254_740_992, .infinity]))
    case .boolean: return .boolean(chance.oneIn(2))
    default: return .text(chance.pick(["", "a", "A", "b", "ab", "a\0b", "10", "2"]))
    }
  }

  private mutating func anyValue() -> Value {
    switch chance.below(5) {
    case 0: .blob(chance.pick([[], [1], [0, 255]]))
    case 1: value(of: .text)
    case 2: value(of: .real)
    default: value(of: .integer)
    }
  }

  // MARK: Conditions

  private mutating func condition(depth: Int = 2) -> Expression {
    if depth > 0, !chance.oneIn(3) {
      let a = condition(depth: depth - 1)
      let b = condition(depth: depth - 1)
      return .binary(chance.oneIn(4) ? .or : .and, a, b)
    }
    let name = chance.pick(["id", "i", "r", "t", "a", "b"])
    var column = col(name)
    if name == "t", chance.oneIn(5) { column = .collate(column, chance.oneIn(2) ? .nocase : .binary) }
    let value = anyValue()
    switch chance.below(9) {
    case 0: return .isNull(column, negated: chance.oneIn(2))
    case 1: return .inList(column, [lit(value), lit(anyValue()), lit(.integer(2))], negated: chance.oneIn(4))
    case 2: return .between(column, lit(value), lit(anyValue()), negated: chance.oneIn(4))
    case 3: return .binary(chance.pick([.identical, .notIdentical]), column, lit(value))
    case 4: return .binary(.less, lit(value), column)
    case 5: return .binary(.greater, .binary(.add, col("i"), lit(.integer(1))), lit(.integer(1)))
    default:
      return .binary(
        chance.pick([.equal, .equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .notEqual]), column,
        lit(value))
    }
  }

  private func schema() throws -> TableSchema {
    try session.look { scope throws(UpkeepError) in try scope.table("t") }
  }

  private func matching(_ condition: Expression?) throws -> [[Value]] {
    guard let condition else { return rows }
    let compiled = try CompiledExpression.compile(condition, in: ExpressionScope(table: schema()))
    let context = EvaluationContext()
    return try rows.filter { row in
      context.set(slot: 0, row: row)
      return try compiled.isTrue(context)
    }
  }

  // MARK: Queries

  mutating func checkOneQuery() throws {
    let condition = chance.oneIn(6) ? nil : condition()
    if chance.oneIn(3) { return try checkAggregates(condition) }
    var order: [OrderTerm] = []
    for name in ["id", "i", "r", "t", "a", "b"].shuffled(using: &chance).prefix(chance.below(4)) {
      order.append(
        OrderTerm(
          col(name), isDescending: chance.oneIn(2), nullsFirst: chance.oneIn(4) ? chance.oneIn(2) : nil))
    }
    let limit: Int? = chance.oneIn(2) ? chance.below(20) : nil
    let offset = chance.oneIn(2) ? chance.below(20) : 0
    // Few columns let an index answer alone.
    let names = chance.oneIn(2) ? ["id", "i", "r", "t", "a", "b"] : [chance.pick(["i", "r", "b"]), "id"]
    // With the id as the last term the order is total, and the rows are known one by one.
    let isTotal = chance.oneIn(2)
    if isTotal && !order.isEmpty { order.append(OrderTerm(col("id"))) }
    let query = Query(
      names.map { shown(col($0), $0) }, from: TableReference("t"), where: condition, order: order,
      limit: limit.map { lit(.integer(Int64($0))) }, offset: offset == 0 ? nil : lit(.integer(Int64(offset))))

    let ordinals = names.map { name in columns.firstIndex { $0.name == name } ?? 0 }
    var expected = try matching(condition)
    expected = sorted(expected, order)
    let all = expected
    expected = Array(expected.dropFirst(offset).prefix(limit ?? .max))
    let found = try session.rows(query)
    let plan = try session.plan(query)
    let note = Comment(rawValue: "seed \(seed): \(query)\nplan \(plan)")
    #expect(found.count == expected.count, note)
    if isTotal && !order.isEmpty {
      #expect(same(found, expected.map { row in ordinals.map { row[$0] } }), note)
    } else if limit == nil && offset == 0 {
      #expect(bag(found) == bag(expected.map { row in ordinals.map { row[$0] } }), note)
    } else {
      #expect(bag(found).isSubset(of: bag(all.map { row in ordinals.map { row[$0] } })), note)
    }
  }

  private mutating func checkAggregates(_ condition: Expression?) throws {
    let name = chance.pick(["id", "i", "r", "t", "a", "b"])
    let isDistinct = chance.oneIn(3)
    let ordinal = columns.firstIndex { $0.name == name } ?? 0
    let collation = columns[ordinal].collation
    let query = Query(
      [
        shown(.aggregate("count", [], isDistinct: false)),
        shown(.aggregate("count", [col(name)], isDistinct: isDistinct)),
        shown(.aggregate("min", [col(name)], isDistinct: false)),
        shown(.aggregate("max", [col(name)], isDistinct: false)),
      ].prefix(1 + chance.below(4)).reversed(), from: TableReference("t"), where: condition)
    let rows = try matching(condition)
    let values = rows.map { $0[ordinal] }.filter { $0 != .null }
    var distinct: [Value] = []
    for value in values where !distinct.contains(where: { ValueOrder.equal($0, value, collation: collation) })
    {
      distinct.append(value)
    }
    let ordered = values.sorted { ValueOrder.compare($0, $1, collation: collation) < 0 }
    let expected: [Value] = [
      .integer(Int64(rows.count)), .integer(Int64(isDistinct ? distinct.count : values.count)),
      ordered.first ?? .null, ordered.last ?? .null,
    ]
    let found = try session.rows(query)
    let note = Comment(rawValue: "seed \(seed): \(query)\nplan \(try session.plan(query))")
    #expect(found.count == 1, note)
    for (a, b) in zip(found[0].reversed(), expected) {
      #expect(ValueOrder.equal(a, b, collation: collation), note)
    }
  }

  private func sorted(_ rows: [[Value]], _ order: [OrderTerm]) -> [[Value]] {
    rows.enumerated().sorted { a, b in
      for term in order {
        guard case .column(let reference) = term.expression else { continue }
        let ordinal = columns.firstIndex { $0.name == reference.name } ?? 0
        let (left, right) = (a.element[ordinal], b.element[ordinal])
        let nullsFirst = term.nullsFirst ?? !term.isDescending
        if left == .null || right == .null {
          if left == right { continue }
          return (left == .null) == nullsFirst
        }
        let way = ValueOrder.compare(left, right, collation: columns[ordinal].collation)
        if way != 0 { return (way < 0) != term.isDescending }
      }
      return a.offset < b.offset
    }.map(\.element)
  }

  private func same(_ a: [[Value]], _ b: [[Value]]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { zip($0, $1).allSatisfy { $0.hasSameBytes(as: $1) } }
  }

  private func bag(_ rows: [[Value]]) -> Set<[Value]> { Set(rows) }

  // MARK: Changes

  mutating func changeSomeRows() throws {
    let condition = chance.oneIn(5) ? nil : condition()
    let hit = try matching(condition)
    if chance.oneIn(4) {
      let summary = try session.execute(.delete(DeleteStatement(TableReference("t"), where: condition)))
      #expect(summary.tally == [.deleted: hit.count], "seed \(seed)")
      rows.removeAll { hit.contains($0) }
      return
    }
    // Ids move up all at once, so that each takes the place of the next: only the whole statement is judged.
    let movesIDs = chance.oneIn(2)
    let assignment =
      movesIDs
      ? Assignment("id", .binary(.add, col("id"), lit(.integer(1))))
      : Assignment("r", .cast(.binary(.multiply, col("id"), lit(.real(0.5))), .real))
    var expected = rows
    for number in expected.indices where hit.contains(expected[number]) {
      guard case .integer(let id) = expected[number][0] else { continue }
      if movesIDs {
        expected[number][0] = .integer(id + 1)
      } else {
        expected[number][2] = .real(Double(id) * 0.5)
      }
    }
    let isBroken = !key.isEmpty && Set(expected.map(keyText)).count < expected.count
    let statement = Statement.update(
      UpdateStatement(
        TableReference("t"), set: [assignment], where: condition, returning: Returning(allColumns)))
    let sink = CollectedRows()
    do {
      let summary = try session.execute(statement, into: sink)
      #expect(summary.changes == hit.count, "seed \(seed)")
      #expect(Set(sink.rows).isSubset(of: Set(expected)), "seed \(seed)")
      #expect(!isBroken, "seed \(seed)")
      rows = expected
    } catch {
      #expect(error.code == .uniqueViolation, "seed \(seed): \(error)")
      #expect(isBroken, "seed \(seed)")
    }
  }

  private func keyText(_ row: [Value]) -> String {
    guard key.count == 2, case .text(let text) = row[3] else { return "\(row[0])" }
    return "\(row[0]) \(columns[3].collation == .nocase ? text.lowercased() : text)"
  }

  func checkTable() throws {
    let found = try session.rows(Query(allColumns, from: TableReference("t")))
    #expect(Set(found) == Set(rows) && found.count == rows.count, "seed \(seed)")
    #expect(try session.store.verify().isEmpty, "seed \(seed)")
  }
}
