internal import UpkeepStorage

extension TableSchema {
  /// A row's primary key as a person reads it: `7`, or `(7, 'a')` for several columns.
  package func keyDescription(of row: [Value]) -> String {
    if hasHiddenRowid { return "rowid \(row.count > columns.count ? row[columns.count].description : "?")" }
    return Self.description(primaryKey.map { row[$0] })
  }

  /// The same of a key's bytes.
  package func keyDescription(of key: UnsafeRawBufferPointer) -> String {
    var reader = KeyReader(key)
    var values: [Value] = []
    for part in keyParts {
      guard let value = try? reader.value(part) else { return "?" }
      values.append(value)
    }
    return hasHiddenRowid ? "rowid \(values[0])" : Self.description(values)
  }

  static func description(_ values: [Value]) -> String {
    let texts = values.map { $0 == .null ? "NULL" : $0.description }
    return texts.count == 1 ? texts[0] : "(\(texts.joined(separator: ", ")))"
  }
}

extension IndexSchema {
  /// The values of the row's key in this index as a person reads them.
  package func keyDescription(of row: [Value]) -> String {
    let context = EvaluationContext()
    context.set(slot: 0, row: row)
    return TableSchema.description(
      parts.map { part in
        if let column = part.column { return row[column] }
        return (try? part.compiled.evaluate(context)) ?? .null
      })
  }

  /// The same of an entry's key.
  func keyDescription(ofKey key: [UInt8]) -> String {
    key.withUnsafeBytes { bytes in
      var reader = KeyReader(bytes)
      return TableSchema.description(parts.map { (try? reader.value($0.key)) ?? .null })
    }
  }

  /// The columns and expressions of the key as a person reads them, `(iata)` or `(lower(code))`.
  package func columnsDescription(_ schema: TableSchema) -> String {
    let names = parts.map { part in part.column.map { schema.columns[$0].name } ?? part.expression.shortText }
    return "(\(names.joined(separator: ", ")))"
  }

  /// The error of a row whose key here is too long.
  ///
  /// - Parameter byteCount: the primary key behind it included, where that belongs to it.
  package func tooLong(_ byteCount: Int, of row: [Value], _ schema: TableSchema) -> UpkeepError {
    let context = EvaluationContext()
    context.set(slot: 0, row: row)
    return RowCodec.keyTooLong(
      byteCount, schema, name,
      parts.map { part in
        if let column = part.column { return (schema.columns[column].name, row[column]) }
        return (part.expression.shortText, (try? part.compiled.evaluate(context)) ?? .null)
      })
  }
}
