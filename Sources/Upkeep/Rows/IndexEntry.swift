internal import UpkeepStorage

/// What the key of a row is in an index.
package enum IndexKeyState: Sendable {
  /// The row has an entry, and in a unique index nobody else may have it.
  case entry
  /// The row has an entry; a NULL in it means that it meets nobody. Not where NULLs are equal.
  case containsNull
  /// The index's WHERE leaves the row out.
  case outsidePredicate
}

/// The bytes of an index's entries.
///
/// ```
/// unique, no NULL among the parts    parts                → primary key      (or NULLs are equal)
/// unique, with a NULL                parts, primary key   → primary key
/// not unique                         parts, primary key   → nothing
/// ```
package enum IndexEntry {
  /// Appends the parts of the row's key.
  ///
  /// - Parameter context: holds the row in slot 0 where the index has expressions or a predicate.
  static func appendParts(
    of row: [Value], in index: IndexSchema, _ context: EvaluationContext, to buffer: ByteBuffer
  ) throws(UpkeepError) -> IndexKeyState {
    if let predicate = index.predicate, !(try predicate.isTrue(context)) { return .outsidePredicate }
    var containsNull = false
    for part in index.parts {
      if let column = part.column {
        if row[column] == .null { containsNull = true }
        try KeyCodec.append(row[column], part.key, to: buffer)
      } else {
        let value = try part.compiled.evaluate(context)
        if value == .null { containsNull = true }
        try KeyCodec.append(value, part.key, to: buffer)
      }
    }
    return containsNull && !index.nullsAreEqual ? .containsNull : .entry
  }

  /// Appends the parts of a stored row's key in an index over plain columns and without a predicate, without making
  /// values of them where they are numbers or text.
  static func appendParts(
    of row: RowView, in index: IndexSchema, to buffer: ByteBuffer
  ) throws(UpkeepError) -> IndexKeyState {
    guard let parts = index.plainParts else { return .outsidePredicate }
    var state = IndexKeyState.entry
    for part in parts where try !append(part.column, of: row, part.key, to: buffer) { state = .containsNull }
    return index.nullsAreEqual ? .entry : state
  }

  /// - Returns: false for NULL.
  private static func append(
    _ column: Int, of row: RowView, _ part: KeyPart, to buffer: ByteBuffer
  ) throws(UpkeepError) -> Bool {
    let start = buffer.count
    switch part.type {
    case .integer:
      guard let integer = try row.integer(column) else { break }
      if part.isNullable { buffer.append(KeyCodec.Tag.present) }
      KeyCodec.appendInteger(integer, to: buffer)
      if part.isDescending { KeyCodec.complement(buffer, from: start) }
      return true
    case .text:
      let isThere = try row.withBytes(column) { bytes throws(UpkeepError) in
        guard let bytes else { return false }
        if part.isNullable { buffer.append(KeyCodec.Tag.present) }
        let text = buffer.count
        KeyCodec.appendEscaped(bytes, to: buffer)
        if part.collation == .nocase { TextBytes.fold(buffer.base + text, count: buffer.count - text) }
        return true
      }
      guard isThere else { break }
      if part.isDescending { KeyCodec.complement(buffer, from: start) }
      return true
    default: break
    }
    let value = try row.value(column)
    try KeyCodec.append(value, part, to: buffer)
    return value != .null
  }

  /// Whether the entry's key ends with the primary key.
  static func keyHoldsPrimaryKey(_ index: IndexSchema, _ state: IndexKeyState) -> Bool {
    !index.isUnique || state == .containsNull
  }

  /// The primary key at the end of the key of a non-unique index's entry.
  package static func primaryKey(
    inKey key: UnsafeRawBufferPointer, of index: IndexSchema
  ) throws(UpkeepError) -> UnsafeRawBufferPointer {
    var reader = KeyReader(key)
    for key in index.keys { try reader.skip(key) }
    return reader.rest
  }
}
