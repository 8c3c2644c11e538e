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
  /// One outcome for each row of the table that a clause took and for each one set aside, in the same order; nil unless
  /// asked for.
  public internal(set) var outcomes: [MergeOutcome]?
  /// What was set aside, in the same order: each error has the source row's number, and the keys and rows concerned. Of
  /// very many only the first are listed (`UpsertResult.mostRowsListed`); `rejected` counts all.
  public internal(set) var rejects: [UpkeepError] = []

  /// Rows that were not there before.
  public var inserted: Int { tally[.inserted] ?? 0 }
  /// Rows that changed.
  public var updated: Int { tally[.updated] ?? 0 }
  /// Rows that an UPDATE left as they were: nothing was written.
  public var unchanged: Int { tally[.unchanged] ?? 0 }
  /// Rows that went.
  public var deleted: Int { tally[.deleted] ?? 0 }
  /// Changes of rows that were set aside.
  public var rejected: Int { tally[.rejected] ?? 0 }
  /// What `changes()` gives after the statement.
  public var changes: Int { inserted + updated + deleted }

  /// The same as the summary of a statement.
  public var summary: StatementSummary {
    var summary = StatementSummary(tally: tally, changes: changes)
    summary.rejects = rejects.map { RejectedRow($0) }
    return summary
  }

  /// The counts, as a person reads them.
  public var description: String { UpsertResult.description(of: tally) }
}

/// What a MERGE did with one row of the table. Rows are values in the order of the table's columns.
public struct MergeOutcome: Sendable {
  /// `inserted`, `updated`, `unchanged`, `deleted`, or `rejected` for a change that was set aside.
  public let kind: StatementSummary.Kind
  /// The number of the source's row; nil for a row of the table that none matches.
  public let rowNumber: Int?
  /// The row before; nil for one that was inserted or set aside.
  public let old: [Value]?
  /// The row after; nil for one that was deleted or set aside.
  public let new: [Value]?
  /// Why it was set aside.
  public let error: UpkeepError?
}
