/// The root of everything that a checkpoint wrote.
///
/// Invariants (rule 16):
/// 1. Two slots, each with its own number inside; at rest both hold the same generation.
/// 2. A slot is valid if and only if magic, format version, slot number and checksum are right.
struct Superblock: Equatable, Sendable {
  /// Byte offsets, as in Docs/FileFormat.md.
  enum Layout {
    static let magic = 0
    static let formatVersion = 8
    static let slot = 12
    static let generation = 16
    static let databaseID = 24
    static let pageSize = 40
    static let segmentSize = 44
    static let requiredFeatures = 48
    static let optionalFeatures = 56
    static let codec = 64
    static let checksumKind = 68
    static let clean = 72
    static let mapLevels = 76
    static let version = 80
    static let nextTreeID = 88
    static let nextPageID = 96
    static let mapRoot = 104
    static let rootsRoot = 120
    static let rootsLevels = 136
    static let rootsCount = 144
    static let logSalt = 152
    static let logPosition = 160
    static let logChain = 168
    static let fileSize = 176
    static let checksum = 504
  }

  static let byteCount = 512
  static let slotOffsets: [UInt64] = [0, 4096]
  static let magic: UInt64 = 0x4244_5045_454B_5055  // "UPKEEPDB", little-endian
  static let formatVersion: UInt32 = 1
  static let seed: UInt64 = 0x55504B45455001

  var generation: UInt64
  var databaseID: DatabaseID
  var pageSize: Int
  var segmentSize: Int
  var isClean: Bool
  var mapLevels: Int = 0
  var version: UInt64 = 0
  var nextTreeID: UInt64 = TreeID.firstOfUsers.rawValue
  var nextPageID: UInt64 = 1
  var mapRoot = MapEntry.none
  var rootsRoot = MapEntry.none
  var rootsLevels: Int = 0
  var rootsCount: UInt64 = 0
  var logSalt: UInt64 = 0
  var logPosition = LogPosition(0)
  var logChain: UInt64 = 0
  var fileSize: UInt64 = 16384

