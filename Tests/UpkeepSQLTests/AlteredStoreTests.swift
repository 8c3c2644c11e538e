import Testing
import Upkeep
import UpkeepSQL
import UpkeepTesting

/// What was altered, or kept as a view, would be another after the store is opened again.
@Suite struct AlteredStoreTests {
  private func reopened(_ disk: SimulatedFileSystem) throws -> Session {
    Session(try Store("t.upkeep", fileSystem: disk))
  }

  @Test func rowsOfAllAgesAreReadAfterOpening() throws {
    let disk = SimulatedFileSystem(seed: 1)
    do {
      let store = try Store("t.upkeep", fileSystem: disk)
      let session = Session(store)
      try session.execute(
        sql: """
          CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INTEGER CHECK (n > 0));
          CREATE INDEX t_n ON t (n) WHERE n > 5;
          INSERT INTO t VALUES (1, 'x', 10);
          ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'old';
          INSERT INTO t (id, n) VALUES (2, 20);
          ALTER TABLE t DROP COLUMN a;
          ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 5;
          ALTER TABLE t RENAME COLUMN n TO number;
          CREATE VIEW v (k, total) AS SELECT id, number + c FROM t;
          ALTER TABLE t RENAME TO u
          """)
      #expect(try store.verify().isEmpty)
      try session.close()
      try store.close()
    }
    let session = try reopened(disk)
    #expect(
      session.outcome(of: "SELECT * FROM u").rows == [["1", "10", "'old", "5"], ["2", "20", "'old", "5"]])
    #expect(session.outcome(of: "SELECT * FROM v WHERE total > 20").rows == [["2", "25"]])
    #expect(session.outcome(of: "SELECT id FROM u WHERE number > 15").rows == [["2"]])
    #expect(session.outcome(of: "INSERT INTO u (id, number) VALUES (3, 0)").failed)
    try session.execute(sql: "UPSERT INTO u (id, c) VALUES (1, 6); ALTER TABLE u DROP COLUMN b")
    #expect(session.outcome(of: "SELECT * FROM u").rows == [["1", "10", "6"], ["2", "20", "5"]])
  }

  /// A program without SQL is told why it cannot read a view, and what to do.
  @Test func aViewNeedsWhoReadsSQL() throws {
    let store = try Store.inMemory()
    try store.execute("CREATE VIEW v AS SELECT 1 AS a")
    let query = Statement.select(Query(all: .table(TableReference("v"))))
    let error = #expect(throws: UpkeepError.self) { try Session(store).execute(query) }
    #expect(error?.message.contains("execute(sql:)") == true, "\(String(describing: error))")
    #expect(try store.query("SELECT a FROM v").rows == [[.integer(1)]])
    // It is no table of the Swift interface either.
    #expect(try store.read { try $0.tableNames } == [])
  }

  /// A prepared statement would go on with a view or a table as they were when it was prepared.
  @Test func preparedStatementsSeeWhatChanged() throws {
    let store = try Store.inMemory()
    try store.execute(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
      INSERT INTO t VALUES (1, 'x'), (2, 'y');
      CREATE VIEW v AS SELECT a FROM t
      """)
    let view = try store.prepare("SELECT * FROM v WHERE a > ?")
    let row = try store.prepare("SELECT * FROM t WHERE id = ?")
    let copy = try store.prepare("INSERT INTO t SELECT 10 + count(*), max(a) FROM v")
    #expect(try view.rows([.text("x")]).map { $0[0] } == [.text("y")])
    #expect(try row.rows([.integer(1)]).map { $0[1] } == [.text("x")])
    try copy.run()
    try store.write { transaction in _ = try copy.run(in: transaction) }
    #expect(try view.rows([.text("x")]).count == 3)
    try store.execute("ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 7")
    #expect(try row.rows([.integer(1)]).map { $0["b"] } == [.integer(7)])
    try store.execute("DROP VIEW v; CREATE VIEW v AS SELECT 'only' AS a")
    #expect(try view.rows([.text("a")]).map { $0[0] } == [.text("only")])
    try store.execute("DROP VIEW v; ALTER TABLE t RENAME TO v")
    #expect(try view.rows([.text("x")]).isEmpty == false)
    #expect(throws: UpkeepError.self) { try row.rows([.integer(1)]) }
  }

  /// A snapshot and a transaction that began before go on with the schema that they saw.
  @Test func whoReadsMeanwhileSeesTheTableAsItWas() throws {
    let store = try Store.inMemory()
    let (reader, writer) = (Session(store), Session(store))
    try writer.execute(
      sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    try reader.execute(sql: "BEGIN")
    #expect(reader.outcome(of: "SELECT * FROM t").rows.count == 2)
    try writer.execute(sql: "ALTER TABLE t DROP COLUMN a; ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 7")
    #expect(reader.outcome(of: "SELECT * FROM t").rows == [["1", "'x"], ["2", "'y"]])
    #expect(writer.outcome(of: "SELECT * FROM t").rows == [["1", "7"], ["2", "7"]])
    try reader.execute(sql: "COMMIT")
    #expect(reader.outcome(of: "SELECT * FROM t").rows == [["1", "7"], ["2", "7"]])
    #expect(try store.verify().isEmpty)
  }
}
