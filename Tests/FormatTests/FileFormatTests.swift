import Foundation
import Testing

@testable import UpkeepStorage

/// Docs/FileFormat.md and the code say the same: each table's offsets and sizes are those of the constants.
struct FileFormatTests {
  /// One row of an offset table.
  struct Field: Equatable {
    var offset: Int
    var size: Int?
    var name: String
  }

  /// The offset tables of the document, by the heading above them.
  static let tables: [String: [Field]] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Docs/FileFormat.md").standardizedFileURL
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [:] }
    var result: [String: [Field]] = [:]
    var heading = ""
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("#") {
        heading = line.drop { $0 == "#" || $0 == " " }.description
        continue
      }
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard line.hasPrefix("|"), cells.count >= 3, let offset = Int(cells[0]) else { continue }
      result[heading, default: []].append(Field(offset: offset, size: Int(cells[1]), name: cells[2]))
    }
    return result
  }()

  static func offsets(_ heading: String) throws -> [String: Int] {
    let fields = try #require(tables[heading], "no table under \(heading)")
    // Fields follow one another without a gap.
    for (field, next) in zip(fields, fields.dropFirst()) {
      #expect(field.offset + (field.size ?? 0) == next.offset, "\(heading): \(field.name)")
    }
    return Dictionary(
      uniqueKeysWithValues: fields.filter { $0.name != "reserved" }.map { ($0.name, $0.offset) })
  }

  @Test func superblock() throws {
    typealias Layout = Superblock.Layout
    #expect(
      try Self.offsets("Superblock") == [
        "magic": Layout.magic, "formatVersion": Layout.formatVersion, "slot": Layout.slot,
        "generation": Layout.generation, "databaseID": Layout.databaseID, "pageSize": Layout.pageSize,
        "segmentSize": Layout.segmentSize, "requiredFeatures": Layout.requiredFeatures,
        "optionalFeatures": Layout.optionalFeatures, "codec": Layout.codec,
        "checksumKind": Layout.checksumKind,
        "clean": Layout.clean, "mapLevels": Layout.mapLevels, "version": Layout.version,
        "nextTreeID": Layout.nextTreeID, "nextPageID": Layout.nextPageID, "mapRoot": Layout.mapRoot,
        "rootsRoot": Layout.rootsRoot, "rootsLevels": Layout.rootsLevels, "rootsCount": Layout.rootsCount,
        "logSalt": Layout.logSalt, "logPosition": Layout.logPosition, "logChain": Layout.logChain,
        "fileSize": Layout.fileSize, "checksum": Layout.checksum,
      ])
    #expect(Layout.checksum + 8 == Superblock.byteCount)
    #expect(Superblock.slotOffsets == [0, 4096])
    #expect(DataFile.ownerOffset == 8192)
    #expect(FreeSpace.firstUnit * UInt64(Extent.unitSize) == 16384)
    #expect(Self.text(Superblock.magic) == "UPKEEPDB")
    #expect(Self.text(DataFile.ownerMagic) == "UPKEEPOW")
    #expect(Superblock.seed == 0x55504B45455001)
  }

  @Test func storedPage() throws {
    typealias Layout = PageCodec.Layout
    #expect(
      try Self.offsets("Stored page") == [
        "kind": Layout.kind, "encoding": Layout.encoding, "payloadCount": Layout.payloadCount,
        "identity": Layout.identity, "version": Layout.version, "nonce": Layout.nonce, "tag": Layout.tag,
        "payload": Layout.payload,
      ])
    #expect(PageStore.headerSize == 64)
    #expect(PageKind.leaf.rawValue == 1 && PageKind.branch.rawValue == 2 && PageKind.overflow.rawValue == 3)
    #expect(PageKind.map.rawValue == 4 && PageKind.roots.rawValue == 5)
    #expect(MapEntry.byteCount == 16 && RootsArray.entryByteCount == 40)
  }

  @Test func segmentHeader() throws {
    typealias Layout = LogSegment.Layout
    #expect(
      try Self.offsets("Segment header") == [
        "magic": Layout.magic, "formatVersion": Layout.formatVersion, "segmentSize": Layout.segmentSize,
        "databaseID": Layout.databaseID, "salt": Layout.salt, "sequence": Layout.sequence,
        "superblockGeneration": Layout.superblockGeneration, "predecessorEnd": Layout.predecessorEnd,
        "predecessorChain": Layout.predecessorChain, "predecessorVersion": Layout.predecessorVersion,
        "durableBefore": Layout.durableBefore, "segmentCount": Layout.segmentCount,
        "checksum": Layout.checksum,
      ])
    #expect(Self.text(LogSegment.magic) == "UPKEEPLG")
    #expect(LogSegment.headerByteCount == 512)
    #expect(LogSegment.seed == 0x55504B45455002)
  }

  @Test func logRecord() throws {
    typealias Layout = LogRecord.Layout
    #expect(
      try Self.offsets("Log record") == [
        "magic": Layout.magic, "headerCount": Layout.headerCount, "flags": Layout.flags,
        "payloadCount": Layout.payloadCount, "plainCount": Layout.plainCount, "version": Layout.version,
        "durableBefore": Layout.durableBefore, "position": Layout.position,
        "previousChain": Layout.previousChain, "payloadChecksum": Layout.payloadChecksum,
        "headerChecksum": Layout.headerChecksum,
      ])
    #expect(Layout.headerChecksum + 8 == LogRecord.headerByteCount)
    #expect(LogRecord.longestPayload == 1 << 20)
    #expect(Self.text(UInt64(LogRecord.magic)).prefix(4) == "UKLR")
  }

  @Test func operationCodes() {
    let codes: [(LogOperation.Code, UInt8)] = [
      (.put, 1), (.putContinued, 2), (.delete, 3), (.deleteRange, 4), (.createTree, 5), (.dropTree, 6),
      (.patch, 7), (.reclaim, 8), (.emptyTree, 9),
    ]
    for (code, value) in codes { #expect(code.rawValue == value) }
    #expect(TreeID.catalog.rawValue == 1 && TreeID.firstOfUsers.rawValue == 16)
    #expect(TreeID.firstOfScratch.rawValue == 1 << 62)
  }

  /// What is encoded is decoded again, and any changed bit of it is noticed.
  @Test func superblockRoundTrip() {
    var block = Superblock(
      generation: 7, databaseID: .random(), pageSize: 8192, segmentSize: 4 << 20, isClean: true)
    block.mapRoot = MapEntry(Extent(start: 32, count: 9), checksum: 5)
    block.logPosition = LogPosition(99)
    let bytes = block.encoded(slot: 1)
    func decode(_ bytes: [UInt8], slot: Int) -> Superblock? {
      guard case .valid(let block) = bytes.withUnsafeBytes({ Superblock.decode($0, slot: slot) }) else {
        return nil
      }
      return block
    }
    #expect(decode(bytes, slot: 1) == block)
    #expect(decode(bytes, slot: 0) == nil)
    for i in bytes.indices {
      var damaged = bytes
      damaged[i] ^= 0x10
      #expect(decode(damaged, slot: 1) == nil, "byte \(i)")
    }
  }

  private static func text(_ magic: UInt64) -> String {
    withUnsafeBytes(of: magic.littleEndian) { String(decoding: $0, as: UTF8.self) }
  }
}