  /// The 512 bytes of a slot.
  func encoded(slot: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.byteCount)
    bytes.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      base.setInteger(Layout.magic, Self.magic)
      base.setInteger(Layout.formatVersion, Self.formatVersion)
      base.setInteger(Layout.slot, UInt32(slot))
      base.setInteger(Layout.generation, generation)
      base.setInteger(Layout.databaseID, databaseID.high)
      base.setInteger(Layout.databaseID + 8, databaseID.low)
      base.setInteger(Layout.pageSize, UInt32(pageSize))
      base.setInteger(Layout.segmentSize, UInt32(segmentSize))
      base.setInteger(Layout.checksumKind, UInt32(1))
      base.setInteger(Layout.clean, UInt32(isClean ? 1 : 0))
      base.setInteger(Layout.mapLevels, UInt32(mapLevels))
      base.setInteger(Layout.version, version)
      base.setInteger(Layout.nextTreeID, nextTreeID)
      base.setInteger(Layout.nextPageID, nextPageID)
      base.setInteger(Layout.mapRoot, mapRoot.packedExtent)
      base.setInteger(Layout.mapRoot + 8, mapRoot.checksum)
      base.setInteger(Layout.rootsRoot, rootsRoot.packedExtent)
      base.setInteger(Layout.rootsRoot + 8, rootsRoot.checksum)
      base.setInteger(Layout.rootsLevels, UInt32(rootsLevels))
      base.setInteger(Layout.rootsCount, rootsCount)
      base.setInteger(Layout.logSalt, logSalt)
      base.setInteger(Layout.logPosition, logPosition.rawValue)
      base.setInteger(Layout.logChain, logChain)
      base.setInteger(Layout.fileSize, fileSize)
      let sum = Checksum.hash(UnsafeRawBufferPointer(rebasing: buffer[..<Layout.checksum]), seed: Self.seed)
      base.setInteger(Layout.checksum, sum)
    }
    return bytes
  }

  /// What a slot's bytes are.
  enum Slot {
    case valid(Superblock)
    /// A superblock of ours that cannot be read.
    case damaged(reason: String)
    /// Not a superblock.
    case foreign
    /// From a release that this one does not understand.
    case unknown(reason: String)
  }

  static func decode(_ bytes: UnsafeRawBufferPointer, slot: Int) -> Slot {
    guard bytes.count == byteCount, let base = bytes.baseAddress else { return .foreign }
    guard base.integer(Layout.magic, UInt64.self) == magic else { return .foreign }
    let sum = Checksum.hash(UnsafeRawBufferPointer(rebasing: bytes[..<Layout.checksum]), seed: seed)
    guard base.integer(Layout.checksum, UInt64.self) == sum else {
      return .damaged(reason: "the checksum does not match")
    }
    let format: UInt32 = base.integer(Layout.formatVersion)
    guard format == formatVersion else { return .unknown(reason: "format version \(format)") }
    guard base.integer(Layout.slot, UInt32.self) == UInt32(slot) else {
      return .damaged(reason: "it was written for the other slot")
    }
    let features: UInt64 = base.integer(Layout.requiredFeatures)
    guard features == 0 else { return .unknown(reason: "features \(String(features, radix: 16))") }
    guard base.integer(Layout.codec, UInt32.self) == 0, base.integer(Layout.checksumKind, UInt32.self) == 1
    else { return .unknown(reason: "another page codec or checksum") }
    let block = Superblock(
      generation: base.integer(Layout.generation),
      databaseID: DatabaseID(
        high: base.integer(Layout.databaseID), low: base.integer(Layout.databaseID + 8)),
      pageSize: Int(base.integer(Layout.pageSize, UInt32.self)),
      segmentSize: Int(base.integer(Layout.segmentSize, UInt32.self)),
      isClean: base.integer(Layout.clean, UInt32.self) == 1,
      mapLevels: Int(base.integer(Layout.mapLevels, UInt32.self)),
      version: base.integer(Layout.version),
      nextTreeID: base.integer(Layout.nextTreeID),
      nextPageID: base.integer(Layout.nextPageID),
      mapRoot: MapEntry(
        packedExtent: base.integer(Layout.mapRoot), checksum: base.integer(Layout.mapRoot + 8)),
      rootsRoot: MapEntry(
        packedExtent: base.integer(Layout.rootsRoot), checksum: base.integer(Layout.rootsRoot + 8)),
      rootsLevels: Int(base.integer(Layout.rootsLevels, UInt32.self)),
      rootsCount: base.integer(Layout.rootsCount),
      logSalt: base.integer(Layout.logSalt),
      logPosition: LogPosition(base.integer(Layout.logPosition)),
      logChain: base.integer(Layout.logChain),
      fileSize: base.integer(Layout.fileSize))
    guard StorageOptions.isValidPageSize(block.pageSize), StorageOptions.isValidSegmentSize(block.segmentSize)
    else { return .damaged(reason: "page or segment size out of range") }
    guard block.isCountable else { return .damaged(reason: "a number out of range") }
    return .valid(block)
  }

  /// No store gets as far as these numbers, and those that are counted on from here cannot overflow.
  private static let limit: UInt64 = 1 << 60

  private var isCountable: Bool {
    generation < Self.limit && version < Self.limit && logPosition.rawValue < Self.limit
      && fileSize < Self.limit && nextTreeID <= TreeID.limit
  }
}

extension StorageOptions {
  static func isValidPageSize(_ size: Int) -> Bool {
    size >= 512 && size <= 65_536 && size & (size - 1) == 0
  }

  static func isValidSegmentSize(_ size: Int) -> Bool {
    size >= 16_384 && size <= 1 << 30 && size % 4096 == 0
  }
}
