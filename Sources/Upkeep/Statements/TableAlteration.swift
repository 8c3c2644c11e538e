/// ALTER TABLE: what changes in a table.
public enum TableAlteration: Sendable, Hashable {
  /// The table's name.
  case rename(to: String)
  /// The name of a column.
  case renameColumn(String, to: String)
  /// One more column, behind the others, and what must hold of it in every row.
  case addColumn(ColumnDefinition, checks: [CheckDefinition] = [])
  /// One column less.
  case dropColumn(String)
  /// AUTOINCREMENT gives ids above this one, and above all that it gave.
  case autoincrement(after: Int64)
}
