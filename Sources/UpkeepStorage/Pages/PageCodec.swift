/// Pages as they are stored: LZ4 where it helps, padded to units, checksummed with their identity.
///
/// Order (rule 24): verify the checksum over all stored bytes, then decompress into a buffer of a page,
/// then validate what the page holds; only then is a frame published.
struct PageCodec: Sendable {
  enum Encoding: UInt8 {
    case stored = 0
    case lz4 = 1
  }

  /// Byte offsets of a stored page's header.
  enum Layout {
    static let kind = 0
    static let encoding = 1
    static let payloadCount = 4
    static let identity = 8
    static let version = 16
    static let nonce = 24
    static let tag = 36
    static let payload = 64
  }

  let pageSize: Int
  let databaseID: DatabaseID

  /// The seed of the checksum of an extent.
  func seed(identity: UInt64, kind: UInt8) -> UInt64 {
    #if UPKEEP_PLANTS
      let identity = Plant.isOn(.checksumIgnoresPlace) ? 0 : identity
    #endif
    return withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      base.setInteger(0, databaseID.high)
      base.setInteger(8, databaseID.low)
      base.setInteger(16, identity)
      base.setInteger(24, UInt64(kind))
      return Checksum.hash(UnsafeRawBufferPointer(bytes), seed: 0)
    }
  }

  /// What a tree page's kind counts as in its seed: the map does not know which of them it is.
  private static func seedKind(_ kind: UInt8) -> UInt8 {
    kind == PageKind.map.rawValue || kind == PageKind.roots.rawValue ? kind : 0
  }

  /// Encodes a page, compacted and its unused bytes zeroed, into `target`.
  ///
  /// - Parameter target: at least a page long.
  /// - Returns: units used and the checksum over them.
  func encode(
    _ page: UnsafeRawPointer, identity: UInt64, version: UInt64, into target: UnsafeMutableRawPointer
  ) -> (units: Int, checksum: UInt64) {
    let plain = UnsafeRawBufferPointer(start: page + Layout.payload, count: pageSize - Layout.payload)
    let kind = page.load(as: UInt8.self)
    target.initializeMemory(as: UInt8.self, repeating: 0, count: Layout.payload)
    // At least one unit must be won.
    let room = pageSize - Layout.payload - Extent.unitSize
    var count = plain.count
    var encoding = Encoding.stored
    if room > 0,
      let used = Compression.compress(
        plain, into: UnsafeMutableRawBufferPointer(start: target + Layout.payload, count: room))
    {
      count = used
      encoding = .lz4
    } else if let from = plain.baseAddress {
      (target + Layout.payload).copyMemory(from: from, byteCount: count)
    }
    target.storeBytes(of: kind, toByteOffset: Layout.kind, as: UInt8.self)
    target.storeBytes(of: encoding.rawValue, toByteOffset: Layout.encoding, as: UInt8.self)
    target.setInteger(Layout.payloadCount, UInt32(count))
    target.setInteger(Layout.identity, identity)
    target.setInteger(Layout.version, version)
    let units = (Layout.payload + count + Extent.unitSize - 1) / Extent.unitSize
    let padding = units * Extent.unitSize - Layout.payload - count
    (target + Layout.payload + count).initializeMemory(as: UInt8.self, repeating: 0, count: padding)
    let stored = UnsafeRawBufferPointer(start: target, count: units * Extent.unitSize)
    return (units, Checksum.hash(stored, seed: seed(identity: identity, kind: Self.seedKind(kind))))
  }

  /// Verifies and decodes what an extent holds into a page.
  ///
  /// - Returns: what is wrong, or nil.
  func decode(
    _ stored: UnsafeRawBufferPointer, identity: UInt64, checksum: UInt64, kind expected: PageKind?,
    into page: UnsafeMutableRawBufferPointer
  ) -> String? {
    let seedKind = expected.map { Self.seedKind($0.rawValue) } ?? 0
    #if UPKEEP_PLANTS
      let checksum =
        Plant.isOn(.skipsPageChecksum)
        ? Checksum.hash(stored, seed: seed(identity: identity, kind: seedKind)) : checksum
    #endif
    guard Checksum.hash(stored, seed: seed(identity: identity, kind: seedKind)) == checksum else {
      return "the checksum does not match"
    }
    guard stored.count >= Extent.unitSize, let from = stored.baseAddress, let to = page.baseAddress,
      page.count == pageSize
    else { return "the extent is too short" }
    #if UPKEEP_PLANTS
      let identity = Plant.isOn(.checksumIgnoresPlace) ? from.integer(Layout.identity) : identity
    #endif
    guard from.integer(Layout.identity, UInt64.self) == identity else { return "it is another page" }
    let kindByte = from.load(fromByteOffset: Layout.kind, as: UInt8.self)
    guard let kind = PageKind(rawValue: kindByte) else { return "a page of unknown kind \(kindByte)" }
    switch expected {
    case .some(let expected): guard kind == expected else { return "a page of the wrong kind" }
    case nil: guard kind != .map, kind != .roots else { return "a page of the wrong kind" }
    }
    let count = Int(from.integer(Layout.payloadCount, UInt32.self))
    guard let payload = stored.part(Layout.payload, count) else {
      return "the payload is longer than its extent"
    }
    let plain = UnsafeMutableRawBufferPointer(rebasing: page[Layout.payload...])
    switch Encoding(rawValue: from.load(fromByteOffset: Layout.encoding, as: UInt8.self)) {
    case .stored:
      guard payload.count == plain.count else { return "a stored page of the wrong length" }
      plain.copyMemory(from: payload)
    case .lz4:
      guard Compression.decompress(payload, into: plain) else { return "the page does not decompress" }
    case nil:
      return "a page of unknown encoding"
    }
    to.initializeMemory(as: UInt8.self, repeating: 0, count: Layout.payload)
    to.storeBytes(of: kindByte, as: UInt8.self)
    return nil
  }
}

/// The 128 random bits that tell one database from every other.
struct DatabaseID: Hashable, Sendable {
  var high: UInt64
  var low: UInt64

  static func random() -> DatabaseID {
    var generator = SystemRandomNumberGenerator()
    return DatabaseID(high: generator.next(), low: generator.next())
  }
}
