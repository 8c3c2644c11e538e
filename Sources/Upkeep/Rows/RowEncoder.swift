package import UpkeepStorage

/// A row whose values are text that lies somewhere, by the columns of its table.
package protocol RowText {
  func field(_ ordinal: Int) -> RowTextField
}

/// One value of such a row.
package enum RowTextField {
  /// None is given.
  case absent
  case null
  /// UTF-8 without NUL, which stands for a value as in a feed.
  case text(UnsafeRawBufferPointer)
  case value(Value)
}

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

  /// A column, in the order in which its bytes are put down: first those that the value holds.
  private struct Column {
    let ordinal: Int
    let type: ValueType
  }

  /// A part of a key, over a column.
  private struct Part {
    let ordinal: Int
    let key: KeyPart
  }

  /// An index.
  private struct Index {
    /// Where its parts are in `indexParts`; nil where it is over expressions or has a predicate.
    let parts: Range<Int>?
    let nullsAreEqual: Bool
  }

  /// The most columns of a table whose rows are encoded here: one bit for each fits a word.
  package static let mostColumns = 64

  private let schema: TableSchema
  private let columns: UnsafeMutableBufferPointer<Column>
  private let storedCount: Int
  /// By column, what a row has that does not give it; nil if that must be evaluated.
  private let defaults: [Value?]
  private let primaryKey: UnsafeMutableBufferPointer<Part>
  private let indexes: UnsafeMutableBufferPointer<Index>
  /// The parts of all indexes.
  private let indexParts: UnsafeMutableBufferPointer<Part>
  private let required: UInt64
  /// By column.
  private let fields: UnsafeMutablePointer<Field>
  private let numbers: UnsafeMutablePointer<UInt64>
  /// The bytes of all columns, one after the other.
  @exclusivity(unchecked) private var data: UnsafeMutableRawPointer
  @exclusivity(unchecked) private var capacity: Int
  @exclusivity(unchecked) private var count = 0
  /// How many of them the value holds.
  @exclusivity(unchecked) private var storedByteCount = 0
  /// Which columns the row gives, a bit for each, and which are NULL.
  @exclusivity(unchecked) package private(set) var given: UInt64 = 0
  @exclusivity(unchecked) private var nulls: UInt64 = 0

  /// Nil for a table that is too wide, or whose primary key is hidden or of no type.
  package init?(_ schema: TableSchema) {
    guard schema.columns.count <= Self.mostColumns, !schema.hasHiddenRowid,
      schema.keyParts.allSatisfy({ $0.type != .any })
    else { return nil }
    self.schema = schema
    let stored = schema.columns.filter { !schema.places[$0.ordinal].isInKey }
    let others = schema.columns.filter { schema.places[$0.ordinal].isInKey }
    storedCount = stored.count
    columns = .allocate(capacity: schema.columns.count)
    _ = columns.initialize(from: (stored + others).map { Column(ordinal: $0.ordinal, type: $0.type) })
    defaults = schema.columns.map(\.constantDefault)
    primaryKey = Self.fixed(zip(schema.primaryKey, schema.keyParts).map { Part(ordinal: $0, key: $1) })
    var parts: [Part] = []
    indexes = Self.fixed(
      schema.indexes.map { index in
        guard index.predicate == nil, index.columnOrdinals != nil else {
          return Index(parts: nil, nullsAreEqual: index.nullsAreEqual)
        }
        let first = parts.count
        parts += index.parts.map { Part(ordinal: $0.column ?? 0, key: $0.key) }
        return Index(parts: first..<parts.count, nullsAreEqual: index.nullsAreEqual)
      })
    indexParts = Self.fixed(parts)
    required = schema.columns.reduce(0) { $1.isNullable ? $0 : $0 | 1 << UInt64($1.ordinal) }
    fields = .allocate(capacity: schema.columns.count)
    fields.initialize(repeating: Field(), count: schema.columns.count)
    numbers = .allocate(capacity: schema.columns.count)
    numbers.initialize(repeating: 0, count: schema.columns.count)
    capacity = 512
    data = .allocate(byteCount: capacity, alignment: 16)
  }

  /// What is looked at for each row, where looking counts no references.
  private static func fixed<T>(_ elements: [T]) -> UnsafeMutableBufferPointer<T> {
    let place = UnsafeMutableBufferPointer<T>.allocate(capacity: elements.count)
    _ = place.initialize(from: elements)
    return place
  }

  deinit {
    columns.deallocate()
    primaryKey.deallocate()
    indexes.deallocate()
    indexParts.deallocate()
    data.deallocate()
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
    for number in 0..<columns.count {
      let column = columns[number]
      if number == storedCount { storedByteCount = count }
      let position = positions[column.ordinal]
      if position >= 0 {
        given |= 1 << UInt64(column.ordinal)
        guard put(values[position], column) else { return false }
      } else {
        guard putDefault(column) else { return false }
      }
    }
    return end()
  }

  /// The same of a row by the table's columns, nil where none is given.
  package func take(_ row: [Value?]) -> Bool {
    guard row.count <= columns.count else { return false }
    begin()
    for number in 0..<columns.count {
      let column = columns[number]
      if number == storedCount { storedByteCount = count }
      if column.ordinal < row.count, let value = row[column.ordinal] {
        given |= 1 << UInt64(column.ordinal)
        guard put(value, column) else { return false }
      } else {
        guard putDefault(column) else { return false }
      }
    }
    return end()
  }

  /// The same of a row as text, which goes from where it lies into the row's bytes.
  ///
  /// - Returns: false if the row is to be judged elsewhere, as one with a value that does not fit.
  @inline(__always)
  package func take(_ row: some RowText) -> Bool {
    begin()
    for number in 0..<columns.count {
      let column = columns[number]
      if number == storedCount { storedByteCount = count }
      switch row.field(column.ordinal) {
      case .absent:
        guard putDefault(column) else { return false }
      case .null:
        given |= 1 << UInt64(column.ordinal)
        putNull(column.ordinal)
      case .text(let text):
        given |= 1 << UInt64(column.ordinal)
        guard put(text: text, column) else { return false }
      case .value(let value):
        given |= 1 << UInt64(column.ordinal)
        guard put(value, column) else { return false }
      }
    }
    return end()
  }

  @inline(__always)
  private func put(text: UnsafeRawBufferPointer, _ column: Column) -> Bool {
    switch column.type {
    case .text: putBytes(text, column.ordinal)
    case .integer:
      guard case .integer(let integer)? = NumberParser.number(text) else { return false }
      putInteger(integer, column.ordinal)
    case .real:
      switch NumberParser.number(text) {
      case .real(let real): putReal(real, column.ordinal)
      case .integer(let integer): putReal(Double(integer), column.ordinal)
      case nil: return false
      }
    default:
      guard let value = Coercion.parse(text, as: column.type) else { return false }
      return put(value, column)
    }
    return true
  }

  private func begin() {
    given = 0
    nulls = 0
    count = 0
  }

  private func end() -> Bool {
    if storedCount == columns.count { storedByteCount = count }
    return storedByteCount <= RowCodec.longestValue
  }

  private func putDefault(_ column: Column) -> Bool {
    guard let value = defaults[column.ordinal] else { return false }
    return put(value, column)
  }

  @inline(__always)
  private func put(_ value: Value, _ column: Column) -> Bool {
    switch value {
    case .integer(let integer) where column.type == .integer:
      putInteger(integer, column.ordinal)
    case .text(let text) where column.type == .text:
      putText(text, column.ordinal)
    case .real(let real) where column.type == .real && !real.isNaN:
      putReal(real, column.ordinal)
    case .null:
      putNull(column.ordinal)
    default:
      return putOther(value, column)
    }
    return true
  }

  @inline(__always)
  private func putNull(_ ordinal: Int) {
    nulls |= 1 << UInt64(ordinal)
    fields[ordinal] = Field(offset: count, count: Field.null)
  }

  @inline(__always)
  private func putInteger(_ integer: Int64, _ ordinal: Int) {
    let bytes = RowCodec.byteCount(integer)
    room(for: 8).storeBytes(of: integer.littleEndian, as: Int64.self)
    fields[ordinal] = Field(offset: count, count: bytes)
    numbers[ordinal] = UInt64(bitPattern: integer)
    count &+= bytes
  }

  @inline(__always)
  private func putReal(_ real: Double, _ ordinal: Int) {
    let real = real == 0 ? 0 : real
    let bytes = RowCodec.byteCount(real)
    let bits = bytes == 0 ? 0 : real.bitPattern >> UInt64(64 - 8 * bytes)
    room(for: 8).storeBytes(of: bits.littleEndian, as: UInt64.self)
    fields[ordinal] = Field(offset: count, count: bytes)
    numbers[ordinal] = real.bitPattern
    count &+= bytes
  }

  @inline(__always)
  private func putText(_ text: String, _ ordinal: Int) {
    let isDone: Void? = text.utf8.withContiguousStorageIfAvailable {
      putBytes(UnsafeRawBufferPointer($0), ordinal)
    }
    if isDone == nil { putBridged(text, ordinal) }
  }

  @inline(never)
  private func putBridged(_ text: String, _ ordinal: Int) {
    var text = text
    text.withUTF8 { putBytes(UnsafeRawBufferPointer($0), ordinal) }
  }

  @inline(__always)
  private func putBytes(_ bytes: UnsafeRawBufferPointer, _ ordinal: Int) {
    if let start = bytes.baseAddress {
      room(for: bytes.count).copyMemory(from: start, byteCount: bytes.count)
    }
    fields[ordinal] = Field(offset: count, count: bytes.count)
    count &+= bytes.count
  }

  /// Values of the rarer types, and those that must be coerced.
  @inline(never)
  private func putOther(_ value: Value, _ column: Column) -> Bool {
    guard let value = Coercion.coerce(value, to: column.type) else { return false }
    switch value {
    case .null: putNull(column.ordinal)
    case .integer(let integer) where column.type == .integer: putInteger(integer, column.ordinal)
    case .real(let real) where column.type == .real: putReal(real, column.ordinal)
    case .text(let text) where column.type == .text: putText(text, column.ordinal)
    default:
      let bytes = ByteBuffer(capacity: 64)
      RowCodec.append(value, column.type, to: bytes)
      putBytes(bytes.bytes, column.ordinal)
      if case .timestamp(let timestamp) = value {
        numbers[column.ordinal] = UInt64(bitPattern: timestamp.microseconds)
      }
    }
    return true
  }

  /// Where the next bytes go, with room for that many.
  @inline(__always)
  private func room(for bytes: Int) -> UnsafeMutableRawPointer {
    if count &+ bytes > capacity { grow(bytes) }
    return data + count
  }

  @inline(never)
  private func grow(_ bytes: Int) {
    let larger = max(count + bytes, capacity * 2)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    memory.copyMemory(from: data, byteCount: count)
    data.deallocate()
    data = memory
    capacity = larger
  }

  /// Gives the row an automatic id, which only its key holds.
  package func setID(_ id: Int64, _ ordinal: Int) {
    let bit: UInt64 = 1 << UInt64(ordinal)
    nulls &= ~bit
    given &= ~bit
    putInteger(id, ordinal)
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
  package func makesKeys(ofIndex number: Int) -> Bool { indexes[number].parts != nil }

  /// Appends the row's key in an index, without the primary key; nil if that is to be done elsewhere. A row with NULL
  /// where none may be cannot be inserted and has no entry.
  package func appendIndexKey(_ number: Int, to buffer: ByteBuffer) -> IndexKeyState? {
    guard let places = indexes[number].parts else { return nil }
    var state = IndexKeyState.entry
    for place in places {
      let part = indexParts[place]
      if isNull(part.ordinal) {
        guard part.key.isNullable else { return .outsidePredicate }
        if !indexes[number].nullsAreEqual { state = .containsNull }
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
    UnsafeRawBufferPointer(
      start: UnsafeRawPointer(data) + fields[ordinal].offset, count: max(fields[ordinal].count, 0))
  }

  // MARK: The value

  /// Appends the row's value.
  package func appendValue(to buffer: ByteBuffer) {
    if storedCount == 0 { return }
    let dataCount = storedByteCount
    let width = dataCount <= 0xFF ? 0 : dataCount <= 0xFFFF ? 1 : 2
    var storedNulls: UInt64 = 0
    if nulls != 0 {
      for position in 0..<storedCount where isNull(columns[position].ordinal) {
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
      let field = fields[columns[position].ordinal]
      let end = field.offset + max(field.count, 0)
      switch width {
      case 0: ends.storeBytes(of: UInt8(truncatingIfNeeded: end), as: UInt8.self)
      case 1: ends.storeBytes(of: UInt16(truncatingIfNeeded: end).littleEndian, as: UInt16.self)
      default: ends.storeBytes(of: UInt32(truncatingIfNeeded: end).littleEndian, as: UInt32.self)
      }
      ends += 1 << width
    }
    (place + headerCount).copyMemory(from: data, byteCount: dataCount)
  }
}
