/// A computation over the columns of a row, as a value: what CHECK, DEFAULT, a partial index, SET, WHERE
/// and a query's columns are made of. Names are bound to columns when a statement is compiled.
public indirect enum Expression: Sendable, Hashable {
  /// A constant.
  case literal(Value)
  /// A column by name.
  case column(ColumnReference)
  /// A parameter of a prepared statement, from 1.
  case parameter(Int)
  /// An operator before one operand.
  case unary(UnaryOperator, Expression)
  /// An operator between two.
  case binary(BinaryOperator, Expression, Expression)
  /// IS NULL, or IS NOT NULL if negated.
  case isNull(Expression, negated: Bool)
  /// IN over a list.
  case inList(Expression, [Expression], negated: Bool)
  /// BETWEEN.
  case between(Expression, Expression, Expression, negated: Bool)
  /// LIKE, with an optional escape character.
  case like(Expression, pattern: Expression, escape: Expression?, negated: Bool)
  /// CASE, with or without an operand.
  case cases(operand: Expression?, branches: [CaseBranch], otherwise: Expression?)
  /// CAST.
  case cast(Expression, ValueType)
  /// A function of the row, by its name in lower case; `upsert_action()` and its like among them.
  case function(String, [Expression])
  /// An aggregate over the rows of a group, by its name in lower case. `count(*)` has no argument.
  /// FILTER lets in only the rows for which its condition is true; ORDER BY says in which order they come.
  case aggregate(
    String, [Expression], isDistinct: Bool, filter: Expression? = nil, order: [OrderTerm] = [])
  /// A function over the rows around a row.
  case window(WindowCall)
  /// COLLATE.
  case collate(Expression, Collation)
  /// A query in parentheses as a value: a column of its first row, NULL without one. The query has `of` columns: one,
  /// or as many as the row that is assigned.
  case subquery(Query, column: Int = 0, of: Int = 1)
  /// EXISTS
  case exists(Query)
  /// IN over the rows of a query; a row on the left has as many values as the query has columns.
  case inQuery(Expression, Query, negated: Bool)
  /// Several values, on the left of IN over a query.
  case row([Expression])
}

/// WHEN … THEN … of a CASE.
public struct CaseBranch: Sendable, Hashable {
  /// The condition, or the value that the operand is compared with.
  public var when: Expression
  /// The result.
  public var then: Expression

  /// One branch.
  public init(when: Expression, then: Expression) {
    self.when = when
    self.then = then
  }
}

/// A column by name, perhaps with the name of its row: `t.c`, `excluded.c`, `old.c`, `new.c`.
public struct ColumnReference: Sendable, Hashable {
  /// The table, its alias, `excluded`, `old` or `new`; nil for a bare name.
  public var qualifier: String?
  /// The column's name, as written; names compare without regard to ASCII case.
  public var name: String
  /// Where it was read.
  package var place = SourcePlace()

  /// A column's name.
  public init(_ name: String, of qualifier: String? = nil) {
    self.name = name
    self.qualifier = qualifier
  }
}

/// Where in a statement's text something was read, for errors to point at. It is no part of what was read: what stands in
/// two places is equal.
package struct SourcePlace: Sendable, Hashable {
  /// In bytes; nil for what was not read from a text.
  package var offset: Int?

  package init(_ offset: Int? = nil) { self.offset = offset }

  package static func == (one: SourcePlace, other: SourcePlace) -> Bool { true }

  package func hash(into hasher: inout Hasher) {}
}

/// Operators before one operand. The raw values are stored in catalogs.
public enum UnaryOperator: UInt8, Sendable, Hashable {
  /// `-`
  case minus = 1
  /// `+`
  case plus = 2
  /// `NOT`
  case not = 3
  /// `~`
  case bitNot = 4
}

/// Operators between two operands. The raw values are stored in catalogs.
public enum BinaryOperator: UInt8, Sendable, Hashable {
  /// `AND`, of three-valued logic.
  case and = 1
  /// `OR`, of three-valued logic.
  case or = 2
  /// `=`
  case equal = 3
  /// `<>`
  case notEqual = 4
  /// `<`
  case less = 5
  /// `<=`
  case lessOrEqual = 6
  /// `>`
  case greater = 7
  /// `>=`
  case greaterOrEqual = 8
  /// `IS`: equal, and NULL is NULL (also written IS NOT DISTINCT FROM)
  case identical = 9
  /// `IS NOT`
  case notIdentical = 10
  /// `+`
  case add = 11
  /// `-`
  case subtract = 12
  /// `*`
  case multiply = 13
  /// `/`
  case divide = 14
  /// `%`
  case remainder = 15
  /// `||`
  case concatenate = 16
  /// `&`
  case bitAnd = 17
  /// `|`
  case bitOr = 18
  /// `<<`
  case shiftLeft = 19
  /// `>>`
  case shiftRight = 20
}
