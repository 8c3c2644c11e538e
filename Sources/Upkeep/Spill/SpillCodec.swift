internal import UpkeepStorage

/// Bytes of what was put out of memory, read from the front. They were written by this process, and are trusted no more
/// than others.
struct SpilledBytes {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private static var damaged: UpkeepError {
    .corrupt("what a statement put aside", "it is not what was written")
  }

  mutating func byte() throws(UpkeepError) -> UInt8 {
    guard offset < bytes.count else { throw Self.damaged }
    offset += 1
    return bytes[offset - 1]
  }

  mutating func word() throws(UpkeepError) -> UInt64 {
    guard offset + 8 <= bytes.count else { throw Self.damaged }
    offset += 8
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset - 8, as: UInt64.self))
  }

  mutating func integer() throws(UpkeepError) -> Int64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try byte()
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { break }
      shift += 7
      guard shift < 64 else { throw Self.damaged }
    }
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  mutating func int() throws(UpkeepError) -> Int { Int(truncatingIfNeeded: try integer()) }

  /// A count of things that take a byte at least.
  mutating func count() throws(UpkeepError) -> Int {
    let count = try int()
    guard count >= 0, count <= bytes.count - offset else { throw Self.damaged }
    return count
  }

  mutating func raw() throws(UpkeepError) -> UnsafeRawBufferPointer {
    let count = try count()
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
  }

  mutating func text() throws(UpkeepError) -> String { String(decoding: try raw(), as: UTF8.self) }

  mutating func optionalText() throws(UpkeepError) -> String? { try byte() == 0 ? nil : try text() }

  mutating func ints() throws(UpkeepError) -> [Int] {
    var ints: [Int] = []
    for _ in 0..<(try count()) { ints.append(try int()) }
    return ints
  }

  mutating func value() throws(UpkeepError) -> Value? {
    switch try byte() {
    case 0: return nil
    case 1: return .null
    case 2: return .integer(try integer())
    case 3: return .real(Double(bitPattern: try word()))
    case 4: return .text(try text())
    case 5: return .blob(Array(try raw()))
    case 6: return .boolean(try byte() != 0)
    case 7: return .timestamp(Timestamp(microseconds: try integer()))
    case 8: return .uuid(UUIDValue(high: try word(), low: try word()))
    case 9: return .json(try text())
    default: throw Self.damaged
    }
  }

  mutating func row<V: SpilledValue>(_ type: V.Type = V.self) throws(UpkeepError) -> [V] {
    let count = try count()
    var row: [V] = []
    row.reserveCapacity(count)
    for _ in 0..<count { row.append(try V(spilled: &self)) }
    return row
  }

  mutating func optionalRow() throws(UpkeepError) -> [Value]? { try byte() == 0 ? nil : try row() }
}

/// What rows that are put out of memory consist of: a value, or a value that may be absent.
protocol SpilledValue {
  init(spilled bytes: inout SpilledBytes) throws(UpkeepError)
  var spilling: Value? { get }
}

extension Value: SpilledValue {
  init(spilled bytes: inout SpilledBytes) throws(UpkeepError) { self = try bytes.value() ?? .null }
  var spilling: Value? { self }

  /// About how much memory it takes beside itself.
  var ownByteCount: Int {
    switch self {
    case .text(let text), .json(let text): text.utf8.count < 16 ? 0 : text.utf8.count + 32
    case .blob(let bytes): bytes.count + 32
    default: 0
    }
  }
}

extension Value?: SpilledValue {
  init(spilled bytes: inout SpilledBytes) throws(UpkeepError) { self = try bytes.value() }
  var spilling: Value? { self }
}

extension Array where Element: SpilledValue {
  /// About how much memory a row takes.
  var rowByteCount: Int {
    reduce(32 + count * MemoryLayout<Element>.stride) { $0 + ($1.spilling?.ownByteCount ?? 0) }
  }
}

extension ByteBuffer {
  func spill(_ integer: Int64) {
    var rest = UInt64(bitPattern: integer << 1) ^ UInt64(bitPattern: integer >> 63)
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  func spill(_ int: Int) { spill(Int64(int)) }

  func spill(_ bytes: UnsafeRawBufferPointer) {
    spill(bytes.count)
    append(bytes)
  }

  func spill(_ text: String) {
    var text = text
    text.withUTF8 { spill(UnsafeRawBufferPointer($0)) }
  }

  func spill(optional text: String?) {
    append(text == nil ? 0 : 1)
    if let text { spill(text) }
  }

  func spill(_ ints: [Int]) {
    spill(ints.count)
    for int in ints { spill(int) }
  }

  func spill(_ value: Value?) {
    switch value {
    case nil: append(0)
    case .null: append(1)
    case .integer(let integer):
      append(2)
      spill(integer)
    case .real(let real):
      append(3)
      append(littleEndian: real.bitPattern)
    case .text(let text):
      append(4)
      spill(text)
    case .blob(let bytes):
      append(5)
      bytes.withUnsafeBytes { spill($0) }
    case .boolean(let boolean):
      append(6)
      append(boolean ? 1 : 0)
    case .timestamp(let timestamp):
      append(7)
      spill(timestamp.microseconds)
    case .uuid(let uuid):
      append(8)
      append(littleEndian: uuid.high)
      append(littleEndian: uuid.low)
    case .json(let text):
      append(9)
      spill(text)
    }
  }

  /// A column of a row, without a value being made of it where it is a number or text.
  func spill(_ view: RowView, _ column: Int) throws(UpkeepError) {
    switch view.places[column].type {
    case .integer:
      guard let integer = try view.integer(column) else { return append(1) }
      append(2)
      spill(integer)
    case .real:
      guard let real = try view.real(column) else { return append(1) }
      append(3)
      append(littleEndian: real.bitPattern)
    case .text:
      switch try view.lentBytes(column) {
      case .null: append(1)
      case .bytes(let bytes):
        append(4)
        spill(bytes)
      case .elsewhere: spill(try view.value(column))
      }
    default: spill(try view.value(column))
    }
  }

  func spill(_ row: [some SpilledValue]) {
    spill(row.count)
    for value in row { spill(value.spilling) }
  }

  func spill(optional row: [Value]?) {
    append(row == nil ? 0 : 1)
    if let row { spill(row) }
  }
}
