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

/// Reads the queries of views and writes them: what knows SQL gives it to the statements that it runs.
package protocol ViewReading: Sendable {
  func query(_ text: String) throws(UpkeepError) -> Query
  func text(_ query: Query) -> String
  /// The text with another name in these places, where names stand.
  func naming(_ name: String, at places: Set<Int>, in text: String) -> String
}
