/// Where a page lies in the data file: a run of units of 512 bytes.
struct Extent: Hashable, Sendable {
  static let unitSize = 512

  /// First unit, counted from the beginning of the file.
  var start: UInt64
  /// Units, at most 65,535.
  var count: UInt64

  var end: UInt64 { start + count }
  var byteOffset: UInt64 { start * UInt64(Self.unitSize) }
  var byteCount: Int { Int(count) * Self.unitSize }
}

/// What a parent holds of a page on disk: where it is, and the checksum of what is there.
///
/// 16 bytes on disk: extent (start times 65,536 plus count), checksum.
struct MapEntry: Hashable, Sendable {
  static let byteCount = 16
  static let none = MapEntry(packedExtent: 0, checksum: 0)

  var packedExtent: UInt64
  var checksum: UInt64

  init(packedExtent: UInt64, checksum: UInt64) {
    self.packedExtent = packedExtent
    self.checksum = checksum
  }

  init(_ extent: Extent, checksum: UInt64) {
    packedExtent = extent.start << 16 | extent.count
    self.checksum = checksum
  }

  var isNone: Bool { packedExtent == 0 }
  var extent: Extent { Extent(start: packedExtent >> 16, count: packedExtent & 0xFFFF) }
}
