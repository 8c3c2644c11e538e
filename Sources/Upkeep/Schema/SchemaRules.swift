/// What a definition must satisfy before anything is written.
package enum SchemaRules {
  static let longestName = 255
  package static let mostColumns = 2000
  static let mostKeyParts = 64

  static func check(_ definition: TableDefinition) throws(UpkeepError) {
    try checkName(definition.name, of: "a table")
    if definition.columns.isEmpty {
      throw UpkeepError(.misuse, "table \(definition.name) has no columns; give it at least one")
    }
    if definition.columns.count > mostColumns {
      throw UpkeepError(
        .limit,
        "table \(definition.name) has \(definition.columns.count) columns; the limit is \(mostColumns)")
    }
    var seen = Set<String>()
    for column in definition.columns {
      try checkName(column.name, of: "a column of \(definition.name)")
      if !seen.insert(Names.folded(column.name)).inserted {
        throw UpkeepError(.misuse, "table \(definition.name) has two columns named \(column.name)")
      }
    }
    try checkParts(definition.primaryKey, of: "the primary key of \(definition.name)")
    if let name = definition.primaryKeyName { try checkName(name, of: "a primary key") }
    if definition.isAutoincrement {
      let isIntegerKey =
        definition.primaryKey.count == 1
        && definition.columns.contains { column in
          column.type == .integer && definition.primaryKey[0].names(column.name)
        }
      if !isIntegerKey {
        throw UpkeepError(
          .misuse, "AUTOINCREMENT in \(definition.name) is for a primary key of one INTEGER column")
      }
    }
    for key in definition.uniqueKeys {
      if key.parts.isEmpty { throw UpkeepError(.misuse, "a UNIQUE of \(definition.name) names no columns") }
      try checkParts(key.parts, of: "a UNIQUE of \(definition.name)")
    }
  }

  static func check(_ definition: IndexDefinition) throws(UpkeepError) {
    if let name = definition.name { try checkName(name, of: "an index") }
    if definition.parts.isEmpty {
      throw UpkeepError(.misuse, "an index on \(definition.table) names no columns; give it at least one")
    }
    try checkParts(definition.parts, of: "an index on \(definition.table)")
    if definition.nullsAreEqual, !definition.isUnique {
      throw UpkeepError(
        .misuse, "NULLS NOT DISTINCT on \(definition.table) is for a unique index; this one takes any rows")
    }
  }

  static func checkName(_ name: String, of what: String) throws(UpkeepError) {
    if name.isEmpty { throw UpkeepError(.misuse, "\(what) has an empty name") }
    if name.utf8.count > longestName {
      throw UpkeepError(.limit, "\(what) has a name of \(name.utf8.count) bytes; the limit is \(longestName)")
    }
    if name.utf8.contains(0) { throw UpkeepError(.misuse, "\(what) has a zero byte in its name") }
  }

  private static func checkParts(_ parts: [IndexPart], of what: String) throws(UpkeepError) {
    if parts.count > mostKeyParts {
      throw UpkeepError(.limit, "\(what) has \(parts.count) parts; the limit is \(mostKeyParts)")
    }
    var seen = Set<String>()
    for part in parts {
      guard let name = part.columnName else { continue }
      if !seen.insert(Names.folded(name)).inserted {
        throw UpkeepError(.misuse, "\(what) names column \(name) twice")
      }
    }
  }
}

extension IndexPart {
  /// The column's name, if the part is a plain column, with COLLATE or without.
  package var columnName: String? {
    switch expression {
    case .column(let reference): reference.name
    case .collate(.column(let reference), _): reference.name
    default: nil
    }
  }

  func names(_ column: String) -> Bool { columnName.map { Names.equal($0, column) } ?? false }
}
