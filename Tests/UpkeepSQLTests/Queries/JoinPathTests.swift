import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// A query would give other rows where keys and indexes lead to them, give their order, or keep groups together, than over
/// the same rows without any.
@Suite struct JoinPathTests {
  /// Made with keys and indexes, and again without: `{x}` is a table's name.
  private static let tables = [
    (
      "place", "id INTEGER PRIMARY KEY, area INTEGER, name TEXT COLLATE NOCASE",
      "id INTEGER NOT NULL, area INTEGER, name TEXT COLLATE NOCASE"
    ),
    (
      "trip", "id INTEGER PRIMARY KEY, place INTEGER, kind TEXT, day INTEGER, cost REAL",
      "id INTEGER NOT NULL, place INTEGER, kind TEXT, day INTEGER, cost REAL"
    ),
    (
      "note", "trip INTEGER, number INTEGER, word TEXT, PRIMARY KEY (trip, number)",
      "trip INTEGER NOT NULL, number INTEGER NOT NULL, word TEXT"
    ),
  ]
  private static let indexes = [
    "CREATE INDEX by_area ON place (area, name)", "CREATE UNIQUE INDEX by_name ON place (name, id)",
    "CREATE INDEX by_place ON trip (place, kind, day)", "CREATE INDEX by_day ON trip (day DESC, cost)",
    "CREATE INDEX by_kind ON trip (kind COLLATE NOCASE, place) WHERE cost IS NOT NULL",
    "CREATE INDEX by_word ON note (word, number)", "CREATE INDEX kinds ON trip (kind, day)",
  ]

  private func stores(_ random: inout SeededGenerator) throws -> (Store, Store) {
    let (keyed, plain) = (try Store.inMemory(), try Store.inMemory())
    for (name, withKeys, without) in Self.tables {
      try keyed.run("CREATE TABLE \(name) (\(withKeys))")
      try plain.run("CREATE TABLE \(name) (\(without))")
    }
    for index in Self.indexes { try keyed.run(index) }
    var rows: [String] = []
    for id in 0..<80 {
      let area = random.oneIn(8) ? "NULL" : "\(random.below(9))"
      rows.append("place VALUES (\(id * 2), \(area), '\(random.pick(["n", "N", "o"]))\(random.below(50))')")
    }
    for id in 0..<1200 {
      let place = random.oneIn(10) ? "NULL" : "\(random.below(170))"
      let kind = random.oneIn(10) ? "NULL" : "'\(random.pick(["car", "CAR", "bus", "boat"]))'"
      let day = random.oneIn(12) ? "NULL" : "\(random.below(60))"
      let cost = random.oneIn(5) ? "NULL" : "\(Double(random.below(40)) / 2)"
      rows.append("trip VALUES (\(id), \(place), \(kind), \(day), \(cost))")
    }
    for number in 0..<900 {
      rows.append(
        "note VALUES (\(random.below(1300)), \(number), '\(random.pick(["w", "x", "y"]))\(number % 7)')")
    }
    for row in rows {
      try keyed.run("INSERT INTO \(row)")
      try plain.run("INSERT INTO \(row)")
    }
    // Values that many rows share.
    for store in [keyed, plain] {
      try store.run("UPDATE trip SET place = 7, kind = 'bus' WHERE id % 3 = 0")
      try store.run("UPDATE trip SET day = id / 100 WHERE id > 400")
    }
    for store in [keyed, plain] {
      try store.run(
        "CREATE VIEW late AS SELECT id, place AS at, day, cost + 1 AS price FROM trip WHERE day > 20")
      try store.run("CREATE VIEW later (a, b) AS SELECT id, at FROM late WHERE day > 30")
    }
    return (keyed, plain)
  }

