import UpkeepTestSupport

/// Makes tables and statements at random whose meaning PostgreSQL and Upkeep share.
///
/// Left out, because Upkeep means something else on purpose (Docs/Upserts.md): rows of several that move keys which
/// others of the same statement meet; NULL where a column is NOT NULL, and what a CHECK refuses, in a row that meets
/// another (Upkeep judges the row that is stored); NULL for a whole number that is the primary key, which Upkeep numbers
/// by itself; division, which is an error there by zero.
struct PostgresStatements {
  typealias Kind = RandomColumn.Kind

  var random: SeededGenerator
  private(set) var schema: [String] = []
  private var columns: [RandomColumn] = []
  private var targets: [String] = []
  private var upperBound: Int?

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    makeSchema()
  }

  // MARK: - Schema

  private mutating func makeSchema() {
    columns = RandomColumn.five(&random)
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
      schema.append("CREATE UNIQUE INDEX folded ON t ((lower(e\(columns[4].kind == .text ? "" : " || ''"))))")
      targets.append("((lower(e\(columns[4].kind == .text ? "" : " || ''"))))")
      mark("e")
    }
    if random.oneIn(2) { schema.append("CREATE INDEX by_b ON t (b)") }
    let staged = columns.map { "\($0.name) \(typeName($0.kind))" }.joined(separator: ", ")
    schema.append("CREATE TABLE s (\(staged))")
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

  private mutating func literal(_ kind: Kind) -> String { random.literal(kind) }

  private mutating func value(_ column: RandomColumn, mayBeBad: Bool) -> String {
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
    switch random.below(22) {
    case 0...12: return insert()
    case 13...15: return update()
    case 16:
      if random.oneIn(3) {
        let link = random.pick(["t.a = s.a", "t.c = s.c AND s.b > \(random.below(18))"])
        return "DELETE FROM t USING s WHERE \(link) AND \(condition(1, "t."))"
      }
      return "DELETE FROM t WHERE \(condition(1, "t."))\(returning(2))"
    case 17: return stage()
    case 18: return merge()
    case 19:
      let exists = "EXISTS (SELECT 1 FROM s WHERE s.a = t.a AND \(condition(1, "s.")))"
      let isIn = "t.c IN (SELECT c FROM s WHERE \(condition(1, "s.")))"
      return "SELECT a, b, c, d, e FROM t WHERE \(random.pick([exists, isIn])) OR \(condition(1, "t."))"
    case 20:
      let join = random.pick(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
      return "WITH w (x, n) AS (SELECT c, count(*) FROM s GROUP BY c HAVING count(*) > 0) "
        + "SELECT t.a, t.c, w.x, w.n FROM t \(join) w ON t.c = w.x"
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
    // Rows of the table itself, or staged ones in which a key occurs once: what is read does not see what is written.
    if !isPlain, random.oneIn(6), given.count == columns.count {
      let list = given.map { column in
        if column.name == "b" { return "CASE WHEN b < 18 THEN b ELSE 1 END" }
        return column.isNotNull ? "COALESCE(\(column.name), \(literal(column.kind)))" : column.name
      }
      let bounded = "\(given.map(\.name).joined(separator: ", "))"
      text += random.pick([
        "SELECT \(list.joined(separator: ", ")) FROM s",
        "SELECT \(list.joined(separator: ", ")) FROM (SELECT \(bounded) FROM s UNION SELECT \(bounded) FROM s) AS u",
      ])
      text += " ORDER BY \(columns.map { "\($0.name) NULLS FIRST" }.joined(separator: ", "))"
    } else if !isPlain, random.oneIn(8), given.count == columns.count {
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

  /// Other rows for the table beside, which merges read: all of them at once, or one more.
  private mutating func stage() -> String {
    let values = (0..<1 + random.below(6)).map { _ in
      "(" + columns.map { value($0.bare, mayBeBad: false) }.joined(separator: ", ") + ")"
    }
    let rows = "INSERT INTO s VALUES \(values.joined(separator: ", "))"
    return random.oneIn(2) ? rows : "DELETE FROM s WHERE \(condition(1, "s."))"
  }

  /// A merge on the primary key, or on a column that several rows may share.
  private mutating func merge() -> String {
    let keys = columns.filter { $0.isNotNull && $0.isInKey }.map(\.name)
    let link = keys.isEmpty ? ["a"] : keys
    let list = columns.map(\.name).joined(separator: ", ")
    // A row of each key, so that no row is met twice by design; which of them does not matter, for it is the greatest.
    let distinct = columns.map { link.contains($0.name) ? $0.name : "max(\($0.name)) AS \($0.name)" }
    let source =
      random.oneIn(4)
      ? "s"
      : "(SELECT \(distinct.joined(separator: ", ")) FROM s GROUP BY \(link.joined(separator: ", "))) AS s"
    var text =
      "MERGE INTO t USING \(source) ON \(link.map { "t.\($0) = s.\($0)" }.joined(separator: " AND "))"
    for _ in 0..<random.below(3) {
      let and = random.oneIn(2) ? " AND \(condition(1, random.pick(["s.", "t."])))" : ""
      let action = random.pick(["DELETE", "DO NOTHING", "UPDATE SET \(assignments(from: "s."))"])
      text += " WHEN MATCHED\(and) THEN \(action)"
      if and.isEmpty { break }
    }
    let and = random.oneIn(2) ? " AND \(condition(1, "s."))" : ""
    let values = columns.map { column -> String in
      column.isNotNull ? "COALESCE(s.\(column.name), \(literal(column.kind)))" : "s.\(column.name)"
    }
    let insert = "INSERT (\(list)) VALUES (\(values.joined(separator: ", ")))"
    return text + " WHEN NOT MATCHED\(and) THEN \(random.oneIn(8) ? "DO NOTHING" : insert)"
  }

  /// Columns that are no keys, from a source.
  private mutating func assignments(from qualifier: String) -> String {
    let candidates = columns.filter { !$0.isInKey }
    let chosen = candidates.isEmpty ? columns.filter { $0.name == "d" } : candidates
    let column = random.pick(chosen)
    let value = expression(column.kind, 2, random.oneIn(3) ? "t." : qualifier)
    return "\(column.name) = \(column.isNotNull ? "COALESCE(\(value), \(literal(column.kind)))" : value)"
  }

  private mutating func update() -> String {
    if random.oneIn(4) {
      // One row of the source at most, for which of several is taken is free.
      let source = "(SELECT a, max(b) AS b, max(c) AS c, max(d) AS d, max(e) AS e FROM s GROUP BY a) AS s"
      return
        "UPDATE t SET \(assignments(from: "s.")) FROM \(source) WHERE t.a = s.a AND \(condition(1, "t."))"
    }
    return
      "UPDATE t SET \(assignments(inUpsert: false, keys: false)) WHERE \(condition(2, "t."))\(returning(2))"
  }

  private mutating func assignments(inUpsert: Bool, keys: Bool) -> String {
    var candidates = columns.filter { keys || !$0.isInKey }
    if candidates.isEmpty { candidates = columns.filter { $0.name == "d" } }
    candidates.shuffle(using: &random)
    let chosen = candidates.prefix(1 + random.below(2))
    let values = chosen.map { column -> String in
      if !column.isNotNull, random.oneIn(8) { return random.pick(["NULL", "DEFAULT"]) }
      if random.oneIn(8) {
        let counted = "(SELECT count(*) FROM s WHERE s.b \(random.pick(["=", "<"])) t.b)"
        let other = "(SELECT max(\(column.name)) FROM \(random.pick(["s", "t AS t2"])))"
        let query = column.kind == .integer && random.oneIn(2) ? counted : other
        return column.isNotNull ? "COALESCE(\(query), \(literal(column.kind)))" : query
      }
      let value = expression(column.kind, 2, inUpsert && random.oneIn(2) ? "excluded." : "t.")
      return column.isNotNull ? "COALESCE(\(value), \(literal(column.kind)))" : value
    }
    if chosen.count > 1, random.oneIn(3) {
      return "(\(chosen.map(\.name).joined(separator: ", "))) = (\(values.joined(separator: ", ")))"
    }
    return zip(chosen, values).map { "\($0.name) = \($1)" }.joined(separator: ", ")
  }
}
