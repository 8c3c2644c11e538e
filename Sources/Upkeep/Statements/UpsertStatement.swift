/// An INSERT, REPLACE or UPSERT of rows into a table: rows, what they may meet, and what happens then.
public struct UpsertStatement: Sendable, Hashable {
  /// The table's name.
  public var table: String
  /// Another name for it in the statement's expressions.
  public var alias: String?
  /// The columns that the source's values go to; nil for all in order.
  public var columns: [String]?
  /// Where rows come from.
  public var source: UpsertSource
  /// What a row may meet and what happens then, in order. Empty: `otherwise` rules every conflict.
  public var clauses: [ConflictClause]
  /// What happens to a row that meets another by a key that no clause covers (the OR word).
  public var otherwise: ConflictResolution
  /// Rows of one batch with the same key.
  public var duplicates: DuplicatePolicy
  /// Bad rows.
  public var rejects: RejectPolicy
  /// What is returned of each row.
  public var returning: Returning?

  /// A statement that fails on any conflict, unless said.
  public init(
    into table: String, alias: String? = nil, columns: [String]? = nil, source: UpsertSource,
    clauses: [ConflictClause] = [], otherwise: ConflictResolution = .abort,
    duplicates: DuplicatePolicy = .fold,
    rejects: RejectPolicy = .fail, returning: Returning? = nil
  ) {
    self.table = table
    self.alias = alias
    self.columns = columns
    self.source = source
    self.clauses = clauses
    self.otherwise = otherwise
    self.duplicates = duplicates
    self.rejects = rejects
    self.returning = returning
  }
}

/// Where the rows of an upsert come from.
public enum UpsertSource: Sendable, Hashable {
  /// VALUES: expressions without columns; nil is DEFAULT, that is, not given.
  case values([[Expression?]])
  /// DEFAULT VALUES.
  case defaults
  /// A query.
  case query(Query)
}

/// ON CONFLICT (target) DO action.
public struct ConflictClause: Sendable, Hashable {
  /// By which keys a row may meet another.
  public var target: ConflictTarget
  /// What happens then.
  public var action: ConflictAction
  /// What happens to a row that meets several.
  public var ambiguity: AmbiguityPolicy

  /// One clause.
  public init(_ target: ConflictTarget, _ action: ConflictAction, ambiguity: AmbiguityPolicy = .fail) {
    self.target = target
    self.action = action
    self.ambiguity = ambiguity
  }
}

/// By which keys an incoming row may meet a stored one.
public enum ConflictTarget: Sendable, Hashable {
  /// The primary key.
  case primaryKey
  /// The unique key over these columns or expressions, in any order; for a partial index a condition
  /// that implies its predicate.
  case columns([Expression], where: Expression?)
  /// A unique index or constraint by name.
  case index(String)
  /// Every unique key: the primary key first, then indexes as they were created.
  case anyUnique
}

/// What happens to the row that an incoming one meets.
public enum ConflictAction: Sendable, Hashable {
  /// An error.
  case fail
  /// It stays as it is.
  case ignore
  /// It becomes the incoming row.
  case replace
  /// The columns given, or of them those named, change, each by its merge rule.
  case merge(columns: [MergeColumn]?)
  /// As `merge` of all columns given, where NULL counts as not given: it changes nothing, and an insert gives its column
  /// the default. It says so of the whole row, and stands in all clauses of a statement or in none.
  case mergeNonNull
  /// The assignments are made where the condition holds.
  case update(assignments: [Assignment], where: Expression?)
}

/// `column = expression` of a SET list. All are evaluated on the row as it was.
public struct Assignment: Sendable, Hashable {
  /// The column's name.
  public var column: String
  /// The new value; nil for DEFAULT.
  public var value: Expression?

  /// One assignment.
  public init(_ column: String, _ value: Expression?) {
    self.column = column
    self.value = value
  }
}

/// What happens to a row that meets several rows by several keys of one clause.
public enum AmbiguityPolicy: Sendable, Hashable {
  /// An error that names them.
  case fail
  /// The row met by the first key, in target order, is the one.
  case first
  /// As `first`; stale holders of claimed keys give way.
  case displace
}

/// The OR words: what a conflict without a clause does. All but `abort` judge row by row.
public enum ConflictResolution: Sendable, Hashable {
  /// The statement fails and leaves nothing (plain INSERT, OR ABORT).
  case abort
  /// The statement stops; rows before stay.
  case fail
  /// The transaction ends.
  case rollback
  /// The row is passed over.
  case ignore
  /// Every row met goes.
  case replace
}

/// Rows of one batch with the same key.
public enum DuplicatePolicy: Sendable, Hashable {
  /// Each meets what the one before it made.
  case fold
  /// The first counts.
  case first
  /// The last counts.
  case last
  /// An error.
  case fail
}

/// What happens when a row is bad.
public enum RejectPolicy: Sendable, Hashable {
  /// The statement fails whole.
  case fail
  /// Bad rows are set aside with their reasons, up to a limit (nil: none); above it the statement fails.
  case collect(limit: Int?)
}

/// RETURNING: a row for each input row (ALL), or for each inserted, updated, unchanged and replaced one.
public struct Returning: Sendable, Hashable {
  /// What is returned.
  public var columns: [ResultColumn]
  /// Ignored and rejected rows too.
  public var includesAll: Bool

  /// What to return of each row.
  public init(_ columns: [ResultColumn], includesAll: Bool = false) {
    self.columns = columns
    self.includesAll = includesAll
  }
}
