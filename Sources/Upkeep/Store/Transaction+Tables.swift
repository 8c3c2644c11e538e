internal import UpkeepStorage

extension Transaction {
  /// Makes a table.
  ///
  /// - Throws: `exists` if there is one of this name, unless `ifNotExists`.
  public func createTable(_ definition: TableDefinition, ifNotExists: Bool = false) throws(UpkeepError) {
    try SchemaChange(scope).createTable(definition, ifNotExists: ifNotExists)
  }

  /// Removes a table with its rows and indexes.
  public func dropTable(_ name: String, ifExists: Bool = false) throws(UpkeepError) {
    try SchemaChange(scope).dropTable(name, ifExists: ifExists)
  }

  /// Makes an index, and fills it from the rows that are there.
  ///
  /// - Throws: `uniqueViolation`, naming both, where two rows share a key of a unique index.
  public func createIndex(_ definition: IndexDefinition, ifNotExists: Bool = false) throws(UpkeepError) {
    try SchemaChange(scope).createIndex(definition, ifNotExists: ifNotExists)
  }

  /// Removes an index.
  public func dropIndex(_ name: String, ifExists: Bool = false) throws(UpkeepError) {
    try SchemaChange(scope).dropIndex(name, ifExists: ifExists)
  }

  /// Removes the row with this primary key.
  ///
  /// - Returns: false if there is none.
  @discardableResult
  public func delete(from table: String, _ key: Value...) throws(UpkeepError) -> Bool {
    guard let row = try find(table, key: key) else { return false }
    let writer = try deleter(of: try scope.table(table))
    do throws(UpkeepError) {
      try writer.delete(row.stored)
    } catch {
      // The row was there, so that only the store can have failed, and the row may be half gone.
      scope.rollback()
      throw error
    }
    return true
  }
}
