internal import UpkeepStorage

extension Snapshot {
  /// The names of all tables, in order.
  public var tableNames: [String] {
    get throws(UpkeepError) { try scope.catalog.tables.map(\.name) }
  }

  /// A table as it was created, or nil if there is none of this name.
  public func definition(of table: String) throws(UpkeepError) -> TableDefinition? {
    try scope.catalog.find(table)?.definition
  }

  /// The row with this primary key, one value for each of its columns.
  ///
  /// - Complexity: O(log n).
  public func find(_ table: String, _ key: Value...) throws(UpkeepError) -> Row? {
    try find(table, key: key)
  }

  /// The row with this primary key, one value for each of its columns.
  public func find(_ table: String, key: [Value]) throws(UpkeepError) -> Row? {
    let finder = try scope.finder(table)
    guard let view = try finder.find(key: key) else { return nil }
    return Row(finder.schema, stored: try view.values())
  }

  /// Lends the row with this primary key to `body` where it lies.
  ///
  /// - Returns: what `body` makes of it; nil if there is no such row.
  /// - Complexity: O(log n), without allocating.
  public func withRow<R>(
    _ table: String, key: [Value], _ body: (borrowing StoredRow) throws(UpkeepError) -> R
  ) throws(UpkeepError) -> R? {
    let finder = try scope.finder(table)
    guard let view = try finder.find(key: key) else { return nil }
    return try body(StoredRow(view, finder.schema))
  }

  /// The row with this key in a unique index.
  public func find(_ table: String, by index: String, _ key: Value...) throws(UpkeepError) -> Row? {
    let finder = try scope.finder(table, by: index)
    guard let view = try finder.find(key: key) else { return nil }
    return Row(finder.schema, stored: try view.values())
  }

  /// Lends the row with this key in a unique index to `body` where it lies.
  ///
  /// - Returns: what `body` makes of it; nil if there is no such row.
  /// - Complexity: O(log n), without allocating.
  public func withRow<R>(
    _ table: String, by index: String, key: [Value],
    _ body: (borrowing StoredRow) throws(UpkeepError) -> R
  ) throws(UpkeepError) -> R? {
    let finder = try scope.finder(table, by: index)
    guard let view = try finder.find(key: key) else { return nil }
    return try body(StoredRow(view, finder.schema))
  }

  /// The rows whose primary keys lie in a range, in key order or the other way.
  public func scan(
    _ table: String, _ range: KeyRange = .all, reversed: Bool = false
  ) throws(UpkeepError) -> RowScan {
    try scope.requireOpen()
    let schema = try scope.table(table)
    let bounds = try range.bounds(KeyColumns(primaryKeyOf: schema))
    return RowScan(scope, try RowReader(scope).scan(schema, in: bounds), isReversed: reversed)
  }

  /// The rows whose keys in an index lie in a range, in the index's order or the other way.
  public func scan(
    _ table: String, by index: String, _ range: KeyRange = .all, reversed: Bool = false
  ) throws(UpkeepError) -> RowScan {
    try scope.requireOpen()
    let schema = try scope.table(table)
    let index = try schema.requiredIndex(index)
    let bounds = try range.bounds(KeyColumns(index, of: schema))
    return RowScan(scope, try RowReader(scope).scan(index, of: schema, in: bounds), isReversed: reversed)
  }

  /// Calls `body` with each row of a range of primary keys, where it lies: the fastest way through a table.
  ///
  /// - Parameter body: gives false to stop.
  public func forEachRow(
    in table: String, _ range: KeyRange = .all, _ body: (borrowing StoredRow) throws(UpkeepError) -> Bool
  ) throws(UpkeepError) {
    try scope.requireOpen()
    let schema = try scope.table(table)
    let bounds = try range.bounds(KeyColumns(primaryKeyOf: schema))
    let entries = try RowReader(scope).scan(schema, in: bounds).entries
    let shape = RowShape(schema)
    var entry = TreeEntry()
    // One for all rows, so that the schema is not retained for each.
    var row = StoredRow(RowView(shape, key: entry.key, value: entry.value), schema)
    while try entries.next(&entry) {
      row.view = RowView(shape, key: entry.key, value: entry.value)
      if !(try body(row)) { return }
    }
  }

  /// How many rows a table has, or how many of them lie in a range of primary keys.
  ///
  /// - Complexity: O(log n).
  public func count(_ table: String, _ range: KeyRange = .all) throws(UpkeepError) -> Int {
    try scope.requireOpen()
    let schema = try scope.table(table)
    let bounds = try range.bounds(KeyColumns(primaryKeyOf: schema))
    return Int(clamping: try RowReader(scope).count(schema, in: bounds))
  }
}

extension TableSchema {
  /// An index by name, or an error that names the nearest one.
  func requiredIndex(_ name: String) throws(UpkeepError) -> IndexSchema {
    for index in indexes where index.name == name { return index }
    if let index = indexes.first(where: { Names.equal($0.name, name) }) { return index }
    let hint = Names.suggestion(for: name, among: indexes.map(\.name))
    var error = UpkeepError(.unknownIndex, "table \(self.name) has no index \(name)\(hint)")
    error.table = self.name
    error.name = name
    throw error
  }

  /// The same, and it must be unique.
  func requiredUniqueIndex(_ name: String) throws(UpkeepError) -> IndexSchema {
    let index = try requiredIndex(name)
    guard index.isUnique else {
      throw UpkeepError(.misuse, "index \(index.name) is not unique; use scan(_:by:_:) for all its rows")
    }
    return index
  }

  /// Appends the bytes of a whole primary key.
  ///
  /// - Returns: false if no row can have it.
  func appendKey(_ key: [Value], to buffer: ByteBuffer) throws(UpkeepError) -> Bool {
    guard key.count == keyParts.count else { throw wrongCount(key.count) }
    for position in key.indices where key[position].storedType != keyParts[position].type {
      return try KeyColumns(primaryKeyOf: self).append(key, to: buffer)
    }
    for position in key.indices { try KeyCodec.append(key[position], keyParts[position], to: buffer) }
    return true
  }

  /// The same of a key that is mostly of one column, and then makes no array of it.
  func appendKey(_ key: Value, to buffer: ByteBuffer) throws(UpkeepError) -> Bool {
    guard keyParts.count == 1, key.storedType == keyParts[0].type else {
      return try appendKey([key], to: buffer)
    }
    try KeyCodec.append(key, keyParts[0], to: buffer)
    return true
  }

  private func wrongCount(_ count: Int) -> UpkeepError {
    UpkeepError(
      .misuse,
      "the primary key of \(name) has \(keyParts.count) column\(keyParts.count == 1 ? "" : "s"), "
        + "and the key \(count) value\(count == 1 ? "" : "s")")
  }
}

extension IndexSchema {
  /// Appends the bytes of a whole key of a unique index.
  ///
  /// - Returns: false if there is a NULL in it, which meets nothing.
  func appendKey(
    _ key: [Value], of schema: TableSchema, to buffer: ByteBuffer
  ) throws(UpkeepError) -> Bool {
    guard key.count == parts.count else {
      throw UpkeepError(.misuse, "index \(name) has \(parts.count) columns, and the key \(key.count) values")
    }
    for position in key.indices {
      if case .null = key[position] {
        guard nullsAreEqual, parts[position].key.isNullable else { return false }
        continue
      }
      if key[position].storedType != parts[position].key.type {
        return try KeyColumns(self, of: schema).append(key, to: buffer)
      }
    }
    for position in key.indices { try KeyCodec.append(key[position], parts[position].key, to: buffer) }
    return true
  }
}
