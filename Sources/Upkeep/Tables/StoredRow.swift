internal import UpkeepStorage

/// A row where it lies, whose columns are read without decoding the others and without copying. It lives
/// for one call of the closure that it is given to.
public struct StoredRow: ~Copyable {
  var view: RowView
  let schema: TableSchema

  init(_ view: RowView, _ schema: TableSchema) {
    self.view = view
    self.schema = schema
  }

  /// The value of a column by its position from 0.
  public func value(_ column: Int) throws(UpkeepError) -> Value { try view.value(try checked(column)) }

  /// The value of a column by name.
  public func value(_ column: String) throws(UpkeepError) -> Value {
    try view.value(try schema.requiredOrdinal(of: column))
  }

  /// The number in an INTEGER or TIMESTAMP column; nil for NULL and for values of other types.
  public func integer(_ column: Int) throws(UpkeepError) -> Int64? { try view.integer(try checked(column)) }

  /// The number in a REAL column; nil for NULL and for values of other types.
  public func real(_ column: Int) throws(UpkeepError) -> Double? { try view.real(try checked(column)) }

  /// Whether a column is NULL.
  public func isNull(_ column: Int) throws(UpkeepError) -> Bool { view.isNull(try checked(column)) }

  /// The bytes of a TEXT, JSON or BLOB column, UTF-8 for the first two, lent to `body`; nil for NULL and for
  /// values of other types.
  @inlinable
  public func withBytes<R>(
    _ column: Int, _ body: (UnsafeRawBufferPointer?) throws(UpkeepError) -> R
  ) throws(UpkeepError) -> R {
    switch try lent(column) {
    case .null: return try body(nil)
    case .bytes(let bytes): return try body(bytes)
    case .elsewhere: return try withCopiedBytes(column, body)
    }
  }

  @usableFromInline
  func lent(_ column: Int) throws(UpkeepError) -> LentBytes { try view.lentBytes(try checked(column)) }

  @usableFromInline
  func withCopiedBytes<R>(
    _ column: Int, _ body: (UnsafeRawBufferPointer?) throws(UpkeepError) -> R
  ) throws(UpkeepError) -> R {
    try view.withBytes(try checked(column), body)
  }

  /// The position of a column by name, to be found once before a walk over many rows.
  public func position(of column: String) throws(UpkeepError) -> Int {
    try schema.requiredOrdinal(of: column)
  }

  /// The whole row, copied.
  public func row() throws(UpkeepError) -> Row { Row(schema, stored: try view.values()) }

  @inline(__always)
  private func checked(_ column: Int) throws(UpkeepError) -> Int {
    if column < 0 || column >= view.width { throw noSuchColumn(column) }
    return column
  }

  private func noSuchColumn(_ column: Int) -> UpkeepError {
    UpkeepError(
      .unknownColumn, "table \(schema.name) has \(schema.columns.count) columns, none at position \(column)")
  }
}
