/// A record that `Decodable` makes: beyond its table's name and its columns nothing need be written. A property's coding key
/// is the name of its column.
///
/// ```swift
/// struct Country: Codable, CodableRecord {
///   var code: String
///   var name: String
///
///   static let table = "country"
///   static let columns: RecordColumns<Country> = [.column("code", \.code), .column("name", \.name)]
/// }
/// ```
///
/// A property that is optional and not in `columns` is nil. Decoding takes some microseconds a record; an `init(row:)`
/// written by hand is quicker.
public protocol CodableRecord: Record, Decodable {}

extension CodableRecord {
  /// Decodes the record.
  public init(row: RecordRow<Self>) throws(UpkeepError) {
    do {
      try self.init(from: RowDecoder(row))
    } catch let error as UpkeepError {
      throw error
    } catch {
      throw UpkeepError(.typeMismatch, "a row of \(Self.table) cannot be decoded as \(Self.self): \(error)")
    }
  }
}

/// Gives the columns of a row to a type that decodes itself.
private struct RowDecoder: Decoder {
  let row: RecordSource
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ row: RecordSource) { self.row = row }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(RowContainer(row))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw RowDecoder.notKeyed(row) }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { throw RowDecoder.notKeyed(row) }

  static func notKeyed(_ row: RecordSource) -> UpkeepError {
    UpkeepError(
      .unsupported,
      "a record of \(row.table) decodes itself as something else than properties by name; give it an init(row:)"
    )
  }
}

private struct RowContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let row: RecordSource
  private let names: [String]
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { names.compactMap { Key(stringValue: $0) } }

  init(_ row: RecordSource) {
    self.row = row
    names = row.names.names
  }

  func contains(_ key: Key) -> Bool { names.contains(key.stringValue) }

  func decodeNil(forKey key: Key) throws -> Bool {
    guard let position = names.firstIndex(of: key.stringValue) else { return true }
    return try row.value(position) == .null
  }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    guard let position = names.firstIndex(of: key.stringValue) else {
      var error = UpkeepError(
        .unknownColumn,
        "\(row.table) has no column named as the coding key \(key.stringValue); name the key as its column")
      error.table = row.table
      error.name = key.stringValue
      throw error
    }
    guard let columnType = T.self as? any ColumnValue.Type else {
      throw UpkeepError(
        .unsupported, "\(T.self) of \(row.table).\(key.stringValue) is no type that columns hold")
    }
    guard let value = columnType.init(columnValue: try row.value(position)) as? T else {
      throw row.mismatch(position, T.self)
    }
    return value
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    throw RowDecoder.notKeyed(row)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    throw RowDecoder.notKeyed(row)
  }

  func superDecoder() throws -> any Decoder { throw RowDecoder.notKeyed(row) }

  func superDecoder(forKey key: Key) throws -> any Decoder { throw RowDecoder.notKeyed(row) }
}
