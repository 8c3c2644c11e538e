/// One column of a table, ready for use. Immutable.
package final class ColumnSchema: Sendable {
  /// The table's name, for messages.
  package let table: String
  package let name: String
  /// The position in the table, from 0.
  package let ordinal: Int
  package let type: ValueType
  /// The type as its creator wrote it, for showing the schema.
  package let declaredType: String?
  package let isNullable: Bool
  package let collation: Collation
  package let defaultExpression: Expression?
  /// How an incoming value meets a stored one, as its creator said it.
  package let merge: MergeRule?
  /// The default; nil without one. That of a TOUCH column is the statement's time, whatever else it has.
  package let compiledDefault: CompiledExpression?
  /// The default, coerced, when it is the same for every row (NULL without one); nil if it must be evaluated.
  package let constantDefault: Value?
  /// What a row holds that was stored before the column was there.
  package let missingValue: Value

  /// - Throws: an error of the default, naming the column.
  init(
    _ definition: ColumnDefinition, table: String, ordinal: Int, isInPrimaryKey: Bool,
    missingValue: Value = .null
  ) throws(UpkeepError) {
    self.table = table
    name = definition.name
    self.ordinal = ordinal
    type = definition.type
    declaredType = definition.declaredType
    isNullable = definition.isNullable && !isInPrimaryKey
    collation = definition.collation
    defaultExpression = definition.defaultValue
    self.missingValue = missingValue
    merge = definition.merge
    let isTouched = definition.merge == .touch
    guard let expression = isTouched ? .function("now", []) : definition.defaultValue else {
      compiledDefault = nil
      constantDefault = .null
      return
    }
    let compiled = try CompiledExpression.compile(expression, in: ExpressionScope())
    compiledDefault = compiled
    guard compiled.isConstant else {
      constantDefault = nil
      return
    }
    let value = try compiled.evaluate(EvaluationContext())
    constantDefault = try Coercion.coerce(
      value, to: definition.type, table: table, column: definition.name)
  }

  /// The column as its creator would describe it.
  package var definition: ColumnDefinition {
    ColumnDefinition(
      name, type, declaredType: declaredType, isNullable: isNullable, defaultValue: defaultExpression,
      collation: collation, merge: merge)
  }
}

/// The columns of a table, found by name.
package final class ColumnList: Sendable {
  package let columns: [ColumnSchema]
  /// Whether rows carry a rowid as one more value at their end.
  package let hasHiddenRowid: Bool
  private let ordinals: [String: Int]

  init(_ columns: [ColumnSchema], hasHiddenRowid: Bool) {
    self.columns = columns
    self.hasHiddenRowid = hasHiddenRowid
    var ordinals = [String: Int](minimumCapacity: columns.count)
    for column in columns { ordinals[Names.folded(column.name)] = column.ordinal }
    if hasHiddenRowid && ordinals["rowid"] == nil { ordinals["rowid"] = columns.count }
    self.ordinals = ordinals
  }

  /// The position of a column; that of the hidden rowid, one past the last column, for `rowid`.
  package func ordinal(of name: String) -> Int? { ordinals[Names.folded(name)] }
}
