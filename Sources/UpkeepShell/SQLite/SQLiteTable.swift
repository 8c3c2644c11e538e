import Upkeep
import UpkeepSQL

/// A table of a SQLite file as Upkeep will have it: its columns typed by what they hold, its keys and indexes.
struct SQLiteTable {
  let name: String
  /// Without the indexes that are made when the rows are in.
  private(set) var definition: TableDefinition
  private(set) var indexes: [IndexDefinition] = []
  /// What gives the rows, in the order of the columns; the rowid last where the table has no other key.
  private(set) var query = ""
  /// What cannot be carried over, in words.
  private(set) var losses: [String] = []

  /// One column as SQLite tells of it.
  private struct Column {
    var name: String
    var declaredType: String
    var isNotNull: Bool
    var defaultText: String?
    /// From 1; 0 if it is no part of the primary key.
    var keyPlace: Int
    var isGenerated: Bool
    var seen = SeenValues()
  }

  /// One key or index as SQLite tells of it.
  private struct Key {
    var name: String
    var isUnique: Bool
    /// `c` of CREATE INDEX, `u` of UNIQUE, `pk` of the primary key.
    var origin: String
    var isPartial: Bool
    var parts: [Part] = []

    struct Part {
      var column: String?
      var isDescending: Bool
      var collation: String
    }

    var needsText: Bool { isPartial || parts.contains { $0.column == nil } }
  }

  init(_ name: String, sql: String, isWithoutRowid: Bool, _ database: SQLiteDatabase) throws {
    self.name = name
    let written = try? SQLParser.only(sql)
    let parsed: TableDefinition? =
      if case .createTable(let definition, _)? = written { definition } else { nil }
    var columns = try Self.columns(name, database)
    let keys = try Self.keys(name, database)
    let key = columns.filter { $0.keyPlace > 0 }.sorted { $0.keyPlace < $1.keyPlace }
    // Only a declared INTEGER, and not one that is DESC within its column, is the rowid itself: then it has no index.
    let isRowid =
      key.count == 1 && key[0].declaredType.uppercased() == "INTEGER" && !isWithoutRowid
      && !keys.contains { $0.origin == "pk" }
    let list = columns.map { SQLiteDatabase.quoted($0.name) }.joined(separator: ", ")
    try database.query("SELECT \(list) FROM \(SQLiteDatabase.quoted(name))") { row in
      for place in columns.indices { columns[place].seen.add(row.value(place)) }
    }
    definition = TableDefinition(name, columns: [])
    definition.isAutoincrement = isRowid && SQLWords(sql).has("autoincrement")
    for column in columns {
      definition.columns.append(self.column(column, isRowid && column.keyPlace > 0, database))
    }
    let holdsNull = columns.contains { $0.keyPlace > 0 && $0.seen.hasNull }
    takeKeys(keys, key.map(\.name), isRowid: isRowid, holdsNull: holdsNull)
    try takeIndexes(keys, database)
    if let parsed {
      definition.checks = parsed.checks
    } else {
      takeChecks(SQLiteText.checks(in: sql))
    }
    try takeForeignKeys(database)
    try dropWhatIsNotUnderstood()
    let hasRowid =
      definition.primaryKey.isEmpty && !isWithoutRowid
      && !columns.contains { Names.equal($0.name, "rowid") }
    query = "SELECT \(list)\(hasRowid ? ", rowid" : "") FROM \(SQLiteDatabase.quoted(name))"
  }

  // MARK: - What SQLite tells

  private static func columns(_ table: String, _ database: SQLiteDatabase) throws -> [Column] {
    var columns: [Column] = []
    try database.query("PRAGMA table_xinfo(\(SQLiteDatabase.quoted(table)))") { row in
      guard row.integer(6) != 1 else { return }
      columns.append(
        Column(
          name: row.text(1) ?? "", declaredType: row.text(2) ?? "", isNotNull: row.integer(3) != 0,
          defaultText: row.text(4), keyPlace: row.integer(5), isGenerated: row.integer(6) > 1))
    }
    return columns
  }

