public import Upkeep

/// Tables and indexes.
extension SQLPrinter {
  /// CREATE TABLE for a definition, a line for each column and constraint, and behind it a CREATE INDEX for
  /// each index that was made later; each ends with `;`.
  public static func createTable(_ table: TableDefinition, indexes: [IndexDefinition] = []) -> String {
    let (inline, separate) = keysByPlace(table)
    var lines = table.columns.map { column($0, table, inline) }
    if table.primaryKey.count > 1 || table.primaryKey.contains(where: { $0.collation != nil }) {
      lines.append("\(primaryKeyName(table))PRIMARY KEY \(keyParts(table.primaryKey))")
    }
    for key in separate where isConstraint(key) {
      lines.append("\(constraintName(key, table))UNIQUE\(nulls(key)) \(keyParts(key.parts))")
    }
    lines += table.checks.map(check)
    var text = "CREATE \(table.isTemporary ? "TEMP " : "")TABLE \(name(table.name)) (\n  "
    text += lines.joined(separator: ",\n  ") + "\n);"
    for key in separate.filter({ !isConstraint($0) }) + indexes { text += "\n\(createIndex(key))" }
    return text
  }

  /// CREATE INDEX for a definition, ending with `;`.
  public static func createIndex(_ index: IndexDefinition) -> String {
    let indexName = index.name ?? defaultName(of: index)
    var text =
      "CREATE \(index.isUnique ? "UNIQUE " : "")INDEX \(name(indexName)) ON \(tableName(index.table)) "
    text += keyParts(index.parts) + nulls(index)
    if let predicate = index.predicate { text += " WHERE \(expression(predicate))" }
    return text + ";"
  }

  /// CREATE VIEW for a definition, ending with `;`.
  public static func createView(_ view: ViewDefinition) -> String {
    "CREATE VIEW \(name(view.name))\(view.columns.map { " \(names($0))" } ?? "") AS \(view.text);"
  }

  private static func check(_ check: CheckDefinition) -> String {
    let prefix = check.name.map { "CONSTRAINT \(name($0)) " } ?? ""
    return "\(prefix)CHECK (\(check.text ?? expression(check.condition)))"
  }

  /// What stands behind the table in ALTER TABLE.
  static func alteration(_ alteration: TableAlteration) -> String {
    switch alteration {
    case .rename(let new): "RENAME TO \(name(new))"
    case .renameColumn(let old, let new): "RENAME COLUMN \(name(old)) TO \(name(new))"
    case .addColumn(let column, let checks):
      "ADD COLUMN \(self.column(column, TableDefinition("", columns: []), [:]))"
        + checks.map { " " + self.check($0) }.joined()
    case .dropColumn(let column): "DROP COLUMN \(name(column))"
    case .autoincrement(let id): "AUTOINCREMENT \(id)"
    }
  }

  /// CREATE BUCKET for a definition, ending with `;`.
  public static func createBucket(_ bucket: BucketDefinition) -> String {
    let types = bucket.types.map { " (\(literal(.text($0.key))), \(literal(.text($0.value))))" } ?? ""
    return "CREATE BUCKET \(name(bucket.name))\(types);"
  }

  /// INSERT INTO BUCKET, without the `;`.
  static func insertIntoBucket(_ statement: BucketInsertStatement) -> String {
    let entries = statement.entries.map { "(\(literal(.blob($0.key))), \(literal(.blob($0.value))))" }
    return "INSERT INTO BUCKET \(name(statement.bucket)) VALUES \(entries.joined(separator: ", "))"
  }

