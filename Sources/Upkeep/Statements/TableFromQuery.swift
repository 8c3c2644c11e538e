/// CREATE [TEMP] TABLE [IF NOT EXISTS] … AS query
public struct TableFromQuery: Sendable, Hashable {
  /// The name of the new table.
  public var name: String
  /// What its columns and rows are.
  public var query: Query
  /// Whether it goes with the session.
  public var isTemporary: Bool
  /// Whether nothing happens where the table is there.
  public var ifNotExists: Bool

  /// A table made of a query.
  public init(_ name: String, as query: Query, isTemporary: Bool = false, ifNotExists: Bool = false) {
    self.name = name
    self.query = query
    self.isTemporary = isTemporary
    self.ifNotExists = ifNotExists
  }
}
