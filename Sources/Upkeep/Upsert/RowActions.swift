internal import UpkeepStorage

/// What a row given to an upsert proposes, and what an action makes of the row that it meets. It probes nothing and
/// writes nothing.
final class RowActions {
  let schema: TableSchema
  let context: EvaluationContext
  /// The position of the column that gets automatic ids.
  let idOrdinal: Int?
  /// Columns whose defaults are another value for every row.
  private let volatileOrdinals: [Int]
  /// Whether a unique key reads what a row gets only when it is stored: another value for each row, or an automatic id.
  /// (An automatic id alone is no other row's.)
  let keysReadDrawn: Bool
  /// The columns of the primary key; the hidden rowid's place where there is none.
  let primaryKeyOrdinals: [Int]

  /// The words in which errors advise.
  let words: AdviceWords

  init(_ schema: TableSchema, _ context: EvaluationContext, _ words: AdviceWords = .statement) {
    self.schema = schema
    self.words = words
    self.context = context
    volatileOrdinals = schema.columns.filter { $0.compiledDefault?.isVolatile == true }.map(\.ordinal)
    idOrdinal = schema.hasHiddenRowid ? schema.columns.count : schema.automaticID
    primaryKeyOrdinals = schema.hasHiddenRowid ? [schema.columns.count] : schema.primaryKey
    let volatile = Set(volatileOrdinals)
    let drawn = volatile.union(idOrdinal.map { [$0] } ?? [])
    keysReadDrawn =
      !volatile.isDisjoint(with: schema.primaryKey)
      || schema.indexes.contains { $0.isUnique && !$0.columnsRead.isDisjoint(with: drawn) }
  }

  /// The row as it would be inserted: values given, coerced, and defaults; no automatic id yet, and NULL for defaults
  /// that are another value each time. These only a row gets that is stored with them: see `drawDefaults`.
  func proposal(_ given: [Value?]) throws(UpkeepError) -> [Value] {
    var row: [Value] = []
    row.reserveCapacity(schema.rowWidth)
    guard given.count <= schema.rowWidth else {
      throw UpkeepError(
        .misuse,
        "a row for \(schema.name) has \(given.count) values; the table has \(schema.columns.count) columns")
    }
    for column in schema.columns {
      if column.ordinal < given.count, let value = given[column.ordinal] {
        row.append(try Coercion.coerce(value, to: column))
      } else {
        row.append(column.compiledDefault?.isVolatile == true ? .null : try defaultValue(of: column))
      }
    }
    if schema.hasHiddenRowid {
      row.append(given.count == schema.rowWidth ? given[schema.columns.count] ?? .null : .null)
    }
    return row
  }

  /// Gives a row that is stored as it was proposed the defaults that are another value each time.
  ///
  /// - Parameter replacesNulls: whether a NULL that may not be becomes the default too, as OR REPLACE has it.
  @inline(__always)
  func drawDefaults(
    _ row: inout [Value], _ given: [Value?], replacesNulls: Bool = false
  ) throws(UpkeepError) {
    for ordinal in volatileOrdinals {
      let isGiven = ordinal < given.count && given[ordinal] != nil
      if isGiven, !replacesNulls || schema.columns[ordinal].isNullable || row[ordinal] != .null { continue }
      row[ordinal] = try defaultValue(of: schema.columns[ordinal])
    }
  }

  func defaultValue(of column: ColumnSchema) throws(UpkeepError) -> Value {
    if let value = column.constantDefault { return value }
    guard let compiled = column.compiledDefault else { return .null }
    return try Coercion.coerce(try compiled.evaluate(context), to: column)
  }

  /// Whether the row gives the column a value; NULL for an automatic id is none.
  @inline(__always)
  func gives(_ given: [Value?], _ ordinal: Int) -> Bool {
    guard ordinal < given.count, let value = given[ordinal] else { return false }
    return ordinal != idOrdinal || value != .null
  }

  /// The row met as the action leaves it; nil if a WHERE leaves it alone.
  func changed(
    _ old: [Value], by action: UpsertPlan.Action, _ given: [Value?], _ proposal: [Value]
  ) throws(UpkeepError) -> [Value]? {
    switch action {
    case .fail, .ignore: return old
    case .replace:
      var new = proposal
      try drawDefaults(&new, given)
      for ordinal in primaryKeyOrdinals where !gives(given, ordinal) { new[ordinal] = old[ordinal] }
      leaveTouchedIfSame(&new, old, given)
      return new
    case .mergeByRules(let rules): return try merged(old, rules, proposal) { gives(given, $0) }
    case .merge(let mask):
      let keepsKey = mask == nil ? !(try hasSamePrimaryKey(old, proposal)) : false
      var new = old
      for ordinal in 0..<min(given.count, schema.rowWidth) where gives(given, ordinal) {
        if let mask, !mask[ordinal] { continue }
        if keepsKey, primaryKeyOrdinals.contains(ordinal) { continue }
        new[ordinal] = proposal[ordinal]
      }
      return new
    case .update(let columns, let condition):
      context.set(slot: 0, row: old)
      context.set(slot: 1, row: proposal)
      if let condition, !(try condition.isTrue(context)) { return nil }
      var new = old
      for column in columns { new[column.ordinal] = try assigned(column) }
      try schema.touch(&new, old, at: context.now) { ordinal in columns.contains { $0.ordinal == ordinal } }
      return new
    }
  }

  private func assigned(_ column: UpsertPlan.SetColumn) throws(UpkeepError) -> Value {
    if let value = column.value { return try coerced(try value.evaluate(context), column.ordinal) }
    guard column.ordinal < schema.columns.count else { return try coerced(.null, column.ordinal) }
    return try defaultValue(of: schema.columns[column.ordinal])
  }

  /// A value as its column stores it.
  func coerced(_ value: Value, _ ordinal: Int) throws(UpkeepError) -> Value {
    guard ordinal < schema.columns.count else {
      // The hidden rowid.
      if case .integer = value { return value }
      throw UpkeepError(.typeMismatch, "rowid of \(schema.name) is an integer; \(value) is none")
    }
    return try Coercion.coerce(value, to: schema.columns[ordinal])
  }

  func hasSamePrimaryKey(_ a: [Value], _ b: [Value]) throws(UpkeepError) -> Bool {
    for ordinal in primaryKeyOrdinals where a[ordinal] == .null || b[ordinal] == .null { return false }
    if primaryKeyOrdinals.allSatisfy({ a[$0].hasSameBytes(as: b[$0]) }) { return true }
    let left = ByteBuffer()
    let right = ByteBuffer()
    try RowCodec.appendKey(of: a, schema: schema, to: left)
    try RowCodec.appendKey(of: b, schema: schema, to: right)
    return Bytes.equal(left, right)
  }
}
