// The operators of expressions over a record's columns. An expression may stand on either side, a key path on the left, and
// on the right a plain value too; literals become expressions.

// MARK: - Comparisons

/// Whether both are equal; `== nil` asks for NULL.
public func == <R, V>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<R, Bool> {
  a.equals(b, negated: false)
}

/// Whether both are equal; `== nil` asks for NULL.
@_disfavoredOverload
public func == <R, V>(a: ColumnExpression<R, V>, b: V?) -> ColumnExpression<R, Bool> {
  a.equals(.value(b), negated: false)
}

/// Whether both are equal; `== nil` asks for NULL.
public func == <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: ColumnExpression<R, V.Bare>)
  -> ColumnExpression<
    R, Bool
  >
{
  ColumnExpression<R, V.Bare>.column(a).equals(b, negated: false)
}

/// Whether both are equal; `== nil` asks for NULL.
@_disfavoredOverload
public func == <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: V.Bare?) -> ColumnExpression<R, Bool> {
  ColumnExpression<R, V.Bare>.column(a).equals(.value(b), negated: false)
}

/// Whether both differ; `!= nil` asks for a value.
public func != <R, V>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<R, Bool> {
  a.equals(b, negated: true)
}

/// Whether both differ; `!= nil` asks for a value.
@_disfavoredOverload
public func != <R, V>(a: ColumnExpression<R, V>, b: V?) -> ColumnExpression<R, Bool> {
  a.equals(.value(b), negated: true)
}

/// Whether both differ; `!= nil` asks for a value.
public func != <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: ColumnExpression<R, V.Bare>)
  -> ColumnExpression<
    R, Bool
  >
{
  ColumnExpression<R, V.Bare>.column(a).equals(b, negated: true)
}

/// Whether both differ; `!= nil` asks for a value.
@_disfavoredOverload
public func != <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: V.Bare?) -> ColumnExpression<R, Bool> {
  ColumnExpression<R, V.Bare>.column(a).equals(.value(b), negated: true)
}

/// Less.
public func < <R, V>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<R, Bool> {
  a.with(.less, b)
}

/// Less.
@_disfavoredOverload
public func < <R, V>(a: ColumnExpression<R, V>, b: V?) -> ColumnExpression<R, Bool> {
  a.with(.less, .value(b))
}

/// Less.
public func < <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: ColumnExpression<R, V.Bare>)
  -> ColumnExpression<
    R, Bool
  >
{
  ColumnExpression<R, V.Bare>.column(a).with(.less, b)
}

/// Less.
@_disfavoredOverload
public func < <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: V.Bare?) -> ColumnExpression<R, Bool> {
  ColumnExpression<R, V.Bare>.column(a).with(.less, .value(b))
}

/// Less or equal.
public func <= <R, V>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<R, Bool> {
  a.with(.lessOrEqual, b)
}

/// Less or equal.
@_disfavoredOverload
public func <= <R, V>(a: ColumnExpression<R, V>, b: V?) -> ColumnExpression<R, Bool> {
  a.with(.lessOrEqual, .value(b))
}

/// Less or equal.
public func <= <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: ColumnExpression<R, V.Bare>)
  -> ColumnExpression<
    R, Bool
  >
{
  ColumnExpression<R, V.Bare>.column(a).with(.lessOrEqual, b)
}

/// Less or equal.
@_disfavoredOverload
public func <= <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: V.Bare?) -> ColumnExpression<R, Bool> {
  ColumnExpression<R, V.Bare>.column(a).with(.lessOrEqual, .value(b))
}

/// Greater.
public func > <R, V>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<R, Bool> {
  a.with(.greater, b)
}

/// Greater.
@_disfavoredOverload
public func > <R, V>(a: ColumnExpression<R, V>, b: V?) -> ColumnExpression<R, Bool> {
  a.with(.greater, .value(b))
}

/// Greater.
public func > <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: ColumnExpression<R, V.Bare>)
  -> ColumnExpression<
    R, Bool
  >
{
  ColumnExpression<R, V.Bare>.column(a).with(.greater, b)
}

/// Greater.
@_disfavoredOverload
public func > <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: V.Bare?) -> ColumnExpression<R, Bool> {
  ColumnExpression<R, V.Bare>.column(a).with(.greater, .value(b))
}

/// Greater or equal.
public func >= <R, V>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<R, Bool> {
  a.with(.greaterOrEqual, b)
}

/// Greater or equal.
@_disfavoredOverload
public func >= <R, V>(a: ColumnExpression<R, V>, b: V?) -> ColumnExpression<R, Bool> {
  a.with(.greaterOrEqual, .value(b))
}

/// Greater or equal.
public func >= <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: ColumnExpression<R, V.Bare>)
  -> ColumnExpression<
    R, Bool
  >
{
  ColumnExpression<R, V.Bare>.column(a).with(.greaterOrEqual, b)
}

/// Greater or equal.
@_disfavoredOverload
public func >= <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: V.Bare?) -> ColumnExpression<R, Bool> {
  ColumnExpression<R, V.Bare>.column(a).with(.greaterOrEqual, .value(b))
}

// MARK: - Logic

/// Both, in three-valued logic.
public func && <R>(a: ColumnExpression<R, Bool>, b: ColumnExpression<R, Bool>) -> ColumnExpression<R, Bool> {
  a.with(.and, b)
}

/// Either, in three-valued logic.
public func || <R>(a: ColumnExpression<R, Bool>, b: ColumnExpression<R, Bool>) -> ColumnExpression<R, Bool> {
  a.with(.or, b)
}

/// Not, in three-valued logic.
public prefix func ! <R>(a: ColumnExpression<R, Bool>) -> ColumnExpression<R, Bool> {
  ColumnExpression(.unary(.not, a.expression))
}

extension ColumnExpression {
  /// This, or where it is NULL the other.
  public func coalesce(_ other: ColumnExpression) -> ColumnExpression {
    ColumnExpression(.function("coalesce", [expression, other.expression]))
  }

  /// Whether it is one of these.
  public func isIn(_ values: [V]) -> ColumnExpression<R, Bool> {
    .init(.inList(expression, values.map { .literal($0.columnValue) }, negated: false))
  }

  /// Whether it lies in a closed range.
  public func isBetween(_ least: V, _ greatest: V) -> ColumnExpression<R, Bool> {
    .init(.between(expression, .literal(least.columnValue), .literal(greatest.columnValue), negated: false))
  }
}

extension ColumnExpression where V == String {
  /// LIKE: `%` stands for any text, `_` for one character.
  public func like(_ pattern: String) -> ColumnExpression<R, Bool> {
    .init(.like(expression, pattern: .literal(.text(pattern)), escape: nil, negated: false))
  }
}