  private static func column(
    _ column: ColumnDefinition, _ table: TableDefinition, _ inlineKeys: [String: IndexDefinition]
  ) -> String {
    var text = name(column.name)
    if let declared = column.declaredType {
      text += " \(declared)"
    } else if column.type != .any {
      text += " \(TypeNames.name(of: column.type))"
    }
    if table.primaryKey.count == 1, let part = table.primaryKey.first, part.collation == nil,
      plainColumn(part) == Names.folded(column.name)
    {
      text += " \(primaryKeyName(table))PRIMARY KEY\(part.isDescending ? " DESC" : "")"
      if table.isAutoincrement { text += " AUTOINCREMENT" }
    }
    if !column.isNullable { text += " NOT NULL" }
    if let key = inlineKeys[Names.folded(column.name)] {
      text += " \(constraintName(key, table))UNIQUE\(nulls(key))"
    }
    if let value = column.defaultValue { text += " DEFAULT \(defaultValue(value))" }
    if column.collation != .binary { text += " COLLATE \(name(of: column.collation))" }
    if let rule = column.merge { text += " MERGE \(mergeRule(rule))" }
    return text
  }

  /// A merge rule, as it stands behind MERGE and in a DO MERGE list.
  static func mergeRule(_ rule: MergeRule) -> String {
    switch rule {
    case .latest(let column): "\(rule.name) \(name(column))"
    case .using(let value): "\(rule.name) (\(expression(value)))"
    default: rule.name
    }
  }

  private static func defaultValue(_ value: Expression) -> String {
    switch value {
    case .literal: expression(value)
    case .function("now", []): "CURRENT_TIMESTAMP"
    default: "(\(expression(value)))"
    }
  }

  static func keyParts(_ parts: [IndexPart]) -> String {
    let texts = parts.map { part in
      var text = expression(part.expression)
      if case .collate = part.expression { text = "(\(text))" }
      if let collation = part.collation { text += " COLLATE \(name(of: collation))" }
      return part.isDescending ? text + " DESC" : text
    }
    return "(\(texts.joined(separator: ", ")))"
  }

  /// The folded name of a part that is a plain column.
  private static func plainColumn(_ part: IndexPart) -> String? {
    guard case .column(let column) = part.expression, column.qualifier == nil else { return nil }
    return Names.folded(column.name)
  }

  /// Unique keys of one column stand beside it as long as that keeps their order.
  private static func keysByPlace(
    _ table: TableDefinition
  ) -> (inline: [String: IndexDefinition], separate: [IndexDefinition]) {
    let places = Dictionary(
      table.columns.enumerated().map { (Names.folded($1.name), $0) }, uniquingKeysWith: { a, _ in a })
    var inline: [String: IndexDefinition] = [:]
    var last = -1
    for (index, key) in table.uniqueKeys.enumerated() {
      guard key.parts.count == 1, let part = key.parts.first, !part.isDescending, part.collation == nil,
        key.predicate == nil, let column = plainColumn(part), let place = places[column], place > last
      else { return (inline, Array(table.uniqueKeys[index...])) }
      inline[column] = key
      last = place
    }
    return (inline, [])
  }

  /// A UNIQUE constraint is over plain columns of every row; other keys need CREATE UNIQUE INDEX.
  private static func isConstraint(_ key: IndexDefinition) -> Bool {
    key.predicate == nil && key.parts.allSatisfy { plainColumn($0) != nil }
  }

  private static func nulls(_ key: IndexDefinition) -> String {
    key.nullsAreEqual ? " NULLS NOT DISTINCT" : ""
  }

  private static func primaryKeyName(_ table: TableDefinition) -> String {
    table.primaryKeyName.map { "CONSTRAINT \(name($0)) " } ?? ""
  }

  private static func constraintName(_ key: IndexDefinition, _ table: TableDefinition) -> String {
    guard let given = key.name, given != defaultName(of: key) else { return "" }
    return "CONSTRAINT \(name(given)) "
  }

  /// The name that a key without one gets.
  private static func defaultName(of key: IndexDefinition) -> String {
    let columns = key.parts.map { part in
      if case .column(let column) = part.expression { column.name } else { "expression" }
    }
    return ([key.table] + columns + ["key"]).joined(separator: "_")
  }
}
