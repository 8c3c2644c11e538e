/// A table as its creator describes it.
public struct TableDefinition: Sendable, Hashable {
  /// The table's name.
  public var name: String
  /// Its columns, in order.
  public var columns: [ColumnDefinition]
  /// The primary key's columns; empty for a table with a hidden rowid.
  public var primaryKey: [IndexPart]
  /// The primary key is one INTEGER column whose ids are never used again after a delete.
  public var isAutoincrement: Bool
  /// The name of the primary key's constraint, if it has one.
  public var primaryKeyName: String?
  /// UNIQUE constraints, of columns and of the table.
  public var uniqueKeys: [IndexDefinition]
  /// CHECK constraints, of columns and of the table.
  public var checks: [CheckDefinition]
  /// The table lives in its session, in memory.
  public var isTemporary: Bool
  /// The session whose table it is; nil for a table that lasts.
  package var owner: UInt64?

  /// A table with these columns.
  public init(
    _ name: String, columns: [ColumnDefinition], primaryKey: [IndexPart] = [], isAutoincrement: Bool = false,
    primaryKeyName: String? = nil, uniqueKeys: [IndexDefinition] = [], checks: [CheckDefinition] = [],
    isTemporary: Bool = false
  ) {
    self.name = name
    self.columns = columns
    self.primaryKey = primaryKey
    self.isAutoincrement = isAutoincrement
    self.primaryKeyName = primaryKeyName
    self.uniqueKeys = uniqueKeys
    self.checks = checks
    self.isTemporary = isTemporary
  }
}

/// A column as its creator describes it.
public struct ColumnDefinition: Sendable, Hashable {
  /// The column's name.
  public var name: String
  /// What it holds.
  public var type: ValueType
  /// The type's name as written (`VARCHAR(20)`), for showing the schema; nil to use the type's own.
  public var declaredType: String?
  /// Whether it holds NULL. Columns of a primary key never do.
  public var isNullable: Bool
  /// What an absent value becomes; nil for NULL.
  public var defaultValue: Expression?
  /// How its text compares.
  public var collation: Collation
  /// How an incoming value meets a stored one when rows are merged; nil: it takes its place.
  public var merge: MergeRule?

  /// A column, nullable and without a default unless said.
  public init(
    _ name: String, _ type: ValueType, declaredType: String? = nil, isNullable: Bool = true,
    defaultValue: Expression? = nil, collation: Collation = .binary, merge: MergeRule? = nil
  ) {
    self.name = name
    self.type = type
    self.declaredType = declaredType
    self.isNullable = isNullable
    self.defaultValue = defaultValue
    self.collation = collation
    self.merge = merge
  }
}

/// One part of a key: a column or expression, and its direction.
public struct IndexPart: Sendable, Hashable {
  /// What is indexed; a plain column is `.column(ColumnReference(name))`.
  public var expression: Expression
  /// Greatest first.
  public var isDescending: Bool
  /// How text compares; nil for the column's own.
  public var collation: Collation?

  /// A part by expression.
  public init(_ expression: Expression, isDescending: Bool = false, collation: Collation? = nil) {
    self.expression = expression
    self.isDescending = isDescending
    self.collation = collation
  }

  /// A column, ascending unless said.
  public init(column: String, isDescending: Bool = false) {
    self.init(.column(ColumnReference(column)), isDescending: isDescending)
  }
}

/// An index as its creator describes it.
public struct IndexDefinition: Sendable, Hashable {
  /// The index's name; nil for a constraint without one, which gets `TABLE_COLUMNS_key`.
  public var name: String?
  /// The table's name.
  public var table: String
  /// What is indexed, in order.
  public var parts: [IndexPart]
  /// No two rows have equal keys.
  public var isUnique: Bool
  /// Whether NULL equals NULL in a unique key (NULLS NOT DISTINCT); otherwise a key with a NULL meets nothing.
  public var nullsAreEqual: Bool
  /// Only rows for which this is true are in the index.
  public var predicate: Expression?

  /// An index over parts.
  public init(
    _ name: String?, on table: String, parts: [IndexPart], isUnique: Bool = false,
    nullsAreEqual: Bool = false, where predicate: Expression? = nil
  ) {
    self.name = name
    self.table = table
    self.parts = parts
    self.isUnique = isUnique
    self.nullsAreEqual = nullsAreEqual
    self.predicate = predicate
  }
}

/// A condition that every row must not make false.
public struct CheckDefinition: Sendable, Hashable {
  /// The constraint's name.
  public var name: String?
  /// The condition; NULL passes.
  public var condition: Expression
  /// The condition as it was written, for messages and for showing the schema.
  public var text: String?

  /// A condition.
  public init(_ name: String?, _ condition: Expression, text: String? = nil) {
    self.name = name
    self.condition = condition
    self.text = text
  }
}
