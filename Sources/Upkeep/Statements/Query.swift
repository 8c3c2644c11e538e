/// A SELECT, as a value.
public struct Query: Sendable, Hashable {
  /// What each row of the result shows.
  public var columns: [ResultColumn]
  /// The table read; nil for a SELECT without FROM, which has one row.
  public var table: TableReference?
  /// Only rows for which this is true.
  public var condition: Expression?
  /// The order of the result.
  public var order: [OrderTerm]
  /// The most rows to give; an expression without columns.
  public var limit: Expression?
  /// How many rows to pass over first; an expression without columns.
  public var offset: Expression?

  /// A query.
  public init(
    _ columns: [ResultColumn], from table: TableReference? = nil, where condition: Expression? = nil,
    order: [OrderTerm] = [], limit: Expression? = nil, offset: Expression? = nil
  ) {
    self.columns = columns
    self.table = table
    self.condition = condition
    self.order = order
    self.limit = limit
    self.offset = offset
  }
}

/// A table in FROM.
public struct TableReference: Sendable, Hashable {
  /// The table's name.
  public var name: String
  /// Another name for it in the statement.
  public var alias: String?

  /// A table by name.
  public init(_ name: String, as alias: String? = nil) {
    self.name = name
    self.alias = alias
  }
}

/// One item of a SELECT or RETURNING list.
public enum ResultColumn: Sendable, Hashable {
  /// `*` or `t.*`, `old.*`, `new.*`
  case all(of: String?)
  /// An expression and the name it is shown under (its alias, or its text as written).
  case expression(Expression, name: String)
}

/// One term of ORDER BY.
public struct OrderTerm: Sendable, Hashable {
  /// What to order by. A bare column may be a result column's name; an integer literal its position.
  public var expression: Expression
  /// Greatest first.
  public var isDescending: Bool
  /// Whether NULLs come first; nil: first ascending, last descending.
  public var nullsFirst: Bool?

  /// One term, ascending unless said.
  public init(_ expression: Expression, isDescending: Bool = false, nullsFirst: Bool? = nil) {
    self.expression = expression
    self.isDescending = isDescending
    self.nullsFirst = nullsFirst
  }
}
