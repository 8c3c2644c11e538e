import Testing

@testable import Upkeep

/// Answers on the right are those of SQLite 3 to the text in the comment, unless the comment says otherwise.
struct EvaluationTests {
  static let arithmetic: [(Expression, Value)] = [
    (calc(1, .add, 2), 3), (calc(1, .add, 2.5), 3.5),
    (calc(.integer(.max), .add, 1), .real(9.223372036854775807e18)),
    (calc(.integer(.min), .subtract, 1), .real(-9.223372036854775808e18)),
    (calc(.integer(.max), .multiply, 2), .real(1.8446744073709551614e19)), (calc(7, .divide, 2), 3),
    (calc(-7, .divide, 2), -3), (calc(7, .divide, 2.0), 3.5), (calc(7, .divide, 0), .null),
    (calc(7, .divide, 0.0), .null),
    (calc(.integer(.min), .divide, -1), .real(9.223372036854775808e18)), (calc(7, .remainder, -3), 1),
    (calc(-7, .remainder, 3), -1), (calc(7, .remainder, 0), .null), (calc(.integer(.min), .remainder, -1), 0),
    (calc(7.9, .remainder, 3), 1.0), (calc("12abc", .add, 1), 13), (calc("abc", .add, 1), 1),
    (calc("1.5x", .add, 1), 2.5),
    (calc(.null, .add, 1), .null), (calc(6, .bitAnd, 3), 2), (calc(6, .bitOr, 3), 7),
    (calc(1, .shiftLeft, 3), 8),
    (calc(-1, .shiftRight, 70), -1), (calc(1, .shiftLeft, 64), 0), (calc(8, .shiftLeft, -2), 2),
    (calc(1, .shiftLeft, .integer(.min)), 0), (calc("a", .concatenate, 1), "a1"),
    (calc("a", .concatenate, 1.0), "a1.0"),
    (calc("a", .concatenate, .null), .null),
    (.unary(.minus, val(.integer(.min))), .real(9.223372036854775808e18)),
    (.unary(.minus, val("5x")), -5), (.unary(.bitNot, val(5)), -6), (.unary(.bitNot, val(.null)), .null),
    (.unary(.plus, val("x")), "x"), (calc(.real(.infinity), .subtract, .real(.infinity)), .null),
  ]

  static let logic: [(Expression, Value)] = [
    (calc(1, .and, .null), .null), (calc(0, .and, .null), 0), (calc(1, .or, .null), 1),
    (calc(0, .or, .null), .null),
    (calc(.null, .and, .null), .null), (.unary(.not, val(.null)), .null), (.unary(.not, val(5)), 0),
    (.unary(.not, val("abc")), 1), (.unary(.not, val("1x")), 0), (.unary(.not, val(0.0)), 1),
    (calc(1, .equal, 1.0), 1), (calc(1, .equal, "1"), 0), (calc(1, .less, "0"), 1),
    (calc("a", .less, .blob([0x61])), 1),
    (calc(.null, .equal, .null), .null), (calc(.null, .identical, .null), 1), (calc(1, .identical, .null), 0),
    (calc(1, .notIdentical, .null), 1), (calc(.null, .notIdentical, .null), 0), (calc(2, .notEqual, 3), 1),
    (calc(.integer((1 << 53) + 1), .equal, .real(0x1p53)), 0), (calc("a", .equal, "A"), 0),
    (.binary(.equal, .collate(val("a"), .nocase), val("A")), 1),
    (.binary(.equal, val("a"), .collate(val("A"), .nocase)), 1),
    (.isNull(val(.null), negated: false), 1), (.isNull(val(0), negated: true), 1),
    (.inList(val(1), [val(1), val(.null)], negated: false), 1),
    (.inList(val(2), [val(1), val(.null)], negated: false), .null),
    (.inList(val(2), [val(1), val(.null)], negated: true), .null),
    (.inList(val(1), [val(1), val(.null)], negated: true), 0), (.inList(val(.null), [], negated: false), 0),
    (.inList(val(.null), [], negated: true), 1), (.inList(val(.null), [val(1)], negated: false), .null),
    (.inList(val(1), [val("1")], negated: false), 0), (.between(val(2), val(1), val(3), negated: false), 1),
    (.between(val(2), val(3), val(.null), negated: false), 0),
    (.between(val(2), val(1), val(.null), negated: false), .null),
    (.between(val(2), val(3), val(.null), negated: true), 1),
    (
      .cases(operand: val(.null), branches: [CaseBranch(when: val(.null), then: val(1))], otherwise: val(2)),
      2
    ),
    (.cases(operand: val(1), branches: [CaseBranch(when: val(1.0), then: val("x"))], otherwise: nil), "x"),
    (.cases(operand: nil, branches: [CaseBranch(when: val(.null), then: val(1))], otherwise: nil), .null),
    // Upkeep's own: BOOLEAN equals 0 and 1, and stays a BOOLEAN.
    (calc(true, .equal, 1), 1), (val(true), true), (calc(true, .and, true), 1),
  ]

