/// MERGE INTO table USING source ON condition WHEN …: each row of the source is compared with the rows of the table,
/// and clauses say what becomes of those that match, of those of the source that match none, and of those of the
/// table that none matches.
public struct MergeStatement: Sendable, Hashable {
  /// The table that changes.
  public var table: TableReference
  /// Where rows come from.
  public var source: SyncSource
  /// The name of the source's rows in expressions.
  public var sourceName: String
  /// Which rows match, over both.
  public var condition: Expression
  /// Columns that are equal in rows that match, named once for both in USING: without a table's name they are those of
  /// the table.
  public var commonColumns: [String]
  /// What happens; of each kind the first whose condition holds is the one.
  public var clauses: [MergeClause]
  /// What happens to a row that is bad: it may be set aside.
  public var rejects: RejectPolicy
  /// What is returned of each row of the table that was inserted, updated or deleted.
  public var returning: Returning?

  /// A statement.
  public init(
    into table: TableReference, using source: SyncSource, as sourceName: String, on condition: Expression,
    _ clauses: [MergeClause], commonColumns: [String] = [], rejects: RejectPolicy = .fail,
    returning: Returning? = nil
  ) {
    self.table = table
    self.source = source
    self.sourceName = sourceName
    self.condition = condition
    self.commonColumns = commonColumns
    self.clauses = clauses
    self.rejects = rejects
    self.returning = returning
  }
}

/// WHEN … [AND condition] THEN action
public struct MergeClause: Sendable, Hashable {
  /// The rows that a clause is about.
  public enum Match: Sendable, Hashable, CaseIterable {
    /// A row of the source and a row of the table that match.
    case matched
    /// A row of the source that matches no row of the table.
    case notMatched
    /// A row of the table that no row of the source matches.
    case notMatchedBySource
  }

  /// What happens to them.
  public enum Action: Sendable, Hashable {
    /// The table's row changes, as the assignments say.
    case update([Assignment])
    /// The table's row gets every column that the source has, by name.
    case updateAll
    /// The table's row goes.
    case delete
    /// A row is inserted: values for the columns named, or for all; nil is DEFAULT.
    case insert(columns: [String]?, values: [Expression?])
    /// A row is inserted, with every column that the source has, by name.
    case insertAll
    /// A row of defaults is inserted.
    case insertDefaults
    /// Nothing.
    case nothing
    /// The statement fails.
    case error
  }

  /// The rows that the clause is about.
  public var match: Match
  /// Only those for which this is true; nil for all.
  public var condition: Expression?
  /// What happens to them.
  public var action: Action

  /// One clause.
  public init(_ match: Match, and condition: Expression? = nil, _ action: Action) {
    self.match = match
    self.condition = condition
    self.action = action
  }
}