  /// In the order of their creation.
  private static func keys(_ table: String, _ database: SQLiteDatabase) throws -> [Key] {
    var keys: [Key] = []
    try database.query("PRAGMA index_list(\(SQLiteDatabase.quoted(table)))") { row in
      keys.append(
        Key(
          name: row.text(1) ?? "", isUnique: row.integer(2) != 0, origin: row.text(3) ?? "c",
          isPartial: row.integer(4) != 0))
    }
    keys.reverse()
    for place in keys.indices {
      try database.query("PRAGMA index_xinfo(\(SQLiteDatabase.quoted(keys[place].name)))") { row in
        guard row.integer(5) != 0 else { return }
        keys[place].parts.append(
          Key.Part(column: row.text(2), isDescending: row.integer(3) != 0, collation: row.text(4) ?? "BINARY")
        )
      }
    }
    return keys
  }

  // MARK: - What becomes of it

  private mutating func column(
    _ column: Column, _ isRowid: Bool, _ database: SQLiteDatabase
  ) -> ColumnDefinition {
    let title = "\(name).\(column.name)"
    var type = isRowid ? ValueType.integer : column.seen.type(declared: column.declaredType)
    var value: Upkeep.Expression?
    if let text = column.defaultText, !column.isGenerated {
      if case .createTable(let probe, _)? = try? SQLParser.only("CREATE TABLE x (c DEFAULT (\(text)))") {
        value = probe.columns.first?.defaultValue
      }
      if value == nil { losses.append("\(title): its default \(text)") }
      if case .literal(let literal)? = value, Coercion.coerce(literal, to: type) == nil { type = .any }
    }
    if column.isGenerated { losses.append("\(title): how it is generated; its values are there") }
    var collation = Collation.binary
    switch database.collation(of: column.name, in: name)?.uppercased() {
    case "NOCASE": collation = .nocase
    case "BINARY", nil: break
    case let other?: losses.append("\(title): its collation \(other)")
    }
    return ColumnDefinition(
      column.name, type, declaredType: Self.declaredType(column.declaredType, type),
      isNullable: !column.isNotNull || column.keyPlace > 0, defaultValue: value, collation: collation)
  }

  /// The type's name as it was declared, where it means the same here.
  private static func declaredType(_ declared: String, _ type: ValueType) -> String? {
    guard !declared.isEmpty,
      case .createTable(let probe, _)? = try? SQLParser.only("CREATE TABLE x (c \(declared))"),
      probe.columns.count == 1, probe.columns[0].type == type, probe.columns[0].name == "c"
    else { return nil }
    return declared
  }

  private func parts(_ key: Key) -> [IndexPart]? {
    var parts: [IndexPart] = []
    for part in key.parts {
      guard let column = part.column, let collation = Self.collation(part.collation) else { return nil }
      let own = definition.columns.first { Names.equal($0.name, column) }?.collation
      parts.append(
        IndexPart(
          .column(ColumnReference(column)), isDescending: part.isDescending,
          collation: collation == own ? nil : collation))
    }
    return parts
  }

  private static func collation(_ name: String) -> Collation? {
    switch name.uppercased() {
    case "BINARY": .binary
    case "NOCASE": .nocase
    default: nil
    }
  }

  /// The primary key and the UNIQUE constraints.
  private mutating func takeKeys(_ keys: [Key], _ columns: [String], isRowid: Bool, holdsNull: Bool) {
    if isRowid {
      definition.primaryKey = [IndexPart(column: columns[0])]
    }
    for key in keys where key.origin != "c" {
      guard let parts = parts(key) else {
        losses.append(
          "\(name): \(key.origin == "pk" ? "its primary key" : "a unique key") with a collation that is not here"
        )
        continue
      }
      if key.origin == "pk" && !holdsNull {
        definition.primaryKey = parts
      } else {
        if key.origin == "pk" {
          losses.append("\(name): its primary key holds NULL, which none here does; it is a unique key now")
        }
        definition.uniqueKeys.append(IndexDefinition(nil, on: name, parts: parts, isUnique: true))
      }
    }
  }

  /// What CREATE INDEX made.
  private mutating func takeIndexes(_ keys: [Key], _ database: SQLiteDatabase) throws {
    for key in keys where key.origin == "c" {
      if key.needsText {
        var sql = ""
        let name = key.name.doubling("'")
        try database.query("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = '\(name)'") {
          sql = $0.text(0) ?? ""
        }
        guard case .createIndex(let index, _)? = try? SQLParser.only(sql),
          key.parts.allSatisfy({ Self.collation($0.collation) != nil })
        else {
          losses.append("index \(key.name): what it is over is not understood here")
          continue
        }
        indexes.append(index)
      } else if let parts = parts(key) {
        indexes.append(IndexDefinition(key.name, on: name, parts: parts, isUnique: key.isUnique))
      } else {
        losses.append("index \(key.name): its collation is not here")
      }
    }
  }

