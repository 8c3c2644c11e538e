internal import UpkeepStorage

/// CREATE VIEW and DROP VIEW.
extension SchemaChange {
  /// - Returns: false if the view was there and `ifNotExists`.
  @discardableResult
  package func createView(_ view: ViewSchema, ifNotExists: Bool = false) throws(UpkeepError) -> Bool {
    if ifNotExists, try scope.catalog.view(view.name) != nil { return false }
    try setView(view, isNew: true)
    return true
  }

  /// Puts another query in the place of a view's.
  package func changeView(_ view: ViewSchema) throws(UpkeepError) { try setView(view, isNew: false) }

  private func setView(_ view: ViewSchema, isNew: Bool) throws(UpkeepError) {
    try scope.statement { () throws(UpkeepError) in
      scope.adopt(try scope.catalog.setting(view, isNew: isNew, in: scope.writing))
    }
  }

  /// - Returns: false if there was no such view and `ifExists`.
  @discardableResult
  package func dropView(_ name: String, ifExists: Bool = false) throws(UpkeepError) -> Bool {
    let catalog = try scope.catalog
    if ifExists, catalog.view(name) == nil, catalog.find(name) == nil { return false }
    try scope.statement { () throws(UpkeepError) in
      scope.adopt(try scope.catalog.dropping(view: name, in: scope.writing))
    }
    return true
  }
}
