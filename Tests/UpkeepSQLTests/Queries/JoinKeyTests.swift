import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// A join would find other rows by a hash of whole numbers or bytes, or by a key or index, than by looking at every pair.
@Suite struct JoinKeyTests {
  private static let values = [
    "NULL", "0", "1", "2", "3", "-1", "1.0", "2.5", "-0.0", "9007199254740993", "9007199254740992.0",
    "9223372036854775807", "9223372036854775808.0", "'1'", "'1.0'", "'a'", "'A'", "'9007199254740993'",
    "x'31'",
    "1e300", "TRUE", "FALSE",
  ]

  private static func value(_ random: inout SeededGenerator, _ type: String) -> String {
    switch type {
    case "INTEGER": random.pick(["NULL", "0", "1", "2", "3", "-1", "9007199254740993", "\(random.below(9))"])
    case "REAL": random.pick(["NULL", "0.0", "1.0", "2.5", "9007199254740992.0", "\(random.below(9)).0"])
    case "BOOLEAN": random.pick(["NULL", "TRUE", "FALSE"])
    case "TEXT", "TEXT COLLATE NOCASE":
      random.pick(["NULL", "'1'", "'1.0'", "'a'", "'A'", "'9007199254740993'", "'\(random.below(9))'"])
    default: random.pick(values)
    }
  }

  @Test func keysMeetAsEqualitiesDo() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let types = ["INTEGER", "REAL", "BOOLEAN", "TEXT", "TEXT COLLATE NOCASE", "ANY"]
    var (hashes, searches, found) = (0, 0, 0)
    for round in 0..<60 {
      let store = try Store.inMemory()
      let (left, right) = (random.pick(types), random.pick(types))
      let rightCount = random.pick([2, 25, 400])
      for (table, type, count) in [("a", left, 25), ("b", right, rightCount)] {
        try store.run("CREATE TABLE \(table) (id INTEGER PRIMARY KEY, k \(type), l INTEGER)")
        if random.oneIn(2) { try store.run("CREATE INDEX by_k_\(table) ON \(table) (k, l)") }
        for id in 0..<count {
          try store.run(
            "INSERT INTO \(table) VALUES (\(id), \(Self.value(&random, type)), \(random.below(3)))")
        }
      }
      for _ in 0..<12 {
        let kind = random.pick(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        let keys = random.pick([
          [("a.k", "b.k")], [("a.k", "b.k"), ("a.l", "b.l")], [("a.l", "b.k")], [("a.id", "b.k")],
          [("a.k", "b.id")], [("a.l + 1", "b.id / 2")], [("a.k", "b.l + 0.5")],
        ])
        let own = random.oneIn(3) ? " AND a.id + b.id > 9" : ""
        let rest = random.oneIn(3) ? " WHERE a.l = 1 OR b.l = 1" : ""
        let by = keys.map { "\($0) = \($1)" }.joined(separator: " AND ")
        let apart = keys.map { "(\($0) = \($1)) IS TRUE" }.joined(separator: " AND ")
        let shown = "SELECT a.id, a.k, a.l, b.id, b.k FROM a \(kind) b ON"
        let order = "\(rest) ORDER BY a.id IS NULL, a.id, b.id"
        let rows = try store.rows("\(shown) \(by)\(own)\(order)")
        let expected = try store.rows("\(shown) \(apart)\(own)\(order)")
        guard rows == expected else {
          Issue.record(
            "seed \(seed), round \(round), \(left) and \(right): \(shown) \(by)\(own)\(order)\n\(rows)\n\(expected)"
          )
          return
        }
        let plan = "\(try store.rows("EXPLAIN \(shown) \(by)\(own)\(order)"))"
        if plan.contains("by a hash") { hashes += 1 }
        if plan.contains("for each row") && plan.contains("search") { searches += 1 }
        found += rows.count
      }
    }
    #expect(hashes > 200 && searches > 30 && found > 5000, "\(hashes), \(searches), \(found), seed \(seed)")
  }

  @Test func keysThatCeaseToBeWholeAreFoundAllTheSame() throws {
    let store = try Store.inMemory()
    try store.run("CREATE TABLE a (k ANY)")
    try store.run("CREATE TABLE b (k ANY, n INTEGER)")
    try store.run("INSERT INTO a VALUES (1), (2.0), ('x'), (2.5), (NULL), (300)")
    try store.run(
      "INSERT INTO b WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, i FROM n"
    )
    try store.run("INSERT INTO b VALUES ('x', -1), (NULL, -2), (2.5, -3), (2, -4), ('x', -5)")
    #expect(
      try store.rows("SELECT a.k, b.n FROM a JOIN b ON b.k = a.k ORDER BY b.n") == [
        ["x", -5], [2.0, -4], [2.5, -3], ["x", -1], [1, 1], [2.0, 2], [300, 300],
      ])
  }
}
