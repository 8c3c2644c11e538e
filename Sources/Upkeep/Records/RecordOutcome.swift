/// What became of one record that was given to an upsert, as `UpsertOutcome` tells it of rows. `key` says by which key it
/// met a row, as `(iata)`.
public enum RecordOutcome<R: Record>: Sendable {
  /// It met no row and is in the table now: with its id and its defaults.
  case inserted(R)
  /// It changed the row that it met; `displaced` gave way to it.
  case updated(old: R, new: R, key: String, displaced: [R])
  /// It was applied, and every stored byte is as before: nothing was written.
  case unchanged(R, key: String, displaced: [R])
  /// The row that it met was left as it is.
  case ignored(stored: R, key: String)
  /// The row that it met became this one; `displaced` gave way to it.
  case replaced(old: R, new: R, key: String, displaced: [R])
  /// It was set aside, and why.
  case rejected(UpkeepError)

  /// The outcome in a word.
  public var kind: StatementSummary.Kind {
    switch self {
    case .inserted: .inserted
    case .updated: .updated
    case .unchanged: .unchanged
    case .ignored: .ignored
    case .replaced: .replaced
    case .rejected: .rejected
    }
  }

  /// What is stored after the record's own step; nil if it was rejected.
  public var stored: R? {
    switch self {
    case .inserted(let new), .updated(_, let new, _, _), .replaced(_, let new, _, _): new
    case .unchanged(let row, _, _), .ignored(let row, _): row
    case .rejected: nil
    }
  }

  init(_ outcome: UpsertOutcome, _ row: RecordRow<R>) throws(UpkeepError) {
    func records(_ rows: [[Value]]) throws(UpkeepError) -> [R] {
      try rows.map { values throws(UpkeepError) in try row.record(values) }
    }
    switch outcome {
    case .inserted(let new):
      self = .inserted(try row.record(new))
    case .updated(let old, let new, let key, let displaced):
      self = .updated(
        old: try row.record(old), new: try row.record(new), key: key, displaced: try records(displaced))
    case .unchanged(let values, let key, let displaced):
      self = .unchanged(try row.record(values), key: key, displaced: try records(displaced))
    case .ignored(let stored, let key):
      self = .ignored(stored: try row.record(stored), key: key)
    case .replaced(let old, let new, let key, let displaced):
      self = .replaced(
        old: try row.record(old), new: try row.record(new), key: key, displaced: try records(displaced))
    case .rejected(let error):
      self = .rejected(error)
    }
  }
}

/// What an upsert of many records did: the counts and rejects of `UpsertResult`, and rows as records.
///
/// ```swift
/// print(result)            // 616 inserted, 12,727 updated, 14,909 unchanged, 39 rejected
/// print(result.updated, try result.displacedRecords())
/// ```
@dynamicMemberLookup
public struct RecordResult<R: Record>: Sendable, CustomStringConvertible {
  /// The same of rows as values.
  public let result: UpsertResult
  /// For each column of the record its place in the rows.
  private let ordinals: [Int]

  init(_ result: UpsertResult, _ schema: TableSchema) throws(UpkeepError) {
    self.result = result
    ordinals = try R.columns.names.names.map { name throws(UpkeepError) in
      try schema.requiredOrdinal(of: name)
    }
  }

  /// The counts and lists of the result.
  public subscript<T>(dynamicMember path: KeyPath<UpsertResult, T>) -> T { result[keyPath: path] }

  /// One outcome for each record given, in input order; none unless asked for.
  ///
  /// - Throws: `typeMismatch` where a row is none of the type.
  public func recordOutcomes() throws(UpkeepError) -> [RecordOutcome<R>] {
    let row = RecordRow<R>(ordinals: ordinals)
    return try (result.outcomes ?? []).map { outcome throws(UpkeepError) in
      try RecordOutcome(outcome, row)
    }
  }

  /// The records that gave way to a claimant of one of their keys.
  public func displacedRecords() throws(UpkeepError) -> [R] {
    let row = RecordRow<R>(ordinals: ordinals)
    return try result.displacedRows.map { values throws(UpkeepError) in try row.record(values) }
  }

  /// The counts, as a person reads them.
  public var description: String { "\(result)" }
}
