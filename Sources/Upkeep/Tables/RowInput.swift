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
  private var ordinals: [Int] = []

  init(_ schema: TableSchema) { self.schema = schema }

  /// The row's values by the table's column order, nil where the row does not give one.
  ///
  /// - Returns: whether the row's columns are others than the last one's.
  @discardableResult
  mutating func bind(_ row: RowInput, into given: inout [Value?]) throws(UpkeepError) -> Bool {
    let isNew = lastColumns?.identity != row.columns.identity
    if isNew { try learn(row.columns) }
    guard row.values.count == ordinals.count else {
      throw UpkeepError(
        .misuse, "a row for \(schema.name) has \(row.values.count) values for \(ordinals.count) columns")
    }
    given.removeAll(keepingCapacity: true)
    given.append(contentsOf: repeatElement(nil, count: schema.rowWidth))
    for (position, ordinal) in ordinals.enumerated() { given[ordinal] = row.values[position] }
    return isNew
  }

  private mutating func learn(_ columns: ColumnNames) throws(UpkeepError) {
    lastColumns = nil
    ordinals = []
    var seen = Set<Int>()
    for name in columns.names {
      let ordinal = try schema.requiredOrdinal(of: name)
      guard seen.insert(ordinal).inserted else {
        throw UpkeepError(.misuse, "a row for \(schema.name) gives column \(name) twice")
      }
      ordinals.append(ordinal)
    }
    lastColumns = columns
  }
}
