/// What an upsert did: how many rows of each outcome, and on request the outcomes themselves.
///
/// ```swift
/// print(result)   // 616 inserted, 12,727 updated, 14,909 unchanged, 39 rejected
/// ```
///
/// Every row given is counted once: inserted + updated + unchanged + ignored + replaced + rejected = rows given.
/// Rows displaced and deleted were in the table, not in the input, and are counted apart.
public struct UpsertResult: Sendable {
  /// The number of rows of each kind, for each kind that the statement can have, zero or not.
  public internal(set) var tally: [StatementSummary.Kind: Int] = [:]
  /// One outcome for each row given, in input order; nil unless asked for.
  public internal(set) var outcomes: [UpsertOutcome]?
  /// The rows set aside, in input order: each error has the row's number, and the keys and rows concerned. Of very many
  /// only the first are listed (`mostRowsListed`); `rejected` counts all.
  public internal(set) var rejects: [UpkeepError] = []
  /// Rows that gave way to a claimant of one of their keys. Of very many only the first are listed (`mostRowsListed`);
  /// `displaced` counts all.
  public internal(set) var displacedRows: [[Value]] = []
  /// The id of the last row inserted, where the table gives ids.
  public internal(set) var lastInsertedID: Int64?
  /// Things worth telling that are no errors.
  public internal(set) var notices: [String] = []

  /// Rows that were not there before.
  public var inserted: Int { tally[.inserted] ?? 0 }
  /// Rows changed in part.
  public var updated: Int { tally[.updated] ?? 0 }
  /// Rows met and found equal.
  public var unchanged: Int { tally[.unchanged] ?? 0 }
  /// Rows met and left alone.
  public var ignored: Int { tally[.ignored] ?? 0 }
  /// Rows that became the incoming one.
  public var replaced: Int { tally[.replaced] ?? 0 }
  /// Rows set aside.
  public var rejected: Int { tally[.rejected] ?? 0 }
  /// Rows of the table that gave way to a claimant.
  public var displaced: Int { tally[.displaced] ?? 0 }
  /// Rows of the table that a sync deleted.
  public var deleted: Int { tally[.deleted] ?? 0 }
  /// How many rows were given.
  public var rowsGiven: Int { inserted + updated + unchanged + ignored + replaced + rejected }

  /// What `changes()` gives after the statement.
  public var changes: Int {
    isSync ? inserted + updated + replaced + deleted : inserted + updated + unchanged + replaced
  }

  /// How many rows `rejects` and `displacedRows` list at most, so that a result fits into memory.
  public static let mostRowsListed = 1 << 14

  var isSync = false

  /// The same as the summary of a statement.
  public var summary: StatementSummary { StatementSummary(tally: tally, changes: changes, notices: notices) }
}

extension UpsertResult: CustomStringConvertible {
  /// `616 inserted, 12,727 updated, 14,909 unchanged, 39 rejected`
  public var description: String { Self.description(of: tally) }

  static func description(of tally: [StatementSummary.Kind: Int]) -> String {
    StatementSummary.Kind.allCases.compactMap { kind in
      tally[kind].map { "\(Self.grouped($0)) \(kind.rawValue)" }
    }.joined(separator: ", ")
  }

  /// A count with a comma before every three digits.
  static func grouped(_ count: Int) -> String {
    let digits = Array(String(count))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0, digits[index - 1] != "-" { text.append(",") }
      text.append(digit)
    }
    return text
  }
}
