/// The columns of a row by name, shared by all rows of one table or result.
public struct ColumnNames: Sendable {
  private enum Source {
    case table(ColumnList)
    case names(NameList)
  }

  private let source: Source

  init(_ columns: ColumnList) { source = .table(columns) }

  /// Columns with these names, in order. Of two with one name the first is found by it.
  public init(_ names: [String]) { source = .names(NameList(names)) }

  /// How many columns there are.
  public var count: Int {
    switch source {
    case .table(let list): list.columns.count
    case .names(let list): list.names.count
    }
  }

  /// The names, in order.
  public var names: [String] {
    switch source {
    case .table(let list): list.columns.map(\.name)
    case .names(let list): list.names
    }
  }

  /// The position of a column; names compare without regard to ASCII case.
  public func position(of name: String) -> Int? {
    switch source {
    case .table(let list): list.ordinal(of: name)
    case .names(let list): list.names.firstIndex { Names.equal($0, name) }
    }
  }

  /// Tells one list from another while both live, for remembering what was worked out about it.
  var identity: ObjectIdentifier {
    switch source {
    case .table(let list): ObjectIdentifier(list)
    case .names(let list): ObjectIdentifier(list)
    }
  }
}

private final class NameList: Sendable {
  let names: [String]

  init(_ names: [String]) { self.names = names }
}

/// A row as it is stored: a value for each column.
///
/// ```swift
/// if let row = try snapshot.find("airport", "EGLL"), row["iata"] == "LHR" { print(row[0] ?? .null) }
/// ```
public struct Row: Sendable {
  /// The columns, in order.
  public let columns: ColumnNames
  /// The values, and behind them the hidden rowid if the table has one.
  let stored: [Value]

  /// A row with these columns; values that are wanting are NULL, those too many are left out.
  public init(_ columns: ColumnNames, _ values: [Value]) {
    self.columns = columns
    let missing = columns.count - values.count
    stored =
      missing == 0
      ? values
      : missing > 0 ? values + Array(repeating: .null, count: missing) : Array(values.prefix(columns.count))
  }

  package init(_ schema: TableSchema, stored: [Value]) {
    columns = ColumnNames(schema.columnList)
    self.stored = stored
  }

  /// The values, one for each column.
  public var values: [Value] {
    stored.count == columns.count ? stored : Array(stored.prefix(columns.count))
  }

  /// The value of a column by its position from 0; nil if there is no such column.
  public subscript(_ position: Int) -> Value? {
    position >= 0 && position < columns.count ? stored[position] : nil
  }

  /// The value of a column by name; nil if there is no such column. A table without a primary key answers
  /// to `rowid`.
  public subscript(_ name: String) -> Value? {
    guard let position = columns.position(of: name), position < stored.count else { return nil }
    return stored[position]
  }
}

extension Row: Hashable {
  /// Whether names and values are the same, in the same order.
  public static func == (a: Row, b: Row) -> Bool {
    a.stored == b.stored && (a.columns.identity == b.columns.identity || a.columns.names == b.columns.names)
  }

  /// By the values.
  public func hash(into hasher: inout Hasher) { hasher.combine(stored) }
}

extension Row: CustomStringConvertible {
  /// `icao: EGLL, name: Heathrow`
  public var description: String {
    zip(columns.names, stored).map { "\($0): \($1)" }.joined(separator: ", ")
  }
}
