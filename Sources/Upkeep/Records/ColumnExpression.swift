/// A computation over the columns of a record's table, of a known type. Operators build `Expression` trees; nothing is
/// computed in Swift.
///
/// ```swift
/// \.iata == "JFK" && \.elevation > 100
/// ```
///
/// `V` is never optional: any column may be NULL, and comparisons with NULL are neither true nor false, as in SQL. Only
/// `== nil` and `!= nil` ask whether something is NULL.
///
/// `R` is the record's type; in a merge, whose expressions are about two rows, `MergedRows` of both.
public struct ColumnExpression<R, V: ColumnValue>: Sendable {
  /// The expression.
  public let expression: Expression

  /// An expression that is known to give such a value.
  public init(_ expression: Expression) { self.expression = expression }

  /// A constant; nil is NULL.
  public static func value(_ value: V?) -> ColumnExpression { ColumnExpression(.literal(value.columnValue)) }

  func with<Other, Result>(
    _ operation: BinaryOperator, _ other: ColumnExpression<R, Other>
  ) -> ColumnExpression<R, Result> {
    ColumnExpression<R, Result>(.binary(operation, expression, other.expression))
  }

  /// Comparing with NULL is asking whether there is a value.
  func equals(_ other: ColumnExpression, negated: Bool) -> ColumnExpression<R, Bool> {
    if case .literal(.null) = other.expression { return .init(.isNull(expression, negated: negated)) }
    if case .literal(.null) = expression { return .init(.isNull(other.expression, negated: negated)) }
    return with(negated ? .notEqual : .equal, other)
  }
}

extension ColumnExpression where R: Record {
  /// The column of a property.
  static func column(_ path: PartialKeyPath<R>) -> ColumnExpression {
    ColumnExpression(.column(ColumnReference(R.columns.name(of: path))))
  }
}

// MARK: - Constants

extension ColumnExpression: ExpressibleByNilLiteral {
  /// NULL.
  public init(nilLiteral: ()) { self.init(.literal(.null)) }
}

extension ColumnExpression: ExpressibleByIntegerLiteral where V: ExpressibleByIntegerLiteral {
  /// A number.
  public init(integerLiteral: V.IntegerLiteralType) {
    self.init(.literal(V(integerLiteral: integerLiteral).columnValue))
  }
}

extension ColumnExpression: ExpressibleByFloatLiteral where V: ExpressibleByFloatLiteral {
  /// A number.
  public init(floatLiteral: V.FloatLiteralType) {
    self.init(.literal(V(floatLiteral: floatLiteral).columnValue))
  }
}

extension ColumnExpression: ExpressibleByBooleanLiteral where V == Bool {
  /// TRUE or FALSE.
  public init(booleanLiteral: Bool) { self.init(.literal(.boolean(booleanLiteral))) }
}

extension ColumnExpression: ExpressibleByUnicodeScalarLiteral where V == String {
  /// A text.
  public init(unicodeScalarLiteral: String) { self.init(.literal(.text(unicodeScalarLiteral))) }
}

extension ColumnExpression: ExpressibleByExtendedGraphemeClusterLiteral where V == String {
  /// A text.
  public init(extendedGraphemeClusterLiteral: String) {
    self.init(.literal(.text(extendedGraphemeClusterLiteral)))
  }
}

extension ColumnExpression: ExpressibleByStringLiteral where V == String {
  /// A text.
  public init(stringLiteral: String) { self.init(.literal(.text(stringLiteral))) }
}

// MARK: - Rows whose columns are named

/// The columns of a record's row, as expressions: `$0.elevation > 100`.
public typealias StoredColumns<R: Record> = RowColumns<R, R>

/// The columns of the row that is met, to read and to assign: `$0.seen += $1.seen`. All assignments see the row as it was
/// before any of them.
public typealias AssignedColumns<R: Record> = AssignableColumns<R, R>

/// The columns of a row, as expressions.
///
/// `R` is the row's record, `Rows` what the expressions are about: the record, or in a merge `MergedRows`.
@dynamicMemberLookup
public struct RowColumns<R: Record, Rows> {
  let qualifier: String?

  /// The column of a property.
  public subscript<V: ColumnValue>(dynamicMember path: KeyPath<R, V>) -> ColumnExpression<Rows, V.Bare> {
    ColumnExpression(.column(ColumnReference(R.columns.name(of: path), of: qualifier)))
  }
}

/// The columns of a row, to read and to assign. All assignments see the row as it was before any of them.
///
/// `R` is the row's record, `Rows` what the expressions are about: the record, or in a merge `MergedRows`.
@dynamicMemberLookup
public struct AssignableColumns<R: Record, Rows> {
  private(set) var assignments: [Assignment] = []
  private let qualifier: String?

  init(qualifier: String? = nil) { self.qualifier = qualifier }

  /// The column of a property. Reading gives what is stored; setting assigns it anew.
  public subscript<V: ColumnValue>(dynamicMember path: KeyPath<R, V>) -> ColumnExpression<Rows, V.Bare> {
    get { ColumnExpression(.column(ColumnReference(R.columns.name(of: path), of: qualifier))) }
    set { assignments.append(Assignment(R.columns.name(of: path), newValue.expression)) }
  }
}
