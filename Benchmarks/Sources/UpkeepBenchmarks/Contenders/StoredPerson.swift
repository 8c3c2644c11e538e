/// A row as the key-value engines keep it. Primary tree: the id, eight bytes, the most significant first, to the row's
/// bytes; unique index: the email to the id.
///
/// ```
///  0  score       8, as bits
///  8  updated_at  8
/// 16  email       2 bytes of length, then its text
///     name        the rest
/// ```
enum StoredPerson {
  static let longestRow = 512

  /// Writes the key of an id.
  @inline(__always)
  static func write(key id: Int, to target: UnsafeMutableRawPointer) {
    target.storeBytes(of: UInt64(bitPattern: Int64(id)).bigEndian, as: UInt64.self)
  }

  @inline(__always)
  static func id(_ key: UnsafeRawPointer) -> Int {
    Int(Int64(bitPattern: UInt64(bigEndian: key.loadUnaligned(as: UInt64.self))))
  }

  /// Writes a row.
  ///
  /// - Returns: its length.
  static func write(_ person: Person, to target: UnsafeMutableRawPointer) -> Int {
    target.storeBytes(of: person.score.bitPattern, as: UInt64.self)
    target.storeBytes(of: Int64(person.updatedAt), toByteOffset: 8, as: Int64.self)
    let emailLength = write(person.email, to: target + 18)
    target.storeBytes(of: UInt16(emailLength), toByteOffset: 16, as: UInt16.self)
    return 18 + emailLength + write(person.name, to: target + 18 + emailLength)
  }

  /// Writes a text.
  ///
  /// - Returns: its length.
  @inline(__always)
  static func write(_ text: String, to target: UnsafeMutableRawPointer) -> Int {
    var text = text
    return text.withUTF8 { bytes in
      if let base = bytes.baseAddress { target.copyMemory(from: base, byteCount: bytes.count) }
      return bytes.count
    }
  }

  /// The email in a row.
  @inline(__always)
  static func email(_ row: UnsafeRawPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: row + 18, count: Int(row.loadUnaligned(fromByteOffset: 16, as: UInt16.self)))
  }

  /// The name in a row.
  @inline(__always)
  static func name(_ row: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard let base = row.baseAddress else { return row }
    return UnsafeRawBufferPointer(rebasing: row[(18 + email(base).count)...])
  }

  /// What reading the row adds to the sum.
  @inline(__always)
  static func read(id: Int, _ row: UnsafeRawPointer, _ count: Int) -> Int {
    let email = email(row)
    let name = UnsafeRawBufferPointer(start: row + 18 + email.count, count: count - 18 - email.count)
    return sum(
      id: id, email: email, name: name,
      score: Double(bitPattern: row.loadUnaligned(as: UInt64.self)),
      updatedAt: Int(row.loadUnaligned(fromByteOffset: 8, as: Int64.self)))
  }

  /// The key of the index over name and id.
  ///
  /// - Returns: its length.
  static func writeNameKey(
    _ row: UnsafeRawBufferPointer, id: UnsafeRawPointer, to target: UnsafeMutableRawPointer
  ) -> Int {
    let name = name(row)
    if let base = name.baseAddress { target.copyMemory(from: base, byteCount: name.count) }
    target.storeBytes(of: 0, toByteOffset: name.count, as: UInt8.self)
    (target + name.count + 1).copyMemory(from: id, byteCount: 8)
    return name.count + 9
  }
}
