import Testing
import Upkeep
import UpkeepSQL

/// Operators would bind otherwise than in SQLite, and the same text mean something else.
@Suite struct ExpressionParserTests {
  @Test(arguments: [
    ("a OR b AND c", "(or a (and b c))"),
    ("a OR b OR c", "(or (or a b) c)"),
    ("NOT a = b", "(not (equal a b))"),
    ("NOT a AND b", "(and (not a) b)"),
    ("a = NOT b = c", "(equal a (not (equal b c)))"),
    ("a = b < c", "(equal a (less b c))"),
    ("a < b = c", "(equal (less a b) c)"),
    ("a == b != c <> d", "(notEqual (notEqual (equal a b) c) d)"),
    ("a < b | c + d * e || f", "(less a (bitOr b (add c (multiply d (concatenate e f)))))"),
    ("a - b - c", "(subtract (subtract a b) c)"),
    ("a << b & c >> d", "(shiftRight (bitAnd (shiftLeft a b) c) d)"),
    ("-a || b", "(concatenate (minus a) b)"),
    ("-a * ~b", "(multiply (minus a) (bitNot b))"),
    ("- -a", "(minus (minus a))"),
    ("-5", "-5"), ("-(5)", "(minus 5)"), ("1-1", "(subtract 1 1)"), ("1--1\n", "1"),
    ("-9223372036854775808", "-9223372036854775808"),
    ("9223372036854775808", "9.223372036854776e+18"),
    ("0x10", "16"), ("0xFFFFFFFFFFFFFFFF", "-1"),
    ("1.5e3", "1500.0"), (".5", "0.5"), ("5.", "5.0"), ("9e999", "9e999"), ("-9e999", "-9e999"),
    ("a COLLATE NOCASE || b", "(concatenate (collate a nocase) b)"),
    ("-a COLLATE NOCASE", "(collate (minus a) nocase)"),
    ("a IS NULL", "(isNull a)"), ("a ISNULL", "(isNull a)"), ("a IS NOT NULL", "(notNull a)"),
    ("a NOTNULL", "(notNull a)"), ("a NOT NULL", "(notNull a)"),
    ("a IS b", "(identical a b)"), ("a IS NOT b", "(notIdentical a b)"),
    ("a IS DISTINCT FROM b", "(notIdentical a b)"), ("a IS NOT DISTINCT FROM b", "(identical a b)"),
    ("a IS NOT TRUE", "(case a 0 1)"), ("a IS FALSE", "(case (not a) 1 0)"),
    ("a BETWEEN b AND c AND d", "(and (between a b c) d)"),
    ("a NOT BETWEEN b + 1 AND c", "(notBetween a (add b 1) c)"),
    ("a IN (1, 2)", "(in a 1 2)"), ("a NOT IN ()", "(notIn a)"),
    ("a + 1 IN (2) = b", "(equal (in (add a 1) 2) b)"),
    ("a LIKE 'x%' ESCAPE '!' OR b", "(or (like a 'x%' '!') b)"),
    ("a NOT LIKE b || '%'", "(notLike a (concatenate b '%'))"),
    ("CASE a WHEN 1 THEN b ELSE c END", "(case a 1 b c)"),
    ("CASE WHEN a THEN b END", "(case a b)"),
    ("CAST(a AS VARCHAR(20))", "(cast a text)"), ("CAST(a AS double precision)", "(cast a real)"),
    ("main.t.a", "t.a"), ("excluded.a", "excluded.a"), ("\"a b\".[c]", "a b.c"), ("`x```", "x`"),
    ("f()", "(f)"), ("LENGTH(a)", "(length a)"), ("replace(a, b, c)", "(replace a b c)"),
    ("count(*)", "(count#)"), ("count(DISTINCT a)", "(count! a)"), ("max(a)", "(max# a)"),
    ("max(a, b)", "(max a b)"), ("'it''s'", "'it''s'"), ("x'00fF'", "x'00ff'"), ("''", "''"),
    ("TRUE", "TRUE"), ("NULL", "NULL"), ("\"true\"", "true"), ("key", "key"),
    ("merge + sync", "(add merge sync)"),
    ("upsert.displace", "upsert.displace"), ("größe", "größe"), ("名前", "名前"),
    ("current_timestamp", "(now)"), ("TIMESTAMP '2024-01-31T12:00:00Z'", "TIMESTAMP '2024-01-31T12:00:00Z'"),
    ("timestamp", "timestamp"), ("json", "json"), ("JSON '{\"a\":1}'", "JSON '{\"a\":1}'"),
    ("/* a */ 1 -- b", "1"),
  ])
  func operatorsBindAsInSQLite(text: String, wanted: String) throws {
    #expect(try shape(text) == wanted)
  }

  /// A statement would read other parameters than it was given.
  @Test func parametersAreNumberedAsInSQLite() throws {
    #expect(
      try shape("? + ?5 + ? + :a + ?2 + :a + @a")
        == "(add (add (add (add (add (add ?1 ?5) ?6) ?7) ?2) ?7) ?8)")
    let bound = try parse("SELECT ?, ?2, :x, $x", SQLParameters([1, "two"], named: ["x": .real(0.5)]))
    guard case .select(let query)? = bound.first else { return #expect(Bool(false)) }
    let values = query.columns.map { column -> Expression? in
      if case .expression(let value, _) = column { value } else { nil }
    }
    #expect(values == [.literal(1), .literal("two"), .literal(.real(0.5)), .literal(.real(0.5))])
  }

  /// A chain or nest of operators would overflow the stack of whoever walks the tree.
  @Test func deepExpressionsAreRefused() throws {
    _ = try expression(Array(repeating: "1", count: 999).joined(separator: "+"))
    for text in [
      Array(repeating: "1", count: 2_000).joined(separator: "+"),
      Array(repeating: "a", count: 100_000).joined(separator: " AND "),
      String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000),
      String(repeating: "- ", count: 100_000) + "a",
      String(repeating: "NOT ", count: 100_000) + "a",
      String(repeating: "f(", count: 100_000),
      String(repeating: "CASE WHEN ", count: 100_000),
      String(repeating: "1 + (", count: 100_000),
    ] {
      #expect(failure("SELECT \(text)")?.code == .limit, "\(text.prefix(20))…")
    }
  }
}
