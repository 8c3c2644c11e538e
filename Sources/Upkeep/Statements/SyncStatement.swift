/// SYNC table FROM source: the table becomes equal to the source. Rows that the source has are inserted or merged, and
/// those whose keys it lacks are deleted.
public struct SyncStatement: Sendable, Hashable {
  /// The table's name.
  public var table: String
  /// Where rows come from; columns are matched by name.
  public var source: SyncSource
  /// The key by which rows are the same.
  public var key: ConflictTarget
  /// Whether a source without rows empties the table; it is an error otherwise.
  public var allowsEmpty: Bool
  /// Whether stored rows that no row of the source names, and that hold a key which one claims, give way.
  public var displaces: Bool
  /// Rows of the source with the same key.
  public var duplicates: DuplicatePolicy
  /// Bad rows; their keys count as present.
  public var rejects: RejectPolicy
  /// What is returned of each row of the source.
  public var returning: Returning?

  /// A statement that goes by the primary key, unless said.
  public init(
    _ table: String, from source: SyncSource, by key: ConflictTarget = .primaryKey, allowsEmpty: Bool = false,
    displaces: Bool = false, duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail,
    returning: Returning? = nil
  ) {
    self.table = table
    self.source = source
    self.key = key
    self.allowsEmpty = allowsEmpty
    self.displaces = displaces
    self.duplicates = duplicates
    self.rejects = rejects
    self.returning = returning
  }
}

/// Where the rows of a sync come from.
public enum SyncSource: Sendable, Hashable {
  /// A query; its result's columns are those given.
  case query(Query)
  /// A feed in a file, by its path: CSV, TSV, JSON or JSONL, whose records name their columns. A session reads files only
  /// where it was allowed to, as the shell's are.
  case file(String)
  /// VALUES with names: expressions without columns; nil is DEFAULT, that is, not given.
  case values([[Expression?]], columns: [String])
}
