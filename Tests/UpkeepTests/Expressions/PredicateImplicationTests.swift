import Testing
import UpkeepTestSupport

@testable import Upkeep

struct PredicateImplicationTests {
  static func bin(_ name: String, _ op: BinaryOperator, _ value: Value) -> Expression {
    .binary(op, ref(name), val(value))
  }
  static func and(_ a: Expression, _ b: Expression) -> Expression { .binary(.and, a, b) }
  static func or(_ a: Expression, _ b: Expression) -> Expression { .binary(.or, a, b) }

  static let yes: [(Expression?, Expression?)] = [
    (nil, nil), (bin("i", .equal, 5), nil), (bin("s", .notEqual, ""), bin("S", .notEqual, "")),
    (.binary(.notEqual, val(""), ref("s", of: "t")), bin("s", .notEqual, "")),
    (bin("s", .equal, "abc"), bin("s", .notEqual, "")),
    (bin("s", .equal, "abc"), .isNull(ref("s"), negated: true)),
    (bin("i", .greater, 5), bin("i", .greater, 3)), (bin("i", .greater, 5), bin("i", .notEqual, 5)),
    (.binary(.less, val(5), ref("i")), bin("i", .greaterOrEqual, 5)),
    (.between(ref("i"), val(5), val(9), negated: false), bin("i", .greater, 4)),
    (.inList(ref("i"), [val(4), val(6)], negated: false), bin("i", .greater, 3)),
    (and(bin("i", .equal, 5), bin("s", .equal, "x")), bin("s", .notEqual, "")),
    (bin("i", .equal, 5), or(bin("i", .greater, 3), bin("s", .equal, "x"))),
    (or(bin("i", .equal, 5), bin("i", .equal, 6)), bin("i", .greater, 3)),
    (bin("i", .equal, 5), .inList(ref("i"), [val(4), val(5)], negated: false)),
    (.unary(.not, .isNull(ref("s"), negated: false)), .isNull(ref("s"), negated: true)),
    (.unary(.not, bin("i", .lessOrEqual, 5)), bin("i", .greater, 4)), (ref("o"), bin("o", .notEqual, 0)),
    (bin("o", .equal, true), ref("o")), (bin("i", .equal, "5"), bin("i", .greater, 3)),
    (.like(ref("s"), pattern: val("a%"), escape: nil, negated: false), .isNull(ref("s"), negated: true)),
    (bin("m", .greater, "2024-05-01"), bin("m", .greater, "2024-01-01T00:00:00Z")),
    (.binary(.greater, .function("LENGTH", [ref("s")]), val(0)), .isNull(ref("s"), negated: true)),
  ]

  static let no: [(Expression?, Expression?)] = [
    (nil, bin("i", .greater, 3)), (bin("i", .greater, 3), bin("i", .greater, 5)),
    (bin("i", .greater, .real(.nan)), bin("i", .greater, 3)),
    (bin("s", .equal, ""), bin("s", .notEqual, "")),
    (bin("i", .greater, 3), bin("r", .greater, 3)),
    (.isNull(ref("s"), negated: false), .isNull(ref("s"), negated: true)),
    (or(bin("i", .equal, 5), bin("s", .equal, "x")), bin("i", .greater, 3)),
    (bin("n", .equal, "A"), bin("n", .notEqual, "a")), (bin("s", .greater, 10), bin("s", .greater, 9)),
    (bin("i", .equal, "5"), bin("i", .notEqual, "5.0")),
    (bin("m", .equal, "1970-01-01"), bin("m", .notEqual, "1970-01-01T00:00:00Z")),
    (.binary(.identical, ref("s"), val(.null)), .isNull(ref("s"), negated: true)),
    (.inList(ref("i"), [val(1), val(6)], negated: false), bin("i", .greater, 3)),
    (.function("coalesce", [ref("s"), val(1)]), .isNull(ref("s"), negated: true)),
    (bin("i", .notEqual, 5), bin("i", .greater, 5)),
    (.column(ColumnReference("i", of: "excluded")), ref("i")),
  ]

  @Test func whatFollows() throws {
    let columns = try TableScope.columns()
    for (condition, predicate) in Self.yes {
      #expect(
        PredicateImplication.implies(condition, predicate, columns: columns),
        "\(String(describing: condition))")
    }
    for (condition, predicate) in Self.no {
      #expect(
        !PredicateImplication.implies(condition, predicate, columns: columns),
        "\(String(describing: condition))")
    }
  }

  /// If this fails, a query misses rows: the index it reads does not hold all that it asks for.
  @Test func aYesIsNeverWrong() throws {
    var random = SeededGenerator.random()
    let scope = ExpressionScope(names: ["t"], columns: try TableScope.columns())
    let columns = scope.slots[0].columns
    var yesCount = 0
    for _ in 0..<6_000 {
      let condition = Self.condition(&random, 2)
      let predicate = Self.condition(&random, 1)
      guard PredicateImplication.implies(condition, predicate, columns: columns) else { continue }
      yesCount += 1
      let a = try CompiledExpression.compile(condition, in: scope)
      let b = try CompiledExpression.compile(predicate, in: scope)
      let context = EvaluationContext()
      for _ in 0..<20 {
        context.set(slot: 0, row: Self.row(&random))
        if try a.isTrue(context) {
          #expect(try b.isTrue(context), "\(condition) does not imply \(predicate), seed \(random.seed)")
        }
      }
    }
    #expect(yesCount > 100)
  }

  static func condition(_ random: inout SeededGenerator, _ depth: Int) -> Expression {
    if depth > 0 && random.oneIn(2) {
      let a = condition(&random, depth - 1)
      let b = condition(&random, depth - 1)
      return random.oneIn(5) ? .unary(.not, a) : .binary(random.oneIn(2) ? .and : .or, a, b)
    }
    let column = ref(random.pick(["i", "s", "n", "a", "o"]))
    let constants: [Value] = [0, 1, 2, 1.5, "", "a", "A", "b", "1", "1.0", true]
    switch random.below(6) {
    case 0: return .isNull(column, negated: random.oneIn(2))
    case 1:
      return .inList(column, (0..<2).map { _ in val(random.pick(constants)) }, negated: random.oneIn(4))
    case 2:
      return .between(
        column, val(random.pick(constants)), val(random.pick(constants)), negated: random.oneIn(4))
    default:
      let ops: [BinaryOperator] = [
        .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .identical,
      ]
      let op = random.pick(ops)
      return random.oneIn(3)
        ? .binary(op, val(random.pick(constants)), column) : .binary(op, column, val(random.pick(constants)))
    }
  }

  static func row(_ random: inout SeededGenerator) -> [Value] {
    [
      random.pick([.null, 0, 1, 2]), random.pick([.null, 1.5]), random.pick([.null, "", "a", "A", "b", "1"]),
      random.pick([.null, "", "a", "A", "b", "1"]), .null, random.pick([.null, true, false]), .null, .null,
      .null,
      random.pick([.null, 0, 1, 1.5, "", "a", "1", .blob([1])]), 1,
    ]
  }
}
