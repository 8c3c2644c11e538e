import Foundation
import Testing
import Upkeep
import UpkeepSQL

/// The same statement on the same data would give another result than in PostgreSQL, where both mean the same.
///
/// Runs where `.ci/postgres` started one, and says so where not; a failure prints the seed of its round, which
/// `UPKEEP_DIFFERENTIAL_SEED=… .ci/postgres swift test --filter PostgresDifferential` replays.
@Suite struct PostgresDifferentialTests {
  static let statementsPerRound = 150

  static var rounds: Int {
    if let given = ProcessInfo.processInfo.environment["UPKEEP_DIFFERENTIAL_ROUNDS"].flatMap({ Int($0) }) {
      return given
    }
    #if DEBUG
      return 15
    #else
      return 140
    #endif
  }

  struct Tally {
    var statements = 0
    var shared = 0
    var agreed = true
  }

  @Test func randomStatementsAgree() throws {
    guard let folder = PostgresDatabase.socketFolder else {
      #expect(
        ProcessInfo.processInfo.environment["UPKEEP_REQUIRES_POSTGRES"] == nil,
        "PostgreSQL was to be compared with, and is not there")
      print("PostgreSQL is not there: nothing was compared with it")
      return
    }
    let database = try PostgresDatabase(folder)
    if let seed = ProcessInfo.processInfo.environment["UPKEEP_DIFFERENTIAL_SEED"].flatMap({ UInt64($0) }) {
      _ = try Self.round(seed, database)
      return
    }
    let isSearching = ProcessInfo.processInfo.environment["UPKEEP_DIFFERENTIAL_RANDOM"] != nil
    let first = isSearching ? UInt64.random(in: 0 ... .max) : 1
    var total = Tally()
    var failed = 0
    for round in 0..<Self.rounds {
      let tally = try Self.round(first &+ UInt64(round), database)
      total.statements += tally.statements
      total.shared += tally.shared
      if !tally.agreed { failed += 1 }
      if failed >= 5 { break }
    }
    print("\(total.shared) of \(total.statements) statements compared with PostgreSQL, seeds from \(first)")
    if failed == 0 {
      #expect(total.statements >= Self.rounds * Self.statementsPerRound)
      #expect(total.shared >= total.statements * 3 / 4)
    }
  }

  /// One table in both; ends at the first difference.
  static func round(_ seed: UInt64, _ database: PostgresDatabase) throws -> Tally {
    var generator = PostgresStatements(seed: seed)
    let session = Session(try Store.inMemory())
    var tally = Tally()
    _ = database.run("DROP TABLE IF EXISTS t, s")
    func fail(_ sql: String, _ theirs: Outcome, _ ours: Outcome) -> Tally {
      Issue.record(
        """
        seed \(seed), after \(tally.statements) statements
        \(generator.schema.joined(separator: ";\n"));
        \(sql)
        PostgreSQL: \(theirs.description)
        Upkeep: \(ours.description)
        """)
      tally.agreed = false
      return tally
    }
    for sql in generator.schema {
      let (theirs, ours) = (database.run(sql).outcome, session.outcome(of: sql))
      if theirs.failed || ours.failed { return fail(sql, theirs, ours) }
    }
    for _ in 0..<statementsPerRound {
      let sql = generator.statement()
      tally.statements += 1
      let isQuery = sql.hasPrefix("SELECT") || sql.hasPrefix("WITH")
      let (theirs, code) = database.run(sql)
      // A row met twice by one statement, which is folded here; a key that another row of the statement has had so far,
      // which is judged here when the statement is whole.
      if code == "21000" || code == "23505" && sql.contains("), (") { continue }
      if code == "23505" && (sql.hasPrefix("UPDATE") || sql.hasPrefix("MERGE") || sql.contains("SELECT")) {
        continue
      }
      let ours = session.outcome(of: sql)
      tally.shared += 1
      // A row that a merge leaves as it was is none of its changes here.
      let countsAlike = !isQuery && !sql.hasPrefix("MERGE")
      guard theirs.failed == ours.failed,
        theirs.failed
          || theirs.sortedRows == ours.sortedRows
            && (!countsAlike || theirs.changes == ours.changes)
      else { return fail(sql, theirs, ours) }
      if isQuery { continue }
      let all = "SELECT a, b, c, d, e FROM t"
      let (theirRows, ourRows) = (database.run(all).outcome, session.outcome(of: all))
      guard theirRows.sortedRows == ourRows.sortedRows else {
        return fail(sql + " -- then all rows", theirRows, ourRows)
      }
    }
    return tally
  }
}

extension Outcome {
  fileprivate var sortedRows: [[String]] { rows.sorted { $0.lexicographicallyPrecedes($1) } }

  fileprivate var description: String {
    if let error { return "error: \(error)" }
    return "\(changes) changes" + sortedRows.map { "\n  \($0.joined(separator: "|"))" }.joined()
  }
}
