internal import UpkeepStorage

/// What the key of a row is in an index.
package enum IndexKeyState: Sendable {
  /// The row has an entry, and in a unique index nobody else may have it.
  case entry
  /// The row has an entry; a NULL in it means that it meets nobody.
  case containsNull
  /// The index's WHERE leaves the row out.
  case outsidePredicate
}

/// The bytes of an index's entries.
///
/// ```
/// unique, no NULL among the parts    parts                → primary key
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
    return containsNull ? .containsNull : .entry
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
    for part in index.parts { try reader.skip(part.key) }
    return reader.rest
  }
}
