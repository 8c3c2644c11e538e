import Testing

@testable import Upkeep

struct CoercionTests {
  /// What fits a type without loss, and what it becomes; nil for what does not fit.
  @Test(arguments: [
    (Value.text("12"), ValueType.integer, Value?.some(12)), (.text(" -7 "), .integer, -7),
    (.text("12.0"), .integer, 12),
    (.text("12.5"), .integer, nil), (.text("12x"), .integer, nil), (.text(""), .integer, nil),
    (.text("9223372036854775807"), .integer, .integer(.max)),
    (.text("-9223372036854775808"), .integer, .integer(.min)),
    (.text("9223372036854775808"), .integer, nil), (.text("1e3"), .integer, 1000),
    (.real(12), .integer, 12), (.real(12.5), .integer, nil), (.real(1e19), .integer, nil),
    (.real(.infinity), .integer, nil), (.boolean(true), .integer, 1), (.blob([1]), .integer, nil),
    (.integer(3), .real, 3.0), (.integer((1 << 53) + 1), .real, nil),
    (.integer(1 << 53), .real, .real(0x1p53)),
    (.text("51.4706"), .real, 51.4706), (.text("1e400"), .real, .real(.infinity)),
    (.text("-Inf"), .real, .real(-.infinity)),
    (.text("nan"), .real, nil), (.real(.nan), .real, .null), (.real(-0.0), .any, .real(0)),
    (.integer(5), .text, "5"), (.real(5), .text, "5.0"), (.boolean(true), .text, "true"),
    (.blob([1]), .text, nil),
    (.text("x"), .blob, nil), (.text("x'00ff'"), .blob, .blob([0, 255])),
    (.integer(1), .boolean, true), (.integer(2), .boolean, nil), (.text("Yes"), .boolean, true),
    (.text("0"), .boolean, false), (.text("maybe"), .boolean, nil),
    (.text("2024-05-01"), .timestamp, .timestamp(Timestamp(microseconds: 1_714_521_600_000_000))),
    (
      .text("2024-05-01 12:00:00.25+02:00"), .timestamp,
      .timestamp(Timestamp(microseconds: 1_714_557_600_250_000))
    ),
    (.text("2024-02-30"), .timestamp, nil), (.text("2024-05-01T24:00"), .timestamp, nil),
    (.text("2024-05-01T12:00:00.1234567Z"), .timestamp, nil),
    (.integer(5), .timestamp, .timestamp(Timestamp(microseconds: 5))),
    (
      .text("123E4567-e89b-12d3-a456-426614174000"), .uuid,
      .uuid(UUIDValue(high: 0x123e_4567_e89b_12d3, low: 0xa456_4266_1417_4000))
    ),
    (.text("123E4567-e89b-12d3-a456-42661417400"), .uuid, nil), (.blob([1, 2]), .uuid, nil),
    (.text("{\"a\":[1,2.5e3,\"\\u00e9\",null]}"), .json, .json("{\"a\":[1,2.5e3,\"\\u00e9\",null]}")),
    (.text("{a:1}"), .json, nil), (.text("[1,]"), .json, nil), (.text("01"), .json, nil),
    (.text("1 2"), .json, nil),
    (.integer(1), .json, .json("1")), (.text("12"), .any, "12"), (.null, .integer, .null),
  ])
  func lossless(_ value: Value, _ type: ValueType, _ expected: Value?) {
    let found = Coercion.coerce(value, to: type)
    #expect(found == expected)
  }

  @Test func anErrorNamesTableColumnTypeAndValue() {
    let error = #expect(throws: UpkeepError.self) {
      try Coercion.coerce(.text("abc"), to: .integer, table: "airports", column: "elevation")
    }
    #expect(error?.code == .typeMismatch)
    #expect(
      error?.message == "airports.elevation is INTEGER and cannot hold 'abc' without loss; "
        + "give a whole number of at most 64 bits")
    #expect(error?.table == "airports" && error?.column == "elevation" && error?.value == "'abc'")
  }

  /// If this fails, a feed's numbers are not the nearest ones, or the short way differs from the long one.
  @Test func numbersAreReadExactly() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let digits = String(
        UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0..<64, using: &random))
      let point = Int.random(in: 0...digits.count, using: &random)
      let text =
        digits.prefix(point) + "." + digits.dropFirst(point)
        + (Bool.random() ? "" : "e\(Int.random(in: -330...330, using: &random))")
      guard let expected = Double(String(text.hasPrefix(".") ? "0" + text : text)) else { continue }
      var copy = String(text)
      let found = copy.withUTF8 { NumberParser.number(UnsafeRawBufferPointer($0)) }
      #expect(found == .real(expected), "\(text)")
    }
  }

  @Test(arguments: [
    ("", nil), ("-", nil), (".", nil), ("+5", NumberParser.Number.integer(5)), (".5", .real(0.5)),
    ("5.", .real(5)),
    ("1e", nil), ("0x10", nil), ("1_000", nil), ("99999999999999999999", .real(1e20)),
    ("  12\t", .integer(12)),
    ("1e999999999999", .real(.infinity)), ("0e999999999999", .real(0)),
  ])
  func numberForms(_ text: String, _ expected: NumberParser.Number?) {
    var text = text
    let found = text.withUTF8 { NumberParser.number(UnsafeRawBufferPointer($0)) }
    #expect(found == expected)
  }
}
