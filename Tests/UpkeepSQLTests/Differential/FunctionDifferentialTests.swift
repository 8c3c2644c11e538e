import Foundation
import Testing
import Upkeep
import UpkeepSQL

/// A function would give something else than in SQLite. Seeds as in `QueryDifferentialTests`.
@Suite struct FunctionDifferentialTests {
  @Test func randomCallsAgree() throws {
    // The clock on the wall is that of Berlin, by its rule of today, which needs no files of zones.
    setenv("TZ", "CET-1CEST,M3.5.0/2,M10.5.0/3", 1)
    tzset()
    let seeds = DifferentialSeeds(debug: 20, release: 200)
    let first = seeds.first
    let sqlite = SQLiteDatabase()
    let session = Session(try Store.inMemory())
    var (compared, failedBoth, found) = (0, 0, 0)
    for round in 0..<seeds.count {
      var generator = FunctionGenerator(seed: first &+ UInt64(round))
      for _ in 0..<50 {
        let sql = generator.query()
        let (theirs, ours) = (sqlite.run(sql), session.outcome(of: sql))
        let read = try parse(sql)
        let printed = read.map { SQLPrinter.statement($0) }.joined(separator: ";")
        #expect(try parse(printed) == read, "\(sql) is printed as \(printed)")
        compared += 1
        if theirs.failed && ours.failed { failedBoth += 1 }
        if theirs.failed == ours.failed, ours.failed || Self.agree(theirs.rows, ours.rows) { continue }
        found += 1
        Issue.record(
          "seed \(first &+ UInt64(round)): \(sql)\n  SQLite: \(theirs.error ?? "\(theirs.rows)")\n  Upkeep: \(ours.error ?? "\(ours.rows)")"
        )
        if found > 12 { return }
      }
    }
    print(
      "\(compared) queries of functions compared with SQLite, \(failedBoth) failed in both, seeds from \(first)"
    )
    #expect(failedBoth * 5 < compared)
  }

  /// REALs may differ where the mathematics library rounds.
  private static func agree(_ theirs: [[String]], _ ours: [[String]]) -> Bool {
    guard theirs.count == ours.count else { return false }
    return zip(theirs.joined(), ours.joined()).allSatisfy { a, b in
      if a == b { return true }
      guard a.hasSuffix("r"), b.hasSuffix("r"), let x = Double(a.dropLast()), let y = Double(b.dropLast())
      else {
        return false
      }
      return x == y || abs(x - y) <= 4 * max(x.ulp, y.ulp)
    }
  }
}
