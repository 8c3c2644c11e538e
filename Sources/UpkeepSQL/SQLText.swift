public import Upkeep

/// A text of SQL in which values stand as they are: each is bound as a parameter, and never becomes part of the text.
///
/// ```swift
/// let name = "O'Hare'; DROP TABLE airport"
/// try store.query("SELECT * FROM airport WHERE name = \(name) AND seen > \(3)")
/// try store.execute("DELETE FROM \(name: mine) WHERE seen < \(limit)")
/// ```
///
/// Within quotes nothing can stand: write `LIKE \("%" + part + "%")`, not `LIKE '%\(part)%'`, which is an error.
public struct SQLText: Sendable, ExpressibleByStringInterpolation {
  /// The text, with `?1`, `?2`, … in the place of the values.
  public let sql: String
  /// The values, in order.
  public let values: [Value]

  /// Text alone.
  public init(stringLiteral value: String) {
    sql = value
    values = []
  }

  /// Text and values.
  public init(stringInterpolation: StringInterpolation) {
    sql = stringInterpolation.sql
    values = stringInterpolation.values
  }

  /// Gathers text and values.
  public struct StringInterpolation: StringInterpolationProtocol {
    var sql = ""
    var values: [Value] = []

    /// Begins.
    public init(literalCapacity: Int, interpolationCount: Int) {
      sql.reserveCapacity(literalCapacity + 3 * interpolationCount)
    }

    /// Text as it stands.
    public mutating func appendLiteral(_ literal: String) { sql += literal }

    /// A value, which is bound.
    public mutating func appendInterpolation(_ value: some ColumnValue) {
      values.append(value.columnValue)
      sql += "?\(values.count)"
    }

    /// A value that may be nil, which is NULL.
    public mutating func appendInterpolation<V: ColumnValue>(_ value: V?) {
      if let value { appendInterpolation(value) } else { appendInterpolation(Value.null) }
    }

    /// The name of a table or column, in quotes.
    public mutating func appendInterpolation(name: String) {
      sql +=
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
  }

  /// The values as parameters.
  ///
  /// - Throws: `misuse` if a value stands where it is no parameter.
  func parameters() throws(UpkeepError) -> SQLParameters {
    guard !values.isEmpty else { return [] }
    let source = SourceText(Array(sql.utf8))
    var lexer = Lexer(source)
    var met: Set<String> = []
    while let token = try? lexer.next(), token.kind != .endOfText {
      if token.kind == .parameter { met.insert(source.text(token.range)) }
    }
    for number in values.indices where !met.contains("?\(number + 1)") {
      throw UpkeepError(
        .misuse, "value \(number + 1) of the text stands within quotes or a comment, where it cannot be bound"
      )
    }
    return SQLParameters(values)
  }
}

extension Store {
  /// Runs the statements of a text, each in a transaction of its own; values in the text are bound.
  ///
  ///     try store.execute("DELETE FROM airport WHERE iata = \(code)")
  @discardableResult
  public func execute(_ text: SQLText) throws(UpkeepError) -> StatementSummary {
    try execute(text.sql, try text.parameters())
  }

  /// Runs a text that ends in a query, or a statement with RETURNING, and gives all its rows; values in the text are
  /// bound.
  ///
  ///     let near = try store.query("SELECT name FROM airport WHERE lat > \(51.0) ORDER BY name")
  public func query(_ text: SQLText) throws(UpkeepError) -> SQLRows {
    try query(text.sql, try text.parameters())
  }
}
