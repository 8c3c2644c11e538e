// Arithmetic over a record's columns, as SQL does it: NULL in, NULL out; dividing by zero gives NULL.

/// The sum.
public func + <R, V: Numeric>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<R, V>
{
  a.with(.add, b)
}

/// The sum.
@_disfavoredOverload
public func + <R, V: Numeric>(a: ColumnExpression<R, V>, b: V) -> ColumnExpression<R, V> {
  a.with(.add, ColumnExpression<R, V>.value(b))
}

/// The sum.
public func + <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: ColumnExpression<R, V.Bare>)
  -> ColumnExpression<
    R, V.Bare
  >
where V.Bare: Numeric {
  ColumnExpression<R, V.Bare>.column(a).with(.add, b)
}

/// Assigns: the sum.
public func += <R, V: Numeric>(a: inout ColumnExpression<R, V>, b: ColumnExpression<R, V>) {
  a = a + b
}

/// The difference.
public func - <R, V: Numeric>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<R, V>
{
  a.with(.subtract, b)
}

/// The difference.
@_disfavoredOverload
public func - <R, V: Numeric>(a: ColumnExpression<R, V>, b: V) -> ColumnExpression<R, V> {
  a.with(.subtract, ColumnExpression<R, V>.value(b))
}

/// The difference.
public func - <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: ColumnExpression<R, V.Bare>)
  -> ColumnExpression<
    R, V.Bare
  >
where V.Bare: Numeric {
  ColumnExpression<R, V.Bare>.column(a).with(.subtract, b)
}

/// Assigns: the difference.
public func -= <R, V: Numeric>(a: inout ColumnExpression<R, V>, b: ColumnExpression<R, V>) {
  a = a - b
}

/// The product.
public func * <R, V: Numeric>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<R, V>
{
  a.with(.multiply, b)
}

/// The product.
@_disfavoredOverload
public func * <R, V: Numeric>(a: ColumnExpression<R, V>, b: V) -> ColumnExpression<R, V> {
  a.with(.multiply, ColumnExpression<R, V>.value(b))
}

/// The product.
public func * <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: ColumnExpression<R, V.Bare>)
  -> ColumnExpression<
    R, V.Bare
  >
where V.Bare: Numeric {
  ColumnExpression<R, V.Bare>.column(a).with(.multiply, b)
}

/// Assigns: the product.
public func *= <R, V: Numeric>(a: inout ColumnExpression<R, V>, b: ColumnExpression<R, V>) {
  a = a * b
}

/// The quotient.
public func / <R, V: Numeric>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<R, V>
{
  a.with(.divide, b)
}

/// The quotient.
@_disfavoredOverload
public func / <R, V: Numeric>(a: ColumnExpression<R, V>, b: V) -> ColumnExpression<R, V> {
  a.with(.divide, ColumnExpression<R, V>.value(b))
}

/// The quotient.
public func / <R: Record, V: ColumnValue>(a: KeyPath<R, V>, b: ColumnExpression<R, V.Bare>)
  -> ColumnExpression<
    R, V.Bare
  >
where V.Bare: Numeric {
  ColumnExpression<R, V.Bare>.column(a).with(.divide, b)
}

/// Assigns: the quotient.
public func /= <R, V: Numeric>(a: inout ColumnExpression<R, V>, b: ColumnExpression<R, V>) {
  a = a / b
}

/// The remainder.
public func % <R, V: BinaryInteger>(a: ColumnExpression<R, V>, b: ColumnExpression<R, V>) -> ColumnExpression<
  R, V
> {
  a.with(.remainder, b)
}

/// Both texts, one after the other.
public func + <R>(a: ColumnExpression<R, String>, b: ColumnExpression<R, String>) -> ColumnExpression<
  R, String
> {
  a.with(.concatenate, b)
}

/// Appends a text.
public func += <R>(a: inout ColumnExpression<R, String>, b: ColumnExpression<R, String>) {
  a = a + b
}
