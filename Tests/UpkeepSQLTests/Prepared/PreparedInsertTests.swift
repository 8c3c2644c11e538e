import Testing
import Upkeep
import UpkeepSQL

/// A prepared INSERT of a row is judged before all of the row is known, or told a time of its own. It would take a key
/// from another row, end the transaction for an error of one row, or show two times.
@Suite struct PreparedInsertTests {
  private func code(_ body: () throws -> Void) -> UpkeepError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? UpkeepError)?.code ?? .misuse
    }
  }

  /// Runs a statement so often, in one transaction.
  private func codes(_ schema: String, _ text: String, _ count: Int) throws -> (Store, [UpkeepError.Code?]) {
    let store = try Store.inMemory()
    try store.execute(schema)
    let insert = try store.prepare(text)
    let codes = try store.write { transaction in
      (0..<count).map { _ in code { try insert.run([], in: transaction) } }
    }
    return (store, codes)
  }

  @Test(arguments: ["INSERT", "INSERT OR IGNORE"])
  func whatIsDrawnTakesNoKeyFromAnotherRow(word: String) throws {
    let isIgnored = word != "INSERT"
    let (a, ofA) = try codes(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE UNIQUE INDEX u ON t (v) WHERE id > 0",
      "\(word) INTO t (v) VALUES ('x')", 2)
    #expect(ofA == [nil, isIgnored ? nil : .uniqueViolation])
    let (b, ofB) = try codes(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE UNIQUE INDEX u ON t (id % 2)",
      "\(word) INTO t (v) VALUES ('x')", 3)
    #expect(ofB == [nil, nil, isIgnored ? nil : .uniqueViolation])
    let (c, ofC) = try codes(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE DEFAULT (hex(randomblob(1))))",
      "\(word) INTO t (id) VALUES (NULL)", 300)
    let (d, ofD) = try codes(
      "CREATE TABLE t (k TEXT PRIMARY KEY DEFAULT (hex(randomblob(1))), n INTEGER); CREATE INDEX i ON t (n)",
      "\(word) INTO t (n) VALUES (random())", 300)
    for (store, codes) in [(a, ofA), (b, ofB), (c, ofC), (d, ofD)] {
      #expect(try store.verify() == [])
      let count = try store.query("SELECT count(*) FROM t").rows[0][0]
      if !isIgnored { #expect(count == .integer(Int64(codes.count { $0 == nil }))) }
      #expect(codes.allSatisfy { $0 == nil || $0 == .uniqueViolation })
    }
    if !isIgnored { #expect(ofC.contains(.uniqueViolation) && ofD.contains(.uniqueViolation)) }
  }

  @Test func aKeyThatIsTooLongLeavesTheTransactionUsable() throws {
    let long = Value.text(String(repeating: "x", count: 3000))
    let texts = [
      "INSERT INTO t VALUES (?, ?, ?)",
      "INSERT INTO t VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET a = excluded.a, b = excluded.b",
      "UPSERT INTO t VALUES (?, ?, ?)",
    ]
    for text in texts {
      let store = try Store.inMemory()
      try store.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, UNIQUE (a, b)); INSERT INTO t VALUES (9, 'z', 1)"
      )
      let put = try store.prepare(text)
      try store.write { transaction in
        try put.run([.integer(1), .text("x"), .integer(1)], in: transaction)
        #expect(code { try put.run([.integer(2), long, .null], in: transaction) } == .tooLong)
        if text.contains("CONFLICT") || text.contains("UPSERT") {
          #expect(code { try put.run([.integer(9), long, .null], in: transaction) } == .tooLong)
        }
        try put.run([.integer(3), .text("y"), .integer(1)], in: transaction)
      }
      #expect(
        try store.query("SELECT id FROM t ORDER BY id").rows == [[.integer(1)], [.integer(3)], [.integer(9)]])
      #expect(try store.verify() == [])
    }
    // The table's own key may be what makes it too long.
    let store = try Store.inMemory()
    try store.execute("CREATE TABLE t (k TEXT PRIMARY KEY, n INTEGER NOT NULL); CREATE INDEX i ON t (n)")
    let put = try store.prepare("INSERT INTO t VALUES (?, 1)")
    try store.write { transaction in
      for count in 1000..<1100 {
        _ = code { try put.run([.text(String(repeating: "k", count: count))], in: transaction) }
      }
      try put.run([.text("k")], in: transaction)
    }
    #expect(try store.verify() == [])
  }

  @Test func aStatementHasOneTime() throws {
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TIMESTAMP, c TIMESTAMP DEFAULT (now()), s TIMESTAMP MERGE TOUCH);
      CREATE TABLE m (id INTEGER PRIMARY KEY, seen TIMESTAMP);
      INSERT INTO m VALUES (1, NULL)
      """)
    let insert = try store.prepare(
      "INSERT INTO t (id, a) VALUES (?, now()) RETURNING a = c, a = s, a = now()")
    let change = try store.prepare(
      "INSERT INTO t (id, a) VALUES (?, now()) ON CONFLICT (id) DO UPDATE SET a = now() WHERE excluded.a = now() RETURNING a = now(), a = s"
    )
    try store.write { transaction in
      for id in 0..<500 {
        let shown = try insert.first([.integer(Int64(id))], in: transaction)?.values
        #expect(shown == [.integer(1), .integer(1), .integer(1)])
        #expect(
          try change.first([.integer(Int64(id))], in: transaction)?.values == [.integer(1), .integer(1)])
      }
    }
    try store.prepare("INSERT INTO m VALUES (?, NULL) ON CONFLICT (id) DO MERGE (seen USING (now()))").run([1]
    )
    #expect(try store.query("SELECT seen > '2020-01-01' FROM m").rows == [[.integer(1)]])
  }

  @Test(arguments: ["id >= 3", "id = 3", "id > 2 AND v = 'x'", "id IN (3)"])
  func idsGoOnAlikeWhateverWayARowWent(condition: String) throws {
    let store = try Store.inMemory()
    try store.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
    let insert = try store.prepare("INSERT INTO t (v) VALUES ('x')")
    let delete = try store.prepare("DELETE FROM t WHERE \(condition)")
    let all = try store.prepare("DELETE FROM t")
    try store.write { transaction in
      for _ in 0..<3 { try insert.run([], in: transaction) }
      try delete.run([], in: transaction)
      try insert.run([], in: transaction)
      #expect(try store.prepare("SELECT max(id) FROM t").first(in: transaction)?[0] == .integer(3))
      try all.run([], in: transaction)
      try insert.run([], in: transaction)
      #expect(try store.prepare("SELECT max(id) FROM t").first(in: transaction)?[0] == .integer(1))
    }
  }
}
