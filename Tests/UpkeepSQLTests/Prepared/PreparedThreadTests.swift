import Foundation
import Synchronization
import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// Prepared statements that several threads use at once, and the plans that they share, would give rows of two states or
/// of a schema that is gone. The thread sanitizer looks at it, too (`make tsan`).
@Suite struct PreparedThreadTests {
  private static let accounts = 40
  private static let rounds = 60

  private func bank() throws -> Store {
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE account (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, held INTEGER NOT NULL);
      CREATE TABLE owner (name TEXT PRIMARY KEY, town TEXT);
      INSERT INTO owner VALUES ('a', 'Oslo'), ('b', 'Voss'), ('c', NULL);
      """)
    let insert = try store.prepare("INSERT INTO account VALUES (?, ?, 100)")
    for id in 0..<Self.accounts { try insert.run([.integer(Int64(id)), .text(["a", "b", "c"][id % 3])]) }
    return store
  }

  /// Runs the bodies, each in a thread of its own, and waits for all.
  private func together(_ bodies: [@Sendable () throws -> Void]) {
    let group = DispatchGroup()
    for body in bodies {
      group.enter()
      let thread = Thread {
        do { try body() } catch { Issue.record("\(error)") }
        group.leave()
      }
      thread.stackSize = 4 << 20
      thread.start()
    }
    group.wait()
  }

  @Test func allSeeWholeStatesWhateverIsPlannedAnew() throws {
    let store = try bank()
    let whole = Int64(Self.accounts * 100)
    let texts = [
      "SELECT sum(held) FROM account",
      "SELECT sum(held) FROM account JOIN owner ON owner = name",
      "SELECT sum(h) FROM (SELECT owner, sum(held) AS h FROM account GROUP BY owner)",
      "SELECT sum(held) FROM account WHERE (owner, id) >= ('a', 0) AND owner IN (SELECT name FROM owner)",
      "SELECT sum(held) FROM account WHERE owner >= :least",
    ]
    let move = try store.prepare("UPDATE account SET held = held + ?2 WHERE id = ?1")
    let looks = Mutex(0)
    var bodies: [@Sendable () throws -> Void] = []
    for reader in 0..<3 {
      bodies.append {
        var random = SeededGenerator(seed: UInt64(reader))
        for _ in 0..<Self.rounds {
          // The same text is prepared by all: they share what is found out about it.
          let statement = try store.prepare(random.pick(texts))
          let parameters: SQLParameters = statement.parameterNames.isEmpty ? [] : ["least": .text("a")]
          #expect(try statement.first(parameters)?[0] == .integer(whole), "\(statement.text)")
          let id = Int64(random.below(Self.accounts))
          let point = try store.prepare("SELECT owner, held FROM account WHERE id = ?")
          #expect(try point.rows([.integer(id)]).map { $0[0] } == [.text(["a", "b", "c"][Int(id) % 3])])
          looks.withLock { $0 += 1 }
        }
      }
    }
    for writer in 0..<2 {
      bodies.append {
        var random = SeededGenerator(seed: UInt64(100 + writer))
        for _ in 0..<Self.rounds {
          let (from, to) = (Int64(random.below(Self.accounts)), Int64(random.below(Self.accounts)))
          try store.write { transaction in
            try move.run([.integer(from), .integer(-5)], in: transaction)
            try move.run([.integer(to), .integer(5)], in: transaction)
          }
        }
      }
    }
    bodies.append {
      // Each of these makes what was found out before worth nothing.
      for round in 0..<Self.rounds / 4 {
        let make = "CREATE INDEX by_owner ON account (owner, held)"
        try store.execute(make)
        try store.execute("ALTER TABLE owner ADD COLUMN c\(round) INTEGER DEFAULT \(round)" as String)
        try store.execute("DROP INDEX by_owner")
        try store.execute("ALTER TABLE owner RENAME COLUMN c\(round) TO d\(round)" as String)
      }
    }
    together(bodies)
    #expect(looks.withLock { $0 } == 3 * Self.rounds)
    #expect(try store.prepare(texts[0]).first()?[0] == .integer(whole))
    #expect(try store.verify().isEmpty)
  }

  /// One statement, run by all at once with values of their own.
  @Test func valuesOfOneThreadNeverReachAnother() throws {
    let store = try bank()
    let merge = try store.prepare(
      "INSERT INTO account VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET held = excluded.held RETURNING owner, held"
    )
    let find = try store.prepare("SELECT ?1, owner, held FROM account WHERE id = ?1 AND held = ?2")
    let threads = 4
    together(
      (0..<threads).map { number in
        { () throws -> Void in
          for round in 0..<Self.rounds {
            let id = Int64(1_000 + number)
            let held = Int64(number * 1_000_000 + round)
            let name = Value.text("thread \(number)")
            let merged = try merge.rows([.integer(id), name, .integer(held)])
            #expect(merged.map { [$0[0], $0[1]] } == [[name, .integer(held)]])
            let found = try find.rows([.integer(id), .integer(held)])
            #expect(found.map { [$0[0], $0[1]] } == [[.integer(id), name]])
          }
        }
      })
    #expect(
      try store.query("SELECT count(*) FROM account").rows.first?.first
        == .integer(Int64(Self.accounts + threads)))
  }
}
