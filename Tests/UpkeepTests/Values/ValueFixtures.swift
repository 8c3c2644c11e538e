import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

/// Random values, with a liking for those at the edges.
enum ValueFixtures {
  static let types = ValueType.allCases

  static func integer(_ random: inout SeededGenerator) -> Int64 {
    let edges: [Int64] = [
      0, 1, -1, 127, 128, -128, -129, 255, 256, 1 << 53, (1 << 53) + 1, (1 << 53) - 1, -(1 << 53) - 1, .max,
      .min,
      .max - 1, .min + 1,
    ]
    return random.oneIn(2)
      ? random.pick(edges) : Int64(truncatingIfNeeded: random.next()) >> Int64(random.below(64))
  }

  static func real(_ random: inout SeededGenerator) -> Double {
    let edges: [Double] = [
      0, 1, -1, 0.5, -0.5, 0x1p53, 0x1p53 + 2, -0x1p53, 0x1p63, -0x1p63, 1e300, -1e300, .infinity, -.infinity,
      .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 51.4706, 3435,
    ]
    if random.oneIn(2) { return random.pick(edges) }
    let real = Double(bitPattern: random.next())
    return real.isNaN ? 2.5 : real == 0 ? 0 : real
  }

  static func bytes(_ random: inout SeededGenerator) -> [UInt8] {
    let alphabet: [UInt8] = [0, 1, 2, 0x41, 0x61, 0x62, 0xFE, 0xFF]
    return (0..<random.below(random.oneIn(20) ? 400 : 6)).map { _ in random.pick(alphabet) }
  }

  static func text(_ random: inout SeededGenerator) -> String {
    let alphabet: [Unicode.Scalar] = ["\0", "\u{1}", "\u{2}", "A", "a", "b", "é", "z", "🛫"]
    var text = String.UnicodeScalarView()
    for _ in 0..<random.below(random.oneIn(20) ? 300 : 6) { text.append(random.pick(alphabet)) }
    return String(text)
  }

  static func value(_ type: ValueType, _ random: inout SeededGenerator) -> Value {
    switch type {
    case .any: return random.oneIn(9) ? .null : value(random.pick(Array(types.dropFirst())), &random)
    case .integer: return .integer(integer(&random))
    case .real: return .real(real(&random))
    case .text: return .text(text(&random))
    case .blob: return .blob(bytes(&random))
    case .boolean: return .boolean(random.oneIn(2))
    case .timestamp: return .timestamp(Timestamp(microseconds: integer(&random)))
    case .uuid: return .uuid(UUIDValue(high: random.next() >> UInt64(random.below(64)), low: random.next()))
    case .json: return .json(random.pick(["1", "[]", "{\"a\":1}", "\"é\""]))
    }
  }
}

extension ByteBuffer {
  var array: [UInt8] { Array(bytes) }
}
