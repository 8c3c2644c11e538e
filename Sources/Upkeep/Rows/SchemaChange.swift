internal import UpkeepStorage

/// Changes of the schema: each writes the catalog, makes or drops trees, and leaves the scope with the new
/// catalog. Each is a statement of its own.
package struct SchemaChange {
  package let scope: TransactionScope

  package init(_ scope: TransactionScope) { self.scope = scope }

  /// - Returns: false if the table was there and `ifNotExists`.
  @discardableResult
  package func createTable(
    _ definition: TableDefinition, ifNotExists: Bool = false
  ) throws(UpkeepError) -> Bool {
    let place: QualifiedName.Database = definition.owner == nil ? .main : .temp
    if ifNotExists, try scope.catalog.find(QualifiedName(definition.name, in: place).text) != nil {
      return false
    }
    try scope.statement { () throws(UpkeepError) in
      let (catalog, _) = try scope.catalog.adding(definition, in: scope.writing)
      scope.adopt(catalog)
    }
    return true
  }

  /// Drops the temporary tables of all but those who are still there.
  func dropTemporaries(but living: Set<UInt64>) throws(UpkeepError) {
    if try scope.catalog.owners.isSubset(of: living) { return }
    try scope.statement { () throws(UpkeepError) in
      scope.adopt(try scope.catalog.droppingTemporaries(but: living, in: scope.writing))
    }
  }

  /// - Returns: false if there was no such table and `ifExists`.
  @discardableResult
  package func dropTable(_ name: String, ifExists: Bool = false) throws(UpkeepError) -> Bool {
    if try scope.catalog.find(name) == nil {
      if let view = try scope.catalog.view(name) {
        throw UpkeepError(.misuse, "\(view.name) is a view; DROP VIEW drops it")
      }
      if ifExists { return false }
    }
    try scope.statement { () throws(UpkeepError) in
      scope.adopt(try scope.catalog.dropping(table: name, in: scope.writing))
    }
    return true
  }

  /// Makes an index and fills it from the table's rows.
  ///
  /// - Returns: false if the index was there and `ifNotExists`.
  /// - Throws: `uniqueViolation`, naming both rows, where rows share a key of a unique index.
  @discardableResult
  package func createIndex(
    _ definition: IndexDefinition, ifNotExists: Bool = false
  ) throws(UpkeepError) -> Bool {
    if ifNotExists, let name = definition.name, try scope.catalog.index(name) != nil { return false }
    try scope.statement { () throws(UpkeepError) in
      let (catalog, schema, index) = try scope.catalog.adding(index: definition, in: scope.writing)
      scope.adopt(catalog)
      try IndexBuild(scope, schema, index).run()
    }
    return true
  }

  /// - Returns: false if there was no such index and `ifExists`.
  @discardableResult
  package func dropIndex(_ name: String, ifExists: Bool = false) throws(UpkeepError) -> Bool {
    if ifExists, try scope.catalog.index(name) == nil { return false }
    try scope.statement { () throws(UpkeepError) in
      scope.adopt(try scope.catalog.dropping(index: name, in: scope.writing))
    }
    return true
  }
}
