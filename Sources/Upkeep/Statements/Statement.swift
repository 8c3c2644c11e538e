/// Anything that a session can be asked to do: what SQL text and the Swift interface both become.
public enum Statement: Sendable, Hashable {
  /// CREATE TABLE
  case createTable(TableDefinition, ifNotExists: Bool)
  /// DROP TABLE
  case dropTable(String, ifExists: Bool)
  /// CREATE [UNIQUE] INDEX
  case createIndex(IndexDefinition, ifNotExists: Bool)
  /// DROP INDEX
  case dropIndex(String, ifExists: Bool)
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
  /// SELECT
  case select(Query)
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
  /// Which rows; nil for all.
  public var condition: Expression?
  /// What a conflict does (UPDATE OR …).
  public var otherwise: ConflictResolution
  /// What is returned of each changed row.
  public var returning: Returning?

  /// An update.
  public init(
    _ table: TableReference, set assignments: [Assignment], where condition: Expression? = nil,
    otherwise: ConflictResolution = .abort, returning: Returning? = nil
  ) {
    self.table = table
    self.assignments = assignments
    self.condition = condition
    self.otherwise = otherwise
    self.returning = returning
  }
}

/// DELETE FROM … WHERE … RETURNING
public struct DeleteStatement: Sendable, Hashable {
  /// The table.
  public var table: TableReference
  /// Which rows; nil for all.
  public var condition: Expression?
  /// What is returned of each deleted row.
  public var returning: Returning?

  /// A delete.
  public init(_ table: TableReference, where condition: Expression? = nil, returning: Returning? = nil) {
    self.table = table
    self.condition = condition
    self.returning = returning
  }
}
