import Testing
import Upkeep
import UpkeepSQL

/// A statement would become another one than was written.
@Suite struct StatementParserTests {
  private func one(_ text: String) throws -> Statement {
    let all = try parse(text)
    try #require(all.count == 1)
    return all[0]
  }

  private func upsert(_ text: String) throws -> UpsertStatement {
    guard case .upsert(let statement) = try one(text) else {
      throw UpkeepError(.misuse, "no upsert: \(text)")
    }
    return statement
  }

  private func table(_ text: String) throws -> TableDefinition {
    guard case .createTable(let table, _) = try one(text) else {
      throw UpkeepError(.misuse, "no table: \(text)")
    }
    return table
  }

  @Test func tablesTakeEveryConstraint() throws {
    let created = try table(
      """
      CREATE TABLE IF NOT EXISTS main.t (
        id INTEGER PRIMARY KEY AUTOINCREMENT, "two words" VARCHAR(20) NOT NULL DEFAULT 'x' COLLATE NOCASE UNIQUE,
        n INT DEFAULT -5 CHECK (n < 10), e DOUBLE PRECISION DEFAULT (1 + 2), any_type, at TIMESTAMP DEFAULT
        CURRENT_TIMESTAMP NULL, b BOOL CONSTRAINT truth CHECK (b IN (TRUE, FALSE)) CONSTRAINT only_b UNIQUE,
        UNIQUE (n, e DESC), CONSTRAINT c CHECK (n  >  0)) STRICT, WITHOUT ROWID
      """)
    #expect(created.name == "t" && created.isAutoincrement)
    #expect(created.columns.map(\.type) == [.integer, .text, .integer, .real, .any, .timestamp, .boolean])
    #expect(created.columns[1].declaredType == "VARCHAR(20)" && created.columns[4].declaredType == nil)
    #expect(created.columns.map(\.isNullable) == [true, false, true, true, true, true, true])
    #expect(created.columns[1].collation == .nocase && created.columns[1].defaultValue == .literal("x"))
    #expect(created.columns[2].defaultValue == .literal(-5))
    #expect(created.primaryKey == [IndexPart(column: "id")])
    #expect(created.uniqueKeys.map(\.name) == [nil, "only_b", nil])
    #expect(
      created.uniqueKeys[2].parts == [IndexPart(column: "n"), IndexPart(column: "e", isDescending: true)])
    #expect(created.checks.map(\.name) == [nil, "truth", "c"])
    #expect(created.checks.map(\.text) == ["n < 10", "b IN (TRUE, FALSE)", "n  >  0"])
    let keyed = try table(
      "CREATE TABLE t (a TEXT, b TEXT, PRIMARY KEY (b COLLATE NOCASE, a DESC) UNIQUE (a))")
    #expect(keyed.primaryKey.map(\.collation) == [.nocase, nil] && keyed.uniqueKeys.count == 1)
  }

  @Test func indexesTakePartsAndPredicates() throws {
    #expect(
      try one("CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a COLLATE NOCASE DESC, b || 'x') WHERE iata <> ''")
        == .createIndex(
          IndexDefinition(
            "i", on: "t",
            parts: [
              IndexPart(.column(ColumnReference("a")), isDescending: true, collation: .nocase),
              IndexPart(.binary(.concatenate, .column(ColumnReference("b")), .literal("x"))),
            ], isUnique: true, where: .binary(.notEqual, .column(ColumnReference("iata")), .literal(""))),
          ifNotExists: true))
    #expect(try one("DROP INDEX IF EXISTS i") == .dropIndex("i", ifExists: true))
  }

  @Test func upsertsMergeByPrimaryKeyUnlessSaid() throws {
    #expect(
      try upsert("UPSERT INTO t VALUES (1)").clauses == [ConflictClause(.primaryKey, .merge(columns: nil))])
    #expect(
      try upsert("UPSERT INTO t VALUES (1) ON AMBIGUITY DISPLACE").clauses
        == [ConflictClause(.primaryKey, .merge(columns: nil), ambiguity: .displace)])
    #expect(try upsert("REPLACE INTO t VALUES (1)").otherwise == .replace)
    #expect(try upsert("INSERT OR IGNORE INTO t VALUES (1)").otherwise == .ignore)
    #expect(try upsert("INSERT INTO t DEFAULT VALUES").source == .defaults)
    #expect(
      try upsert("INSERT INTO t (a, b) VALUES (1, DEFAULT), (?, 2)").source
        == .values([[.literal(1), nil], [.parameter(1), .literal(2)]]))
    guard case .query(let query) = try upsert("INSERT INTO t SELECT * FROM s ON CONFLICT DO NOTHING").source
    else { return #expect(Bool(false)) }
    #expect(query == Query(all: .table(TableReference("s"))))
  }

  @Test func conflictClausesKeepTheirOrderAndTails() throws {
    let statement = try upsert(
      """
      INSERT INTO t AS x (a, b) VALUES (1, 2)
      ON CONFLICT (b, lower(a) COLLATE NOCASE) WHERE b > 0 DO UPDATE SET (a, b) = (excluded.a, DEFAULT), c = x.c + 1
        WHERE x.b < 5 ON AMBIGUITY FIRST
      ON CONFLICT ON CONSTRAINT u DO REPLACE
      ON CONFLICT DO MERGE (a, b) ON AMBIGUITY DISPLACE
      ON DUPLICATE LAST ON ERROR REJECT LIMIT 10 RETURNING ALL *, old.a AS was, upsert_action()
      """)
    #expect(
      statement.alias == "x" && statement.duplicates == .last && statement.rejects == .collect(limit: 10))
    #expect(statement.clauses.map(\.ambiguity) == [.first, .fail, .displace])
    #expect(statement.clauses[1] == ConflictClause(.index("u"), .replace))
    #expect(
      statement.clauses[2].target == .anyUnique && statement.clauses[2].action == .merge(columns: ["a", "b"]))
    guard case .update(let set, let condition) = statement.clauses[0].action else {
      return #expect(Bool(false))
    }
    #expect(set.map(\.column) == ["a", "b", "c"] && set[1].value == nil && condition != nil)
    #expect(statement.returning?.includesAll == true && statement.returning?.columns.count == 3)
    #expect(
      statement.returning?.columns.last
        == .expression(.function("upsert_action", []), name: "upsert_action()"))
  }

  @Test func queriesAndChanges() throws {
    guard
      case .select(let query) = try one(
        "SELECT a  +  1, b x, t.* FROM t AS y WHERE a ORDER BY a DESC NULLS LAST, b LIMIT 1, 2;")
    else { return #expect(Bool(false)) }
    #expect(query.offset == .literal(1) && query.limit == .literal(2) && query.table?.alias == "y")
    #expect(query.order.map(\.isDescending) == [true, false] && query.order[0].nullsFirst == false)
    guard case .expression(_, let name) = query.columns[0] else { return #expect(Bool(false)) }
    #expect(name == "a  +  1" && query.columns[2] == .all(of: "t"))
    #expect(
      try one("UPDATE OR IGNORE t AS x SET a = DEFAULT RETURNING *")
        == .update(
          UpdateStatement(
            TableReference("t", as: "x"), set: [Assignment("a", nil)], otherwise: .ignore,
            returning: Returning([.all(of: nil)]))))
    #expect(try one("DELETE FROM t") == .delete(DeleteStatement(TableReference("t"))))
    #expect(
      try one("VALUES (1, 2), (3, 4)").self
        == .values([[.literal(1), .literal(2)], [.literal(3), .literal(4)]]))
    #expect(
      try parse(
        "BEGIN; BEGIN IMMEDIATE TRANSACTION; COMMIT; END TRANSACTION; ROLLBACK; SAVEPOINT a;"
          + "ROLLBACK TO SAVEPOINT a; ROLLBACK TRANSACTION TO a; RELEASE a; RELEASE SAVEPOINT savepoint;;")
        == [
          .begin(immediate: false), .begin(immediate: true), .commit, .commit, .rollback, .savepoint("a"),
          .rollbackTo("a"), .rollbackTo("a"), .release("a"), .release("savepoint"),
        ])
  }

  /// A table that has a column called `sync` could not be used.
  @Test func newWordsStayNames() throws {
    for word in [
      "upsert", "merge", "matched", "source", "target", "sync", "displace", "fold", "reject", "ambiguity",
      "duplicate", "error", "key",
      "first",
      "last", "preview", "replace", "do", "conflict", "ignore", "abort", "fail", "strict", "rowid", "match",
      "glob",
      "timestamp", "json", "uuid", "offset", "allow", "empty", "temp", "cast", "row", "over", "filter",
      "like", "if", "keep", "coalesce", "sum", "min", "max", "append", "latest", "touch",
    ] {
      let texts = [
        "CREATE TABLE \(word) (\(word) INTEGER, PRIMARY KEY (\(word)))",
        "UPSERT INTO \(word) (\(word)) VALUES (1) ON CONFLICT (\(word)) DO MERGE (\(word)) RETURNING \(word)",
        "SELECT \(word), \(word).\(word) FROM \(word) WHERE \(word) = 1 ORDER BY \(word)",
        "UPDATE \(word) SET \(word) = \(word) + 1 WHERE \(word) IS NULL",
      ]
      for text in texts { #expect(failure(text) == nil, "\(text): \(failure(text).map(\.message) ?? "")") }
    }
  }
}
