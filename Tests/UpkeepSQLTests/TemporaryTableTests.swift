import Testing
import Upkeep
import UpkeepSQL
import UpkeepTesting

/// A temporary table would be seen by others, or would outlive its session.
@Suite struct TemporaryTableTests {
  private func names(_ store: Store) throws -> [String] { try store.read { try $0.tableNames } }

  /// Those of sessions too.
  private func tableCount(_ store: Store) throws -> Int {
    let scope = try store.beginRead()
    defer { scope.rollback() }
    return try scope.catalog.tablesOfAll.count
  }

  @Test func onlyItsSessionSeesIt() throws {
    let store = try Store.inMemory()
    let (one, two) = (Session(store), Session(store))
    try one.execute(sql: "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
    try one.execute(sql: "CREATE TEMP TABLE t AS SELECT id + 1 AS id FROM t")
    try two.execute(sql: "CREATE TEMP TABLE t AS SELECT id + 2 AS id FROM t")
    #expect(one.outcome(of: "SELECT id FROM t").rows == [["2"]])
    #expect(two.outcome(of: "SELECT id FROM t").rows == [["3"]])
    #expect(try store.query("SELECT id FROM t").rows == [[.integer(1)]])
    #expect(try names(store) == ["t"])
    // The one's is dropped; the other's and the lasting one are as they were.
    try one.execute(sql: "DROP TABLE t")
    #expect(one.outcome(of: "SELECT id FROM t").rows == [["1"]])
    #expect(two.outcome(of: "SELECT id FROM t").rows == [["3"]])
    #expect(try store.verify().isEmpty)
  }

  @Test func itGoesWithItsSession() throws {
    let store = try Store.inMemory()
    let before = try tableCount(store)
    let session = Session(store)
    try session.execute(sql: "CREATE TEMP TABLE t (a INTEGER UNIQUE); INSERT INTO t VALUES (1)")
    #expect(try tableCount(store) > before)
    try session.close()
    #expect(try tableCount(store) == before)
    #expect(session.outcome(of: "SELECT * FROM t").failed)
    // Without a close it is out of sight, and goes when the next is made.
    do {
      let other = Session(store)
      try other.execute(sql: "CREATE TEMP TABLE t (a INTEGER)")
    }
    try session.execute(sql: "CREATE TEMP TABLE u (a INTEGER)")
    #expect(session.outcome(of: "SELECT * FROM t").failed)
    try session.close()
    #expect(try tableCount(store) == before)
  }

  @Test func whatAProcessThatDiedLeftIsSeenByNobody() throws {
    let disk = SimulatedFileSystem(seed: 1)
    let left: SimulatedFileSystem
    do {
      let session = Session(try Store("t.upkeep", fileSystem: disk))
      try session.execute(sql: "CREATE TABLE t (a INTEGER); CREATE TEMP TABLE t AS VALUES (1), (2)")
      #expect(session.outcome(of: "SELECT count(*) FROM t").rows == [["2"]])
      left = disk.copy()
    }
    let store = try Store("t.upkeep", fileSystem: left)
    let session = Session(store)
    #expect(session.outcome(of: "SELECT count(*) FROM t").rows == [["0"]])
    let trees = try tableCount(store)
    try session.execute(sql: "CREATE TEMP TABLE u (a INTEGER)")
    try session.close()
    #expect(try tableCount(store) == trees - 1)
    try store.close()
  }

  @Test func oneStatementOfAStoreIsASessionOfItsOwn() throws {
    let store = try Store.inMemory()
    try store.execute("CREATE TEMP TABLE t (a INTEGER); INSERT INTO t VALUES (1)")
    #expect(try names(store).isEmpty)
    #expect(throws: UpkeepError.self) { try store.query("SELECT * FROM t") }
  }

  @Test func beganAndRolledBack() throws {
    let session = Session(try Store.inMemory())
    try session.execute(
      sql: "BEGIN; CREATE TEMP TABLE t (a INTEGER); SAVEPOINT s; CREATE TEMP TABLE u (a INTEGER)")
    try session.execute(sql: "INSERT INTO u VALUES (1); ROLLBACK TO s; INSERT INTO t VALUES (1)")
    #expect(session.outcome(of: "SELECT * FROM u").failed)
    try session.execute(sql: "COMMIT")
    #expect(session.outcome(of: "SELECT * FROM t").rows == [["1"]])
    try session.execute(sql: "BEGIN; DROP TABLE t; ROLLBACK")
    #expect(session.outcome(of: "SELECT * FROM t").rows == [["1"]])
  }
}
