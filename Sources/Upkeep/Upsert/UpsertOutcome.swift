/// What became of one row that was given to an upsert.
///
/// Rows are values in the order of the table's columns. An outcome describes the row's own step: a later row
/// of the same statement may have changed the table row further.
public enum UpsertOutcome: Sendable {
  /// It met no row and is in the table now.
  case inserted(new: [Value])
  /// It changed the row that it met; `key` says by which key it met it, as `(iata)`, `displaced` are rows that gave way
  /// to it.
  case updated(old: [Value], new: [Value], key: String, displaced: [[Value]])
  /// It was applied, and every stored byte is as before: nothing was written.
  case unchanged(row: [Value], key: String, displaced: [[Value]])
  /// The row that it met was left as it is.
  case ignored(stored: [Value], key: String)
  /// The row that it met became this one; `displaced` are rows that gave way to it.
  case replaced(old: [Value], new: [Value], key: String, displaced: [[Value]])
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
}
