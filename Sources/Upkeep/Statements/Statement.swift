/// Anything that a session can be asked to do: what SQL text and the Swift interface both become.
public enum Statement: Sendable, Hashable {
  /// CREATE TABLE
  case createTable(TableDefinition, ifNotExists: Bool)
  /// CREATE TABLE … AS
  case createTableAs(TableFromQuery)
  /// DROP TABLE
  case dropTable(String, ifExists: Bool)
  /// CREATE [UNIQUE] INDEX
  case createIndex(IndexDefinition, ifNotExists: Bool)
  /// DROP INDEX
  case dropIndex(String, ifExists: Bool)
  /// CREATE VIEW
  case createView(ViewDefinition, ifNotExists: Bool)
  /// DROP VIEW
  case dropView(String, ifExists: Bool)
  /// ALTER TABLE
  case alterTable(String, TableAlteration)
  /// CREATE BUCKET
  case createBucket(BucketDefinition, ifNotExists: Bool)
  /// INSERT INTO BUCKET
  case insertIntoBucket(BucketInsertStatement)
  /// INSERT, REPLACE, UPSERT
  case upsert(UpsertStatement)
  /// SYNC
  case sync(SyncStatement)
  /// MERGE
  case merge(MergeStatement)
  /// UPDATE
  case update(UpdateStatement)
  /// DELETE
  case delete(DeleteStatement)
  /// SELECT, and VALUES with more than rows
  case select(Query)
  /// WITH before a change of rows, which may read those tables
  case with([CommonTable], ExplainedStatement)
  /// VALUES on its own: rows of expressions without columns
  case values([[Expression]])
  /// EXPLAIN of a query or change: how it would run
  case explain(ExplainedStatement)
  /// PREVIEW of a change: its counts and rows, and nothing is changed
  case preview(ExplainedStatement)
  /// BEGIN, at once taking the writer's turn if immediate
  case begin(immediate: Bool)
  /// COMMIT
  case commit
  /// ROLLBACK
  case rollback
  /// SAVEPOINT
  case savepoint(String)
  /// ROLLBACK TO
  case rollbackTo(String)
  /// RELEASE
  case release(String)
}

/// A statement that EXPLAIN or PREVIEW looks at.
public indirect enum ExplainedStatement: Sendable, Hashable {
  /// The statement.
  case statement(Statement)
}

/// UPDATE … SET … WHERE … RETURNING
public struct UpdateStatement: Sendable, Hashable {
  /// The table.
  public var table: TableReference
  /// What changes, evaluated on the row as it was.
  public var assignments: [Assignment]
  /// UPDATE … FROM: other sources; a row is changed by the first of their rows for which the condition holds.
  public var sources: [FromItem]
  /// Which rows; nil for all.
  public var condition: Expression?
  /// What a conflict does (UPDATE OR …).
  public var otherwise: ConflictResolution
  /// What is returned of each changed row.
  public var returning: Returning?

  /// An update.
  public init(
    _ table: TableReference, set assignments: [Assignment], from sources: [FromItem] = [],
    where condition: Expression? = nil, otherwise: ConflictResolution = .abort, returning: Returning? = nil
  ) {
    self.table = table
    self.assignments = assignments
    self.sources = sources
    self.condition = condition
    self.otherwise = otherwise
    self.returning = returning
  }
}

/// DELETE FROM … WHERE … RETURNING
public struct DeleteStatement: Sendable, Hashable {
  /// The table.
  public var table: TableReference
  /// DELETE … USING: other sources; a row is deleted if the condition holds for any of their rows.
  public var sources: [FromItem]
  /// Which rows; nil for all.
  public var condition: Expression?
  /// What is returned of each deleted row.
  public var returning: Returning?

  /// A delete.
  public init(
    _ table: TableReference, using sources: [FromItem] = [], where condition: Expression? = nil,
    returning: Returning? = nil
  ) {
    self.table = table
    self.sources = sources
    self.condition = condition
    self.returning = returning
  }
}
