package import Upkeep

/// A table, a statement and rows, all small and chosen at random, so that rows meet one another all the time.
package struct UpsertCase: CustomStringConvertible {
  package var definition: TableDefinition
  package var oracle: UpsertOracle
  package var stored: [[Value]] = []
  package var statement: UpsertStatement
  package var mode = UpsertOracle.Mode.upsert
  package var rows: [[Value?]] = []

  package var description: String {
    """
    table \(definition.columns.map { "\($0.name)\($0.isNullable ? "" : " NOT NULL")\($0.merge.map { " \($0)" } ?? "")" }) \
    keys \(oracle.keys.map { "\($0.name)\($0.columns)\($0.predicate == nil ? "" : " partial")\($0.nullsAreEqual ? " nulls equal" : "")" }) automatic \(oracle.hasAutomaticID)
    stored \(stored)
    \(mode) clauses \(statement.clauses) or \(statement.otherwise) \(statement.duplicates) \(statement.rejects)
    rows \(rows.map { $0.map { $0.map(\.description) ?? "-" }.joined(separator: " ") })
    """
  }

  package static let names = ["id", "a", "b", "c", "d"]

  /// A table without a primary key: the oracle's rows end with the rowid.
  package var hasRowid: Bool { definition.primaryKey.isEmpty }

  /// Whether the statement merges, and nearly every column has a rule for that.
  private let mergesByRules: Bool

  package init(_ random: inout SeededGenerator, mergesByRules: Bool = false) {
    self.mergesByRules = mergesByRules
    var columns: [ColumnDefinition] = []
    var oracleColumns: [UpsertOracle.Column] = []
    let textKey = random.oneIn(5)
    let hasCheck = random.oneIn(3)
    for (ordinal, name) in Self.names.enumerated() {
      let isNullable = ordinal != 0 && !(ordinal == 4 && random.oneIn(2))
      let isText = ordinal == 0 && textKey
      let collation: Collation = isText && random.oneIn(2) ? .nocase : .binary
      let value: Value = ordinal == 4 && random.oneIn(2) ? .integer(1) : .null
      columns.append(
        ColumnDefinition(
          name, isText ? .text : .integer, isNullable: isNullable,
          defaultValue: value == .null ? nil : .literal(value),
          collation: collation))
      oracleColumns.append(
        UpsertOracle.Column(
          name, isNullable: isNullable, default: value, collation: collation,
          greatest: ordinal == 3 && hasCheck ? 2 : nil))
    }
    let primary = random.oneIn(4) ? [0, 1] : [0]
    if primary.count == 2 { oracleColumns[1].isNullable = false }
    var keys = [UpsertOracle.Key("primary key", primary)]
    var indexes: [IndexDefinition] = []
    let partial = Expression.binary(.notEqual, .column(ColumnReference("b")), .literal(.integer(0)))
    if textKey, random.oneIn(2) {
      // The same column by the other collation.
      let other: Collation = oracleColumns[0].collation == .nocase ? .binary : .nocase
      keys.append(UpsertOracle.Key("u_id", [0], collation: other))
      indexes.append(
        IndexDefinition(
          "u_id", on: "t", parts: [IndexPart(.column(ColumnReference("id")), collation: other)],
          isUnique: true))
    }
    if random.oneIn(4) {
      let sum = Expression.binary(.add, .column(ColumnReference("a")), .column(ColumnReference("c")))
      let nullsAreEqual = random.oneIn(3)
      keys.append(
        UpsertOracle.Key("u_sum", [1, 3], nullsAreEqual: nullsAreEqual, expression: (sum, "a + c")))
      indexes.append(
        IndexDefinition(
          "u_sum", on: "t", parts: [IndexPart(sum)], isUnique: true, nullsAreEqual: nullsAreEqual))
    }
    for (name, key, predicate) in [("u_a", [1], nil), ("u_b", [2], partial), ("u_cd", [4, 3], nil)]
      as [(String, [Int], Expression?)] where random.below(5) < 3
    {
      let predicate = random.oneIn(2) ? predicate : nil
      let nullsAreEqual = random.oneIn(3)
      keys.append(UpsertOracle.Key(name, key, nullsAreEqual: nullsAreEqual, where: predicate))
      indexes.append(
        IndexDefinition(
          name, on: "t", parts: key.map { IndexPart(column: Self.names[$0]) }, isUnique: true,
          nullsAreEqual: nullsAreEqual, where: predicate))
    }
    let claimed = Set(keys.flatMap(\.columns))
    oracleColumns[0].type = columns[0].type
    if mergesByRules, !claimed.contains(4), random.oneIn(2) {
      // A column of text, or of whatever comes.
      let type: ValueType = random.oneIn(3) ? .any : .text
      columns[4].type = type
      oracleColumns[4].type = type
      if type == .text, oracleColumns[4].defaultValue != .null { oracleColumns[4].defaultValue = .text("1") }
    }
    if mergesByRules || random.oneIn(2) {
      for ordinal in columns.indices where mergesByRules ? !random.oneIn(6) : random.oneIn(2) {
        columns[ordinal].merge = Self.rule(
          ordinal, claimed, columns[ordinal].type, &random)
      }
      for column in columns {
        // A column of a key cannot be MAX.
        guard case .latest(let name)? = column.merge, let by = Self.names.firstIndex(of: name) else {
          continue
        }
        if claimed.contains(by), columns[by].merge == nil { columns[by].merge = .set }
      }
      for ordinal in columns.indices { oracleColumns[ordinal].merge = columns[ordinal].merge }
    }
    let check = CheckDefinition(
      "small", .binary(.lessOrEqual, .column(ColumnReference("c")), .literal(.integer(2))), text: "c <= 2")
    let hasRowid = keys.count > 1 && random.oneIn(5)
    if hasRowid {
      keys[0] = UpsertOracle.Key("primary key", [columns.count])
      oracleColumns[1].isNullable = true
      oracleColumns.append(UpsertOracle.Column("rowid"))
    }
    definition = TableDefinition(
      "t", columns: columns, primaryKey: hasRowid ? [] : primary.map { IndexPart(column: Self.names[$0]) },
      uniqueKeys: indexes,
      checks: hasCheck ? [check] : [])
    oracle = UpsertOracle(
      columns: oracleColumns, keys: keys, hasAutomaticID: hasRowid || primary.count == 1 && !textKey)
    statement = UpsertStatement(into: "t", source: .defaults)
    fill(&random)
    choose(&random)
    let sparse = random.oneIn(3)
    for _ in 0..<(1 + random.below(5)) { rows.append(row(&random, sparse: sparse, allowsMisfits: true)) }
  }

  /// A rule that a column of a type can have.
  private static func rule(
    _ ordinal: Int, _ claimed: Set<Int>, _ type: ValueType, _ random: inout SeededGenerator
  ) -> MergeRule {
    if claimed.contains(ordinal) { return random.oneIn(2) ? .keep : .set }
    let others = names.filter { $0 != names[ordinal] && $0 != "id" }
    let own = ColumnReference(names[ordinal])
    let other = ColumnReference(random.pick(others), of: random.oneIn(2) ? "excluded" : nil)
    let sum = Expression.binary(.add, .column(own), .column(other))
    var rules: [MergeRule] = [.set, .keep, .coalesce, .ifNull, .min, .max, .latest(by: random.pick(others))]
    if type != .text { rules.append(.sum) }
    if type != .integer { rules.append(.append) }
    if type != .any { rules.append(.using(sum)) }
    return random.pick(rules)
  }

  func value(_ column: Int, _ random: inout SeededGenerator) -> Value {
    if column == 0, definition.columns[0].type == .text {
      return .text(random.pick(["x", "X", "y", "Z", "z"]))
    }
    if column == 0 { return .integer(Int64(1 + random.below(5))) }
    if random.oneIn(6), column != 1 || oracle.keys[0].columns.count == 1 { return .null }
    let type = definition.columns[column].type
    if type == .text || type == .any && random.oneIn(3) {
      return .text(random.pick(["", "x", "xy", "y", "3", "12z"]))
    }
    if type == .integer, definition.columns[column].merge == .sum, random.oneIn(8) { return .integer(.max) }
    return .integer(Int64(random.below(column == 3 ? 4 : 5)))
  }

  /// - Parameter allowsMisfits: whether now and then a value is of the wrong type.
  func row(_ random: inout SeededGenerator, sparse: Bool, allowsMisfits: Bool = false) -> [Value?] {
    let claimed = Set(oracle.keys.flatMap(\.columns))
    var row: [Value?] = []
    for column in oracle.columns.indices {
      let isKey = oracle.keys[0].columns.contains(column)
      if column == Self.names.count {
        row.append(nil)
        continue
      }
      if oracle.hasAutomaticID, !hasRowid, column == 0, random.oneIn(5) {
        row.append(random.oneIn(2) ? nil : .some(.null))
      } else if sparse, !isKey, random.oneIn(3) {
        row.append(nil)
      } else if allowsMisfits, !claimed.contains(column), definition.columns[column].type == .integer,
        random.oneIn(30)
      {
        row.append(.text("bad"))
      } else {
        row.append(value(column, &random))
      }
    }
    return row
  }

  /// Rows that a table can hold together.
  private mutating func fill(_ random: inout SeededGenerator) {
    for _ in 0..<random.below(6) {
      var row: [Value] = []
      for column in Self.names.indices { row.append(value(column, &random)) }
      if row[4] == .null { row[4] = .integer(Int64(random.below(5))) }
      if hasRowid { row.append(.null) }
      let plain = UpsertStatement(into: "t", source: .defaults)
      if case .success(let outcome) = oracle.run(plain, on: stored, rows: [row]) { stored = outcome.rows }
    }
  }

  private mutating func choose(_ random: inout SeededGenerator) {
    let canSync = !hasRowid || oracle.keys.dropFirst().contains { $0.expression == nil }
    if !mergesByRules, canSync, random.oneIn(5) {
      mode = .sync
      let target = hasRowid || random.oneIn(3) ? self.target(&random, isSingle: true) : .primaryKey
      statement.clauses = [
        ConflictClause(target, .merge(columns: nil), ambiguity: random.oneIn(3) ? .displace : .fail)
      ]
      statement.duplicates = random.pick([.fold, .first, .last, .fail])
    } else {
      statement.otherwise = random.pick([.abort, .abort, .abort, .ignore, .replace, .fail])
      let count = random.pick([0, 1, 1, 1, 1, 2, 3])
      for _ in 0..<count where statement.clauses.last?.target != .anyUnique {
        let isEager = statement.otherwise != .abort
        statement.clauses.append(
          ConflictClause(
            target(&random, isSingle: false), action(&random),
            ambiguity: random.pick([.fail, .first, .first, isEager ? .first : .displace])))
      }
      if random.oneIn(10) {
        for place in statement.clauses.indices { statement.clauses[place].action = .mergeNonNull }
      }
      if statement.clauses.count == 1, statement.clauses[0].target != .anyUnique, random.oneIn(3) {
        statement.duplicates = random.pick([.first, .last, .fail])
      }
    }
    if random.oneIn(2) { statement.rejects = .collect(limit: random.oneIn(4) ? 1 : nil) }
  }

  private func target(_ random: inout SeededGenerator, isSingle: Bool) -> ConflictTarget {
    var keys = hasRowid ? Array(oracle.keys.dropFirst()) : oracle.keys
    // What a sync goes by must be there in every row.
    if isSingle { keys = keys.filter { $0.expression == nil } }
    if !isSingle && random.oneIn(4) || keys.isEmpty { return .anyUnique }
    let key = random.pick(keys)
    if random.oneIn(3), key.name != "primary key" { return .index(key.name) }
    if random.oneIn(2), !hasRowid { return .primaryKey }
    if let expression = key.expression { return .columns([expression.value], where: nil) }
    if let collation = key.collation {
      return .columns([.collate(.column(ColumnReference("id")), collation)], where: nil)
    }
    return .columns(
      key.columns.reversed().map { .column(ColumnReference(Self.names[$0])) }, where: key.predicate)
  }

  private func action(_ random: inout SeededGenerator) -> ConflictAction {
    switch mergesByRules ? 3 + random.below(3) : random.below(8) {
    case 0: return .ignore
    case 1: return .fail
    case 2: return .replace
    case 3:
      var columns: [MergeColumn] = random.oneIn(2) ? ["a", "c"] : ["id", "b", "d"]
      let claimed = Set(oracle.keys.flatMap(\.columns))
      for place in columns.indices where random.oneIn(3) {
        let ordinal = Self.names.firstIndex(of: columns[place].name) ?? 0
        let rule = Self.rule(ordinal, claimed, definition.columns[ordinal].type, &random)
        // What it compares by would become MAX, which a column of a key cannot.
        if case .latest(let name) = rule, claimed.contains(Self.names.firstIndex(of: name) ?? 0) { continue }
        columns[place].rule = rule
      }
      return .merge(columns: columns)
    case 4, 5: return .merge(columns: nil)
    default: return update(&random)
    }
  }

  private func update(_ random: inout SeededGenerator) -> ConflictAction {
    func column(_ name: String, _ random: inout SeededGenerator) -> Expression {
      .column(ColumnReference(name, of: random.oneIn(2) ? "excluded" : nil))
    }
    let one = Expression.literal(.integer(1))
    var assignments: [Assignment] = []
    for name in Self.names.dropFirst() where random.oneIn(2) {
      let value: Expression?
      switch random.below(4) {
      case 0: value = .binary(.add, column(name, &random), one)
      case 1: value = random.oneIn(3) && name != "a" ? nil : column("a", &random)
      default: value = .column(ColumnReference(name, of: "excluded"))
      }
      assignments.append(Assignment(name, value))
    }
    if oracle.hasAutomaticID, !hasRowid, random.oneIn(3) {
      let own = Expression.column(ColumnReference("id"))
      assignments.append(
        Assignment(
          "id", random.oneIn(2) ? .column(ColumnReference("id", of: "excluded")) : .binary(.add, own, one)))
    }
    if assignments.isEmpty { assignments = [Assignment("c", .column(ColumnReference("c", of: "excluded")))] }
    let isNewer = Expression.binary(
      .greater, .column(ColumnReference("c", of: "excluded")), .column(ColumnReference("c")))
    return .update(assignments: assignments, where: random.oneIn(3) ? isNewer : nil)
  }
}
