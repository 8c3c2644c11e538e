/// Columns that get another name while views name them.
extension ViewKeeper {
  /// Gives a column another name, in the table and in the views.
  ///
  /// - Parameter readable: the views that can be read.
  package func rename(
    _ column: String, of name: String, _ alteration: TableAlteration, _ readable: [String]
  ) throws(UpkeepError) {
    let table = try scope.catalog.table(name)
    let ordinal = table.columnList.ordinal(of: column) ?? table.columns.count
    let isColumn = ordinal < table.columns.count
    let uses = try isColumn ? self.uses(of: table, column: ordinal, in: readable) : [:]
    try SchemaChange(scope).alterTable(name, alteration)
    if !uses.isEmpty { try follow(uses, of: try scope.catalog.table(name), column: ordinal) }
  }

  /// Where the views that can be read name a column, by view.
  private func uses(
    of table: TableSchema, column ordinal: Int, in names: [String]
  ) throws(UpkeepError) -> [String: ColumnUses] {
    defer { statement.columnUses = nil }
    var found: [String: ColumnUses] = [:]
    for name in names {
      let uses = ColumnUses(of: table.id, column: ordinal)
      statement.columnUses = uses
      _ = try failure(name)
      uses.finish()
      if !uses.places.isEmpty || uses.isJoinedByName { found[name] = uses }
    }
    return found
  }

  /// Lets the views name a column by its new name, which the table has already, in the places where they named it.
  private func follow(
    _ former: [String: ColumnUses], of table: TableSchema, column ordinal: Int
  ) throws(UpkeepError) {
    guard let reader = statement.viewReader else { return }
    for (name, uses) in former.sorted(by: { $0.key < $1.key }) {
      guard let view = try scope.catalog.view(name) else { continue }
      if uses.isJoinedByName {
        throw UpkeepError(
          .misuse,
          "the change is refused, as view \(view.name) joins by the name of the column (USING or NATURAL)")
      }
      let text = reader.naming(table.columns[ordinal].name, at: uses.places, in: view.text)
      try SchemaChange(scope).changeView(ViewSchema(name: view.name, columns: view.columns, text: text))
    }
    // As many names as before must mean the column, and none may join by its new name.
    let now = try self.uses(of: table, column: ordinal, in: former.keys.sorted())
    for (name, uses) in former.sorted(by: { $0.key < $1.key }) {
      guard now[name]?.places.count != uses.places.count || now[name]?.isJoinedByName == true else {
        continue
      }
      if let error = try failure(name) {
        var told = error
        told.message = "the change is refused, as \(error.message)"
        throw told
      }
      throw UpkeepError(
        .misuse, "the change is refused, as in view \(name) the new name means something else")
    }
  }
}
