/// What a merge of records did: the counts and rejects of `MergeResult`, and rows as records.
@dynamicMemberLookup
public struct RecordMergeResult<R: Record>: Sendable, CustomStringConvertible {
  /// The same of rows as values.
  public let result: MergeResult
  /// For each column of the record its place in the rows.
  private let ordinals: [Int]

  init(_ result: MergeResult, _ schema: TableSchema) throws(UpkeepError) {
    self.result = result
    ordinals = try R.columns.names.names.map { name throws(UpkeepError) in
      try schema.requiredOrdinal(of: name)
    }
  }

  /// The counts and lists of the result.
  public subscript<T>(dynamicMember path: KeyPath<MergeResult, T>) -> T { result[keyPath: path] }

  /// One outcome for each row of the table that a clause took and for each one set aside, in the order of the source and
  /// then by primary key; none unless asked for.
  ///
  /// - Throws: `typeMismatch` where a row is none of the type.
  public func recordOutcomes() throws(UpkeepError) -> [RecordMergeOutcome<R>] {
    let row = RecordRow<R>(ordinals: ordinals)
    return try (result.outcomes ?? []).map { outcome throws(UpkeepError) in
      RecordMergeOutcome(
        kind: outcome.kind, rowNumber: outcome.rowNumber,
        old: try outcome.old.map { values throws(UpkeepError) in try row.record(values) },
        new: try outcome.new.map { values throws(UpkeepError) in try row.record(values) },
        error: outcome.error)
    }
  }

  /// The counts, as a person reads them.
  public var description: String { "\(result)" }
}

/// What a merge did with one row of a record's table.
public struct RecordMergeOutcome<R: Record>: Sendable {
  /// `inserted`, `updated`, `unchanged`, `deleted`, or `rejected` for a change that was set aside.
  public let kind: StatementSummary.Kind
  /// The number of the source's record, from 1; nil for a row of the table that none matches.
  public let rowNumber: Int?
  /// The row before; nil for one that was inserted or set aside.
  public let old: R?
  /// The row after; nil for one that was deleted or set aside.
  public let new: R?
  /// Why it was set aside.
  public let error: UpkeepError?
}
