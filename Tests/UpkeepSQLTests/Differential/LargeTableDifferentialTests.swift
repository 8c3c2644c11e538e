import Foundation
import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// Queries over a table of many pages would give other rows than in SQLite: over rows with NULLs, with long texts, from
/// before columns were added, whether what they keep stays in memory or not.
///
/// As with the other comparisons: a failure prints its seed, and `UPKEEP_DIFFERENTIAL_SEED` replays it.
@Suite struct LargeTableDifferentialTests {
  @Test func `queries over many pages agree`() throws {
    let seeds = DifferentialSeeds(debug: 3, release: 20)
    for number in 0..<seeds.count {
      let seed = seeds.first &+ UInt64(number)
      var trial = try LargeTableTrial(seed: seed)
      var withRows = 0
      for _ in 0..<60 { withRows += try trial.compareOneQuery() ? 1 : 0 }
      #expect(withRows > 30, "seed \(seed): most queries gave nothing: the comparison says little")
      #expect(trial.spoolCount > 0, "seed \(seed): nothing left memory")
    }
  }
}

/// The same rows in SQLite, in a store in memory, and in one where nothing that a query keeps stays in memory.
private struct LargeTableTrial {
  private let seed: UInt64
  private var chance: SeededGenerator
  private let sqlite = SQLiteDatabase()
  private let session: Session
  private let spilled: Session
  private let files = SpoolCount()

  var spoolCount: Int { files.count }

  init(seed: UInt64) throws {
    self.seed = seed
    chance = SeededGenerator(seed: seed)
    session = Session(try Store.inMemory())
    spilled = Session(try Store("t.upkeep", StoreOptions { $0.statementByteCount = 0 }, fileSystem: files))
    try run("CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, r REAL, s TEXT, long TEXT)")
    let early = 600 + chance.below(1200)
    for first in stride(from: 0, to: early, by: 100) {
      let rows = (first..<min(first + 100, early)).map { "(\($0 * 3), \(values()))" }
      try run("INSERT INTO t VALUES \(rows.joined(separator: ", "))")
    }
    try run("ALTER TABLE t ADD COLUMN late INTEGER DEFAULT 5")
    try run("ALTER TABLE t ADD COLUMN note TEXT")
    for first in stride(from: early, to: early + 400, by: 100) {
      let rows = (first..<(first + 100)).map {
        "(\($0 * 3), \(values()), \(chance.pick(["NULL", "4", "5", "6"])), \(text()))"
      }
      try run("INSERT INTO t VALUES \(rows.joined(separator: ", "))")
    }
  }

  private func run(_ sql: String) throws {
    for outcome in [sqlite.run(sql), session.outcome(of: sql), spilled.outcome(of: sql)] {
      try #require(!outcome.failed, "seed \(seed): \(sql): \(outcome.error ?? "")")
    }
  }

  private mutating func values() -> String {
    let integer: String
    switch chance.below(8) {
    case 0: integer = "NULL"
    case 1: integer = "\(Int64(chance.below(1 << 30)) << 20)"
    case 2: integer = "\(-chance.below(300))"
    default: integer = "\(chance.below(40))"
    }
    let real = chance.oneIn(9) ? "NULL" : "\(Double(chance.below(200) - 100) / 4)"
    let long = chance.oneIn(5) ? "'\(String(repeating: "long ", count: 1 + chance.below(300)))'" : "NULL"
    return "\(integer), \(real), \(text()), \(long)"
  }

  private mutating func text() -> String {
    if chance.oneIn(8) { return "NULL" }
    let word = chance.pick(["Hopper", "hopper", "Ada", "", "the seventh department of all", "été", "7"])
    return "'\(word)\(chance.oneIn(2) ? "" : "\(chance.below(30))")'"
  }

  // MARK: Queries