  /// CHECKs of a table whose text has other parts that are not understood.
  private mutating func takeChecks(_ texts: [String]) {
    for text in texts {
      if case .createTable(let probe, _)? = try? SQLParser.only("CREATE TABLE x (c CHECK (\(text)))") {
        definition.checks += probe.checks
      } else {
        losses.append("\(name): CHECK (\(text))")
      }
    }
  }

  private mutating func takeForeignKeys(_ database: SQLiteDatabase) throws {
    var targets: [String] = []
    try database.query("PRAGMA foreign_key_list(\(SQLiteDatabase.quoted(name)))") { row in
      if let target = row.text(2), !targets.contains(target) { targets.append(target) }
    }
    if !targets.isEmpty { losses.append("\(name): its foreign keys to \(targets.joined(separator: ", "))") }
  }

  /// Defaults and checks that use what is not here, as functions.
  private mutating func dropWhatIsNotUnderstood() throws {
    func works(_ definition: TableDefinition) throws -> Bool {
      do throws(UpkeepError) {
        let store = try Store.inMemory()
        defer { try? store.close() }
        try Session(store).execute(.createTable(definition, ifNotExists: false))
        return true
      } catch {
        return false
      }
    }
    if try works(definition) { return }
    for place in definition.columns.indices {
      let column = definition.columns[place]
      guard let value = column.defaultValue, try !works(TableDefinition(name, columns: [column])) else {
        continue
      }
      losses.append("\(name).\(column.name): its default \(SQLPrinter.expression(value))")
      definition.columns[place].defaultValue = nil
    }
    let columns = definition.columns
    let checks = definition.checks
    definition.checks = try checks.filter { check in
      try works(TableDefinition(name, columns: columns, checks: [check]))
    }
    for check in checks where !definition.checks.contains(check) {
      losses.append("\(name): CHECK (\(check.text ?? SQLPrinter.expression(check.condition)))")
    }
  }

  /// An index that could not be made after all.
  mutating func lose(_ index: IndexDefinition, because reason: String) {
    losses.append("index \(index.name ?? "?"): \(reason)")
  }
}

/// What kinds of values a column of SQLite holds.
struct SeenValues {
  private var hasInteger = false
  /// One that a REAL cannot hold.
  private var hasLongInteger = false
  private var hasReal = false
  private var hasText = false
  private var hasBlob = false
  private(set) var hasNull = false

  mutating func add(_ value: Value) {
    switch value {
    case .integer(let integer):
      hasInteger = true
      if Double(exactly: integer) == nil { hasLongInteger = true }
    case .real: hasReal = true
    case .text: hasText = true
    case .blob: hasBlob = true
    default: hasNull = true
    }
  }

  /// The narrowest type that keeps every value, near what was declared.
  func type(declared: String) -> ValueType {
    let affinity = SQLiteAffinity(declaredType: declared)
    let hasNumber = hasInteger || hasReal
    let kinds = [hasNumber, hasText, hasBlob].count { $0 }
    guard kinds == 1 else { return kinds > 1 ? .any : Self.ofEmpty(affinity, declared) }
    // What is declared without a type holds anything, whatever it holds now.
    if declared.isEmpty { return .any }
    if hasText { return affinity == .blob ? .any : .text }
    if hasBlob { return affinity == .blob ? .blob : .any }
    switch affinity {
    case .integer, .numeric:
      if !hasReal { return .integer }
      return hasLongInteger ? .any : .real
    case .real: return hasLongInteger ? .any : .real
    case .text, .blob: return .any
    }
  }

  private static func ofEmpty(_ affinity: SQLiteAffinity, _ declared: String) -> ValueType {
    switch affinity {
    case .integer: return .integer
    case .text: return .text
    case .real: return .real
    case .blob: return declared.isEmpty ? .any : .blob
    case .numeric:
      let type = declared.uppercased()
      if type.contains("DATE") || type.contains("TIME") { return .text }
      if type.contains("NUM") || type.contains("DEC") { return .real }
      return .any
    }
  }
}

extension SQLParser {
  /// The one statement of a text.
  static func only(_ text: String) throws -> Statement? {
    var parser = SQLParser(text)
    let statement = try parser.next()
    return try parser.next() == nil ? statement?.statement : nil
  }
}
