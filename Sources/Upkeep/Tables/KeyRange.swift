internal import UpkeepStorage

/// A range of keys, in the order of the key.
///
/// A bound gives values for the first columns of the key, all of them or fewer: `.prefix("GB")` means every
/// key whose first column is `GB`.
///
/// ```swift
/// try snapshot.scan("airport", .from("EG").upTo("EH"))
/// ```
public struct KeyRange: Sendable, Hashable {
  private enum Lower: Hashable {
    case none
    case from([Value])
    case after([Value])
  }
  private enum Upper: Hashable {
    case none
    case upTo([Value])
    case through([Value])
  }

  private var lower = Lower.none
  private var upper = Upper.none

  /// Every key.
  public static let all = KeyRange()

  /// From this key on, it included.
  public static func from(_ key: Value...) -> KeyRange {
    var range = KeyRange()
    range.lower = .from(key)
    return range
  }

  /// The keys behind this one: where a page of a listing ended.
  public static func after(_ key: Value...) -> KeyRange {
    var range = KeyRange()
    range.lower = .after(key)
    return range
  }

  /// The keys before this one.
  public static func upTo(_ key: Value...) -> KeyRange { KeyRange().ending(.upTo(key)) }

  /// The keys up to this one, it included.
  public static func through(_ key: Value...) -> KeyRange { KeyRange().ending(.through(key)) }

  /// The keys that begin with these values.
  public static func prefix(_ key: Value...) -> KeyRange {
    var range = KeyRange()
    range.lower = .from(key)
    range.upper = .through(key)
    return range
  }

  /// The same range, ending before `key`.
  public func upTo(_ key: Value...) -> KeyRange { ending(.upTo(key)) }

  /// The same range, ending with `key`.
  public func through(_ key: Value...) -> KeyRange { ending(.through(key)) }

  private func ending(_ upper: Upper) -> KeyRange {
    var range = self
    range.upper = upper
    return range
  }

  /// The range as bytes of keys that have these parts.
  func bounds(_ key: KeyColumns) throws(UpkeepError) -> KeyBounds {
    var bounds = KeyBounds()
    switch lower {
    case .none: break
    case .from(let values): bounds.lower = try key.bytes(values)
    case .after(let values):
      // Nothing lies behind a prefix that has no successor: an impossible range says so.
      bounds.lower = KeyBounds.successor(of: try key.bytes(values))
      if bounds.lower == nil { return KeyBounds(lower: [], upper: []) }
    }
    switch upper {
    case .none: break
    case .upTo(let values): bounds.upper = try key.bytes(values)
    case .through(let values): bounds.upper = KeyBounds.successor(of: try key.bytes(values))
    }
    return bounds
  }
}

/// The columns of a primary key or an index, for making keys from a caller's values.
struct KeyColumns {
  let schema: TableSchema
  let parts: [KeyPart]
  /// For messages: `primary key of airport` or `index airport_iata`.
  let index: IndexSchema?

  init(primaryKeyOf schema: TableSchema) {
    self.schema = schema
    parts = schema.keyParts
    index = nil
  }

  init(_ index: IndexSchema, of schema: TableSchema) {
    self.schema = schema
    parts = index.parts.map(\.key)
    self.index = index
  }

  func bytes(_ values: [Value]) throws(UpkeepError) -> [UInt8] {
    let buffer = ByteBuffer()
    try append(values, to: buffer)
    return Array(buffer.bytes)
  }

  /// Appends the key, or its beginning where values are fewer than its columns.
  ///
  /// - Returns: false if a value is NULL where the key has none, so that no row has this key.
  @discardableResult
  func append(_ values: [Value], to buffer: ByteBuffer) throws(UpkeepError) -> Bool {
    guard values.count <= parts.count else {
      throw UpkeepError(
        .misuse, "\(name) has \(parts.count) column\(parts.count == 1 ? "" : "s"), not \(values.count)")
    }
    for position in values.indices {
      let part = parts[position]
      let value = values[position]
      if value == .null && !part.isNullable && part.type != .any { return false }
      if part.type == .any || value.storedType == part.type {
        try KeyCodec.append(value, part, to: buffer)
      } else {
        try KeyCodec.append(try coerced(value, position), part, to: buffer)
      }
    }
    return true
  }

  var name: String { index.map { "index \($0.name)" } ?? "the primary key of \(schema.name)" }

  private func coerced(_ value: Value, _ position: Int) throws(UpkeepError) -> Value {
    if value == .null { return .null }
    return try Coercion.coerce(
      value, to: parts[position].type, table: schema.name, column: columnName(position))
  }

  private func columnName(_ position: Int) -> String {
    let ordinal = index.map { $0.parts[position].column } ?? schema.primaryKey.dropFirst(position).first
    guard let ordinal, ordinal < schema.columns.count else { return index == nil ? "rowid" : "expression" }
    return schema.columns[ordinal].name
  }
}
