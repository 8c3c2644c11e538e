import Testing
import UpkeepTestSupport

@testable import Upkeep

struct ValueTextTests {
  @Test(arguments: [
    (Value.real(3435), "3435.0"), (.real(0.1), "0.1"), (.real(1e15), "1.0e+15"),
    (.real(123456789012345), "123456789012345.0"),
    (.real(1.5e20), "1.5e+20"), (.real(0.0001), "0.0001"), (.real(0.00001), "1.0e-05"),
    (.real(-2.5e-300), "-2.5e-300"),
    (.real(0x1p53), "9.007199254740992e+15"), (.real(.infinity), "Inf"), (.real(-.infinity), "-Inf"),
    (.real(-0.0), "0.0"), (.integer(-5), "-5"), (.blob([0xAB, 0x12]), "x'ab12'"), (.boolean(true), "true"),
    (.null, ""), (.timestamp(Timestamp(microseconds: 0)), "1970-01-01T00:00:00Z"),
    (.timestamp(Timestamp(microseconds: -1)), "1969-12-31T23:59:59.999999Z"),
    (.timestamp(Timestamp(microseconds: 1_714_557_600_250_000)), "2024-05-01T10:00:00.250Z"),
    (
      .uuid(UUIDValue(high: 0x123e_4567_e89b_12d3, low: 0xa456_4266_1417_4000)),
      "123e4567-e89b-12d3-a456-426614174000"
    ),
  ])
  func shellForm(_ value: Value, _ text: String) { #expect(value.description == text) }

  @Test(arguments: [
    (Value.real(.infinity), "9e999"), (.blob([0xAB]), "{\"$blob\":\"AB\"}"),
    (.text("a\"\\\n\u{1}é"), "\"a\\\"\\\\\\n\\u0001é\""),
    (.null, "null"), (.boolean(false), "false"), (.json("[1]"), "[1]"), (.real(1e20), "1.0e+20"),
  ])
  func jsonForm(_ value: Value, _ text: String) { #expect(value.jsonText == text) }

  /// If this fails, a REAL or a moment that was written out and read in again is another one.
  @Test func textGivesTheValueBack() {
    var random = SeededGenerator.random()
    for _ in 0..<20_000 {
      let real = ValueFixtures.real(&random)
      #expect(
        Coercion.coerce(.text(Value.real(real).description), to: .real) == .real(real), "seed \(random.seed)")
      let moment = Timestamp(microseconds: ValueFixtures.integer(&random))
      #expect(
        Coercion.coerce(.text(moment.description), to: .timestamp) == .timestamp(moment),
        "seed \(random.seed)")
    }
  }

  @Test func comparingIntegersWithRealsIsExact() {
    #expect(ValueOrder.compare(.integer((1 << 53) + 1), .real(0x1p53)) > 0)
    #expect(ValueOrder.compare(.integer(.max), .real(0x1p63)) < 0)
    #expect(ValueOrder.compare(.integer(.min), .real(-0x1p63)) == 0)
    #expect(ValueOrder.compare(.integer(3), .real(3.5)) < 0)
    #expect(ValueOrder.compare(.integer(-3), .real(-3.5)) > 0)
    #expect(ValueOrder.compare(.real(.infinity), .integer(.max)) > 0)
    #expect(ValueOrder.compare(.text("a"), .text("A"), collation: .nocase) == 0)
    #expect(ValueOrder.compare(.integer(5), .text("")) < 0)
    #expect(ValueOrder.compare(.text("zz"), .blob([])) < 0)
  }

  @Test func textIsEqualByItsBytes() {
    #expect(Value.text("\u{e9}") != Value.text("e\u{301}"))
    #expect(Value.text("\u{212b}") != Value.text("A\u{30a}"))
  }
}
