/// A view as the catalog keeps it: a query by name.
package struct ViewSchema: Sendable, Hashable {
  package let name: String
  /// The names of its columns; nil for those of the query.
  package let columns: [String]?
  /// The query as SQL.
  package let text: String

  package init(name: String, columns: [String]?, text: String) {
    self.name = name
    self.columns = columns
    self.text = text
  }
}

extension ViewSchema {
  /// Whether a name is that of the view of the catalog itself, which is there without anybody making it, unless a table
  /// has the name.
  package static func isOfCatalog(_ name: String) -> Bool {
    let bare = Names.folded(QualifiedName(text: name)?.name ?? name)
    return bare == "sqlite_schema" || bare == "sqlite_master"
  }
}

/// Reads the queries of views and writes them: what knows SQL gives it to the statements that it runs.
package protocol ViewReading: Sendable {
  func query(_ text: String) throws(UpkeepError) -> Query
  func text(_ query: Query) -> String
  /// The text with another name in these places, where names stand.
  func naming(_ name: String, at places: Set<Int>, in text: String) -> String
  /// The view of the catalog itself: a row for each table, index and view.
  func view(of catalog: Catalog) -> ViewSchema
}
