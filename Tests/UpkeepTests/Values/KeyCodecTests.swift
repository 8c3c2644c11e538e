import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

struct KeyCodecTests {
  /// If this fails, an index gives rows in another order than their values have.
  @Test func bytesAreOrderedAsValues() throws {
    var random = SeededGenerator.random()
    for round in 0..<40_000 {
      let part = Self.part(&random)
      let a = Self.value(part, &random)
      let b = Self.value(part, &random)
      let left = try Self.key([(a, part)])
      let right = try Self.key([(b, part)])
      var expected = Self.order(a, b, part)
      if part.isDescending { expected = -expected }
      let found = Self.order(left, right)
      #expect(found == expected.signum(), "\(part): \(a) and \(b), seed \(random.seed) round \(round)")
    }
  }

  /// If this fails, a key of several columns is ordered by a later column before an earlier one.
  @Test func severalPartsAreOrderedFromTheLeft() throws {
    var random = SeededGenerator.random()
    for round in 0..<20_000 {
      let parts = (0..<(2 + random.below(2))).map { _ in Self.part(&random) }
      let a = parts.map { Self.value($0, &random) }
      // Equal in front, often, so that the later parts count.
      let b = zip(parts, a).map { random.oneIn(2) ? $1 : Self.value($0, &random) }
      let left = try Self.key(Array(zip(a, parts)))
      let right = try Self.key(Array(zip(b, parts)))
      var expected = 0
      for (position, part) in parts.enumerated() where expected == 0 {
        expected = Self.order(a[position], b[position], part) * (part.isDescending ? -1 : 1)
      }
      #expect(Self.order(left, right) == expected.signum(), "seed \(random.seed) round \(round)")
    }
  }

  /// If this fails, the primary key of a row cannot be read back, or not be found behind an index key's parts.
  @Test func partsAreReadBackAndPassedOver() throws {
    var random = SeededGenerator.random()
    for round in 0..<20_000 {
      let parts = (0..<(1 + random.below(3))).map { _ in Self.part(&random) }
      let values = parts.map { Self.value($0, &random) }
      let bytes = try Self.key(Array(zip(values, parts)))
      try bytes.withUnsafeBytes { bytes throws in
        var reader = KeyReader(bytes)
        var skipper = KeyReader(bytes)
        for (part, value) in zip(parts, values) {
          let read = try reader.value(part)
          try skipper.skip(part)
          #expect(reader.offset == skipper.offset)
          if part.givesValueBack {
            #expect(read == value, "\(part), seed \(random.seed) round \(round)")
          } else {
            #expect(ValueOrder.equal(read, value, collation: part.collation), "\(part) seed \(random.seed)")
          }
        }
        #expect(reader.isAtEnd)
      }
    }
  }

  /// If this fails, a damaged key traps instead of throwing.
  @Test func anyBytesAreReadOrRefused() {
    var random = SeededGenerator.random()
    for _ in 0..<100_000 {
      let part = Self.part(&random)
      let bytes = (0..<random.below(24)).map { _ in
        random.oneIn(2)
          ? random.pick([0, 1, 2, 0x10, 0x20, 0x30, 0xC3, 0xFF, 0xFE]) : UInt8(random.below(256))
      }
      bytes.withUnsafeBytes { bytes in
        var reader = KeyReader(bytes)
        _ = try? reader.value(part)
        var skipper = KeyReader(bytes)
        _ = try? skipper.skip(part)
      }
    }
  }

  @Test func oneAndOnePointZeroAreOneKey() throws {
    let any = KeyPart(.any, isNullable: true)
    #expect(try Self.key([(.integer(1), any)]) == Self.key([(.real(1), any)]))
    #expect(try Self.key([(.integer(1), any)]) == Self.key([(.boolean(true), any)]))
    #expect(try Self.key([(.real(-0.0), any)]) == Self.key([(.integer(0), any)]))
    #expect(try Self.key([(.real(.nan), any)]) == Self.key([(.null, any)]))
    #expect(try Self.key([(.integer(1 << 53), any)]) != Self.key([(.integer((1 << 53) + 1), any)]))
    let real = KeyPart(.real)
    #expect(try Self.key([(.real(-0.0), real)]) == Self.key([(.real(0), real)]))
  }

  @Test func theSuccessorOfAPrefixIsTheEndOfItsRange() {
    let buffer = ByteBuffer()
    for byte: UInt8 in [1, 2, 0xFF, 0xFF] { buffer.append(byte) }
    #expect(KeyCodec.makeSuccessor(of: buffer))
    #expect(buffer.array == [1, 3])
    buffer.removeAll()
    buffer.append(0xFF)
    #expect(!KeyCodec.makeSuccessor(of: buffer))
  }

  @Test func wrongTypesAndNullsAreRefused() {
    #expect(throws: UpkeepError.self) { try Self.key([(.text("1"), KeyPart(.integer))]) }
    #expect(throws: UpkeepError.self) { try Self.key([(.null, KeyPart(.integer))]) }
  }

  // MARK: Making keys

  static func part(_ random: inout SeededGenerator) -> KeyPart {
    KeyPart(
      random.pick(ValueFixtures.types), collation: random.oneIn(3) ? .nocase : .binary,
      isDescending: random.oneIn(2), isNullable: random.oneIn(2))
  }

  static func value(_ part: KeyPart, _ random: inout SeededGenerator) -> Value {
    if part.isNullable && random.oneIn(8) { return .null }
    return ValueFixtures.value(part.type, &random)
  }

  static func key(_ parts: [(Value, KeyPart)]) throws -> [UInt8] {
    let buffer = ByteBuffer()
    for (value, part) in parts { try KeyCodec.append(value, part, to: buffer) }
    return buffer.array
  }

  static func order(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1
  }

  /// NOCASE is for text, not for JSON of a JSON column.
  static func order(_ a: Value, _ b: Value, _ part: KeyPart) -> Int {
    ValueOrder.compare(a, b, collation: part.type == .json ? .binary : part.collation).signum()
  }
}
