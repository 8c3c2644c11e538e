/// ALTER TABLE: what changes in a table.
public enum TableAlteration: Sendable, Hashable {
  /// The table's name.
  case rename(to: String)
  /// The name of a column.
  case renameColumn(String, to: String)
  /// One more column, behind the others.
  case addColumn(ColumnDefinition)
  /// One column less.
  case dropColumn(String)
}
