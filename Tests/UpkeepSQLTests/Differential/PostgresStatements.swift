import UpkeepTestSupport

/// Makes tables and statements at random whose meaning PostgreSQL and Upkeep share.
///
/// Left out, because Upkeep means something else on purpose (Docs/Upserts.md): rows of several that move keys which
/// others of the same statement meet; NULL where a column is NOT NULL, and what a CHECK refuses, in a row that meets
/// another (Upkeep judges the row that is stored); NULL for a whole number that is the primary key, which Upkeep numbers
/// by itself; division, which is an error there by zero.
struct PostgresStatements {
  enum Kind { case integer, real, text }
  struct Column {
    var name: String
    var kind: Kind
    var isNotNull = false
    var defaultValue: String?
    var isInKey = false
  }

  var random: SeededGenerator
  private(set) var schema: [String] = []
  private var columns: [Column] = []
  private var targets: [String] = []
  private var upperBound: Int?

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    makeSchema()
  }

  // MARK: - Schema

  private mutating func makeSchema() {
    let kinds: [Kind] = [
      .integer, .integer, .text, random.pick([.real, .integer]), random.pick([.text, .integer]),
    ]
    columns = zip(["a", "b", "c", "d", "e"], kinds).map { Column(name: $0, kind: $1) }
    let primaryKey = random.pick([["a"], ["c"], ["b", "c"], []])
    for name in primaryKey { mark(name, notNull: true) }
    for index in columns.indices where !columns[index].isInKey && random.oneIn(4) {
      columns[index].defaultValue =
        columns[index].name == "b" ? "\(random.below(18))" : literal(columns[index].kind)
      columns[index].isNotNull = random.oneIn(2)
    }
    var parts = columns.map { column in
      "\(column.name) \(typeName(column.kind))\(column.isNotNull ? " NOT NULL" : "")"
        + (column.defaultValue.map { " DEFAULT \($0)" } ?? "")
    }
    if !primaryKey.isEmpty {
      let list = "(\(primaryKey.joined(separator: ", ")))"
      parts.append("PRIMARY KEY \(list)")
      targets.append(list)
    }
    if random.oneIn(3) {
      parts.append("CONSTRAINT one_e UNIQUE\(distinctness()) (e)")
      targets += ["(e)", "ON CONSTRAINT one_e"]
      mark("e")
    }
    if random.oneIn(3) {
      parts.append("UNIQUE\(distinctness()) (d, b)")
      targets.append("(b, d)")
      mark("b")
      mark("d")
    }
    if random.oneIn(3) {
      parts.append("CHECK (b < 18)")
      upperBound = 18
    }
    schema = ["CREATE TABLE t (\(parts.joined(separator: ", ")))"]
    if primaryKey != ["c"], random.oneIn(3) {
      schema.append("CREATE UNIQUE INDEX partial ON t (c) WHERE b > 5")
      targets += ["(c) WHERE b > 5", "(c) WHERE b > 7"]
      mark("b")
      mark("c")
    }
    if random.oneIn(4) {
      schema.append("CREATE UNIQUE INDEX folded ON t ((lower(e\(kinds[4] == .text ? "" : " || ''"))))")
      targets.append("((lower(e\(kinds[4] == .text ? "" : " || ''"))))")
      mark("e")
    }
    if random.oneIn(2) { schema.append("CREATE INDEX by_b ON t (b)") }
  }

  private mutating func distinctness() -> String {
    random.pick(["", " NULLS DISTINCT", " NULLS NOT DISTINCT"])
  }

  private mutating func mark(_ name: String, notNull: Bool = false) {
    for index in columns.indices where columns[index].name == name {
      columns[index].isInKey = true
      if notNull { columns[index].isNotNull = true }
    }
  }

  private func typeName(_ kind: Kind) -> String {
    switch kind {
    case .integer: "BIGINT"
    case .real: "DOUBLE PRECISION"
    case .text: "TEXT"
    }
  }

  // MARK: - Values and expressions

  private mutating func literal(_ kind: Kind) -> String {
    switch kind {
    case .integer: "\(random.below(20))"
    case .real: "\(Double(random.below(16)) / 2)"
    case .text: "'\(random.pick(["", "a", "b", "B", "ab", "Ab", "abc", "it''s", "10", "z", "größe"]))'"
    }
  }

  private mutating func value(_ column: Column, mayBeBad: Bool) -> String {
    let isNull = column.isNotNull ? mayBeBad && column.name != "a" && random.oneIn(25) : random.oneIn(5)
    if isNull { return "NULL" }
    if column.name == "b", !mayBeBad { return "\(random.below(18))" }
    if column.defaultValue != nil, random.oneIn(6) { return "DEFAULT" }
    return literal(column.kind)
  }

  private mutating func expression(_ kind: Kind, _ depth: Int, _ qualifier: String) -> String {
    if depth == 0 || random.oneIn(3) {
      let fitting = columns.filter { $0.kind == kind }
      if !fitting.isEmpty, !random.oneIn(3) { return qualifier + random.pick(fitting).name }
      return literal(kind)
    }
    let next = depth - 1
    switch (kind, random.below(6)) {
    case (_, 0): return "COALESCE(\(expression(kind, next, qualifier)), \(literal(kind)))"
    case (_, 1):
      return "CASE WHEN \(condition(next, qualifier)) THEN \(expression(kind, next, qualifier)) "
        + "ELSE \(expression(kind, next, qualifier)) END"
    case (_, 2): return "NULLIF(\(expression(kind, next, qualifier)), \(literal(kind)))"
    case (.text, 3): return "(\(expression(.text, next, qualifier)) || \(expression(.text, next, qualifier)))"
    case (.text, _): return "\(random.pick(["UPPER", "LOWER"]))(\(expression(.text, next, qualifier)))"
    case (_, 3): return "ABS(\(expression(kind, next, qualifier)))"
    default:
      return
        "(\(expression(kind, next, qualifier)) \(random.pick(["+", "-"])) \(expression(kind, next, qualifier)))"
    }
  }

  private mutating func condition(_ depth: Int, _ qualifier: String) -> String {
    let kind = random.pick([Kind.integer, .integer, .text, .real])
    let next = max(depth - 1, 0)
    let a = expression(kind, next, qualifier)
    switch random.below(depth > 0 ? 10 : 7) {
    case 0...2: return "\(a) \(random.pick(["=", "<", "<=", ">", ">=", "<>"])) \(literal(kind))"
    case 3: return "\(a) \(random.pick(["=", "<", ">"])) \(expression(kind, next, qualifier))"
    case 4: return "\(a) IS \(random.oneIn(2) ? "NOT " : "")NULL"
    case 5: return "\(a) IS \(random.oneIn(2) ? "NOT " : "")DISTINCT FROM \(literal(kind))"
    case 6: return "\(a) \(random.oneIn(3) ? "NOT " : "")IN (\(literal(kind)), \(literal(kind)))"
    case 7: return "NOT (\(condition(next, qualifier)))"
    case 8: return "(\(condition(next, qualifier)) OR \(condition(next, qualifier)))"
    default: return "(\(condition(next, qualifier)) AND \(condition(next, qualifier)))"
    }
  }

  // MARK: - Statements

  mutating func statement() -> String {
    switch random.below(20) {
    case 0...12: return insert()
    case 13...15: return update()
    case 16: return "DELETE FROM t WHERE \(condition(1, "t."))\(returning(2))"
    default:
      return "SELECT a, b, c, d, e FROM t WHERE \(condition(3, "t."))"
    }
  }

  private mutating func returning(_ rarity: Int) -> String {
    guard random.oneIn(rarity) else { return "" }
    return random.oneIn(2) ? " RETURNING *" : " RETURNING a, b + \(random.below(9)) AS x, upper(c) AS u"
  }

  private mutating func insert() -> String {
    var given = columns.filter { column in column.isNotNull && column.defaultValue == nil || !random.oneIn(5)
    }
    if given.isEmpty { given = columns }
    if random.oneIn(4) { given.shuffle(using: &random) }
    let style = random.below(10)
    let isPlain = style == 0 || targets.isEmpty && style > 2
    let names = given.map(\.name).joined(separator: ", ")
    let count = random.oneIn(2) ? 1 : 1 + random.below(5)
    var text = "INSERT INTO t AS t (\(names)) "
    // Rows of the table itself, their keys moved: what is read does not see what is written.
    if !isPlain, random.oneIn(8), given.count == columns.count {
      let list = given.map { column in
        column.name == "b"
          ? "COALESCE(t.b, 1)"
          : column.isInKey ? "COALESCE(t.\(column.name), \(literal(column.kind)))" : "t.\(column.name)"
      }
      text += "SELECT \(list.joined(separator: ", ")) FROM t WHERE \(condition(1, "t."))"
      text += " ORDER BY \(columns.map { "t.\($0.name) NULLS FIRST" }.joined(separator: ", "))"
    } else {
      let rows = (0..<count).map { _ in
        "(" + given.map { value($0, mayBeBad: isPlain) }.joined(separator: ", ") + ")"
      }
      text += "VALUES \(rows.joined(separator: ", "))"
    }
    if isPlain { return text + returning(3) }
    switch style {
    case 1, 2: return text + " ON CONFLICT DO NOTHING" + returning(2)
    case 3: return text + " ON CONFLICT \(random.pick(targets)) DO NOTHING" + returning(2)
    default:
      let sets = assignments(inUpsert: true, keys: count == 1 && !text.contains("SELECT") && random.oneIn(3))
      text += " ON CONFLICT \(random.pick(targets)) DO UPDATE SET \(sets)"
      if random.oneIn(3) { text += " WHERE \(condition(1, random.pick(["excluded.", "t."])))" }
      return text + returning(2)
    }
  }

  private mutating func update() -> String {
    "UPDATE t SET \(assignments(inUpsert: false, keys: false)) WHERE \(condition(2, "t."))\(returning(2))"
  }

  private mutating func assignments(inUpsert: Bool, keys: Bool) -> String {
    var candidates = columns.filter { keys || !$0.isInKey }
    if candidates.isEmpty { candidates = columns.filter { $0.name == "d" } }
    candidates.shuffle(using: &random)
    let chosen = candidates.prefix(1 + random.below(2))
    let values = chosen.map { column -> String in
      if !column.isNotNull, random.oneIn(8) { return random.pick(["NULL", "DEFAULT"]) }
      let value = expression(column.kind, 2, inUpsert && random.oneIn(2) ? "excluded." : "t.")
      return column.isNotNull ? "COALESCE(\(value), \(literal(column.kind)))" : value
    }
    if chosen.count > 1, random.oneIn(3) {
      return "(\(chosen.map(\.name).joined(separator: ", "))) = (\(values.joined(separator: ", ")))"
    }
    return zip(chosen, values).map { "\($0.name) = \($1)" }.joined(separator: ", ")
  }
}
