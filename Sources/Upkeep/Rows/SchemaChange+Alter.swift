internal import UpkeepStorage

/// ALTER TABLE. Only a column that goes makes the rows be written anew: those that lack a column at their end hold what
/// the catalog says of it.
extension SchemaChange {
  package func alterTable(_ name: String, _ alteration: TableAlteration) throws(UpkeepError) {
    try scope.statement { () throws(UpkeepError) in
      let catalog = try scope.catalog
      let transaction = try scope.writing
      switch alteration {
      case .rename(let new): scope.adopt(try catalog.renaming(table: name, to: new, in: transaction))
      case .renameColumn(let column, let new):
        scope.adopt(try catalog.renaming(column: column, of: name, to: new, in: transaction))
      case .addColumn(let column, let checks):
        let missing = try missingValue(of: column, in: try catalog.table(name))
        scope.adopt(
          try catalog.adding(column: column, checks: checks, missing: missing, to: name, in: transaction))
        if !checks.isEmpty { try checkRows(of: try scope.catalog.table(name)) }
      case .dropColumn(let column): try drop(column, of: name)
      case .autoincrement(let id):
        let table = try catalog.table(name)
        guard table.isAutoincrement else {
          throw UpkeepError(
            .misuse, "table \(table.name) has no AUTOINCREMENT, whose ids could go on elsewhere")
        }
        if try scope.automaticCounter(of: table) < id { scope.raiseAutomaticCounter(of: table, to: id) }
      }
    }
  }

  /// What the rows that are there hold in a new column.
  private func missingValue(
    of column: ColumnDefinition, in table: TableSchema
  ) throws(UpkeepError) -> Value {
    if let there = table.columnList.ordinal(of: column.name), there < table.columns.count {
      throw UpkeepError(.exists, "table \(table.name) has a column \(table.columns[there].name) already")
    }
    let schema = try ColumnSchema(
      column, table: table.name, ordinal: table.columns.count, isInPrimaryKey: false)
    if try RowReader(scope).count(table, in: KeyBounds()) == 0 { return .null }
    let missing: Value
    if let constant = schema.constantDefault {
      missing = constant
    } else if column.merge == .touch {
      missing = .null
    } else {
      throw told(
        "column \(column.name) needs a default that is the same for every row of \(table.name)", table,
        column.name)
    }
    if missing == .null, !column.isNullable {
      throw told(
        "column \(column.name) is NOT NULL and \(table.name) has rows: give it a DEFAULT", table, column.name)
    }
    return missing
  }

  /// Asks what must hold of every row that is there.
  private func checkRows(of table: TableSchema) throws(UpkeepError) {
    let check = RowCheck(scope, table)
    let rows = try RowReader(scope).scan(table)
    while try rows.next() {
      let row = try rows.row
      var values: [Value] = []
      values.reserveCapacity(table.rowWidth)
      for ordinal in 0..<table.rowWidth { values.append(try row.value(ordinal)) }
      try check.check(values)
    }
  }

  private func told(_ message: String, _ table: TableSchema, _ column: String) -> UpkeepError {
    var error = UpkeepError(.misuse, message)
    error.table = table.name
    error.column = column
    return error
  }

  /// Takes a column out of the catalog and of every row.
  private func drop(_ column: String, of name: String) throws(UpkeepError) {
    let table = try scope.catalog.table(name)
    // The rows as they were are read while those without the column are written.
    let before = try scope.frozen()
    defer { before.rollback() }
    let transaction = try scope.writing
    let changed = try scope.catalog.dropping(column: column, of: name, in: transaction)
    scope.adopt(changed.catalog)
    let rows = try RowReader(before).scan(table)
    let value = ByteBuffer()
    while try rows.next() {
      let row = try rows.row
      var values: [Value] = []
      values.reserveCapacity(table.rowWidth)
      for ordinal in 0..<table.rowWidth where ordinal != changed.ordinal {
        values.append(try row.value(ordinal))
      }
      value.removeAll()
      try RowCodec.appendValue(of: values, schema: changed.table, to: value)
      let key = row.key
      try storing { () throws(StorageError) in try transaction.put(table.tree, key, value.bytes) }
    }
  }
}
