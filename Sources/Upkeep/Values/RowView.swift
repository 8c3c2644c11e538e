/// A stored row, read column by column where it lies.
///
/// A view allocates nothing and counts no references: it is valid as long as its bytes are and its schema is held
/// by somebody else. The bytes may be anything; what cannot be a row throws `corrupt` when it is read.
package struct RowView {
  let schema: Unmanaged<TableSchema>
  let places: UnsafeMutablePointer<ColumnPlace>
  /// The number of values: columns, and the hidden rowid if there is one.
  package let width: Int
  package let key: UnsafeRawBufferPointer
  package let bytes: UnsafeRawBufferPointer
  /// How many columns the value holds; -1 if its head is damaged.
  private let storedCount: Int
  private let nulls: Int
  private let ends: Int
  private let data: Int
  /// An end's size is 1, 2 or 4 bytes: 1 << shift.
  private let shift: Int

  package init(schema: TableSchema, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    self.init(RowShape(schema), key: key, value: value)
  }

  /// For many rows of one table.
  init(_ shape: RowShape, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    schema = shape.schema
    places = shape.places
    width = shape.width
    self.key = key
    bytes = value
    guard let start = value.baseAddress, value.count >= 2 else {
      (storedCount, nulls, ends, data, shift) = (value.count == 0 ? 0 : -1, 0, 0, 0, 0)
      return
    }
    let flags = start.load(as: UInt8.self)
    var offset = 2
    var count = Int(start.load(fromByteOffset: 1, as: UInt8.self))
    if flags & RowCodec.Flag.wideCount != 0, value.count >= 3 {
      count |= Int(start.load(fromByteOffset: 2, as: UInt8.self)) << 8
      offset = 3
    }
    let hasNulls = flags & RowCodec.Flag.hasNulls != 0
    nulls = hasNulls ? offset : 0
    if hasNulls { offset += (count + 7) >> 3 }
    ends = offset
    shift = Int(flags & RowCodec.Flag.widthMask)
    data = offset + count << shift
    let isSound = shift <= 2 && flags & ~RowCodec.Flag.known == 0 && data <= value.count
    storedCount = isSound ? count : -1
  }

  // MARK: Where a column is

  /// The bytes of a column: where they begin in the value, and how many.
  @usableFromInline
  enum Field {
    case null
    /// The row was stored before the column was there.
    case missing
    case bytes(offset: Int, count: Int)
  }

  @inline(__always)
  private func end(_ position: Int) -> Int {
    let start = bytes.baseAddress.unsafelyUnwrapped + ends
    switch shift {
    case 0: return Int(start.load(fromByteOffset: position, as: UInt8.self))
    case 1:
      return Int(UInt16(littleEndian: start.loadUnaligned(fromByteOffset: position << 1, as: UInt16.self)))
    default:
      return Int(UInt32(littleEndian: start.loadUnaligned(fromByteOffset: position << 2, as: UInt32.self)))
    }
  }

  @inline(__always)
  private func field(_ position: Int) throws(UpkeepError) -> Field {
    guard position < storedCount else {
      if storedCount < 0 { throw corrupt("its head is damaged") }
      return .missing
    }
    if nulls != 0 {
      let byte = bytes.baseAddress.unsafelyUnwrapped.load(
        fromByteOffset: nulls + position >> 3, as: UInt8.self)
      if byte & (1 << UInt8(position & 7)) != 0 { return .null }
    }
    let from = position == 0 ? 0 : end(position &- 1)
    let to = end(position)
    guard from <= to, data + to <= bytes.count else { throw corrupt("a column lies outside it") }
    return .bytes(offset: data + from, count: to - from)
  }

  private func corrupt(_ reason: String) -> UpkeepError {
    let schema = schema.takeUnretainedValue()
    var error = UpkeepError.corrupt("a row of \(schema.name)", reason)
    error.table = schema.name
    return error
  }

  private func missing(_ column: Int) -> Value { schema.takeUnretainedValue().columns[column].missingValue }

  // MARK: Numbers

  /// Up to eight bytes as a word, the last byte the most significant; bits below them are whatever precedes.
  @inline(__always)
  private func word(_ offset: Int, _ count: Int) throws(UpkeepError) -> UInt64 {
    guard count <= 8 else { throw corrupt("a number of \(count) bytes") }
    let start = bytes.baseAddress.unsafelyUnwrapped
    let last = offset + count
    if last >= 8 {
      return UInt64(littleEndian: start.loadUnaligned(fromByteOffset: last - 8, as: UInt64.self))
    }
    var word: UInt64 = 0
    for position in offset..<last {
      word = (word >> 8) | (UInt64(start.load(fromByteOffset: position, as: UInt8.self)) << 56)
    }
    return word
  }

  @inline(__always)
  private func storedInteger(_ offset: Int, _ count: Int) throws(UpkeepError) -> Int64 {
    let word = try word(offset, count)
    // A shift by 64, for a value of no bytes, gives zero or all ones; `>>` on UInt64 gives zero first.
    return count == 0 ? 0 : Int64(bitPattern: word) >> Int64(64 - 8 * count)
  }

  @inline(__always)
  private func storedReal(_ offset: Int, _ count: Int) throws(UpkeepError) -> Double {
    let word = try word(offset, count)
    if count == 0 { return 0 }
    let unused = UInt64(64 - 8 * count)
    let real = Double(bitPattern: (word >> unused) << unused)
    if real.isNaN { throw corrupt("it holds a NaN") }
    return real
  }

  private func keyReader(_ place: ColumnPlace) throws(UpkeepError) -> KeyReader {
    if place.keyOffset >= 0 && place.keyOffset <= key.count { return KeyReader(key, from: place.keyOffset) }
    var reader = KeyReader(key)
    let parts = schema.takeUnretainedValue().keyParts
    for part in 0..<place.position { try reader.skip(parts[part]) }
    return reader
  }

  // MARK: Reading

  /// The number in an INTEGER or TIMESTAMP column; nil for NULL.
  @inline(__always)
  package func integer(_ column: Int) throws(UpkeepError) -> Int64? {
    precondition(column < width)
    let place = places[column]
    guard place.type == .integer || place.type == .timestamp else { return try integerOfAny(column) }
    if place.isInKey {
      var reader = try keyReader(place)
      return try reader.integer(place.isDescending ? 0xFF : 0)
    }
    switch try field(place.position) {
    case .bytes(let offset, let count): return try storedInteger(offset, count)
    case .null: return nil
    case .missing: return missing(column).storedInteger
    }
  }

  /// The number in an INTEGER or REAL column; `other` for columns of other types.
  @inline(__always)
  func scalar(_ column: Int) throws(UpkeepError) -> Scalar {
    switch places[column].type {
    case .integer: return try integer(column).map { Scalar($0) } ?? .null
    case .real: return try real(column).map { Scalar($0) } ?? .null
    default: return .other
    }
  }

  private func integerOfAny(_ column: Int) throws(UpkeepError) -> Int64? { try value(column).storedInteger }

  /// The number in a REAL column; nil for NULL.
  @inline(__always)
  package func real(_ column: Int) throws(UpkeepError) -> Double? {
    precondition(column < width)
    let place = places[column]
    if place.type == .real && !place.isInKey {
      switch try field(place.position) {
      case .bytes(let offset, let count): return try storedReal(offset, count)
      case .null: return nil
      case .missing: break
      }
    }
    if case .real(let real) = try value(column) { return real }
    return nil
  }

  /// Hands the bytes of a TEXT, JSON or BLOB column to `body`, where they lie if possible; nil for NULL and for
  /// a column that holds something else.
  @inline(__always)
  package func withBytes<R>(
    _ column: Int, _ body: (UnsafeRawBufferPointer?) throws(UpkeepError) -> R
  ) throws(UpkeepError) -> R {
    precondition(column < width)
    let place = places[column]
    guard place.type == .text || place.type == .json || place.type == .blob else {
      return try withBytesOfValue(column, body)
    }
    if place.isInKey {
      var reader = try keyReader(place)
      let (bytes, isPlain) = try reader.escaped(place.isDescending ? 0xFF : 0)
      return isPlain ? try body(bytes) : try withBytesOfValue(column, body)
    }
    switch try field(place.position) {
    case .bytes(let offset, let count):
      return try body(UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]))
    case .null: return try body(nil)
    case .missing: return try withBytesOfValue(column, body)
    }
  }

  private func withBytesOfValue<R>(
    _ column: Int, _ body: (UnsafeRawBufferPointer?) throws(UpkeepError) -> R
  ) throws(UpkeepError) -> R {
    let content: [UInt8]
    switch try value(column) {
    case .text(let text), .json(let text): content = Array(text.utf8)
    case .blob(let blob): content = blob
    default: return try body(nil)
    }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: content)
    return try body(UnsafeRawBufferPointer(copy))
  }

  /// The bytes of a TEXT, JSON or BLOB column if they lie in the row's value as they are.
  @inline(__always)
  func lentBytes(_ column: Int) throws(UpkeepError) -> LentBytes {
    precondition(column < width)
    let place = places[column]
    guard !place.isInKey, place.type == .text || place.type == .json || place.type == .blob else {
      return .elsewhere
    }
    switch try field(place.position) {
    case .bytes(let offset, let count):
      return .bytes(UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]))
    case .null: return .null
    case .missing: return .elsewhere
    }
  }

  /// The bytes of a TEXT, JSON or BLOB column that lies in the row's value; nil for NULL. For columns of the
  /// key, which may be written otherwise there, use `withBytes`.
  @inline(__always)
  package func textBytes(_ column: Int) throws(UpkeepError) -> UnsafeRawBufferPointer? {
    precondition(column < width && !places[column].isInKey)
    guard case .bytes(let offset, let count) = try field(places[column].position) else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
  }

  /// Whether a column holds NULL. A damaged row says no; reading the column then throws.
  package func isNull(_ column: Int) -> Bool {
    let place = places[column]
    if place.isInKey { return false }
    guard let field = try? field(place.position) else { return false }
    switch field {
    case .null: return true
    case .missing: return missing(column) == .null
    case .bytes: return false
    }
  }

  /// The value of a column; of the hidden rowid, one past the last column.
  package func value(_ column: Int) throws(UpkeepError) -> Value {
    precondition(column >= 0 && column < width)
    let place = places[column]
    if place.isInKey {
      var reader = try keyReader(place)
      return try reader.value(KeyPart(place.type, isDescending: place.isDescending))
    }
    switch try field(place.position) {
    case .null: return .null
    case .missing: return missing(column)
    case .bytes(let offset, let count): return try value(of: place.type, offset, count)
    }
  }

  /// All values of the row; the hidden rowid, if there is one, is the last.
  package func values() throws(UpkeepError) -> [Value] {
    var row: [Value] = []
    row.reserveCapacity(width)
    for column in 0..<width { row.append(try value(column)) }
    return row
  }

  private func value(of type: ValueType, _ offset: Int, _ count: Int) throws(UpkeepError) -> Value {
    let content = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
    switch type {
    case .integer: return .integer(try storedInteger(offset, count))
    case .real: return .real(try storedReal(offset, count))
    case .text: return .text(TextBytes.string(content))
    case .json: return .json(TextBytes.string(content))
    case .blob: return .blob(Array(content))
    case .timestamp: return .timestamp(Timestamp(microseconds: try storedInteger(offset, count)))
    case .boolean:
      if count == 0 { return .boolean(false) }
      guard count == 1, content[0] == 1 else { throw corrupt("a BOOLEAN is neither false nor true") }
      return .boolean(true)
    case .uuid:
      guard count == 16 else { throw corrupt("a UUID of \(count) bytes") }
      return .uuid(
        UUIDValue(
          high: UInt64(bigEndian: content.loadUnaligned(as: UInt64.self)),
          low: UInt64(bigEndian: content.loadUnaligned(fromByteOffset: 8, as: UInt64.self))))
    case .any:
      guard count >= 1, let held = ValueType(rawValue: content[0]), held != .any else {
        throw corrupt("a value of unknown type")
      }
      return try value(of: held, offset + 1, count - 1)
    }
  }
}

/// Where the bytes of a column are.
@usableFromInline
enum LentBytes {
  case null
  case bytes(UnsafeRawBufferPointer)
  /// In the key, in another type's clothes or nowhere: `withBytes` gets them.
  case elsewhere
}

extension Value {
  /// The integer of an INTEGER or TIMESTAMP.
  var storedInteger: Int64? {
    switch self {
    case .integer(let integer): integer
    case .timestamp(let timestamp): timestamp.microseconds
    default: nil
    }
  }

  /// The type that holds the value; ANY for NULL.
  package var storedType: ValueType {
    switch self {
    case .null: .any
    case .integer: .integer
    case .real: .real
    case .text: .text
    case .blob: .blob
    case .boolean: .boolean
    case .timestamp: .timestamp
    case .uuid: .uuid
    case .json: .json
    }
  }
}

/// What all views of a table's rows have in common. It counts no references: its user holds the schema.
struct RowShape {
  let schema: Unmanaged<TableSchema>
  let places: UnsafeMutablePointer<ColumnPlace>
  let width: Int

  init(_ schema: TableSchema) {
    self.schema = Unmanaged.passUnretained(schema)
    places = schema.places
    width = schema.rowWidth
  }
}
