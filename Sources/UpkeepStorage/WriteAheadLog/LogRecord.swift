/// One record of the log: a part of a committed transaction.
///
/// Valid if and only if its header checksum, position and previous chain are right, and its payload's
/// checksum is. The header's checksum is the chain value after it, so that a record vouches for all before it.
enum LogRecord {
  /// Byte offsets, as in Docs/FileFormat.md.
  enum Layout {
    static let magic = 0
    static let headerCount = 4
    static let flags = 6
    static let payloadCount = 8
    static let plainCount = 12
    static let version = 16
    static let durableBefore = 24
    static let position = 32
    static let previousChain = 40
    static let payloadChecksum = 48
    static let headerChecksum = 56
  }

  struct Flags: OptionSet {
    let rawValue: UInt16
    static let first = Flags(rawValue: 1)
    static let last = Flags(rawValue: 2)
    static let compressed = Flags(rawValue: 4)
  }

  static let headerByteCount = 64
  static let magic: UInt32 = 0x524C_4B55  // "UKLR", little-endian
  /// The longest plain payload.
  static let longestPayload = 1 << 20
  /// Records begin on multiples of this.
  static let alignment = 8
  /// After a sync the next record begins on a multiple of this.
  static let sectorSize = 512

  /// What a header says.
  struct Header {
    var flags: Flags
    var payloadCount: Int
    var plainCount: Int
    var version: UInt64
    var durableBefore: LogPosition
    var position: LogPosition
    var previousChain: UInt64
    var payloadChecksum: UInt64
    /// The header's own checksum.
    var chain: UInt64

    /// The record's bytes, with padding up to where the next may begin.
    var byteCount: Int {
      (LogRecord.headerByteCount + payloadCount + LogRecord.alignment - 1) / LogRecord.alignment
        * LogRecord.alignment
    }
  }

  static func payloadSeed(salt: UInt64, position: LogPosition) -> UInt64 { salt &+ position.rawValue }

  /// Writes a header; its `chain` is worked out and returned.
  static func encode(_ header: Header, salt: UInt64, into base: UnsafeMutableRawPointer) -> UInt64 {
    base.setInteger(Layout.magic, magic)
    base.setInteger(Layout.headerCount, UInt16(headerByteCount))
    base.setInteger(Layout.flags, header.flags.rawValue)
    base.setInteger(Layout.payloadCount, UInt32(header.payloadCount))
    base.setInteger(Layout.plainCount, UInt32(header.plainCount))
    base.setInteger(Layout.version, header.version)
    base.setInteger(Layout.durableBefore, header.durableBefore.rawValue)
    base.setInteger(Layout.position, header.position.rawValue)
    base.setInteger(Layout.previousChain, header.previousChain)
    base.setInteger(Layout.payloadChecksum, header.payloadChecksum)
    let chain = Checksum.hash(UnsafeRawBufferPointer(start: base, count: Layout.headerChecksum), seed: salt)
    base.setInteger(Layout.headerChecksum, chain)
    return chain
  }

  /// The header at the beginning of `bytes` if it is a whole one of this log generation that was written
  /// for this position; nothing is said of its payload.
  static func decode(_ bytes: UnsafeRawBufferPointer, salt: UInt64, at position: LogPosition) -> Header? {
    guard bytes.count >= headerByteCount, let base = bytes.baseAddress,
      base.integer(Layout.magic, UInt32.self) == magic,
      base.integer(Layout.position, UInt64.self) == position.rawValue,
      base.integer(Layout.headerCount, UInt16.self) == UInt16(headerByteCount)
    else { return nil }
    let chain = Checksum.hash(UnsafeRawBufferPointer(start: base, count: Layout.headerChecksum), seed: salt)
    guard base.integer(Layout.headerChecksum, UInt64.self) == chain else { return nil }
    let header = Header(
      flags: Flags(rawValue: base.integer(Layout.flags)),
      payloadCount: Int(base.integer(Layout.payloadCount, UInt32.self)),
      plainCount: Int(base.integer(Layout.plainCount, UInt32.self)),
      version: base.integer(Layout.version),
      durableBefore: LogPosition(base.integer(Layout.durableBefore)),
      position: position,
      previousChain: base.integer(Layout.previousChain),
      payloadChecksum: base.integer(Layout.payloadChecksum),
      chain: chain)
    guard header.plainCount <= longestPayload, header.payloadCount <= header.plainCount else { return nil }
    return header
  }
}