  static func like(_ text: Value, _ pattern: Value, _ escape: Value? = nil, negated: Bool = false)
    -> Expression
  {
    .like(val(text), pattern: val(pattern), escape: escape.map { val($0) }, negated: negated)
  }

  static let matching: [(Expression, Value)] = [
    (like("London Heathrow", "%heath%"), 1), (like("abc", "a_c"), 1), (like("ac", "a_c"), 0),
    (like("é", "_"), 1),
    (like("É", "é"), 0), (like("abc", "ABC"), 1), (like("abc", "abc%"), 1), (like("abc", "%"), 1),
    (like("", "%"), 1),
    (like("", ""), 1), (like("", "_"), 0), (like("a", ""), 0), (like("aab", "%ab"), 1),
    (like("abab", "%ab"), 1),
    (like("abcabd", "%abd"), 1), (like("10%", "10\\%", "\\"), 1), (like("10x", "10\\%", "\\"), 0),
    (like("a_b", "a!_b", "!"), 1), (like("abc", .null), .null), (like(.null, "a"), .null),
    (like("a", "a", .null), .null),
    (like(12, "1%"), 1), (like("abc", "b%", negated: true), 1), (like("aXbXc", "a%x%c"), 1),
    (like("abc", "abc\\", "\\"), 0),
  ]

  static let casts: [(Expression, Value)] = [
    (.cast(val("12abc"), .integer), 12), (.cast(val("1e3"), .integer), 1), (.cast(val("12.9"), .integer), 12),
    (.cast(val(-12.9), .integer), -12), (.cast(val(1e30), .integer), .integer(.max)),
    (.cast(val("abc"), .integer), 0),
    (.cast(val("  -7 "), .integer), -7), (.cast(val("99999999999999999999"), .integer), .integer(.max)),
    (.cast(val("1e3x"), .real), 1000.0), (.cast(val(5), .real), 5.0), (.cast(val(5), .text), "5"),
    (.cast(val(5.0), .text), "5.0"), (.cast(val(.blob([0x61])), .text), "a"),
    (.cast(val("a"), .blob), .blob([0x61])),
    (.cast(val(.null), .integer), .null),
    // Upkeep's own types.
    (.cast(val("yes"), .boolean), true), (.cast(val(3), .boolean), true), (.cast(val(true), .integer), 1),
    (.cast(val("1970-01-01"), .timestamp), .timestamp(Timestamp(microseconds: 0))),
  ]

