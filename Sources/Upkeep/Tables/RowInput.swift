/// A row on its way in: values for some columns, by name. A column that is not named is *absent*, which is
/// not NULL: an insert gives it its default, a merge leaves it as it is.
///
/// ```swift
/// try tx.upsert(["icao": "EGLL", "iata": "LHR", "closed": .null], into: "airport")   // closed is given NULL
/// ```
public struct RowInput: Sendable {
  /// The columns that are given.
  public let columns: ColumnNames
  /// Their values, in the same order.
  public var values: [Value]

  /// A row that gives these columns. Rows of one kind should share one `ColumnNames`, so that names are
  /// looked up once.
  public init(_ columns: ColumnNames, _ values: [Value]) {
    self.columns = columns
    self.values = values
  }

  /// A stored row as a row to be written: every column is given.
  public init(_ row: Row) {
    self.init(row.columns, row.values)
  }
}

extension RowInput: ExpressibleByDictionaryLiteral {
  /// A row by column names.
  public init(dictionaryLiteral elements: (String, Value)...) {
    self.init(ColumnNames(elements.map(\.0)), elements.map(\.1))
  }
}

/// Turns rows by name into rows by a table's column order; remembers the names met last.
struct RowBinding: Sendable {
  private let schema: TableSchema
  private var lastColumns: ColumnNames?
  private var count = 0
  /// For each value of the table's rows which value of the last row it is; -1 where that gives none.
  private(set) var positions: [Int] = []

  init(_ schema: TableSchema) { self.schema = schema }

  /// Finds the row's columns; `positions` says where they are.
  @inline(__always)
  mutating func follow(_ row: RowInput) throws(UpkeepError) {
    try follow(row.columns)
    if row.values.count != count { throw wrongCount(row) }
  }

  /// The same of a row that surely has a value for each of its columns.
  @inline(__always)
  mutating func follow(_ columns: ColumnNames) throws(UpkeepError) {
    if lastColumns?.identity != columns.identity { try learn(columns) }
  }

  /// The row's values by the table's column order, nil where the row does not give one. Call after `follow`.
  func given(_ row: RowInput) -> [Value?] { positions.map { $0 < 0 ? nil : row.values[$0] } }

  private func wrongCount(_ row: RowInput) -> UpkeepError {
    UpkeepError(
      .misuse, "a row for \(schema.name) has \(row.values.count) values for \(count) columns")
  }

  private mutating func learn(_ columns: ColumnNames) throws(UpkeepError) {
    if let lastColumns, lastColumns.names == columns.names { return self.lastColumns = columns }
    lastColumns = nil
    count = columns.names.count
    positions = Array(repeating: -1, count: schema.rowWidth)
    for (position, name) in columns.names.enumerated() {
      let ordinal = try schema.requiredOrdinal(of: name)
      guard positions[ordinal] < 0 else {
        throw UpkeepError(.misuse, "a row for \(schema.name) gives column \(name) twice")
      }
      positions[ordinal] = position
    }
    lastColumns = columns
  }
}
