import Testing

@testable import UpkeepShell

/// How columns share a window.
@Suite struct ColumnLayoutTests {
  private func layout(_ natural: [Int], told: [Int] = [], in most: Int?) -> ColumnLayout {
    ColumnLayout(natural: natural, told: told, most: most, between: 3, frame: -3)
  }

  @Test("What fits is left as it is, and so is all where there is no window")
  func fitting() {
    #expect(layout([3, 5, 8], in: 22).widths == [3, 5, 8])
    #expect(layout([300, 500], in: nil).widths == [300, 500])
  }

  @Test("The widest columns give way, and use all there is")
  func shrinking() {
    #expect(layout([3, 50, 40], in: 40).widths == [3, 16, 15])
    #expect(layout([3, 50, 10], in: 40).widths == [3, 21, 10])
  }

  @Test("Widths that were asked for stay")
  func told() {
    #expect(layout([3, 50, 40], told: [0, 20], in: 40).widths == [3, 20, 11])
    #expect(layout([3, 5], told: [-10, 0], in: 80).widths == [10, 5])
  }

  @Test("Where not even narrow columns fit, those in the middle are left out")
  func leavingOut() {
    let layout = layout([Int](repeating: 20, count: 12), in: 40)
    #expect(layout.shown == [0, nil, 10, 11] || layout.shown == [0, 1, nil, 11], "\(layout)")
    #expect(layout.widths.reduce(0, +) + 3 * (layout.shown.count - 1) <= 40)
  }

  @Test("Whatever the columns are, the table fits the window, or has two columns at least")
  func always() {
    for seed in 1...500 {
      var state = UInt64(seed)
      func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
      }
      let natural = (0..<(1 + next(30))).map { _ in 1 + next(next(2) == 0 ? 12 : 200) }
      let most = 20 + next(150)
      let layout = layout(natural, in: most)
      let total = layout.widths.reduce(0, +) + 3 * (layout.shown.count - 1)
      #expect(total <= most || layout.shown.count <= 4, "seed \(seed): \(natural) in \(most): \(layout)")
      #expect(
        zip(layout.shown, layout.widths).allSatisfy { $0.0 == nil || $0.1 <= max(natural[$0.0 ?? 0], 1) })
    }
  }

  @Test("Cut text ends with an ellipsis and is as wide as it may be, also where characters are wide")
  func cutting() {
    #expect(CellText("abcdef").cut(to: 4).text == "abc…")
    #expect(CellText("日本の空").cut(to: 6).text == "日本…")
    #expect(CellText("日本の空").cut(to: 7).text == "日本の…")
    #expect(CellText("abc").cut(to: 3).text == "abc")
    #expect(CellText("e\u{301}e\u{301}e\u{301}").cut(to: 2).text == "e\u{301}…")
  }
}
