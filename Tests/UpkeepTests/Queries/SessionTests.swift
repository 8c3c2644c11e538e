import Testing
import UpkeepTestSupport

@testable import Upkeep

@Suite struct SessionTests {
  private func store() throws -> Store {
    let store = try Store.inMemory()
    try Session(store).execute(
      .createTable(
        TableDefinition(
          "t",
          columns: [
            ColumnDefinition("id", .integer), ColumnDefinition("code", .text),
            ColumnDefinition("n", .integer, isNullable: false, defaultValue: lit(.integer(0))),
          ],
          primaryKey: [IndexPart(column: "id")],
          uniqueKeys: [IndexDefinition("t_code", on: "t", parts: [IndexPart(column: "code")], isUnique: true)]
        ),
        ifNotExists: false))
    return store
  }

  /// A source made in Swift may have any form: it is told, and nothing is deleted.
  @Test func aSyncWhoseRowsDoNotFitItsColumnsFails() throws {
    let session = Session(try store())
    try insert(session, 1, "a")
    let rows = [[lit(.integer(2))], [lit(.integer(3)), lit(.text("c"))]]
    #expect(throws: UpkeepError.self) {
      try session.execute(.sync(SyncStatement("t", from: .values(rows, columns: ["id"]))))
    }
    #expect(try ids(session) == [.integer(1)])
  }

  private func ids(_ session: Session) throws -> [Value] {
    try session.rows(
      Query([shown(col("id"))], from: TableReference("t"), order: [OrderTerm(col("id"))])
    ).map { $0[0] }
  }

  private func insert(_ session: Session, _ id: Int64, _ code: String?, or word: ConflictResolution = .abort)
    throws
  {
    try session.execute(
      .upsert(
        UpsertStatement(
          into: "t",
          source: .values([[lit(.integer(id)), lit(code.map { .text($0) } ?? .null), lit(.integer(1))]]),
          otherwise: word)))
  }

  @Test func `a transaction shows its changes to itself alone until COMMIT`() throws {
    let store = try store()
    let session = Session(store)
    let other = Session(store)
    try session.execute(.begin(immediate: false))
    try insert(session, 1, "a")
    #expect(try ids(session) == [1])
    #expect(try ids(other) == [])
    try session.execute(.commit)
    #expect(try ids(other) == [1])
    #expect(!session.isInTransaction)
  }

  @Test func `a failed statement leaves the transaction as it was before it`() throws {
    let session = Session(try store())
    try session.execute(.begin(immediate: true))
    try insert(session, 1, "a")
    let error = #expect(throws: UpkeepError.self) {
      try session.insert("t", [[2, .text("b"), 1], [1, .text("c"), 1]])
    }
    #expect(error?.code == .uniqueViolation)
    try insert(session, 3, "c")
    try session.execute(.commit)
    #expect(try ids(session) == [1, 3])
  }

  @Test func `savepoints nest, roll back by name and end with RELEASE`() throws {
    let session = Session(try store())
    try session.execute(.savepoint("outer"))
    #expect(session.isInTransaction)
    try insert(session, 1, "a")
    try session.execute(.savepoint("inner"))
    try insert(session, 2, "b")
    try session.execute(.rollbackTo("INNER"))
    #expect(try ids(session) == [1])
    try insert(session, 3, "c")
    try session.execute(.rollbackTo("outer"))
    #expect(try ids(session) == [], "also what was written before the transaction wrote at all")
    try insert(session, 4, "d")
    try session.execute(.release("outer"))
    #expect(!session.isInTransaction)
    #expect(try ids(session) == [4])
  }

  @Test func `the schema rolls back with the rest`() throws {
    let session = Session(try store())
    try session.execute(.begin(immediate: false))
    try session.execute(.dropTable("t", ifExists: false))
    #expect(throws: UpkeepError.self) { try ids(session) }
    try session.execute(.rollback)
    #expect(try ids(session) == [])
  }

  @Test func `a write after another's commit is refused, not based on what was read before`() throws {
    let store = try store()
    let session = Session(store)
    let other = Session(store)
    try session.execute(.begin(immediate: false))
    #expect(try ids(session) == [])
    try insert(other, 1, "a")
    #expect(try ids(session) == [], "the snapshot stays")
    let error = #expect(throws: UpkeepError.self) { try insert(session, 2, "b") }
    #expect(error?.code == .stale)
    try session.execute(.rollback)
    try insert(session, 2, "b")
    #expect(try ids(session) == [1, 2])
  }

  @Test func `control words in the wrong place say so`() throws {
    let session = Session(try store())
    for statement in [Statement.commit, .rollback, .release("x"), .rollbackTo("x")] {
      let error = #expect(throws: UpkeepError.self) { try session.execute(statement) }
      #expect(error?.code == .misuse)
    }
    try session.execute(.begin(immediate: false))
    #expect(throws: UpkeepError.self) { try session.execute(.begin(immediate: false)) }
    let error = #expect(throws: UpkeepError.self) { try session.execute(.release("x")) }
    #expect(error?.message.contains("savepoint x") == true)
  }

  @Test func `OR FAIL keeps the rows before, OR ROLLBACK ends the transaction`() throws {
    let session = Session(try store())
    try insert(session, 5, "e")
    let rows = UpsertSource.values([6, 5, 7].map { [lit(.integer($0)), lit(.null), lit(.integer(1))] })
    #expect(throws: UpkeepError.self) {
      try session.execute(.upsert(UpsertStatement(into: "t", source: rows, otherwise: .fail)))
    }
    #expect(try ids(session) == [5, 6])
    try session.execute(.begin(immediate: false))
    try insert(session, 9, "x")
    #expect(throws: UpkeepError.self) { try insert(session, 9, "y", or: .rollback) }
    #expect(!session.isInTransaction)
    #expect(try ids(session) == [5, 6])
  }

  @Test func `updates swap keys, and one that ends with a key held twice changes nothing`() throws {
    let session = Session(try store())
    try session.insert("t", [[1, .text("a"), 1], [2, .text("b"), 1], [3, .text("c"), 1]])
    let swap = Expression.cases(
      operand: col("code"),
      branches: [
        CaseBranch(when: lit(.text("a")), then: lit(.text("b"))),
        CaseBranch(when: lit(.text("b")), then: lit(.text("a"))),
      ], otherwise: col("code"))
    let sink = CollectedRows()
    let summary = try session.execute(
      .update(
        UpdateStatement(
          TableReference("t"), set: [Assignment("code", swap)],
          returning: Returning([
            shown(col("id"), "id"), shown(.column(ColumnReference("code", of: "old")), "was"),
            shown(col("code"), "code"), shown(.function("upsert_action", []), "action"),
          ]))), into: sink)
    #expect(summary.tally == [.updated: 2, .unchanged: 1])
    #expect(summary.changes == 3)
    #expect(sink.columns == ["id", "was", "code", "action"])
    #expect(
      sink.rows == [
        [1, .text("a"), .text("b"), .text("updated")], [2, .text("b"), .text("a"), .text("updated")],
        [3, .text("c"), .text("c"), .text("unchanged")],
      ])
    let error = #expect(throws: UpkeepError.self) {
      try session.execute(
        .update(UpdateStatement(TableReference("t"), set: [Assignment("code", lit(.text("z")))])))
    }
    #expect(error?.index == "t_code")
    #expect(error?.message.contains("held by row 1, which keeps it, and row 2 cannot have it too") == true)
    #expect(
      try session.rows(Query([shown(col("code"))], from: TableReference("t"))) == [
        [.text("b")], [.text("a")], [.text("c")],
      ])
    #expect(try session.store.verify().isEmpty)
  }

  @Test func `UPDATE OR IGNORE and OR REPLACE judge row by row`() throws {
    let session = Session(try store())
    try session.insert("t", [[1, .text("a"), 1], [2, .text("b"), 1], [3, .text("c"), 1]])
    let toB = UpdateStatement(
      TableReference("t"), set: [Assignment("code", lit(.text("b")))], where: .compare("id", .notEqual, 2),
      otherwise: .ignore)
    #expect(try session.execute(.update(toB)).tally == [.updated: 0, .unchanged: 0, .ignored: 2])
    var replacing = toB
    replacing.otherwise = .replace
    replacing.condition = .compare("id", .equal, 3)
    #expect(try session.execute(.update(replacing)).tally == [.updated: 1, .unchanged: 0, .displaced: 1])
    #expect(try ids(session) == [1, 3])
    #expect(try session.store.verify().isEmpty)
  }

  @Test func `an UPDATE that breaks a rule names the row`() throws {
    let session = Session(try store())
    try session.insert("t", [[1, .text("a"), 1]])
    let error = #expect(throws: UpkeepError.self) {
      try session.execute(.update(UpdateStatement(TableReference("t"), set: [Assignment("n", lit(.null))])))
    }
    #expect(error?.code == .notNullViolation)
    #expect(error?.existingKey == "1")
  }

  @Test func `changes counts what the last change changed`() throws {
    let session = Session(try store())
    try session.insert("t", [[1, .null, 1], [2, .null, 2]])
    #expect(session.changes == 2)
    #expect(try session.rows(Query([shown(.function("changes", []))])) == [[.integer(2)]])
    try session.execute(.delete(DeleteStatement(TableReference("t"), where: .compare("id", .greater, 1))))
    #expect(session.changes == 1)
  }

  @Test func `rows of INSERT SELECT are those of the beginning`() throws {
    let session = Session(try store())
    try session.insert("t", [[1, .null, 1], [2, .null, 1], [3, .null, 1]])
    let source = Query(
      [shown(.binary(.add, col("id"), lit(.integer(3)))), shown(lit(.null)), shown(col("n"))],
      from: TableReference("t"))
    let summary = try session.execute(.upsert(UpsertStatement(into: "t", source: .query(source))))
    #expect(summary.tally == [.inserted: 3])
    #expect(try ids(session) == [1, 2, 3, 4, 5, 6])
  }

  @Test func `a sink that fails ends a query, and keeps a commit`() throws {
    final class Refusing: RowSink {
      struct Refusal: Error {}
      func begin(columns: [String]) {}
      func row(_ values: [Value]) throws { throw Refusal() }
    }
    let session = Session(try store())
    let error = #expect(throws: UpkeepError.self) {
      try session.execute(
        .upsert(
          UpsertStatement(
            into: "t", source: .values([[lit(1), lit(.null), lit(1)]]), returning: Returning(allColumns))),
        into: Refusing())
    }
    #expect(error?.code == .sinkFailed)
    #expect(error?.cause is Refusing.Refusal)
    #expect(try ids(session) == [1])
  }

  @Test func `a cancelled statement changes nothing, and the session goes on`() throws {
    final class Cancelling: RowSink {
      let cancellation: Cancellation
      init(_ cancellation: Cancellation) { self.cancellation = cancellation }
      func begin(columns: [String]) {}
      func row(_ values: [Value]) { cancellation.cancel() }
    }
    let session = Session(try store())
    try session.insert("t", (1...5000).map { [.integer($0), .null, 1] })
    let error = #expect(throws: UpkeepError.self) {
      try session.execute(
        .select(Query(allColumns, from: TableReference("t"))), into: Cancelling(session.cancellation))
    }
    #expect(error?.code == .cancelled)
    #expect(
      try session.rows(Query([shown(.aggregate("count", [], isDistinct: false))], from: TableReference("t")))
        == [[5000]])
  }

  @Test func `a statement within a sink is refused`() throws {
    final class Nested: RowSink {
      let session: Session
      init(_ session: Session) { self.session = session }
      func begin(columns: [String]) {}
      func row(_ values: [Value]) throws { try session.execute(.begin(immediate: false)) }
    }
    let session = Session(try store())
    let error = #expect(throws: UpkeepError.self) {
      try session.execute(.values([[lit(1)]]), into: Nested(session))
    }
    #expect(error?.code == .misuse)
    #expect(!session.isInTransaction)
  }
}