  @Test func keysGiveTheRowsThatAWalkGives() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let (keyed, plain) = try stores(&random)
    var ways: [String: Int] = [:]
    for number in 0..<800 {
      let (query, isOrdered) = Self.query(&random)
      var found = try keyed.rows(query)
      var expected = try plain.rows(query)
      if !isOrdered {
        found.sort { "\($0)" < "\($1)" }
        expected.sort { "\($0)" < "\($1)" }
      }
      let way = try keyed.rows("EXPLAIN \(query)").map { "\($0[0])" }.joined(separator: "\n")
      guard found == expected else {
        Issue.record(
          "seed \(seed), query \(number): \(query)\n\(way)\n\(found.count) rows, not \(expected.count)")
        return
      }
      for word in [
        "for each row", "one group after the other", "equal ones come together", "IN (", "hash of",
        "from one value",
      ]
      where way.contains(word) { ways[word, default: 0] += 1 }
      if query.contains("JOIN"), query.contains("ORDER BY"), !way.contains("sort"), !way.contains("in order")
      {
        ways["ordered join", default: 0] += 1
      }
    }
    let least = [
      "for each row": 100, "one group after the other": 20, "equal ones come together": 15, "IN (": 100,
      "hash of": 100, "ordered join": 20, "from one value": 20,
    ]
    for (word, count) in least {
      #expect(ways[word, default: 0] > count, "\(word) was seldom: \(ways), seed \(seed)")
    }
  }

  @Test func rowsTooManyToBeKeptInMemoryAreLookedUp() throws {
    let withFiles = StoreOptions { $0.statementByteCount = 0 }
    let stores = [try Store.inMemory(), try Store("t.upkeep", withFiles, fileSystem: SpoolCount())]
    let query = "SELECT count(*), sum(b.k) FROM a JOIN b ON b.id = a.k"
    for store in stores {
      for table in ["a", "b"] {
        try store.run("CREATE TABLE \(table) (id INTEGER PRIMARY KEY, k INTEGER)")
        try store.run(
          "INSERT INTO \(table) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2999) "
            + "SELECT i, i * 7919 % 3000 FROM n")
      }
      #expect(try store.rows(query) == [[3000, 4_498_500]])
    }
    let plans = try stores.map { try $0.rows("EXPLAIN \(query)").map { "\($0[0])" }.joined(separator: "; ") }
    #expect(plans[0].contains("find them by a hash"), "\(plans[0])")
    #expect(plans[1].contains("search b by primary key (id) for each row"), "\(plans[1])")
  }

  // MARK: Queries

  private static func query(_ random: inout SeededGenerator) -> (String, isOrdered: Bool) {
    switch random.below(10) {
    case 0: return distinct(&random)
    case 1: return groups(&random)
    case 2: return view(&random)
    case 3: return counts(&random)
    case 4: return first(&random)
    case 5: return values(&random)
    default: return join(&random)
    }
  }

  private static func limit(_ random: inout SeededGenerator) -> String {
    random.pick([
      "", " LIMIT \(1 + random.below(20))", " LIMIT \(1 + random.below(9)) OFFSET \(random.below(30))",
    ])
  }

  private static func joined(_ random: inout SeededGenerator) -> String {
    let own = random.pick(["p.id = t.place", "t.place = p.id", "p.id = t.place + 0", "p.area = t.day"])
    let more = random.pick([
      "", " AND t.kind = 'bus'", " AND t.kind IN ('bus', 'car', NULL)", " AND t.day > 40",
    ])
    let kind = random.pick(["JOIN", "JOIN", "LEFT JOIN", "CROSS JOIN"])
    return random.pick([
      "trip AS t \(kind) place AS p ON \(own)\(more)", "place AS p \(kind) trip AS t ON \(own)\(more)",
      "trip AS t, place AS p WHERE \(own)\(more)", "place AS p, trip AS t WHERE \(own)\(more)",
    ])
  }

  private static func join(_ random: inout SeededGenerator) -> (String, Bool) {
    var from = joined(&random)
    if random.oneIn(3), !from.contains("WHERE") {
      from += random.pick([
        " JOIN note AS n ON n.trip = t.id", " LEFT JOIN note AS n ON n.trip = t.id AND n.number < 400",
      ])
    } else if random.oneIn(4), !from.contains("WHERE") {
      from = "note AS n JOIN \(from) AND n.trip = t.id"
      if from.contains("LEFT") || from.contains("CROSS") {
        from = "note AS n JOIN trip AS t ON n.trip = t.id JOIN place AS p ON p.id = t.place"
      }
    }
    let hasNote = from.contains("note AS n")
    let conditions = (0..<random.below(3)).map { _ in condition(&random, ["t", "p"]) }
    if !conditions.isEmpty {
      from += "\(from.contains("WHERE") ? " AND" : " WHERE") \(conditions.joined(separator: " AND "))"
    }
    let columns = hasNote ? "t.id, p.id, n.number" : "t.id, p.id, p.name"
    let rest = hasNote ? "t.id, p.id, n.trip, n.number" : "t.id, p.id"
    let first = random.pick([
      "t.day DESC NULLS LAST", "t.day", "p.area, p.name", "t.id", "t.place", "p.id DESC", "p.name",
      "t.day DESC, t.cost DESC",
    ])
    if random.oneIn(5) { return ("SELECT \(columns) FROM \(from)", false) }
    return ("SELECT \(columns) FROM \(from) ORDER BY \(first), \(rest)\(limit(&random))", true)
  }

  /// The first rows in an order that a key of one table gives.
  private static func first(_ random: inout SeededGenerator) -> (String, Bool) {
    let order = random.pick([
      "t.id", "t.id DESC", "t.day DESC, t.cost, t.id", "t.place, t.kind, t.day, t.id",
      "t.day, t.cost DESC, t.id DESC",
    ])
    let kind = random.pick(["JOIN", "LEFT JOIN"])
    let condition = random.pick(["", " WHERE t.cost > 3", " WHERE t.id > 700", " WHERE t.place IS NOT NULL"])
    return (
      "SELECT t.id, p.id, p.name FROM trip AS t \(kind) place AS p ON p.id = t.place\(condition) ORDER BY \(order) "
        + "LIMIT \(1 + random.below(5)) OFFSET \(random.below(4))", true
    )
  }

  /// What is asked of the values of an index alone.
  private static func values(_ random: inout SeededGenerator) -> (String, Bool) {
    let condition = random.pick([
      "", " WHERE kind IN ('bus', 'boat', NULL)", " WHERE kind > 'bus'", " WHERE kind IS NOT NULL",
      " WHERE day > 5",
      " WHERE kind IN ('car', 'bus') AND day BETWEEN 3 AND \(3 + random.below(40))", " WHERE kind IS NULL",
    ])
    return random.pick([
      ("SELECT DISTINCT kind FROM trip\(condition)", false),
      ("SELECT kind, count(*) FROM trip\(condition) GROUP BY kind\(limit(&random))", true),
      ("SELECT count(*), kind FROM trip\(condition) GROUP BY 2 HAVING count(*) > 90", true),
      ("SELECT kind FROM trip\(condition) GROUP BY kind ORDER BY kind DESC", true),
      ("SELECT count(*), min(n) FROM (SELECT kind, count(*) AS n FROM trip\(condition) GROUP BY kind)", true),
    ])
  }

  private static func distinct(_ random: inout SeededGenerator) -> (String, Bool) {
    let columns = random.pick([
      "t.place", "t.place, t.kind", "t.day", "lower(t.kind)", "t.place, t.day", "t.id",
    ])
    if random.oneIn(2) {
      return ("SELECT DISTINCT \(columns) FROM trip AS t WHERE \(condition(&random, ["t"]))", false)
    }
    return ("SELECT DISTINCT p.area FROM \(joined(&random))", false)
  }

  private static func groups(_ random: inout SeededGenerator) -> (String, Bool) {
    let keys = random.pick(["t.place", "t.place, t.kind", "t.day", "t.id / 3", "t.kind", "t.place, t.day"])
    let list = random.pick([
      "count(*), sum(t.id)", "count(*)", "count(*), 1", "min(t.day), max(t.day)",
      "count(DISTINCT t.kind), count(t.cost)",
      "group_concat(t.id % 2)",
    ])
    let having = random.oneIn(4) ? " HAVING count(*) > 2" : ""
    let order =
      random.oneIn(3) ? " ORDER BY \(keys)" : random.oneIn(3) ? " ORDER BY count(*) DESC, \(keys)" : ""
    let from =
      random.oneIn(3) ? joined(&random) : "trip AS t WHERE \(condition(&random, ["t"]))"
    let concatenates = list.contains("concat")
    let text = "SELECT \(keys), \(concatenates ? "length(\(list))" : list) FROM \(from) GROUP BY \(keys)"
    return (text + having + order + limit(&random), true)
  }

  private static func view(_ random: inout SeededGenerator) -> (String, Bool) {
    let tail = limit(&random)
    return random.pick([
      ("SELECT * FROM late WHERE at = \(random.below(170)) ORDER BY id\(tail)", true),
      ("SELECT at, count(*) FROM late AS l WHERE l.id < \(random.below(1200)) GROUP BY at", true),
      ("SELECT price AS id, id AS price FROM late WHERE price > 10 ORDER BY id, late.id\(tail)", true),
      (
        "SELECT a, b FROM later AS q WHERE b IN (\(random.below(99)), 12, 13) ORDER BY b DESC, a\(tail)", true
      ),
      ("SELECT count(*), min(b), max(a) FROM later WHERE a > \(random.below(1200))", true),
      ("SELECT max(at) FROM late WHERE id = \(random.below(1200))", true),
      (
        "SELECT x FROM (SELECT id + 1 AS x, day AS id FROM trip) WHERE id = \(random.below(60)) ORDER BY x\(tail)",
        true
      ),
      (
        "SELECT s.id, (s.day + 1) AS d FROM (SELECT * FROM (SELECT id, day FROM trip)) AS s ORDER BY d, s.id\(tail)",
        true
      ),
      (
        "SELECT l.id, p.name FROM late AS l JOIN place AS p ON p.id = l.at WHERE l.at < 50 ORDER BY l.id\(tail)",
        true
      ),
      (
        "SELECT id FROM late WHERE id IN (SELECT trip FROM note WHERE number < \(random.below(300))) ORDER BY id\(tail)",
        true
      ),
    ])
  }

  private static func counts(_ random: inout SeededGenerator) -> (String, Bool) {
    let what = random.pick([
      "count(*)", "min(t.day)", "max(t.day)", "min(t.id), max(t.id), count(*)", "count(t.kind)",
    ])
    return (
      "SELECT \(what) FROM trip AS t WHERE \(condition(&random, ["t"])) AND \(condition(&random, ["t"]))",
      true
    )
  }

  private static func condition(_ random: inout SeededGenerator, _ names: [String]) -> String {
    let places = (0..<1 + random.below(5)).map { _ in random.oneIn(7) ? "NULL" : "\(random.below(170))" }
    let days = (0..<1 + random.below(5)).map { _ in "\(random.below(60))" }
    var list = [
      "t.place = \(random.below(170))", "t.place IN (\(places.joined(separator: ", ")))",
      "t.place IN (\(places.joined(separator: ", "))) AND t.kind IN ('bus', 'car', 'bus')",
      "t.place IN (\(places.joined(separator: ", "))) AND t.kind = 'bus' AND t.day IN (\(days.joined(separator: ", ")))",
      "t.place IN (\(places.joined(separator: ", "))) AND t.kind IN ('boat', 'car') AND t.day > \(random.below(60))",
      "t.place BETWEEN \(random.below(100)) AND \(random.below(170))",
      "t.kind = 'CAR' COLLATE NOCASE AND t.cost IS NOT NULL",
      "t.kind COLLATE NOCASE IN ('Bus', 'BOAT') AND t.cost > 3", "t.day IS NULL",
      "t.place IS NULL AND t.kind = 'bus'",
      "t.day IN (\(days.joined(separator: ", "))) AND t.cost < \(random.below(20))", "t.cost IS NOT NULL",
      "t.id IN (SELECT trip FROM note WHERE number < \(random.below(400)))", "t.id < \(random.below(1200))",
      "t.place IN (SELECT id FROM place WHERE area = \(random.below(9))) AND t.kind IN (SELECT 'bus' UNION SELECT NULL)",
      "t.place NOT IN (1, 2, 3)", "t.day = 7 OR t.place = 8",
    ]
    if names.contains("p") {
      list += [
        "p.area = \(random.below(9))", "p.name = 'N\(random.below(50))'", "p.id < \(random.below(160))",
        "p.id IN (2, 4, 60)",
      ]
    }
    return list[random.below(list.count)]
  }
}