  private mutating func condition() -> String {
    switch chance.below(13) {
    case 0: "i > \(chance.below(40))"
    case 1: "i BETWEEN \(chance.below(20) - 10) AND \(chance.below(40))"
    case 2: "r < \(Double(chance.below(100) - 50) / 4)"
    case 3: "s \(chance.pick(["", "NOT "]))LIKE '%\(chance.pick(["hop", "OPPER", "7", "the", "é"]))%'"
    case 4: "s LIKE '\(chance.pick(["h%r", "ada%", "%7", "%e%t%", "_da%", "hopper", "%"]))'"
    case 5: "s = '\(chance.pick(["Hopper", "Ada", "", "7"]))'"
    case 6: "\(chance.pick(["s", "i", "long", "note", "late"])) IS \(chance.pick(["", "NOT "]))NULL"
    case 7: "late = \(4 + chance.below(3))"
    case 8: "note LIKE '%\(chance.below(3))%'"
    case 9: "long LIKE '%long long%'"
    case 10: "id % 3 = 0 AND id > \(chance.below(3000))"
    case 11: "i + r > \(chance.below(30))"
    default: "id < \(chance.below(6000))"
    }
  }

  private mutating func query() -> (sql: String, isOrdered: Bool) {
    let conditions = (0..<chance.below(4)).map { _ in condition() }
    let place = conditions.isEmpty ? "t" : "t WHERE \(conditions.joined(separator: " AND "))"
    let way = chance.pick(["", " DESC"])
    switch chance.below(9) {
    case 0:
      return (
        "SELECT count(*), count(i), sum(i % 1000), sum(r), min(i), max(r), total(late) FROM \(place)", true
      )
    case 1: return ("SELECT count(*), sum(i / 7 + id % 5), max(id - late), avg(r * 2) FROM \(place)", true)
    case 2:
      return ("SELECT i / 3 % 5, count(*), sum(r), max(late) FROM \(place) GROUP BY 1 ORDER BY 1\(way)", true)
    case 3: return ("SELECT i, count(*), sum(id) FROM \(place) GROUP BY i ORDER BY i", true)
    case 4: return ("SELECT s, count(*), max(id), r FROM \(place) GROUP BY s ORDER BY s", true)
    case 5:
      let limit = chance.pick(["", " LIMIT 20", " LIMIT 3 OFFSET 5", " LIMIT 100"])
      let column = chance.pick(["r", "i", "late", "r + i", "s", "i % 7"])
      return ("SELECT id, i, r, s, note FROM \(place) ORDER BY \(column)\(way), id\(limit)", true)
    case 6: return ("SELECT DISTINCT s FROM \(place)", false)
    case 7: return ("SELECT DISTINCT r, i % 3, note FROM \(place)", false)
    default:
      let column = chance.pick(["i % 10", "s", "r"])
      return ("SELECT \(column), count(*) FROM \(place) GROUP BY 1 HAVING count(*) > 2 ORDER BY 2, 1", true)
    }
  }

  /// - Returns: whether there were rows.
  mutating func compareOneQuery() throws -> Bool {
    let (sql, isOrdered) = query()
    let theirs = comparable(sqlite.run(sql), isOrdered)
    try #require(!theirs.failed, "seed \(seed): \(sql): \(theirs.error ?? "")")
    for (name, session) in [("in memory", session), ("out of memory", spilled)] {
      let ours = comparable(session.outcome(of: sql), isOrdered)
      try #require(
        ours.error == nil && ours.rows == theirs.rows,
        """
        seed \(seed), \(name): \(sql)
        SQLite: \(theirs.rows.count) rows, \(theirs.rows.prefix(5))
        Upkeep: \(ours.rows.count) rows, \(ours.rows.prefix(5)), \(ours.error ?? "no error")
        """)
    }
    return theirs.rows.count > 1 || theirs.rows.first?.contains { $0 != "NULL" && $0 != "0" } == true
  }

  private func comparable(_ outcome: Outcome, _ isOrdered: Bool) -> Outcome {
    var result = outcome
    result.rows = result.rows.map { $0.map { $0 == "-0.0r" ? "0.0r" : $0 } }
    if !isOrdered { result.rows.sort { $0.lexicographicallyPrecedes($1) } }
    return result
  }
}