  static let functions: [(Expression, Value)] = [
    (call("coalesce", .null, .null, 3, 4), 3), (call("coalesce", .null, .null), .null),
    (call("ifnull", .null, 2), 2),
    (call("nullif", 1, 1), .null), (call("nullif", 1, 1.0), .null), (call("nullif", 1, 2), 1),
    (call("nullif", .null, 2), .null),
    (call("length", "héllo"), 5), (call("length", .blob([1, 2])), 2), (call("length", 12.5), 4),
    (call("length", .null), .null),
    (call("lower", "ÀBC"), "Àbc"), (call("upper", "àbc"), "àBC"), (call("abs", -5), 5),
    (call("abs", "-2.5x"), 2.5),
    (call("abs", .null), .null), (call("typeof", .null), "null"), (call("typeof", 1), "integer"),
    (call("typeof", 1.5), "real"),
    (call("typeof", "x"), "text"), (call("typeof", .blob([])), "blob"), (call("max", 1, 2.5, 2), 2.5),
    (call("min", 1, "a", 0), 0), (call("max", 1, .null), .null), (call("hex", "aé"), "61C3A9"),
    (call("round", 2.5), 3.0),
    (call("round", -2.5), -3.0), (call("round", 1.2345, 2), 1.23), (call("round", 5), 5.0),
    (call("trim", "  a "), "a"),
    (call("trim", "xxaxx", "x"), "a"), (call("ltrim", " a "), "a "), (call("rtrim", " a "), " a"),
    (call("replace", "banana", "an", "-"), "b--a"), (call("replace", "a", "", "x"), "a"),
    (call("instr", "héllo", "l"), 3),
    (call("instr", "abc", "x"), 0), (call("instr", "abc", ""), 1), (call("substr", "hello", 2), "ello"),
    (call("substr", "hello", 2, 3), "ell"), (call("substr", "hello", -3, 2), "ll"),
    (call("substr", "hello", 0, 3), "he"),
    (call("substr", "hello", 3, -2), "he"), (call("substr", "hello", -10, 7), "he"),
    (call("substr", "hello", 9), ""),
    (call("substr", "hello", 5, -9), "hell"),
    (call("substr", "hello", .integer(.min), .integer(.max)), "hello"),
    (call("iif", 1, "a", "b"), "a"), (call("iif", .null, "a", "b"), "b"),
    (call("unhex", "61"), .blob([0x61])),
  ]

  @Test(arguments: [arithmetic, logic, matching, casts, functions])
  func constants(_ cases: [(Expression, Value)]) throws {
    for (expression, expected) in cases {
      let found = try evaluate(expression)
      #expect(found == expected, "\(expression)")
    }
  }

  /// If this fails, a comparison of a typed column with a constant does not convert as in SQLite, or the node that
  /// reads the column in place answers otherwise than the general one.
  @Test func columnsConvertConstants() throws {
    let columns = try TableScope.columns()
    let scope = ExpressionScope(names: ["t"], columns: columns)
    let context = EvaluationContext()
    let uuid = "123e4567-e89b-12d3-a456-426614174000"
    let row: [Value] = [
      5, 2.5, "abc", "AbC", .blob([1]), true, .timestamp(Timestamp(microseconds: 0)),
      try #require(Coercion.coerce(.text(uuid), to: .uuid)), .json("[1]"), "5", 77,
    ]
    context.set(slot: 0, row: row)
    let cases: [(Expression, Value)] = [
      (.binary(.equal, ref("i"), val("5")), 1), (.binary(.equal, ref("i"), val(5.0)), 1),
      (.binary(.less, ref("i"), val(5.5)), 1), (.binary(.greater, val(6), ref("i")), 1),
      (.binary(.less, ref("i"), val("abc")), 1), (.binary(.equal, ref("r"), val("2.5")), 1),
      (.binary(.greater, ref("r"), val(2)), 1), (.binary(.equal, ref("s"), val("abc")), 1),
      (.binary(.less, ref("s"), val("abd")), 1), (.binary(.equal, ref("s"), val("ABC")), 0),
      (.binary(.equal, ref("n"), val("aBc")), 1),
      (.binary(.equal, .collate(ref("s"), .nocase), val("ABC")), 1),
      (.binary(.equal, .collate(ref("n"), .binary), val("abc")), 0),
      (.binary(.equal, ref("o"), val("true")), 1),
      (.binary(.equal, ref("o"), val(1)), 1), (.binary(.equal, ref("m"), val("1970-01-01")), 1),
      (.binary(.less, ref("m"), val("2024-01-01T00:00:00Z")), 1),
      (.binary(.equal, ref("u"), val(.text(uuid.uppercased()))), 1),
      (.binary(.equal, ref("j"), val("[1]")), 1), (.binary(.equal, ref("a"), val(5)), 0),
      (.binary(.equal, ref("a"), val("5")), 1), (.binary(.equal, ref("a"), ref("i")), 1),
      (.inList(ref("i"), [val("5")], negated: false), 1),
      (.inList(ref("n"), [val("ABC")], negated: false), 1),
      (.between(ref("s"), val("abb"), val("abd"), negated: false), 1),
      (.like(ref("n"), pattern: val("a%"), escape: nil, negated: false), 1),
      (.binary(.add, ref("i"), ref("r")), 7.5), (ref("rowid"), 77), (ref("I", of: "T"), 5),
      (.binary(.equal, .unary(.plus, ref("i")), val("5")), 0), (.isNull(ref("b"), negated: true), 1),
      (.binary(.equal, .cast(val("5"), .integer), val("5")), 1),
    ]
    for (expression, expected) in cases {
      let compiled = try CompiledExpression.compile(expression, in: scope)
      #expect(try compiled.evaluate(context) == expected, "\(expression)")
      #expect(try compiled.isTrue(context) == (Truth(expected) == .true))
    }
    context.clear(slot: 0)
    let compiled = try CompiledExpression.compile(.binary(.equal, ref("i"), val(5)), in: scope)
    #expect(try compiled.evaluate(context) == .null)
  }

