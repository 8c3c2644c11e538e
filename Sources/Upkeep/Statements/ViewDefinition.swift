/// CREATE VIEW: a query by name, that other queries read as a table.
public struct ViewDefinition: Sendable, Hashable {
  /// The view's name.
  public var name: String
  /// The names of its columns; nil for those of the query.
  public var columns: [String]?
  /// The query as SQL. It has no parameters.
  public var text: String

  /// A view.
  public init(_ name: String, columns: [String]? = nil, as text: String) {
    self.name = name
    self.columns = columns
    self.text = text
  }
}
