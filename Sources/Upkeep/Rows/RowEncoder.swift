package import UpkeepStorage

/// Rows on their way in as bytes, straight from the values given: what `RowCodec` and `KeyCodec` would make of the row
/// with its values coerced and its defaults in place, without making that row.
///
/// `take` reads each value once, which for text costs one count of references; keys of indexes are then made from the
/// bytes. Rows of many columns, and values that only `Coercion` can judge to be wrong, are left to others.
package final class RowEncoder {
  /// A value's bytes, as a row stores them.
  private struct Field {
    var offset = 0
    /// `null` for NULL.
    var count = 0

    static let null = -1
  }

  private struct Column {
    let type: ValueType
    let isInKey: Bool
    /// What a row has that does not give the column; nil if it must be evaluated.
    let defaultValue: Value?
  }

  /// A part of a key, over a column.
  private struct Part {
    let ordinal: Int
    let key: KeyPart
  }

  /// The most columns of a table whose rows are encoded here: one bit for each fits a word.
  package static let mostColumns = 64

  private let schema: TableSchema
  private let columns: [Column]
  private let storedCount: Int
  private let primaryKey: [Part]
  /// For each index its parts; nil where it is over expressions or has a predicate.
  private let indexes: [[Part]?]
  private let required: UInt64
  private let fields: UnsafeMutablePointer<Field>
  private let numbers: UnsafeMutablePointer<UInt64>
  /// The bytes of stored columns, one after the other.
  private let data = ByteBuffer(capacity: 512)
  /// Those of columns that only the key has.
  private let keyData = ByteBuffer(capacity: 64)
  /// Which columns the row gives, a bit for each, and which are NULL.
  @exclusivity(unchecked) package private(set) var given: UInt64 = 0
  @exclusivity(unchecked) private var nulls: UInt64 = 0

  /// Nil for a table that is too wide, or whose primary key is hidden or of no type.
  package init?(_ schema: TableSchema) {
    guard schema.columns.count <= Self.mostColumns, !schema.hasHiddenRowid,
      schema.keyParts.allSatisfy({ $0.type != .any })
    else { return nil }
    self.schema = schema
    columns = schema.columns.map {
      Column(
        type: $0.type, isInKey: schema.places[$0.ordinal].isInKey, defaultValue: $0.constantDefault)
    }
    storedCount = schema.layout.stored.count
    primaryKey = zip(schema.primaryKey, schema.keyParts).map { Part(ordinal: $0, key: $1) }
    indexes = schema.indexes.map { index in
      guard index.predicate == nil, index.columnOrdinals != nil else { return nil }
      return index.parts.map { Part(ordinal: $0.column ?? 0, key: $0.key) }
    }
    required = schema.columns.reduce(0) { $1.isNullable ? $0 : $0 | 1 << UInt64($1.ordinal) }
    fields = .allocate(capacity: columns.count)
    fields.initialize(repeating: Field(), count: columns.count)
    numbers = .allocate(capacity: columns.count)
    numbers.initialize(repeating: 0, count: columns.count)
  }

  deinit {
    fields.deallocate()
    numbers.deallocate()
  }

  /// Whether no column is NULL that must not be.
  package var hasRequired: Bool { nulls & required == 0 }

  package func isNull(_ ordinal: Int) -> Bool { nulls & 1 << UInt64(ordinal) != 0 }

  /// Whether a column is NULL that makes part of the primary key.
  package var lacksKey: Bool { primaryKey.contains { isNull($0.ordinal) } }

  /// Reads a row.
  ///
  /// - Parameters:
  ///   - values: what is given.
  ///   - positions: for each column which of the values is its own; negative where none is.
  /// - Returns: false if the row is to be judged elsewhere.
  package func take(_ values: [Value], _ positions: [Int]) -> Bool {
    begin()
    for ordinal in columns.indices {
      let position = positions[ordinal]
      if position >= 0 {
        given |= 1 << UInt64(ordinal)
        guard put(values[position], ordinal) else { return false }
      } else {
        guard putDefault(ordinal) else { return false }
      }
    }
    return data.count <= RowCodec.longestValue
  }

  /// The same of a row by the table's columns, nil where none is given.
  package func take(_ row: [Value?]) -> Bool {
    guard row.count <= columns.count else { return false }
    begin()
    for ordinal in columns.indices {
      if ordinal < row.count, let value = row[ordinal] {
        given |= 1 << UInt64(ordinal)
        guard put(value, ordinal) else { return false }
      } else {
        guard putDefault(ordinal) else { return false }
      }
    }
    return data.count <= RowCodec.longestValue
  }

  private func begin() {
    given = 0
    nulls = 0
    data.removeAll()
    keyData.removeAll()
  }

  @inline(__always)
  private func putDefault(_ ordinal: Int) -> Bool {
    guard let value = columns[ordinal].defaultValue else { return false }
    return put(value, ordinal)
  }

  @inline(__always)
  private func put(_ value: Value, _ ordinal: Int) -> Bool {
    let type = columns[ordinal].type
    let buffer = columns[ordinal].isInKey ? keyData : data
    fields[ordinal].offset = buffer.count
    switch value {
    case .integer(let integer) where type == .integer:
      putInteger(integer, ordinal, buffer)
    case .text(let text) where type == .text:
      putText(text, ordinal, buffer)
    case .real(let real) where type == .real && !real.isNaN:
      putReal(real, ordinal, buffer)
    case .null:
      nulls |= 1 << UInt64(ordinal)
      fields[ordinal].count = Field.null
    default:
      return putOther(value, ordinal, buffer)
    }
    return true
  }

  @inline(__always)
  private func putInteger(_ integer: Int64, _ ordinal: Int, _ buffer: ByteBuffer) {
    let count = RowCodec.byteCount(integer)
    buffer.extend(by: 8).storeBytes(of: integer.littleEndian, as: Int64.self)
    buffer.truncate(to: buffer.count - 8 + count)
    fields[ordinal].count = count
    numbers[ordinal] = UInt64(bitPattern: integer)
  }

  @inline(__always)
  private func putReal(_ real: Double, _ ordinal: Int, _ buffer: ByteBuffer) {
    let real = real == 0 ? 0 : real
    let count = RowCodec.byteCount(real)
    let bits = count == 0 ? 0 : real.bitPattern >> UInt64(64 - 8 * count)
    buffer.extend(by: 8).storeBytes(of: bits.littleEndian, as: UInt64.self)
    buffer.truncate(to: buffer.count - 8 + count)
    fields[ordinal].count = count
    numbers[ordinal] = real.bitPattern
  }

  @inline(__always)
  private func putText(_ text: String, _ ordinal: Int, _ buffer: ByteBuffer) {
    let isDone: Void? = text.utf8.withContiguousStorageIfAvailable {
      buffer.append(UnsafeRawBufferPointer($0))
    }
    if isDone == nil {
      var text = text
      text.withUTF8 { buffer.append(UnsafeRawBufferPointer($0)) }
    }
    fields[ordinal].count = buffer.count - fields[ordinal].offset
  }

  /// Values of the rarer types, and those that must be coerced.
  private func putOther(_ value: Value, _ ordinal: Int, _ buffer: ByteBuffer) -> Bool {
    let type = columns[ordinal].type
    guard let value = Coercion.coerce(value, to: type) else { return false }
    switch value {
    case .null:
      nulls |= 1 << UInt64(ordinal)
      fields[ordinal].count = Field.null
      return true
    case .integer(let integer) where type == .integer: putInteger(integer, ordinal, buffer)
    case .real(let real) where type == .real: putReal(real, ordinal, buffer)
    case .text(let text) where type == .text: putText(text, ordinal, buffer)
    default:
      guard !columns[ordinal].isInKey || type != .any else { return false }
      RowCodec.append(value, type, to: buffer)
      fields[ordinal].count = buffer.count - fields[ordinal].offset
      if case .timestamp(let timestamp) = value {
        numbers[ordinal] = UInt64(bitPattern: timestamp.microseconds)
      }
    }
    return true
  }

  /// Gives the row an automatic id.
  package func setID(_ id: Int64, _ ordinal: Int) {
    let bit: UInt64 = 1 << UInt64(ordinal)
    nulls &= ~bit
    given &= ~bit
    fields[ordinal].offset = keyData.count
    putInteger(id, ordinal, keyData)
  }

  /// The value of an INTEGER column that is not NULL.
  package func integer(_ ordinal: Int) -> Int64 { Int64(bitPattern: numbers[ordinal]) }

  // MARK: Keys

  /// Appends the primary key; false if that is to be done elsewhere.
  package func appendPrimaryKey(to buffer: ByteBuffer) -> Bool {
    let start = buffer.count
    for part in primaryKey {
      guard !isNull(part.ordinal), append(part, to: buffer) else { return false }
    }
    return buffer.count - start <= KeyCodec.longestKey
  }

  /// Whether the keys of an index can be made here.
  package func makesKeys(ofIndex number: Int) -> Bool { indexes[number] != nil }

  /// Appends the row's key in an index, without the primary key; nil if that is to be done elsewhere. A row with NULL
  /// where none may be cannot be inserted and has no entry.
  package func appendIndexKey(_ number: Int, to buffer: ByteBuffer) -> IndexKeyState? {
    guard let parts = indexes[number] else { return nil }
    var state = IndexKeyState.entry
    for part in parts {
      if isNull(part.ordinal) {
        guard part.key.isNullable else { return .outsidePredicate }
        state = .containsNull
      }
      guard append(part, to: buffer) else { return nil }
    }
    return state
  }

  @inline(__always)
  private func append(_ part: Part, to buffer: ByteBuffer) -> Bool {
    let start = buffer.count
    let ordinal = part.ordinal
    if isNull(ordinal) {
      guard part.key.isNullable, part.key.type != .any else { return false }
      buffer.append(KeyCodec.Tag.null)
    } else {
      if part.key.isNullable { buffer.append(KeyCodec.Tag.present) }
      switch part.key.type {
      case .integer, .timestamp:
        buffer.append(bigEndian: numbers[ordinal] ^ (1 << 63))
      case .real:
        buffer.append(bigEndian: KeyCodec.orderedBits(Double(bitPattern: numbers[ordinal])))
      case .text, .blob, .json:
        KeyCodec.appendEscaped(bytes(ordinal), to: buffer)
        if part.key.type == .text, part.key.collation == .nocase {
          TextBytes.fold(buffer.base + start, count: buffer.count - start)
        }
      case .uuid:
        buffer.append(bytes(ordinal))
      case .boolean:
        buffer.append(fields[ordinal].count == 0 ? 0 : 1)
      case .any:
        return false
      }
    }
    if part.key.isDescending { KeyCodec.complement(buffer, from: start) }
    return true
  }

  @inline(__always)
  private func bytes(_ ordinal: Int) -> UnsafeRawBufferPointer {
    let buffer = columns[ordinal].isInKey ? keyData : data
    return UnsafeRawBufferPointer(
      start: UnsafeRawPointer(buffer.base) + fields[ordinal].offset, count: max(fields[ordinal].count, 0))
  }

  // MARK: The value

  /// Appends the row's value.
  package func appendValue(to buffer: ByteBuffer) {
    if storedCount == 0 { return }
    let dataCount = data.count
    let width = dataCount <= 0xFF ? 0 : dataCount <= 0xFFFF ? 1 : 2
    let stored = schema.layout.stored
    var storedNulls: UInt64 = 0
    if nulls != 0 {
      for position in 0..<storedCount where isNull(stored[position].ordinal) {
        storedNulls |= 1 << UInt64(position)
      }
    }
    let nullByteCount = storedNulls == 0 ? 0 : (storedCount + 7) >> 3
    let headerCount = 2 + nullByteCount + storedCount << width
    let place = buffer.extend(by: headerCount + dataCount)
    place.storeBytes(of: UInt8(width) | (storedNulls == 0 ? 0 : RowCodec.Flag.hasNulls), as: UInt8.self)
    place.storeBytes(of: UInt8(truncatingIfNeeded: storedCount), toByteOffset: 1, as: UInt8.self)
    for byte in 0..<nullByteCount {
      place.storeBytes(
        of: UInt8(truncatingIfNeeded: storedNulls >> UInt64(8 * byte)), toByteOffset: 2 + byte, as: UInt8.self
      )
    }
    var ends = place + (2 + nullByteCount)
    for position in 0..<storedCount {
      let field = fields[stored[position].ordinal]
      let end = field.offset + max(field.count, 0)
      switch width {
      case 0: ends.storeBytes(of: UInt8(truncatingIfNeeded: end), as: UInt8.self)
      case 1: ends.storeBytes(of: UInt16(truncatingIfNeeded: end).littleEndian, as: UInt16.self)
      default: ends.storeBytes(of: UInt32(truncatingIfNeeded: end).littleEndian, as: UInt32.self)
      }
      ends += 1 << width
    }
    (place + headerCount).copyMemory(from: data.base, byteCount: dataCount)
  }
}