  @Test func whatTheExpressionReadsIsKnown() throws {
    let scope = ExpressionScope(names: ["t"], columns: try TableScope.columns())
    let compiled = try CompiledExpression.compile(
      .binary(.add, ref("i"), .function("abs", [ref("r")])), in: scope)
    #expect(compiled.columnsRead == [SlotColumn(slot: 0, ordinal: 0), SlotColumn(slot: 0, ordinal: 1)])
    #expect(!compiled.isConstant && compiled.isDeterministic)
    #expect(
      try CompiledExpression.compile(ref("i"), in: scope).plainColumn == SlotColumn(slot: 0, ordinal: 0))
    #expect(try CompiledExpression.compile(calc(1, .add, 2), in: scope).isConstant)
    #expect(try !CompiledExpression.compile(.function("now", []), in: scope).isDeterministic)
    #expect(try !CompiledExpression.compile(.parameter(1), in: scope).isConstant)
  }

  @Test func unknownNamesSuggestTheNearest() throws {
    let schema = try ColumnSchema(
      ColumnDefinition("elevation", .real), table: "airports", ordinal: 0, isInPrimaryKey: false)
    let scope = ExpressionScope(names: ["airports"], columns: ColumnList([schema], hasHiddenRowid: false))
    func failure(_ expression: Expression) -> UpkeepError? {
      do {
        _ = try CompiledExpression.compile(expression, in: scope)
        return nil
      } catch { return error }
    }
    #expect(
      failure(ref("elevaton"))?.message == "table airports has no column elevaton; did you mean elevation?")
    #expect(failure(ref("elevaton"))?.code == .unknownColumn)
    #expect(failure(ref("elevaton"))?.name == "elevaton")
    #expect(failure(ref("elevation", of: "airport"))?.message.contains("did you mean airports?") == true)
    #expect(
      failure(.function("lenght", [val(1)]))?.message == "there is no function lenght; did you mean length?")
    #expect(failure(.function("lenght", [val(1)]))?.code == .unknownFunction)
    #expect(failure(.function("length", []))?.code == .misuse)
    #expect(failure(.aggregate("sum", [ref("elevation")], isDistinct: false))?.code == .misuse)
  }

  /// If this fails, a deep expression ends the process instead of the statement.
  @Test func depthIsLimited() {
    var deep = val(1)
    for _ in 0..<(Expression.maximumDepth + 1) { deep = .unary(.not, deep) }
    let error = #expect(throws: UpkeepError.self) { try evaluate(deep) }
    #expect(error?.code == .limit)
    var allowed = val(1)
    for _ in 0..<(Expression.maximumDepth) { allowed = .binary(.or, allowed, val(0)) }
    #expect(throws: Never.self) { try evaluate(allowed) }
  }

  @Test func whatBecameOfARowIsRead() throws {
    let context = EvaluationContext()
    context.action = "inserted"
    context.rowOrdinal = 3
    context.changes = 7
    var scope = ExpressionScope()
    scope.tells = [.action, .key, .ordinal]
    func value(_ name: String) throws -> Value {
      try CompiledExpression.compile(.function(name, []), in: scope).evaluate(context)
    }
    #expect(throws: UpkeepError.self) {
      try CompiledExpression.compile(.function("upsert_action", []), in: ExpressionScope())
    }
    #expect(try value("upsert_action") == "inserted")
    #expect(try value("conflict_key") == .null)
    #expect(try value("row_ordinal") == 3)
    #expect(try value("changes") == 7)
  }

  @Test func absOverflowIsAnError() {
    let error = #expect(throws: UpkeepError.self) { try evaluate(call("abs", .integer(.min))) }
    #expect(error?.code == .overflow)
  }
}
