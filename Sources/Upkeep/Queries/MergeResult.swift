/// What a MERGE did: counts of rows of the table.
///
/// ```swift
/// print(result)   // 616 inserted, 12,727 updated, 14,909 unchanged, 581 deleted
/// ```
public struct MergeResult: Sendable, CustomStringConvertible {
  /// The number of rows of each kind, for each kind that the statement can have, zero or not.
  public internal(set) var tally: [StatementSummary.Kind: Int] = [:]
  /// The columns of RETURNING; nil without one.
  public internal(set) var returnedColumns: [String]?
  /// The rows of RETURNING: in the order of the source, then the rows that it does not match.
  public internal(set) var returned: [[Value]] = []

  /// Rows that were not there before.
  public var inserted: Int { tally[.inserted] ?? 0 }
  /// Rows that changed.
  public var updated: Int { tally[.updated] ?? 0 }
  /// Rows that an UPDATE left as they were: nothing was written.
  public var unchanged: Int { tally[.unchanged] ?? 0 }
  /// Rows that went.
  public var deleted: Int { tally[.deleted] ?? 0 }
  /// What `changes()` gives after the statement.
  public var changes: Int { inserted + updated + deleted }

  /// The same as the summary of a statement.
  public var summary: StatementSummary { StatementSummary(tally: tally, changes: changes) }

  /// The counts, as a person reads them.
  public var description: String { UpsertResult.description(of: tally) }
}
