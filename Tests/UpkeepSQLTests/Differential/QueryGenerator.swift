import UpkeepTestSupport

/// Makes tables with rows and queries over them at random whose meaning SQLite and Upkeep share.
///
/// Left out, because the result is open or Upkeep means something else on purpose: columns outside aggregates, which
/// of several equal texts of a NOCASE column stands for them (it is shown in lower case), comparisons of texts with
/// numbers, sums of REALs that depend on their order (all are halves).
struct QueryGenerator {
  enum Kind: CaseIterable { case integer, real, text }

  /// Something that can be named.
  struct Name {
    var text: String
    var kind: Kind
  }

  var random: SeededGenerator
  private(set) var schema: [String] = []
  private var aliasCount = 0
  /// Common tables that can be read, with the kinds of their columns c0, c1, ….
  private var commonTables: [(name: String, kinds: [Kind])] = []

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    for number in 0..<3 { makeTable(number) }
  }

  // MARK: - Tables

  private static let columns: [(name: String, kind: Kind)] = [
    ("id", .integer), ("x", .integer), ("y", .integer), ("n", .text), ("r", .real),
  ]

  private mutating func makeTable(_ number: Int) {
    let key = random.below(3)
    let id = key == 0 ? "id INTEGER PRIMARY KEY" : "id INTEGER NOT NULL"
    let collation = random.oneIn(3) ? " COLLATE NOCASE" : ""
    let tail = key == 1 ? ", PRIMARY KEY (x, id)" : ""
    let x = key == 1 ? "x INTEGER NOT NULL" : "x INTEGER"
    schema.append("CREATE TABLE t\(number) (\(id), \(x), y INTEGER, n TEXT\(collation), r REAL\(tail))")
    for (name, list) in [("x", "x"), ("y", "y, x"), ("n", "n"), ("u", "x, id")] where random.oneIn(3) {
      let isUnique = name == "u"
      let predicate = random.oneIn(4) ? " WHERE y IS NOT NULL" : ""
      schema.append(
        "CREATE \(isUnique ? "UNIQUE " : "")INDEX t\(number)_\(name) ON t\(number) (\(list))\(predicate)")
    }
    let count = random.oneIn(12) ? 0 : 1 + random.below(9)
    for row in 0..<count {
      let x = key == 1 || !random.oneIn(5) ? "\(random.below(5))" : "NULL"
      let values = [
        "\(row + random.below(2) * 10)", x, literal(.integer), literal(.text), literal(.real),
      ]
      schema.append("INSERT OR IGNORE INTO t\(number) VALUES (\(values.joined(separator: ", ")))")
    }
  }

  private mutating func literal(_ kind: Kind) -> String {
    if random.oneIn(6) { return "NULL" }
    switch kind {
    case .integer: return "\(random.below(8) - 2)"
    case .real: return random.pick(["0.5", "1.0", "-1.5", "2.5", "3.0"])
    case .text: return random.pick(["'a'", "'A'", "'b'", "'bc'", "''", "'C'"])
    }
  }

  // MARK: - Queries

  /// A whole query, and whether its rows have one order only.
  mutating func query() -> (sql: String, isOrdered: Bool) {
    aliasCount = 0
    commonTables = []
    var text = ""
    if random.oneIn(4) {
      var parts: [String] = []
      for number in 0...random.below(2) {
        if random.oneIn(4) {
          parts.append(recursive("w\(number)"))
          commonTables.append(("w\(number)", [.integer, .integer]))
          continue
        }
        let kinds = someKinds()
        let columns = kinds.indices.map { "c\($0)" }.joined(separator: ", ")
        parts.append("w\(number)(\(columns)) AS (\(blocks(kinds, [], 1)))")
        commonTables.append(("w\(number)", kinds))
      }
      text = "WITH RECURSIVE \(parts.joined(separator: ", ")) "
    }
    let kinds = someKinds()
    text += blocks(kinds, [], 0)
    guard random.oneIn(2) else { return (text, false) }
    text += " ORDER BY \(totalOrder(kinds.count))"
    if random.oneIn(2) {
      text += " LIMIT \(random.below(6))\(random.oneIn(2) ? " OFFSET \(random.below(3))" : "")"
    }
    return (text, true)
  }

  /// A recursive table that comes to an end, since it has few values and keeps none twice. What its rows are does not hang
  /// on the order in which they are gone on from.
  private mutating func recursive(_ name: String) -> String {
    var text = "\(name)(c0, c1) AS (\(block([.integer, .integer], [], 1))"
    for _ in 0...random.below(2) {
      let (source, names) = random.oneIn(2) ? ("\(name) AS r", []) : source([], 2)
      let from = names.isEmpty ? source : "\(name) AS r \(random.pick(["JOIN", "CROSS JOIN"])) \(source)"
      let all = [Name(text: "r.c0", kind: .integer), Name(text: "r.c1", kind: .integer)] + names
      let (a, b) = (all.filter { $0.kind == .integer }, "(r.c0 * 2 + \(random.below(4))) % 11")
      text += " UNION SELECT \(b), \(random.pick(a).text) % 5 FROM \(from) WHERE \(condition(all, 2))"
    }
    if random.oneIn(3) { text += " ORDER BY \(random.pick(["1", "2 DESC, 1", "2, 1 DESC"]))" }
    return text + ")"
  }

  private mutating func totalOrder(_ count: Int) -> String {
    (1...count).map {
      "\($0) COLLATE BINARY\(random.pick(["", " DESC", " NULLS LAST", " DESC NULLS FIRST"]))"
    }
    .joined(separator: ", ")
  }

  private mutating func someKinds() -> [Kind] {
    (0...random.below(3)).map { _ in random.pick(Kind.allCases) }
  }

  private mutating func blocks(_ kinds: [Kind], _ outer: [Name], _ depth: Int) -> String {
    var text = block(kinds, outer, depth)
    // SQLite 3.40 drops equal rows of a UNION ALL behind another operator where the result is ordered.
    let operators = random.oneIn(3) ? [" UNION ALL "] : [" UNION ", " INTERSECT ", " EXCEPT "]
    while depth < 2, random.oneIn(6) {
      text +=
        random.pick(operators) + block(kinds, outer, depth + 1)
    }
    return text
  }

  private mutating func block(_ kinds: [Kind], _ outer: [Name], _ depth: Int) -> String {
    let outer = Self.qualified(outer)
    if random.oneIn(14) {
      let rows = (0...random.below(2)).map { _ in
        "(\(kinds.map { literal($0) }.joined(separator: ", ")))"
      }
      return "SELECT * FROM (VALUES \(rows.joined(separator: ", ")))"
    }
    let (from, names) = sources(outer, depth)
    var text = random.oneIn(7) ? "SELECT DISTINCT " : "SELECT "
    let visible = names + outer
    let isGrouped = random.oneIn(4)
    var keys: [Name] = []
    if isGrouped {
      keys = (0..<random.below(3)).map { _ in plain(random.pick(names)) }
      // Within groups only keys and aggregates have one value.
      let list = kinds.map { grouped($0, keys, names, outer, depth) }
      text += named(list)
    } else {
      text += named(kinds.map { windowed($0, names) ?? shown($0, visible, depth) })
    }
    text += " FROM \(from)"
    if random.oneIn(2) { text += " WHERE \(condition(visible, depth))" }
    if isGrouped {
      if !keys.isEmpty { text += " GROUP BY \(keys.map(\.text).joined(separator: ", "))" }
      if random.oneIn(3) {
        let kind = random.pick(Kind.allCases)
        text +=
          keys.isEmpty
          ? "" : " HAVING \(grouped(kind, keys, names, outer, depth)) \(comparison()) \(literal(kind))"
      }
    }
    return text
  }

  /// The names that mean the same within a query that has such columns too.
  private static func qualified(_ names: [Name]) -> [Name] { names.filter { $0.text.contains(".") } }

  private func named(_ list: [String]) -> String {
    list.enumerated().map { "\($1) AS c\($0)" }.joined(separator: ", ")
  }

  private func plain(_ name: Name) -> Name {
    name.kind == .text ? Name(text: "lower(\(name.text))", kind: .text) : name
  }

  // MARK: - Sources

  private mutating func sources(_ outer: [Name], _ depth: Int) -> (String, [Name]) {
    if random.oneIn(9) { return merged() }
    let count = random.pick([0, 0, 1, 1, 1, 2])
    // In an outer join SQLite 3.40 gives a query's column that is one of the query around where it should be NULL.
    let outer = count == 0 ? outer : []
    var (text, names) = source(outer, depth)
    for _ in 0..<count {
      // A join of many sources has very many rows, and is asked for each row of those around it.
      let isGroup = depth == 0 && count == 1 && random.oneIn(3)
      let (next, more) =
        isGroup ? group(outer, depth) : random.oneIn(8) ? items(of: names) : source(outer, depth)
      let isFunction = next.hasPrefix("json_each")
      let before = names
      names += more
      switch random.below(9) {
      case 0:
        text += ", \(next)"
        continue
      case 1:
        text += " CROSS JOIN \(next)"
        continue
      case 2, 3, 4: text += " JOIN \(next)"
      case 5, 6: text += " LEFT JOIN \(next)"
      case 7 where !isFunction: text += " RIGHT JOIN \(next)"
      case 8 where !isFunction: text += " FULL JOIN \(next)"
      default: text += " JOIN \(next)"
      }
      text += " ON \(pairing(before, more))"
      if random.oneIn(3) { text += " AND \(comparison(names))" }
      // SQLite 3.40 checks what later joins say of sources before such a join too early.
      if text.contains(" RIGHT JOIN ") || text.contains(" FULL JOIN ") { break }
    }
    return (text, names)
  }

  /// A join in parentheses.
  private mutating func group(_ outer: [Name], _ depth: Int) -> (String, [Name]) {
    let (first, before) = source(outer, depth)
    let (second, after) = random.oneIn(4) ? group(outer, 2) : source(outer, depth + 1)
    let kind = random.pick(["JOIN", "LEFT JOIN", "JOIN"])
    return ("(\(first) \(kind) \(second) ON \(pairing(before, after)))", before + after)
  }

  /// The items of an array that is made of a row of the sources before it.
  private mutating func items(of names: [Name]) -> (String, [Name]) {
    let name = alias()
    let integers = names.filter { $0.kind == .integer }
    let first = integers.isEmpty ? "7" : "coalesce(\(random.pick(integers).text), 0)"
    let text = "json_each('[' || \(first) || ',\(random.below(4)),null]') AS \(name)"
    return (text, [Name(text: "\(name).value", kind: .integer), Name(text: "\(name).id", kind: .integer)])
  }

  /// Two tables joined by columns that become one.
  private mutating func merged() -> (String, [Name]) {
    let (a, b) = (alias(), alias())
    let kind = random.pick(["JOIN", "LEFT JOIN", "FULL JOIN", "JOIN"])
    let columns = random.pick([["id"], ["x"], ["id", "x"]])
    let text =
      "t\(random.below(3)) AS \(a) \(kind) t\(random.below(3)) AS \(b) USING (\(columns.joined(separator: ", ")))"
    var names = columns.map { Name(text: $0, kind: .integer) }
    for column in Self.columns where !columns.contains(column.name) {
      names += [a, b].map { Name(text: "\($0).\(column.name)", kind: column.kind) }
    }
    return (text, names)
  }

  private mutating func alias() -> String {
    aliasCount += 1
    return "s\(aliasCount)"
  }

  private mutating func source(_ outer: [Name], _ depth: Int) -> (String, [Name]) {
    let name = alias()
    if depth < 2, random.oneIn(5) {
      let kinds = someKinds()
      let names = kinds.enumerated().map { Name(text: "\(name).c\($0)", kind: $1) }
      let query = block(kinds, outer, depth + 1)
      // VALUES names its columns otherwise.
      if query.hasPrefix("SELECT * FROM (VALUES") {
        let named = kinds.enumerated().map { Name(text: "\(name).column\($0.offset + 1)", kind: $0.element) }
        return ("(\(query)) AS \(name)", named)
      }
      return ("(\(query)) AS \(name)", names)
    }
    if !commonTables.isEmpty, random.oneIn(3) {
      let table = random.pick(commonTables)
      return (
        "\(table.name) AS \(name)", table.kinds.enumerated().map { Name(text: "\(name).c\($0)", kind: $1) }
      )
    }
    return (
      "t\(random.below(3)) AS \(name)",
      Self.columns.map { Name(text: "\(name).\($0.name)", kind: $0.kind) }
    )
  }

  /// A condition that both sides take part in, mostly an equality.
  private mutating func pairing(_ before: [Name], _ after: [Name]) -> String {
    let left = random.pick(before)
    guard let right = after.filter({ $0.kind == left.kind }).first(where: { _ in random.oneIn(2) }) else {
      return condition(before + after, 2)
    }
    let sides = random.oneIn(2) ? (left, right) : (right, left)
    return "\(sides.0.text) \(random.oneIn(5) ? comparison() : "=") \(sides.1.text)"
  }

  // MARK: - Expressions

  private mutating func comparison() -> String {
    random.pick(["=", "<>", "<", "<=", ">", ">=", "IS", "IS NOT"])
  }

  private mutating func expression(_ kind: Kind, _ names: [Name], _ depth: Int) -> String {
    let fitting = names.filter { $0.kind == kind }
    switch random.below(10) {
    case 0: return literal(kind)
    case 1 where depth < 2: return subquery(kind, names, depth)
    case 2 where kind != .text:
      return
        "(\(expression(kind, names, depth)) \(random.pick(["+", "-", "*"])) \(expression(kind, names, depth)))"
    case 3: return "coalesce(\(expression(kind, names, depth)), \(expression(kind, names, depth)))"
    case 4:
      return
        "CASE WHEN \(condition(names, depth + 1)) THEN \(literal(kind)) ELSE \(expression(kind, names, depth)) END"
    default: return fitting.isEmpty ? literal(kind) : random.pick(fitting).text
    }
  }

  /// An expression whose value is told whatever its collation is.
  private mutating func shown(_ kind: Kind, _ names: [Name], _ depth: Int) -> String {
    let text = expression(kind, names, depth)
    return kind == .text ? "lower(\(text))" : text
  }

  /// Now and then a window function, of those that are equal for equal rows.
  private mutating func windowed(_ kind: Kind, _ names: [Name]) -> String? {
    guard random.oneIn(10), let own = names.filter({ $0.kind == kind }).first else { return nil }
    let function =
      switch kind {
      case .integer:
        random.pick([
          "rank()", "dense_rank()", "count(*)", "sum(\(own.text))", "max(\(own.text))", "count(\(own.text))",
        ])
      case .real: random.pick(["sum(\(own.text))", "min(\(own.text))", "percent_rank()", "avg(\(own.text))"])
      case .text: "\(random.pick(["min", "max"]))(lower(\(own.text)))"
      }
    let partition = random.oneIn(2) ? "PARTITION BY \(plain(random.pick(names)).text) " : ""
    let order =
      random.oneIn(3) ? "" : "ORDER BY \(plain(random.pick(names)).text)\(random.pick(["", " DESC"]))"
    return exact("\(function) OVER (\(partition)\(order))")
  }

  /// Fractions that are no halves become such, for a query around may add them up.
  private func exact(_ call: String) -> String {
    call.hasPrefix("avg") || call.hasPrefix("percent_rank") ? "(round(2 * \(call)) / 2)" : call
  }

  /// - Parameter names: the query's own: an aggregate over columns of the queries around would be theirs in SQLite.
  private mutating func aggregate(_ kind: Kind, _ names: [Name], _ depth: Int) -> String {
    guard let own = names.filter({ $0.kind == kind }).first else {
      return kind == .integer ? "count(*)" : literal(kind)
    }
    let value = random.oneIn(3) ? "coalesce(\(own.text), \(expression(kind, names, depth + 1)))" : own.text
    let argument = kind == .text ? "lower(\(value))" : value
    let filter = random.oneIn(6) ? " FILTER (WHERE \(condition(names, depth + 1)))" : ""
    let distinct = random.oneIn(4) ? "DISTINCT " : ""
    switch kind {
    case .integer:
      return random.pick([
        "count(*)\(filter)", "count(\(distinct)\(argument))\(filter)", "sum(\(distinct)\(argument))\(filter)",
        "min(\(argument))\(filter)", "max(\(argument))\(filter)",
      ])
    case .real: return exact("\(random.pick(["sum", "min", "max", "total", "avg"]))(\(argument))\(filter)")
    case .text: return "\(random.pick(["min", "max"]))(\(argument))\(filter)"
    }
  }

  private mutating func grouped(
    _ kind: Kind, _ keys: [Name], _ names: [Name], _ outer: [Name], _ depth: Int
  ) -> String {
    let fitting = keys.filter { $0.kind == kind }
    if !fitting.isEmpty, random.oneIn(2) { return random.pick(fitting).text }
    if depth < 2, random.oneIn(8) { return subquery(kind, keys + outer, depth) }
    return aggregate(kind, names, depth)
  }

  /// A value from a query: an aggregate, or the first row of a total order.
  private mutating func subquery(_ kind: Kind, _ names: [Name], _ depth: Int) -> String {
    let names = Self.qualified(names)
    let (from, own) = sources(names, depth + 1)
    let condition = random.oneIn(4) ? "" : " WHERE \(self.condition(own + names, depth + 1))"
    if random.oneIn(2) {
      return
        "(SELECT \(shown(kind, own + names, 2)) FROM \(from)\(condition) ORDER BY 1 COLLATE BINARY LIMIT 1)"
    }
    // An aggregate over columns of the query around alone would be that query's in SQLite.
    guard let argument = own.filter({ $0.kind == kind }).first else {
      return kind == .integer ? "(SELECT count(*) FROM \(from)\(condition))" : literal(kind)
    }
    return "(SELECT \(random.pick(["min", "max"]))(\(plain(argument).text)) FROM \(from)\(condition))"
  }

  private mutating func comparison(_ names: [Name]) -> String {
    let left = random.pick(names)
    let others = names.filter { $0.kind == left.kind }
    let right = random.oneIn(2) ? random.pick(others).text : literal(left.kind)
    return "\(left.text) \(comparison()) \(right)"
  }

  /// A condition about two values at once.
  private mutating func rowCondition(_ names: [Name], _ depth: Int) -> String {
    let (a, b) = (random.pick(names), random.pick(names))
    let row = "(\(a.text), \(b.text))"
    func given() -> String { "(\(literal(a.kind)), \(literal(b.kind)))" }
    let not = random.oneIn(3) ? "NOT " : ""
    switch random.below(depth < 2 ? 4 : 2) {
    case 0: return "\(row) \(comparison()) \(given())"
    case 1: return "\(row) \(not)BETWEEN \(given()) AND \(given())"
    case 2: return "\(row) \(not)IN (VALUES \(given()), \(given()))"
    default:
      return "\(row) \(not)IN (\(blocks([a.kind, b.kind], Self.qualified(names), depth + 1)))"
    }
  }

  private mutating func condition(_ names: [Name], _ depth: Int) -> String {
    switch random.below(18) {
    case 0: return "(\(condition(names, depth + 1)) AND \(condition(names, depth + 1)))"
    case 1: return "(\(condition(names, depth + 1)) OR \(condition(names, depth + 1)))"
    case 2: return "NOT (\(condition(names, depth + 1)))"
    case 3: return "\(random.pick(names).text) IS \(random.oneIn(2) ? "NOT " : "")NULL"
    case 4:
      let name = random.pick(names)
      return "\(name.text) \(random.oneIn(3) ? "NOT " : "")IN (\(literal(name.kind)), \(literal(name.kind)))"
    case 5:
      let name = random.pick(names)
      return "\(name.text) BETWEEN \(literal(name.kind)) AND \(literal(name.kind))"
    case 6, 7:
      guard depth < 2 else { return comparison(names) }
      let names = Self.qualified(names)
      let (from, own) = sources(names, depth + 1)
      return
        "\(random.oneIn(3) ? "NOT " : "")EXISTS (SELECT 1 FROM \(from) WHERE \(condition(own + names, depth + 1)))"
    case 10, 11: return rowCondition(names, depth)
    case 8, 9:
      guard depth < 2 else { return comparison(names) }
      let name = random.pick(names)
      return "\(name.text) \(random.oneIn(3) ? "NOT " : "")IN (\(blocks([name.kind], names, depth + 1)))"
    default:
      guard depth < 2, random.oneIn(4) else { return comparison(names) }
      let kind = random.pick(Kind.allCases)
      return "\(expression(kind, names, depth + 1)) \(comparison()) \(expression(kind, names, depth + 1))"
    }
  }
}
