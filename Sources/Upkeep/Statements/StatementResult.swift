/// Takes the rows of a statement's result, one after the other.
public protocol RowSink: AnyObject {
  /// Called once before the first row of a statement that gives rows, even if none follow.
  func begin(columns: [String]) throws
  /// Called for each row.
  func row(_ values: [Value]) throws
}

/// What a statement did.
public struct StatementSummary: Sendable, Hashable {
  /// The kinds of change that a statement can have, in the order in which they are told.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Rows that were not there before.
    case inserted
    /// Rows changed in part.
    case updated
    /// Rows met and found equal.
    case unchanged
    /// Rows met and left alone.
    case ignored
    /// Rows that became the incoming one.
    case replaced
    /// Rows deleted.
    case deleted
    /// Rows that gave way to a claimant.
    case displaced
    /// Rows set aside.
    case rejected
  }

  /// The counts of a statement that writes rows, for each kind that it can have, zero or not; empty for others.
  public var counts: [(kind: Kind, count: Int)] {
    Kind.allCases.compactMap { kind in tally[kind].map { (kind, $0) } }
  }
  /// The same by kind.
  public var tally: [Kind: Int]
  /// What `changes()` gives after it.
  public var changes: Int
  /// Things worth telling that are no errors.
  public var notices: [String]
  /// The rows that were set aside, in input order.
  public var rejects: [RejectedRow] = []
  /// The rows that gave way to a claimant of one of their keys, of very many the first.
  public var displaced: [DisplacedRow] = []

  /// A statement's counts.
  public init(tally: [Kind: Int] = [:], changes: Int = 0, notices: [String] = []) {
    self.tally = tally
    self.changes = changes
    self.notices = notices
  }
}

/// An input row that a statement set aside.
public struct RejectedRow: Sendable, Hashable {
  /// The row's number, from 1.
  public var number: Int?
  /// The kind of error.
  public var code: UpkeepError.Code
  /// What is wrong with it, with the column or key and the value.
  public var reason: String

  init(_ error: UpkeepError) {
    number = error.rowNumber
    code = error.code
    reason = error.message
  }
}

/// A row of the table that gave way to an input row which has one of its keys now.
public struct DisplacedRow: Sendable, Hashable, CustomStringConvertible {
  /// The table.
  public var table: String
  /// The primary key of the row that is gone, as a person reads it.
  public var row: String
  /// The number of the input row to which it gave way, from 1; nil where a row of the table took its place, in an UPDATE.
  public var number: Int?
  /// The primary key of that row of the table, as a person reads it.
  public var claimant: String?
  /// The key, as `(code) = b`.
  public var key: String

  /// `row 2 of t gave way to input row 1, which has its (code) = b`
  public var description: String {
    let to = number.map { "input row \($0)" } ?? "row \(claimant ?? "?")"
    return "row \(row) of \(table) gave way to \(to), which has its \(key)"
  }
}
