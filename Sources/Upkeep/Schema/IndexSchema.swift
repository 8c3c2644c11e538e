package import UpkeepStorage

/// One part of an index's key, ready for use.
package struct IndexPartSchema: Sendable {
  /// What is indexed.
  package let expression: Expression
  /// The column's position, if a plain column is indexed.
  package let column: Int?
  /// What gives the part's value; over slot 0.
  package let compiled: CompiledExpression
  /// How the value becomes bytes. Parts that are expressions are of type ANY.
  package let key: KeyPart

  package var collation: Collation { key.collation }
  package var isDescending: Bool { key.isDescending }
}

/// A part of an index's key that is a plain column.
struct PlainPart: Sendable {
  /// The column's position.
  let column: Int
  let key: KeyPart
}

/// An index of a table, ready for use. Immutable.
package final class IndexSchema: Sendable {
  /// The id in the catalog. Ids grow, so that their order is that of creation.
  package let id: UInt64
  package let name: String
  package let tree: TreeID
  /// The index as its creator describes it, with its name.
  package let definition: IndexDefinition
  package let isUnique: Bool
  /// Whether a key with a NULL in it is a key like any other.
  package let nullsAreEqual: Bool
  /// Whether it stands for a UNIQUE of the table's definition; such an index is dropped only with its table.
  package let isConstraint: Bool
  package let parts: [IndexPartSchema]
  /// The columns' positions, if all parts are plain columns.
  package let columnOrdinals: [Int]?
  /// The parts, if all are plain columns.
  let plainParts: [PlainPart]?
  /// How the parts become bytes, at hand where nothing else of them is asked.
  let keys: [KeyPart]
  /// Which rows are in the index; over slot 0. Nil for all.
  package let predicate: CompiledExpression?
  package let predicateExpression: Expression?
  /// The columns that parts and predicate read.
  package let columnsRead: Set<Int>
  /// Catalog fields of a newer release, kept as they are.
  let unknownFields: [CatalogField]

  init(
    _ definition: IndexDefinition, name: String, id: UInt64, tree: TreeID, isConstraint: Bool,
    of columns: ColumnList,
    nullable: [Bool]? = nil, unknownFields: [CatalogField] = []
  ) throws(UpkeepError) {
    self.id = id
    self.name = name
    self.tree = tree
    self.isConstraint = isConstraint
    self.unknownFields = unknownFields
    isUnique = definition.isUnique
    nullsAreEqual = definition.isUnique && definition.nullsAreEqual
    var named = definition
    named.name = name
    self.definition = named
    let scope = ExpressionScope(names: [definition.table], columns: columns)
    var parts: [IndexPartSchema] = []
    var read = Set<Int>()
    for (position, part) in definition.parts.enumerated() {
      let schema = try Self.part(part, in: scope, nullable: nullable?[position])
      read.formUnion(schema.compiled.columnsRead.map(\.ordinal))
      parts.append(schema)
    }
    self.parts = parts
    keys = parts.map(\.key)
    let ordinals = parts.compactMap(\.column)
    columnOrdinals = ordinals.count == parts.count ? ordinals : nil
    plainParts = columnOrdinals.map { zip($0, parts).map { PlainPart(column: $0, key: $1.key) } }
    predicateExpression = definition.predicate
    if let condition = definition.predicate {
      let compiled = try CompiledExpression.compile(condition, in: scope)
      try Self.requireDeterministic(compiled, of: "the WHERE of index \(name)")
      read.formUnion(compiled.columnsRead.map(\.ordinal))
      predicate = compiled
    } else {
      predicate = nil
    }
    columnsRead = read
  }

  private static func part(
    _ part: IndexPart, in scope: ExpressionScope, nullable: Bool?
  ) throws(UpkeepError) -> IndexPartSchema {
    var expression = part.expression
    var collation = part.collation
    if case .collate(let inner, let explicit) = expression {
      expression = inner
      collation = collation ?? explicit
    }
    let compiled = try CompiledExpression.compile(expression, in: scope)
    try requireDeterministic(compiled, of: "an index")
    guard let column = compiled.plainColumn, column.slot == 0, let schema = scope.column(column) else {
      let key = KeyPart(
        .any, collation: collation ?? compiled.collation ?? .binary, isDescending: part.isDescending,
        isNullable: true)
      return IndexPartSchema(expression: expression, column: nil, compiled: compiled, key: key)
    }
    let key = KeyPart(
      schema.type, collation: collation ?? schema.collation, isDescending: part.isDescending,
      isNullable: nullable ?? schema.isNullable)
    return IndexPartSchema(expression: expression, column: schema.ordinal, compiled: compiled, key: key)
  }

  private static func requireDeterministic(_ e: CompiledExpression, of place: String) throws(UpkeepError) {
    if !e.isDeterministic {
      throw UpkeepError(.misuse, "\(place) cannot use a function whose result changes by itself")
    }
  }
}

extension IndexSchema {
  /// Whether the NULLs of a proposed row leave it a key by which it can meet another. There may be some where their
  /// columns take none: it meets nobody by those.
  func canHaveKey(_ row: [Value]) -> Bool {
    for part in parts {
      guard let column = part.column, row[column] == .null else { continue }
      if !nullsAreEqual || !part.key.isNullable { return false }
    }
    return true
  }
}
