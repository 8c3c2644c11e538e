import UpkeepTestSupport

/// Makes tables and statements at random whose meaning SQLite and Upkeep share.
///
/// Left out, because Upkeep means something else on purpose (Docs/SQL.md lists it): text in INTEGER columns;
/// updates of keys of many rows, which SQLite judges row by row; ambiguous conflicts; double-quoted strings.
struct StatementGenerator {
  typealias Kind = RandomColumn.Kind

  var random: SeededGenerator
  private(set) var columns: [RandomColumn] = []
  private(set) var primaryKey: [String] = []
  /// Conflict targets as they are written.
  private(set) var targets: [String] = []
  private(set) var schema: [String] = []
  private var automaticID = false

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    makeSchema()
  }

  var names: [String] { columns.map(\.name) }

  // MARK: - Schema

  private mutating func makeSchema() {
    columns = RandomColumn.five(&random)
    switch random.below(4) {
    case 0:
      primaryKey = ["a"]
      automaticID = true
    case 1: primaryKey = ["c"]
    case 2: primaryKey = ["b", "c"]
    default: break
    }
    for index in columns.indices {
      columns[index].isInKey = primaryKey.contains(columns[index].name)
      if columns[index].isInKey { columns[index].isNotNull = true }
      if !columns[index].isInKey, random.oneIn(4) {
        columns[index].defaultValue =
          columns[index].name == "b" ? "\(random.below(18))" : literal(columns[index].kind)
      }
      if columns[index].defaultValue != nil, random.oneIn(2) { columns[index].isNotNull = true }
    }
    var parts = columns.map { column -> String in
      var text = "\(column.name) \(typeName(column.kind))"
      if automaticID, column.name == "a" { return "\(text) PRIMARY KEY" }
      if column.isNotNull { text += " NOT NULL" }
      if let value = column.defaultValue { text += " DEFAULT \(value)" }
      return text
    }
    if !primaryKey.isEmpty, !automaticID {
      parts.append("PRIMARY KEY (\(primaryKey.joined(separator: ", ")))")
    }
    if !primaryKey.isEmpty { targets.append("(\(primaryKey.joined(separator: ", ")))") }
    if random.oneIn(3) {
      parts.append("UNIQUE (e)")
      targets.append("(e)")
      markKey("e")
    }
    if random.oneIn(3) {
      parts.append("UNIQUE (d, b)")
      targets.append("(b, d)")
      markKey("b")
      markKey("d")
    }
    if random.oneIn(3) { parts.append("CHECK (b < 18)") }
    schema = ["CREATE TABLE t (\(parts.joined(separator: ", "))) STRICT"]
    // Beside a primary key over the same column the target would be either's.
    if primaryKey != ["c"], random.oneIn(3) {
      schema.append("CREATE UNIQUE INDEX partial ON t (c) WHERE b > 5")
      targets.append("(c) WHERE b > 5")
      markKey("b")
      markKey("c")
    }
    // Beside UNIQUE (e) that target would be either's.
    if !targets.contains("(e)"), random.oneIn(3) {
      schema.append("CREATE UNIQUE INDEX folded ON t (e COLLATE NOCASE)")
      targets.append("(e COLLATE NOCASE)")
      markKey("e")
    } else if random.oneIn(4) {
      schema.append("CREATE UNIQUE INDEX lowered ON t (LOWER(e), b)")
      targets.append("(b, LOWER(e))")
      markKey("b")
      markKey("e")
    }
    if random.oneIn(2) { schema.append("CREATE INDEX by_b ON t (b\(random.oneIn(2) ? " DESC" : ""))") }
    if random.oneIn(3) { schema.append("CREATE INDEX by_dc ON t (d, c) WHERE d IS NOT NULL") }
    if random.oneIn(3) { schema.append("CREATE INDEX by_sum ON t (a + b, e)") }
  }

  private mutating func markKey(_ name: String) {
    for index in columns.indices where columns[index].name == name { columns[index].isInKey = true }
  }

  private func typeName(_ kind: Kind) -> String {
    switch kind {
    case .integer: "INTEGER"
    case .real: "REAL"
    case .text: "TEXT"
    }
  }

  // MARK: - Values and expressions

  mutating func literal(_ kind: Kind) -> String { random.literal(kind) }

  /// A value to insert. A bad one breaks NOT NULL or a CHECK now and then.
  private mutating func value(_ column: RandomColumn, mayBeBad: Bool) -> String {
    if column.isNotNull ? mayBeBad && !column.isInKey && random.oneIn(25) : random.oneIn(6) { return "NULL" }
    if column.name == "b", !mayBeBad { return "\(random.below(18))" }
    return literal(column.kind)
  }

  mutating func expression(_ kind: Kind, _ depth: Int, _ qualifier: String = "") -> String {
    if depth == 0 || random.oneIn(3) {
      let fitting = columns.filter { $0.kind == kind }
      if !fitting.isEmpty, !random.oneIn(3) { return qualifier + random.pick(fitting).name }
      return random.oneIn(12) ? "NULL" : literal(kind)
    }
    let next = depth - 1
    switch (kind, random.below(6)) {
    case (_, 0): return "COALESCE(\(expression(kind, next, qualifier)), \(literal(kind)))"
    case (_, 1):
      return "CASE WHEN \(condition(next, qualifier)) THEN \(expression(kind, next, qualifier)) "
        + "ELSE \(expression(kind, next, qualifier)) END"
    case (_, 2): return "NULLIF(\(expression(kind, next, qualifier)), \(literal(kind)))"
    case (.text, 3):
      return "(\(expression(.text, next, qualifier)) || \(expression(.integer, next, qualifier)))"
    case (.text, 4): return "\(random.pick(["UPPER", "LOWER"]))(\(expression(.text, next, qualifier)))"
    case (.text, _): return "CAST(\(expression(.integer, next, qualifier)) AS TEXT)"
    case (.integer, 3): return "LENGTH(\(expression(.text, next, qualifier)))"
    case (.integer, 4): return "CAST(\(expression(random.pick([.real, .text]), next, qualifier)) AS INTEGER)"
    case (.real, 3): return "CAST(\(expression(.integer, next, qualifier)) AS REAL)"
    case (_, 4): return "ABS(\(expression(kind, next, qualifier)))"
    case (.real, _):
      return "(\(expression(.real, next, qualifier)) \(random.pick(["+", "-"])) "
        + "\(expression(.integer, next, qualifier)))"
    default:
      return
        "(\(expression(kind, next, qualifier)) \(random.pick(["+", "-", "*", "/", "%", "&", "|", "<<", ">>"])) "
        + "\(random.below(6)))"
    }
  }

  mutating func condition(_ depth: Int, _ qualifier: String = "") -> String {
    let kind = random.pick([Kind.integer, .integer, .text, .real])
    let next = max(depth - 1, 0)
    let a = expression(kind, next, qualifier)
    switch random.below(depth > 0 ? 12 : 8) {
    case 0...2: return "\(a) \(random.pick(["=", "<", "<=", ">", ">=", "<>", "=="])) \(literal(kind))"
    case 3: return "\(a) \(random.pick(["=", "<", ">", "IS", "IS NOT"])) \(expression(kind, next, qualifier))"
    case 4: return "\(a) \(random.pick(["IS NULL", "IS NOT NULL", "ISNULL", "NOTNULL"]))"
    case 5:
      return "\(a) \(random.oneIn(3) ? "NOT " : "")IN (\(literal(kind)), \(literal(kind)), \(literal(kind)))"
    case 6: return "\(a) \(random.oneIn(3) ? "NOT " : "")BETWEEN \(literal(kind)) AND \(literal(kind))"
    case 7:
      let pattern = random.pick(["'a%'", "'%b'", "'_b%'", "'%'", "'A'", "''"])
      return "\(expression(.text, next, qualifier)) \(random.oneIn(3) ? "NOT " : "")LIKE \(pattern)"
    case 8: return "NOT (\(condition(next, qualifier)))"
    case 9: return "(\(condition(next, qualifier)) OR \(condition(next, qualifier)))"
    default: return "(\(condition(next, qualifier)) AND \(condition(next, qualifier)))"
    }
  }

  // MARK: - Statements

  mutating func statement() -> String {
    switch random.below(20) {
    case 0...8: return insert()
    case 9...11: return update()
    case 12: return "DELETE FROM t WHERE \(condition(1))\(returning(3))"
    default: return select()
    }
  }

  private mutating func returning(_ rarity: Int) -> String {
    guard random.oneIn(rarity) else { return "" }
    // Sums only: SQLite 3.40 compares texts as numbers in expressions of RETURNING.
    return random.oneIn(2) ? " RETURNING *" : " RETURNING a, b + \(random.below(9)) AS x, c"
  }

  private mutating func insert() -> String {
    var given = columns.filter { column in column.isNotNull && column.defaultValue == nil || !random.oneIn(5)
    }
    if given.isEmpty { given = columns }
    let style = random.below(8)
    if automaticID, style < 7, random.oneIn(4) { given.removeAll { $0.name == "a" } }
    // An id that is drawn is part of SQLite's excluded row, and not of Upkeep's.
    let givesID = automaticID && style == 7
    if givesID, !given.contains(where: { $0.name == "a" }) { given += columns.filter { $0.name == "a" } }
    if random.oneIn(4) { given.shuffle(using: &random) }
    // What several rows do is the same in both where no action moves keys.
    let movesKeys = style >= 6 && (random.oneIn(3) || columns.allSatisfy(\.isInKey))
    let rows = movesKeys ? 1 : 1 + random.below(4)
    // With ON CONFLICT Upkeep decides the conflict first and judges the row that is stored after it.
    let values = (0..<rows).map { _ in
      "("
        + given.map { $0.name == "a" && givesID ? literal(.integer) : value($0, mayBeBad: style < 5) }
        .joined(separator: ", ") + ")"
    }
    var body = "INTO t (\(given.map(\.name).joined(separator: ", "))) "
    if style >= 5, !movesKeys, random.oneIn(4) {
      let list = given.map { column in
        random.oneIn(3) ? column.name == "b" ? "\(random.below(18))" : literal(column.kind) : column.name
      }.joined(separator: ", ")
      // SQLite needs the WHERE, and both need an order to come to the same rows.
      body +=
        "SELECT \(list) FROM t WHERE \(condition(1)) ORDER BY \(columns.map(\.name).joined(separator: ", "))"
    } else {
      body += "VALUES \(values.joined(separator: ", "))"
    }
    switch style {
    case 0: return "INSERT \(body)\(returning(4))"
    case 1: return "INSERT OR \(random.pick(["ABORT", "FAIL", "ROLLBACK"])) \(body)"
    case 2: return "INSERT OR IGNORE \(body)\(returning(4))"
    case 3: return "INSERT OR REPLACE \(body)\(returning(4))"
    case 4: return "REPLACE \(body)\(returning(4))"
    case 5: return "INSERT \(body) ON CONFLICT DO NOTHING\(returning(3))"
    case 6 where !targets.isEmpty:
      return "INSERT \(body) ON CONFLICT \(random.pick(targets)) DO NOTHING\(returning(3))"
    default:
      guard let target = targets.isEmpty ? nil : random.pick(targets) else { return "INSERT \(body)" }
      var text = "INSERT \(body) "
      if let other = targets.first(where: { $0 != target }), random.oneIn(4) {
        text += "ON CONFLICT \(other) DO NOTHING "
      }
      text += "ON CONFLICT \(target) DO UPDATE SET \(assignments(inUpsert: true, keys: movesKeys))"
      if random.oneIn(3) { text += " WHERE \(condition(1, random.pick(["excluded.", "t."])))" }
      return text + returning(3)
    }
  }

  private mutating func update() -> String {
    let or = random.pick(["", "", "OR IGNORE "])
    // Keys of one row only: SQLite judges many row by row.
    if primaryKey == ["a"], random.oneIn(2) {
      return
        "UPDATE \(or)t SET \(assignments(inUpsert: false, keys: true)) WHERE a = \(random.below(20))\(returning(3))"
    }
    return "UPDATE t SET \(assignments(inUpsert: false, keys: false)) WHERE \(condition(2))\(returning(3))"
  }

  private mutating func assignments(inUpsert: Bool, keys: Bool) -> String {
    var candidates = columns.filter { keys || !$0.isInKey }
    if candidates.isEmpty { candidates = columns.filter { $0.name == "d" } }
    let count = 1 + random.below(2)
    candidates.shuffle(using: &random)
    return candidates.prefix(count).map { column in
      let qualifier = inUpsert && random.oneIn(2) ? "excluded." : ""
      let value = expression(column.kind, 2, qualifier)
      // SQLite calls a NULL in an INTEGER PRIMARY KEY a datatype mismatch, even under OR IGNORE.
      return "\(column.name) = \(column.isInKey ? "COALESCE(\(value), \(literal(column.kind)))" : value)"
    }.joined(separator: ", ")
  }

  private mutating func select() -> String {
    switch random.below(4) {
    case 0:
      let parts = [
        "count(*)", "count(c)", "sum(b)", "min(c)", "max(e)", "sum(\(expression(.integer, 1)))", "avg(d)",
        "min(d)",
        "count(DISTINCT b)", "max(a) + count(*)", "total(d)",
      ]
      let chosen = (0...random.below(3)).map { _ in random.pick(parts) }
      return "SELECT \(chosen.joined(separator: ", ")) FROM t"
        + (random.oneIn(3) ? "" : " WHERE \(condition(2))")
    case 1:
      // Access by a key.
      let key = random.pick(["a", "b", "c", "d"])
      let kind = columns.first { $0.name == key }?.kind ?? .integer
      let test = random.pick([
        "\(key) = \(literal(kind))", "\(key) > \(literal(kind))",
        "\(key) IN (\(literal(kind)), \(literal(kind)))",
        "\(key) BETWEEN \(literal(kind)) AND \(literal(kind))", "\(key) IS NULL",
        "\(key) >= \(literal(kind)) AND \(key) < \(literal(kind))",
      ])
      return "SELECT * FROM t WHERE \(test) AND \(condition(1))\(order())"
    default:
      let list = (0...random.below(3)).map { _ in
        random.oneIn(4) ? condition(1) : expression(random.pick([.integer, .text, .real]), 3)
      }
      return "SELECT \(list.joined(separator: ", ")), a, b, c, d, e FROM t WHERE \(condition(3))\(order())"
    }
  }

  /// An order in which equal rows are equal in every column, so that LIMIT cuts the same.
  private mutating func order() -> String {
    guard !random.oneIn(3) else { return "" }
    var keys = names
    keys.shuffle(using: &random)
    let terms = keys.map { name in
      name + random.pick(["", " ASC", " DESC", "", " DESC NULLS LAST", " NULLS LAST", " NULLS FIRST"])
    }
    let limit =
      random.oneIn(2)
      ? " LIMIT \(random.below(8))" + (random.oneIn(2) ? " OFFSET \(random.below(4))" : "") : ""
    return " ORDER BY \(terms.joined(separator: ", "))\(limit)"
  }
}
