internal import UpkeepStorage

/// One field of a catalog entry: a tag that says what it is, and its bytes.
///
///     tag      2 bytes, little-endian; with the top bit the reader must know it or refuse the database
///     length   4 bytes, little-endian
///     bytes    length bytes
///
/// A reader keeps the fields that it does not know and writes them back when it changes the entry.
struct CatalogField: Sendable, Hashable {
  let tag: UInt16
  let bytes: [UInt8]

  static let mustUnderstand: UInt16 = 0x8000
}

/// Writes fields one after the other.
struct FieldWriter {
  let buffer: ByteBuffer

  func bytes(_ tag: UInt16, _ bytes: some Collection<UInt8>) {
    header(tag, bytes.count)
    buffer.extend(by: bytes.count).copyBytes(bytes)
  }

  func text(_ tag: UInt16, _ text: String) { bytes(tag, text.utf8) }

  func byte(_ tag: UInt16, _ byte: UInt8) {
    header(tag, 1)
    buffer.append(byte)
  }

  func flag(_ tag: UInt16, _ isSet: Bool) { if isSet { byte(tag, 1) } }

  func word(_ tag: UInt16, _ word: UInt64) {
    header(tag, 8)
    buffer.append(littleEndian: word)
  }

  /// A field made of fields.
  func nested(_ tag: UInt16, _ write: (FieldWriter) throws(UpkeepError) -> Void) throws(UpkeepError) {
    let inner = ByteBuffer()
    try write(FieldWriter(buffer: inner))
    header(tag, inner.count)
    buffer.append(inner.bytes)
  }

  func expression(_ tag: UInt16, _ expression: Expression) throws(UpkeepError) {
    let inner = ByteBuffer()
    try ExpressionCodec.append(expression, to: inner)
    header(tag, inner.count)
    buffer.append(inner.bytes)
  }

  func unknown(_ fields: [CatalogField]) { for field in fields { bytes(field.tag, field.bytes) } }

  private func header(_ tag: UInt16, _ byteCount: Int) {
    buffer.append(littleEndian: tag)
    buffer.append(littleEndian: UInt32(byteCount))
  }
}

extension UnsafeMutableRawPointer {
  fileprivate func copyBytes(_ bytes: some Collection<UInt8>) {
    UnsafeMutableRawBufferPointer(start: self, count: bytes.count).copyBytes(from: bytes)
  }
}

/// Reads fields one after the other. The bytes may be anything.
struct FieldReader {
  /// What is being read, for messages.
  let place: String
  private var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer, of place: String) {
    rest = bytes
    self.place = place
  }

  /// The next field; nil at the end.
  mutating func next() throws(UpkeepError) -> Field? {
    if rest.count == 0 { return nil }
    guard rest.count >= 6 else { throw corrupt("a field's head is cut off") }
    let tag = UInt16(littleEndian: rest.loadUnaligned(as: UInt16.self))
    let count = Int(UInt32(littleEndian: rest.loadUnaligned(fromByteOffset: 2, as: UInt32.self)))
    guard count <= rest.count - 6 else { throw corrupt("field \(tag) is longer than what is left") }
    let bytes = UnsafeRawBufferPointer(rebasing: rest[6..<(6 + count)])
    rest = UnsafeRawBufferPointer(rebasing: rest[(6 + count)...])
    return Field(tag: tag, bytes: bytes, place: place)
  }

  func corrupt(_ reason: String) -> UpkeepError { .corrupt(place, reason) }

  struct Field {
    let tag: UInt16
    let bytes: UnsafeRawBufferPointer
    let place: String

    func text() throws(UpkeepError) -> String {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw .corrupt(place, "field \(tag) is not UTF-8")
      }
      return text
    }

    func byte() throws(UpkeepError) -> UInt8 {
      guard bytes.count == 1 else { throw .corrupt(place, "field \(tag) has \(bytes.count) bytes, not 1") }
      return bytes[0]
    }

    func flag() throws(UpkeepError) -> Bool {
      let byte = try byte()
      guard byte <= 1 else { throw .corrupt(place, "field \(tag) is neither 0 nor 1") }
      return byte == 1
    }

    func word() throws(UpkeepError) -> UInt64 {
      guard bytes.count == 8 else { throw .corrupt(place, "field \(tag) has \(bytes.count) bytes, not 8") }
      return UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    }

    func type() throws(UpkeepError) -> ValueType {
      guard let type = ValueType(rawValue: try byte()) else {
        throw .corrupt(place, "field \(tag) is no type")
      }
      return type
    }

    func collation() throws(UpkeepError) -> Collation {
      guard let collation = Collation(rawValue: try byte()) else {
        throw .corrupt(place, "field \(tag) is no collation")
      }
      return collation
    }

    func expression() throws(UpkeepError) -> Expression { try ExpressionCodec.decode(bytes, of: place) }

    var fields: FieldReader { FieldReader(bytes, of: place) }

    /// A field of a tag that this release does not know: kept, unless it says that it must be understood.
    func unknown() throws(UpkeepError) -> CatalogField {
      if tag & CatalogField.mustUnderstand != 0 {
        throw UpkeepError(
          .unsupported,
          "\(place) uses a feature (field \(tag & ~CatalogField.mustUnderstand)) of a newer release; open it with that"
        )
      }
      return CatalogField(tag: tag, bytes: Array(bytes))
    }
  }
}
