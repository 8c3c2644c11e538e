package import UpkeepStorage

/// Rows as bytes: a key, and a value that holds the columns which the key does not give back.
///
///     flags      1 byte: bits 0-1 width of an end (0: 1 byte, 1: 2 bytes, 2: 4 bytes), bit 2 there are NULLs,
///                bit 3 the count has 2 bytes; the others are 0
///     count      1 or 2 bytes: how many columns were stored
///     nulls      with bit 2: one bit a column, least significant first, then zero bits up to a whole byte
///     ends       for each column where its bytes end, from the start of the data
///     data       the columns' bytes, in order
///
/// The empty value is a row of no stored columns. A column's bytes:
///
///     INTEGER, TIMESTAMP   the fewest bytes that hold it, two's complement, least significant first; 0 is none
///     REAL                 the most significant bytes of its bits, least significant first, without the zero
///                          bytes at the low end; 0.0 is none
///     BOOLEAN              none for false, 01 for true
///     UUID                 16 bytes
///     TEXT, JSON, BLOB     as they are
///     ANY                  a byte for the type, then as above
///
/// Every column has an end, those of fixed size too: numbers take as many bytes as they need (most integers of
/// a table need one to four), which a scan and the page cache repay, and a column is found by one look at the ends.
package enum RowCodec {
  enum Flag {
    static let widthMask: UInt8 = 0b0011
    static let hasNulls: UInt8 = 0b0100
    static let wideCount: UInt8 = 0b1000
    static let known: UInt8 = 0b1111
  }

  /// The longest value of a row.
  package static let longestValue = 64 << 20

  /// Appends the key of a row.
  package static func appendKey(
    of row: [Value], schema: TableSchema, to buffer: ByteBuffer
  ) throws(UpkeepError) {
    let start = buffer.count
    if let ordinal = schema.automaticID, case .integer(let id) = row[ordinal],
      !schema.keyParts[0].isDescending
    {
      KeyCodec.appendInteger(id, to: buffer)
      return
    }
    if schema.hasHiddenRowid {
      try KeyCodec.append(row[schema.columns.count], .rowid, to: buffer)
      return
    }
    for (position, ordinal) in schema.primaryKey.enumerated() {
      do {
        try KeyCodec.append(row[ordinal], schema.keyParts[position], to: buffer)
      } catch {
        throw error.inKey(of: schema, index: "primary key", column: ordinal)
      }
    }
    if buffer.count - start > KeyCodec.longestKey {
      throw keyTooLong(buffer.count - start, schema, "primary key", primaryKeyTexts(of: row, schema))
    }
  }

  private static func primaryKeyTexts(of row: [Value], _ schema: TableSchema) -> [(String, Value)] {
    schema.primaryKey.map { (schema.columns[$0].name, row[$0]) }
  }

  /// An error that names table, columns and values of a key that is too long.
  package static func keyTooLong(
    _ byteCount: Int, _ schema: TableSchema, _ index: String, _ parts: [(name: String, value: Value)]
  ) -> UpkeepError {
    let names = parts.map(\.name).joined(separator: ", ")
    let values = parts.map(\.value.literalText).joined(separator: ", ")
    let key = index == "primary key" ? "the primary key" : "index \(index)"
    var error = UpkeepError(
      .tooLong,
      "\(schema.name) (\(names)) = \(parts.count == 1 ? values : "(\(values))") takes \(byteCount) bytes in \(key), "
        + "which holds at most \(KeyCodec.longestKey); give a shorter value")
    error.table = schema.name
    error.index = index
    if parts.count == 1 { error.column = parts[0].name }
    error.key = values
    error.value = values
    return error
  }

  /// Appends the value of a row. Its values are of their columns' types: they went through `Coercion`.
  package static func appendValue(
    of row: [Value], schema: TableSchema, to buffer: ByteBuffer
  ) throws(UpkeepError) {
    let stored = schema.layout.stored
    if stored.isEmpty { return }
    guard row.count >= schema.columns.count else {
      throw UpkeepError(
        .misuse, "table \(schema.name) has \(schema.columns.count) columns, the row \(row.count) values")
    }
    var dataCount = 0
    var hasNulls = false
    for column in stored {
      let count = storedByteCount(row[column.ordinal], column.type)
      if count >= 0 {
        dataCount += count
      } else if case .null = row[column.ordinal] {
        hasNulls = true
      } else {
        throw mismatch(row[column.ordinal], schema.columns[column.ordinal])
      }
    }
    guard dataCount <= longestValue else {
      var error = UpkeepError(
        .tooLong,
        "a row of \(schema.name) takes \(dataCount) bytes, and at most \(longestValue) are stored; give less of it"
      )
      error.table = schema.name
      throw error
    }
    let width = dataCount <= 0xFF ? 0 : dataCount <= 0xFFFF ? 1 : 2
    let isWide = stored.count > 0xFF
    let nullByteCount = hasNulls ? (stored.count + 7) / 8 : 0
    let headerCount = 1 + (isWide ? 2 : 1) + nullByteCount + stored.count << width
    // Numbers are written as whole words, of which the bytes that do not belong are overwritten by what
    // follows; behind the last one they need room too.
    let start = buffer.count
    var place = buffer.extend(by: headerCount + dataCount + 8)
    place.storeBytes(
      of: UInt8(width) | (hasNulls ? Flag.hasNulls : 0) | (isWide ? Flag.wideCount : 0), as: UInt8.self)
    if isWide {
      place.storeBytes(of: UInt16(stored.count).littleEndian, toByteOffset: 1, as: UInt16.self)
      place += 3
    } else {
      place.storeBytes(of: UInt8(stored.count), toByteOffset: 1, as: UInt8.self)
      place += 2
    }
    let nulls = place
    if hasNulls { (0..<nullByteCount).forEach { nulls.storeBytes(of: 0, toByteOffset: $0, as: UInt8.self) } }
    var ends = nulls + nullByteCount
    let data = ends + stored.count << width
    var offset = 0
    for position in 0..<stored.count {
      let column = stored[position]
      switch row[column.ordinal] {
      case .null:
        let byte = nulls.load(fromByteOffset: position >> 3, as: UInt8.self)
        nulls.storeBytes(of: byte | 1 << UInt8(position & 7), toByteOffset: position >> 3, as: UInt8.self)
      case let value:
        offset += store(value, column.type, at: data + offset)
      }
      switch width {
      case 0: ends.storeBytes(of: UInt8(truncatingIfNeeded: offset), as: UInt8.self)
      case 1: ends.storeBytes(of: UInt16(truncatingIfNeeded: offset).littleEndian, as: UInt16.self)
      default: ends.storeBytes(of: UInt32(truncatingIfNeeded: offset).littleEndian, as: UInt32.self)
      }
      ends += 1 << width
    }
    buffer.truncate(to: start + headerCount + dataCount)
  }

  private static func mismatch(_ value: Value, _ column: ColumnSchema) -> UpkeepError {
    Coercion.mismatch(value, column.type, table: column.table, column: column.name)
  }

  /// The fewest bytes that hold an integer.
  @inline(__always)
  static func byteCount(_ integer: Int64) -> Int {
    integer == 0 ? 0 : (72 - (integer ^ (integer >> 63)).leadingZeroBitCount) >> 3
  }

  /// The bytes of a REAL without the zero ones at the low end.
  @inline(__always)
  static func byteCount(_ real: Double) -> Int {
    (71 - real.bitPattern.trailingZeroBitCount) >> 3
  }

  /// How many bytes a value takes; negative for NULL, or if it is not of the type.
  @inline(__always)
  private static func storedByteCount(_ value: Value, _ type: ValueType) -> Int {
    switch value {
    case .null: -1
    case .integer(let integer) where type == .integer: byteCount(integer)
    case .text(let text) where type == .text: text.utf8.count
    case .real(let real) where type == .real: byteCount(real)
    case .boolean(let boolean) where type == .boolean: boolean ? 1 : 0
    case .timestamp(let timestamp) where type == .timestamp: byteCount(timestamp.microseconds)
    case .uuid where type == .uuid: 16
    case .json(let text) where type == .json: text.utf8.count
    case .blob(let bytes) where type == .blob: bytes.count
    default: type == .any ? 1 + storedByteCount(value) : -1
    }
  }

  private static func storedByteCount(_ value: Value) -> Int {
    switch value {
    case .null: 0
    case .integer(let integer): byteCount(integer)
    case .text(let text), .json(let text): text.utf8.count
    case .real(let real): byteCount(real)
    case .boolean(let boolean): boolean ? 1 : 0
    case .timestamp(let timestamp): byteCount(timestamp.microseconds)
    case .uuid: 16
    case .blob(let bytes): bytes.count
    }
  }

  /// Appends the bytes of a value that is not NULL and of the type.
  static func append(_ value: Value, _ type: ValueType, to buffer: ByteBuffer) {
    let start = buffer.count
    let count = storedByteCount(value, type)
    _ = store(value, type, at: buffer.extend(by: count + 8))
    buffer.truncate(to: start + count)
  }

  /// Writes a value that is not NULL, and up to 8 bytes behind it; returns how many bytes are the value's.
  @inline(__always)
  private static func store(_ value: Value, _ type: ValueType, at place: UnsafeMutableRawPointer) -> Int {
    if type == .any {
      place.storeBytes(of: value.storedType.rawValue, as: UInt8.self)
      return 1 + store(value, at: place + 1)
    }
    return store(value, at: place)
  }

  @inline(__always)
  private static func store(_ value: Value, at place: UnsafeMutableRawPointer) -> Int {
    switch value {
    case .null:
      return 0
    case .integer(let integer):
      place.storeBytes(of: integer.littleEndian, as: Int64.self)
      return byteCount(integer)
    case .timestamp(let timestamp):
      place.storeBytes(of: timestamp.microseconds.littleEndian, as: Int64.self)
      return byteCount(timestamp.microseconds)
    case .real(let real):
      let count = byteCount(real)
      let bits = count == 0 ? 0 : real.bitPattern >> UInt64(64 - 8 * count)
      place.storeBytes(of: bits.littleEndian, as: UInt64.self)
      return count
    case .boolean(let boolean):
      if boolean { place.storeBytes(of: 1, as: UInt8.self) }
      return boolean ? 1 : 0
    case .uuid(let uuid):
      place.storeBytes(of: uuid.high.bigEndian, as: UInt64.self)
      place.storeBytes(of: uuid.low.bigEndian, toByteOffset: 8, as: UInt64.self)
      return 16
    case .blob(let bytes):
      bytes.withUnsafeBytes {
        if let start = $0.baseAddress { place.copyMemory(from: start, byteCount: $0.count) }
      }
      return bytes.count
    case .text(let text), .json(let text):
      return store(text, at: place)
    }
  }

  private static func store(_ text: String, at place: UnsafeMutableRawPointer) -> Int {
    var text = text
    return text.withUTF8 {
      if let start = $0.baseAddress { place.copyMemory(from: start, byteCount: $0.count) }
      return $0.count
    }
  }
}

extension UpkeepError {
  /// The error with the key that it concerns.
  func inKey(of schema: TableSchema, index: String, column ordinal: Int) -> UpkeepError {
    var error = self
    let column = ordinal < schema.columns.count ? schema.columns[ordinal].name : "rowid"
    error.table = schema.name
    error.column = column
    error.index = index
    if code == .notNullViolation {
      error.message = "\(schema.name).\(column) is part of the \(index) and cannot be NULL; give it a value"
    } else {
      error.message = "\(schema.name).\(column): \(message)"
    }
    return error
  }
}
