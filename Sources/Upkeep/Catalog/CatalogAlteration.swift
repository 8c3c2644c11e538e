package import UpkeepStorage

/// ALTER TABLE, in the catalog. Rows and index entries are not looked at.
extension Catalog {
  /// Gives a table another name.
  package func renaming(
    table old: String, to name: String, in transaction: WriteTransaction
  ) throws(UpkeepError) -> Catalog {
    let table = try table(old)
    if !Names.equal(table.name, name) {
      // Temporary tables may hide what lasts, but not the other way round.
      if table.definition.owner == nil { try seen(by: nil).requireFree(name) } else { try requireFree(name) }
    }
    return try changing(table, missingValues: table.columns.map(\.missingValue), transaction) { definition in
      definition.name = name
    } expression: { part in
      guard case .column(var reference) = part, let qualifier = reference.qualifier,
        Names.equal(qualifier, table.name)
      else { return nil }
      reference.qualifier = name
      return .column(reference)
    }.catalog
  }

  /// Gives a column another name, also where the table's own expressions name it.
  package func renaming(
    column old: String, of tableName: String, to name: String, in transaction: WriteTransaction
  ) throws(UpkeepError) -> Catalog {
    let table = try table(tableName)
    let ordinal = try table.requiredColumn(old)
    if let other = table.columnList.ordinal(of: name), other != ordinal, other < table.columns.count {
      throw UpkeepError(.exists, "table \(table.name) has a column \(table.columns[other].name) already")
    }
    let former = table.columns[ordinal].name
    return try changing(table, missingValues: table.columns.map(\.missingValue), transaction) { definition in
      definition.columns[ordinal].name = name
      for position in definition.columns.indices {
        if case .latest(let by)? = definition.columns[position].merge, Names.equal(by, former) {
          definition.columns[position].merge = .latest(by: name)
        }
      }
    } expression: { part in
      guard case .column(var reference) = part, Names.equal(reference.name, former) else { return nil }
      reference.name = name
      return .column(reference)
    }.catalog
  }

  /// Adds a column behind the others; rows that are there hold `missing` in it, and are not asked what the checks say.
  package func adding(
    column: ColumnDefinition, checks: [CheckDefinition] = [], missing: Value, to tableName: String,
    in transaction: WriteTransaction
  ) throws(UpkeepError) -> Catalog {
    let table = try table(tableName)
    return try changing(table, missingValues: table.columns.map(\.missingValue) + [missing], transaction) {
      $0.columns.append(column)
      $0.checks += checks
    }.catalog
  }

  /// Takes a column away. Its values are still in the rows.
  package func dropping(
    column name: String, of tableName: String, in transaction: WriteTransaction
  ) throws(UpkeepError) -> (catalog: Catalog, table: TableSchema, ordinal: Int) {
    let table = try table(tableName)
    let ordinal = try table.requiredColumn(name)
    if let use = table.use(ofColumn: ordinal) {
      var error = UpkeepError(
        .misuse, "column \(table.columns[ordinal].name) of \(table.name) cannot be dropped: \(use)")
      error.table = table.name
      error.name = name
      throw error
    }
    var missing = table.columns.map(\.missingValue)
    missing.remove(at: ordinal)
    let changed = try changing(table, missingValues: missing, transaction) { $0.columns.remove(at: ordinal) }
    return (changed.catalog, changed.table, ordinal)
  }

  /// Writes a changed table with its indexes.
  ///
  /// - Parameter expression: replaces parts of all expressions of the table; nil leaves a part as it is.
  private func changing(
    _ old: TableSchema, missingValues: [Value], _ transaction: WriteTransaction,
    _ change: (inout TableDefinition) -> Void, expression: (Expression) -> Expression? = { _ in nil }
  ) throws(UpkeepError) -> (catalog: Catalog, table: TableSchema) {
    var definition = old.definition
    change(&definition)
    definition.replace(expression)
    try SchemaRules.check(definition)
    let name = definition.name
    let table = try TableSchema(
      definition, id: old.id, tree: old.tree, missingValues: missingValues,
      indexes: { columns throws(UpkeepError) in
        var indexes: [IndexSchema] = []
        for index in old.indexes {
          var definition = index.definition
          definition.table = name
          definition.replace(expression)
          indexes.append(
            try IndexSchema(
              definition, name: index.name, id: index.id, tree: index.tree, isConstraint: index.isConstraint,
              of: columns, nullable: index.parts.map(\.key.isNullable), unknownFields: index.unknownFields))
        }
        return indexes
      }, unknownFields: old.unknownFields)
    try put(CatalogCodec.key(CatalogCodec.Kind.table, table.id), try CatalogCodec.entry(table), transaction)
    for index in table.indexes { try put(index, of: table, transaction) }
    return (replacing(old, with: table), table)
  }
}

extension TableSchema {
  /// The position of a column that is no hidden rowid.
  fileprivate func requiredColumn(_ name: String) throws(UpkeepError) -> Int {
    let ordinal = try requiredOrdinal(of: name)
    guard ordinal < columns.count else {
      throw UpkeepError(.misuse, "the rowid of \(self.name) is no column that ALTER TABLE could change")
    }
    return ordinal
  }

  /// What needs a column, for the message that it cannot go; nil for nothing.
  fileprivate func use(ofColumn ordinal: Int) -> String? {
    if columns.count == 1 { return "it is the only one" }
    if primaryKey.contains(ordinal) { return "it is part of the primary key" }
    if let index = indexes.first(where: { $0.columnsRead.contains(ordinal) }) {
      return index.isConstraint
        ? "a UNIQUE is over it" : "index \(index.name) is over it; drop that first"
    }
    if let check = checks.first(where: { $0.condition.columnsRead.contains { $0.ordinal == ordinal } }) {
      return "a CHECK names it: \(check.text ?? check.expression.shortText)"
    }
    let name = columns[ordinal].name
    for column in columns where column.ordinal != ordinal {
      guard column.merge?.names(name) == true else { continue }
      return "the merge rule of column \(column.name) names it"
    }
    return nil
  }
}

extension MergeRule {
  /// Whether the rule is about another column of this name.
  fileprivate func names(_ column: String) -> Bool {
    switch self {
    case .latest(let by): return Names.equal(by, column)
    case .using(let expression):
      var found = false
      _ = expression.replacing { part in
        if case .column(let reference) = part, Names.equal(reference.name, column) { found = true }
        return nil
      }
      return found
    default: return false
    }
  }
}

extension TableDefinition {
  /// Replaces parts of all its expressions. The text of a CHECK that changes is that of the new condition.
  fileprivate mutating func replace(_ change: (Expression) -> Expression?) {
    for position in primaryKey.indices {
      primaryKey[position].expression = primaryKey[position].expression.replacing(change)
    }
    for position in uniqueKeys.indices {
      uniqueKeys[position].table = name
      uniqueKeys[position].replace(change)
    }
    for position in checks.indices {
      let condition = checks[position].condition.replacing(change)
      if condition != checks[position].condition {
        checks[position].condition = condition
        checks[position].text = nil
      }
    }
    for position in columns.indices {
      if case .using(let expression)? = columns[position].merge {
        columns[position].merge = .using(expression.replacing(change))
      }
    }
  }
}

extension IndexDefinition {
  fileprivate mutating func replace(_ change: (Expression) -> Expression?) {
    for position in parts.indices {
      parts[position].expression = parts[position].expression.replacing(change)
    }
    predicate = predicate?.replacing(change)
  }
}
