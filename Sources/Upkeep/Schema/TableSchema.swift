package import UpkeepStorage

/// A CHECK, ready for use.
package struct CheckSchema: Sendable {
  package let name: String?
  /// The condition as it was written, for messages.
  package let text: String?
  package let expression: Expression
  /// Over slot 0; the row fails when this is false, not when it is NULL.
  package let condition: CompiledExpression
}

/// One state of one table: what its rows, keys and indexes look like. Immutable.
///
/// A row as `[Value]` has a value for each column in order; in a table without a primary key one more
/// follows, its rowid (`rowWidth` counts it).
package final class TableSchema: @unchecked Sendable {
  /// The id in the catalog, never used again.
  package let id: UInt64
  package let name: String
  /// The table as created; indexes made later are in `indexes`.
  package let definition: TableDefinition
  package let tree: TreeID
  package let columns: [ColumnSchema]
  package let columnList: ColumnList
  /// The positions of the primary key's columns, in key order; empty for a hidden rowid.
  package let primaryKey: [Int]
  /// How the key of a row becomes bytes; the rowid's part where there is no primary key.
  package let keyParts: [KeyPart]
  /// The position of a single INTEGER PRIMARY KEY column, which gets an id when absent or NULL.
  package let automaticID: Int?
  package let isAutoincrement: Bool
  package let hasHiddenRowid: Bool
  /// In the order of their creation; the table's own unique constraints first.
  package let indexes: [IndexSchema]
  package let checks: [CheckSchema]
  /// The columns of the primary key and those that unique indexes are over.
  package let uniqueKeyColumns: Set<Int>
  /// How the columns merge; nil where every column takes what comes.
  package let mergeRules: ColumnRules?
  /// Where each column lies in key and value.
  let layout: RowLayout
  /// The layout's places, near at hand for views.
  let places: UnsafeMutablePointer<ColumnPlace>
  /// Catalog fields of a newer release, kept as they are.
  let unknownFields: [CatalogField]

  /// The number of values of a row: its columns, and the hidden rowid if there is one.
  package let rowWidth: Int

  /// The position of a column by name; for `rowid` of a table without a primary key, one past the last.
  package func ordinal(of name: String) -> Int? { columnList.ordinal(of: name) }

  /// The position of a column, or an error that names the nearest one.
  package func requiredOrdinal(of column: String) throws(UpkeepError) -> Int {
    if let ordinal = columnList.ordinal(of: column) { return ordinal }
    let hint = Names.suggestion(for: column, among: columns.map(\.name))
    var error = UpkeepError(.unknownColumn, "table \(name) has no column \(column)\(hint)")
    error.table = name
    error.name = column
    throw error
  }

  init(
    _ definition: TableDefinition, id: UInt64, tree: TreeID, missingValues: [Value]? = nil,
    indexes makeIndexes: (ColumnList) throws(UpkeepError) -> [IndexSchema], unknownFields: [CatalogField] = []
  ) throws(UpkeepError) {
    self.id = id
    self.tree = tree
    self.definition = definition
    self.unknownFields = unknownFields
    name = definition.name
    isAutoincrement = definition.isAutoincrement
    let key = try Self.primaryKey(of: definition)
    primaryKey = key.map(\.ordinal)
    hasHiddenRowid = key.isEmpty
    var columns: [ColumnSchema] = []
    for (ordinal, column) in definition.columns.enumerated() {
      columns.append(
        try ColumnSchema(
          column, table: definition.name, ordinal: ordinal,
          isInPrimaryKey: key.contains { $0.ordinal == ordinal },
          missingValue: missingValues?[ordinal] ?? .null))
    }
    self.columns = columns
    let list = ColumnList(columns, hasHiddenRowid: key.isEmpty)
    columnList = list
    keyParts =
      key.isEmpty
      ? [.rowid]
      : key.map { part in
        KeyPart(
          columns[part.ordinal].type, collation: part.collation ?? columns[part.ordinal].collation,
          isDescending: part.isDescending)
      }
    automaticID = key.count == 1 && columns[key[0].ordinal].type == .integer ? key[0].ordinal : nil
    var checks: [CheckSchema] = []
    let scope = ExpressionScope(names: [definition.name], columns: list)
    for check in definition.checks {
      let condition = try CompiledExpression.compile(check.condition, in: scope)
      checks.append(
        CheckSchema(name: check.name, text: check.text, expression: check.condition, condition: condition))
    }
    self.checks = checks
    layout = RowLayout(columns: columns, primaryKey: primaryKey, keyParts: keyParts)
    places = layout.places
    rowWidth = layout.placeCount
    let indexes = try makeIndexes(list)
    self.indexes = indexes
    var keyColumns = Set(key.map(\.ordinal))
    for index in indexes where index.isUnique {
      for part in index.parts { keyColumns.formUnion(part.compiled.columnsRead.map(\.ordinal)) }
    }
    uniqueKeyColumns = keyColumns
    mergeRules = try ColumnRules.declared(definition, list, keyColumns: keyColumns)
  }

  /// The same table with other indexes.
  func with(indexes: [IndexSchema]) throws(UpkeepError) -> TableSchema {
    try TableSchema(
      definition, id: id, tree: tree, missingValues: columns.map(\.missingValue),
      indexes: { _ throws(UpkeepError) in indexes }, unknownFields: unknownFields)
  }

  private struct KeyColumn {
    let ordinal: Int
    let isDescending: Bool
    let collation: Collation?
  }

  private static func primaryKey(of definition: TableDefinition) throws(UpkeepError) -> [KeyColumn] {
    var key: [KeyColumn] = []
    for part in definition.primaryKey {
      var expression = part.expression
      var collation = part.collation
      if case .collate(let inner, let explicit) = expression {
        expression = inner
        collation = collation ?? explicit
      }
      guard case .column(let reference) = expression else {
        throw UpkeepError(
          .misuse, "the primary key of \(definition.name) takes columns only, not expressions")
      }
      guard let ordinal = definition.columns.firstIndex(where: { Names.equal($0.name, reference.name) })
      else {
        var error = UpkeepError(
          .unknownColumn,
          "the primary key of \(definition.name) names \(reference.name), which is no column of it")
        error.name = reference.name
        throw error
      }
      key.append(KeyColumn(ordinal: ordinal, isDescending: part.isDescending, collation: collation))
    }
    return key
  }
}
