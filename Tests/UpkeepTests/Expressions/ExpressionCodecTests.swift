import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

struct ExpressionCodecTests {
  static func expression(_ random: inout SeededGenerator, _ depth: Int) -> Expression {
    func inner() -> Expression { expression(&random, depth - 1) }
    if depth == 0 || random.oneIn(4) {
      switch random.below(4) {
      case 0: return .column(ColumnReference("é\(random.below(5))", of: random.oneIn(2) ? "t" : nil))
      case 1: return .parameter(1 + random.below(9))
      default: return .literal(ValueFixtures.value(random.pick(ValueFixtures.types), &random))
      }
    }
    switch random.below(12) {
    case 0: return .unary(random.pick([.minus, .plus, .not, .bitNot]), inner())
    case 1: return .isNull(inner(), negated: random.oneIn(2))
    case 2: return .inList(inner(), (0..<random.below(3)).map { _ in inner() }, negated: random.oneIn(2))
    case 3: return .between(inner(), inner(), inner(), negated: random.oneIn(2))
    case 4:
      return .like(
        inner(), pattern: inner(), escape: random.oneIn(2) ? inner() : nil, negated: random.oneIn(2))
    case 5:
      return .cases(
        operand: random.oneIn(2) ? inner() : nil,
        branches: (0...random.below(2)).map { _ in CaseBranch(when: inner(), then: inner()) },
        otherwise: random.oneIn(2) ? inner() : nil)
    case 6: return .cast(inner(), random.pick(ValueFixtures.types))
    case 7: return .function("coalesce", (0..<random.below(3)).map { _ in inner() })
    case 8:
      return .aggregate("count", (0..<random.below(2)).map { _ in inner() }, isDistinct: random.oneIn(2))
    case 9: return .collate(inner(), random.oneIn(2) ? .nocase : .binary)
    default: return .binary(BinaryOperator(rawValue: UInt8(1 + random.below(20))) ?? .add, inner(), inner())
    }
  }

  /// If this fails, a CHECK or default is another after the store was reopened.
  @Test func expressionsComeBack() throws {
    var random = SeededGenerator.random()
    for _ in 0..<2_000 {
      let expression = Self.expression(&random, 4)
      let buffer = ByteBuffer()
      try ExpressionCodec.append(expression, to: buffer)
      #expect(try ExpressionCodec.decode(buffer.bytes) == expression, "seed \(random.seed)")
    }
  }

  /// If this fails, a damaged catalog traps, runs out of memory or of stack.
  @Test func anyBytesAreReadOrRefused() throws {
    var random = SeededGenerator.random()
    for _ in 0..<3_000 {
      let buffer = ByteBuffer()
      try ExpressionCodec.append(Self.expression(&random, 3), to: buffer)
      var bytes = buffer.array
      for _ in 0..<(1 + random.below(3)) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
      if random.oneIn(3) { bytes.removeLast(random.below(bytes.count)) }
      bytes.withUnsafeBytes { _ = try? ExpressionCodec.decode($0) }
    }
    // NOT of NOT of NOT …, far deeper than allowed.
    let deep = [UInt8](repeating: 0, count: 200_000).indices.map { $0 % 2 == 0 ? UInt8(5) : 3 }
    let error = #expect(throws: UpkeepError.self) {
      try deep.withUnsafeBytes { try ExpressionCodec.decode($0) }
    }
    #expect(error?.code == .corrupt)
  }
}
