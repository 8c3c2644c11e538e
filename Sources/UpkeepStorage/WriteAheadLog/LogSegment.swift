/// The header of a log segment.
///
/// Valid if and only if magic, format version, database id, segment size and checksum are right.
struct LogSegment: Equatable, Sendable {
  /// Byte offsets, as in Docs/FileFormat.md.
  enum Layout {
    static let magic = 0
    static let formatVersion = 8
    static let segmentSize = 12
    static let databaseID = 16
    static let salt = 32
    static let sequence = 40
    static let superblockGeneration = 48
    static let predecessorEnd = 56
    static let predecessorChain = 64
    static let predecessorVersion = 72
    static let durableBefore = 80
    static let segmentCount = 88
    static let checksum = 504
  }

  static let headerByteCount = 512
  static let magic: UInt64 = 0x474C_5045_454B_5055  // "UPKEEPLG", little-endian
  static let formatVersion: UInt32 = 1
  static let seed: UInt64 = 0x55504B45455002

  var databaseID: DatabaseID
  var segmentSize: Int
  var salt: UInt64
  var sequence: UInt64
  var superblockGeneration: UInt64
  var predecessorEnd: LogPosition
  var predecessorChain: UInt64
  var predecessorVersion: UInt64
  var durableBefore: LogPosition
  var segmentCount: Int

  func encoded() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.headerByteCount)
    bytes.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      base.setInteger(Layout.magic, Self.magic)
      base.setInteger(Layout.formatVersion, Self.formatVersion)
      base.setInteger(Layout.segmentSize, UInt32(segmentSize))
      base.setInteger(Layout.databaseID, databaseID.high)
      base.setInteger(Layout.databaseID + 8, databaseID.low)
      base.setInteger(Layout.salt, salt)
      base.setInteger(Layout.sequence, sequence)
      base.setInteger(Layout.superblockGeneration, superblockGeneration)
      base.setInteger(Layout.predecessorEnd, predecessorEnd.rawValue)
      base.setInteger(Layout.predecessorChain, predecessorChain)
      base.setInteger(Layout.predecessorVersion, predecessorVersion)
      base.setInteger(Layout.durableBefore, durableBefore.rawValue)
      base.setInteger(Layout.segmentCount, UInt32(segmentCount))
      let sum = Checksum.hash(UnsafeRawBufferPointer(rebasing: buffer[..<Layout.checksum]), seed: Self.seed)
      base.setInteger(Layout.checksum, sum)
    }
    return bytes
  }

  /// The header, or nil if the bytes are none.
  static func decode(_ bytes: UnsafeRawBufferPointer) -> LogSegment? {
    guard bytes.count >= headerByteCount, let base = bytes.baseAddress,
      base.integer(Layout.magic, UInt64.self) == magic,
      base.integer(Layout.formatVersion, UInt32.self) == formatVersion
    else { return nil }
    let sum = Checksum.hash(UnsafeRawBufferPointer(start: base, count: Layout.checksum), seed: seed)
    guard base.integer(Layout.checksum, UInt64.self) == sum else { return nil }
    return LogSegment(
      databaseID: DatabaseID(
        high: base.integer(Layout.databaseID), low: base.integer(Layout.databaseID + 8)),
      segmentSize: Int(base.integer(Layout.segmentSize, UInt32.self)),
      salt: base.integer(Layout.salt),
      sequence: base.integer(Layout.sequence),
      superblockGeneration: base.integer(Layout.superblockGeneration),
      predecessorEnd: LogPosition(base.integer(Layout.predecessorEnd)),
      predecessorChain: base.integer(Layout.predecessorChain),
      predecessorVersion: base.integer(Layout.predecessorVersion),
      durableBefore: LogPosition(base.integer(Layout.durableBefore)),
      segmentCount: Int(base.integer(Layout.segmentCount, UInt32.self)))
  }
}
