/// How an incoming value of a column meets the stored one when a row is merged: `UPSERT INTO`, `DO MERGE` and the
/// Swift `.merge`. A SET list does not ask it, and neither does a replacement.
///
///     ColumnDefinition("seen", .integer, merge: .sum)
///     ColumnDefinition("name", .text, merge: .latest(by: "at"))
public indirect enum MergeRule: Sendable, Hashable {
  /// The incoming value, NULL too; what a column does that has no rule.
  case set
  /// The stored value.
  case keep
  /// The incoming value unless it is NULL.
  case coalesce
  /// The incoming value where NULL is stored.
  case ifNull
  /// The sum of both; an overflow is an error of the row. For INTEGER and REAL.
  case sum
  /// The lesser of both.
  case min
  /// The greater of both.
  case max
  /// The stored value with the incoming one behind it. For TEXT and BLOB.
  case append
  /// The stored value with the incoming one as a merge patch (RFC 7396), as compact JSON. For JSON and TEXT.
  case json
  /// The incoming value if its row is not older by this column, which is then MAX unless it has a rule of its own.
  case latest(by: String)
  /// The statement's time whenever another column changes, and when the row is inserted; a value that is given is
  /// stored as it is. For TIMESTAMP and TEXT.
  case touch
  /// An expression over the stored row (bare names) and the incoming one (`excluded.column`).
  case using(Expression)
}

extension MergeRule {
  /// The words of SQL for it, without operands, for messages.
  package var name: String {
    switch self {
    case .set: "SET"
    case .keep: "KEEP"
    case .coalesce: "COALESCE"
    case .ifNull: "IF NULL"
    case .sum: "SUM"
    case .min: "MIN"
    case .max: "MAX"
    case .append: "APPEND"
    case .json: "JSON"
    case .latest: "LATEST BY"
    case .touch: "TOUCH"
    case .using: "USING"
    }
  }

  /// The types of columns that can have it; nil for all. A column of type ANY can have every rule, and a value that does
  /// not fit is then an error of its row.
  package var types: [ValueType]? {
    switch self {
    case .set, .keep, .coalesce, .ifNull, .min, .max, .latest, .using: nil
    case .sum: [.integer, .real]
    case .append: [.text, .blob]
    case .json: [.json, .text]
    case .touch: [.timestamp, .text]
    }
  }
}

/// A column that a merge may change, perhaps with a rule that stands above that of the table. A plain name is one without.
///
///     .merge(columns: ["name", MergeColumn("seen", .sum)])
public struct MergeColumn: Sendable, Hashable, ExpressibleByStringLiteral {
  /// The column's name.
  public var name: String
  /// How its values merge; nil for what the table says.
  public var rule: MergeRule?

  /// A column, and its rule in this statement if it has one.
  public init(_ name: String, _ rule: MergeRule? = nil) {
    self.name = name
    self.rule = rule
  }

  /// A column that merges as the table says.
  public init(stringLiteral name: String) { self.init(name) }
}
