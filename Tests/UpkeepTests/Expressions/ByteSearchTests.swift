import Testing
import UpkeepTestSupport

@testable import Upkeep

/// Bytes would be found where they are not, or missed, also in texts that are made to take long.
@Suite struct ByteSearchTests {
  /// Looked for at each place, one after the other.
  private func plain(_ wanted: [UInt8], in text: [UInt8], from start: Int) -> Int? {
    guard text.count >= wanted.count, start <= text.count - wanted.count else { return nil }
    return (start...(text.count - wanted.count)).first { text[$0..<$0 + wanted.count].elementsEqual(wanted) }
  }

  private func found(_ wanted: [UInt8], in text: [UInt8], from start: Int) -> Int? {
    text.withUnsafeBytes { text in
      wanted.withUnsafeBytes { ByteSearch($0).first(in: text, from: start) }
    }
  }

  @Test func randomTextsAreSearchedRight() {
    var random = SeededGenerator.random()
    for _ in 0..<400 {
      let letters = 1 + random.below(3)
      // What repeats itself begins to match at many places.
      let period = (0...random.below(6)).map { _ in UInt8(random.below(letters)) }
      var text = (0..<random.below(3_000)).map { period[$0 % period.count] }
      for _ in 0..<random.below(4) where !text.isEmpty { text[random.below(text.count)] = 7 }
      var wanted = (0...random.below(400)).map { period[$0 % period.count] }
      if random.oneIn(2) { wanted[wanted.count - 1] = 7 }
      let start = random.below(max(1, text.count))
      #expect(
        found(wanted, in: text, from: start) == plain(wanted, in: text, from: start),
        "\(wanted.count) in \(text.count) from \(start), seed \(random.seed)")
    }
  }

  /// Far enough into a text that every comparison in vain costs as much as it can.
  @Test func longTextsAreSearchedToTheirEnd() {
    let wanted = [UInt8](repeating: 1, count: 5_000) + [2]
    let text = [UInt8](repeating: 1, count: 60_000)
    #expect(found(wanted, in: text, from: 0) == nil)
    #expect(found(wanted, in: text + [2], from: 0) == 55_000)
    #expect(found(wanted, in: text + [2] + text + [2], from: 55_001) == 115_001)
    #expect(found([3], in: text + [3], from: 9) == 60_000 && found(wanted, in: [1, 2], from: 0) == nil)
  }
}
