import Foundation
import Testing
import Upkeep
import UpkeepSQL

/// The same statement on the same data would give another result than in SQLite, where both mean the same.
///
/// A failure prints the seed of its round; `UPKEEP_DIFFERENTIAL_SEED=… swift test --filter SQLiteDifferential`
/// replays it. The seeds are always the same, so that the gate is; `UPKEEP_DIFFERENTIAL_RANDOM=1` searches among
/// others, `UPKEEP_DIFFERENTIAL_ROUNDS` says how long.
@Suite struct SQLiteDifferentialTests {
  static let statementsPerRound = 200

  static var rounds: Int {
    if let given = ProcessInfo.processInfo.environment["UPKEEP_DIFFERENTIAL_ROUNDS"].flatMap({ Int($0) }) {
      return given
    }
    #if DEBUG
      return 15
    #else
      return 125
    #endif
  }

  @Test func randomStatementsAgree() throws {
    if let seed = ProcessInfo.processInfo.environment["UPKEEP_DIFFERENTIAL_SEED"].flatMap({ UInt64($0) }) {
      _ = try Self.round(seed, explains: true)
      return
    }
    let isSearching = ProcessInfo.processInfo.environment["UPKEEP_DIFFERENTIAL_RANDOM"] != nil
    let first = isSearching ? UInt64.random(in: 0 ... .max) : 1
    var ran = 0
    var failed = 0
    for round in 0..<Self.rounds {
      let result = try Self.round(first &+ UInt64(round), explains: false)
      ran += result.statements
      if !result.agreed { failed += 1 }
      if failed >= 5 { break }
    }
    print("\(ran) statements compared with SQLite, seeds from \(first)")
    if failed == 0 { #expect(ran >= Self.rounds * Self.statementsPerRound) }
  }

  /// One pair of databases; ends at the first difference.
  static func round(_ seed: UInt64, explains: Bool) throws -> (statements: Int, agreed: Bool) {
    var generator = StatementGenerator(seed: seed)
    let sqlite = SQLiteDatabase()
    let session = Session(try Store.inMemory())
    var history: [String] = []
    func compare(_ sql: String, isOrdered: Bool) -> Bool {
      var theirs = sqlite.run(sql)
      var ours = session.outcome(of: sql)
      history.append(sql)
      if sql.contains(" RETURNING ") {
        // SQLite 3.40 returns a whole number of a REAL column as an integer.
        theirs.rows = wholeNumbersPlain(theirs.rows)
        ours.rows = wholeNumbersPlain(ours.rows)
      }
      if explains { print(sql, ours.error.map { "-- \($0)" } ?? "") }
      let sameRows = isOrdered ? theirs.rows == ours.rows : sorted(theirs.rows) == sorted(ours.rows)
      let sameChanges =
        theirs.failed || sql.hasPrefix("SELECT") || sql.hasPrefix("CREATE") || theirs.changes == ours.changes
      if theirs.failed == ours.failed, theirs.failed || (sameRows && sameChanges) { return true }
      Issue.record(
        """
        seed \(seed), after \(history.count) statements
        \(generator.schema.joined(separator: ";\n"));
        \(sql)
        SQLite: \(describe(theirs))
        Upkeep: \(describe(ours))
        """)
      return false
    }
    for sql in generator.schema {
      guard compare(sql, isOrdered: true) else { return (history.count, false) }
    }
    var depth = 0
    for _ in 0..<statementsPerRound {
      if generator.random.oneIn(25) {
        let sql = transaction(&generator, &depth)
        let (theirs, ours) = (sqlite.run(sql), session.outcome(of: sql))
        guard theirs.failed == ours.failed else {
          Issue.record("seed \(seed): \(sql)\nSQLite: \(describe(theirs))\nUpkeep: \(describe(ours))")
          return (history.count, false)
        }
        history.append(sql)
        if explains { print(sql) }
      } else {
        let sql = generator.statement()
        guard compare(sql, isOrdered: sql.contains(" ORDER BY ")) else { return (history.count, false) }
        if sql.hasPrefix("SELECT") { continue }
      }
      // The whole table, in both, after whatever may have changed it.
      guard compare("SELECT * FROM t", isOrdered: false) else { return (history.count, false) }
    }
    return (history.count, true)
  }

  private static func transaction(_ generator: inout StatementGenerator, _ depth: inout Int) -> String {
    if depth == 0 {
      depth = 1
      return "BEGIN"
    }
    switch generator.random.below(5) {
    case 0:
      depth += 1
      return "SAVEPOINT s"
    case 1 where depth > 1: return "ROLLBACK TO s"
    case 2 where depth > 1:
      depth -= 1
      return "RELEASE s"
    case 3:
      depth = 0
      return "ROLLBACK"
    default:
      depth = 0
      return "COMMIT"
    }
  }

  private static func wholeNumbersPlain(_ rows: [[String]]) -> [[String]] {
    rows.map { $0.map { $0.hasSuffix(".0r") && !$0.hasPrefix("'") ? String($0.dropLast(3)) : $0 } }
  }

  private static func sorted(_ rows: [[String]]) -> [[String]] {
    rows.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private static func describe(_ outcome: Outcome) -> String {
    if let error = outcome.error { return "error: \(error)" }
    return "\(outcome.changes) changes"
      + sorted(outcome.rows).map { "\n  \($0.joined(separator: "|"))" }.joined()
  }
}
