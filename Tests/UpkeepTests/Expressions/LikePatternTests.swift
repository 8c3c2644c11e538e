import Testing
import UpkeepTestSupport

@testable import Upkeep

/// LIKE matches what a matcher matches that tries everything, one character after the other.
@Suite struct LikePatternTests {
  private static let letters = ["a", "A", "b", "B", "z", "Z", "@", "`", "[", "{", "é", "É", "日", " ", "7"]

  @Test(arguments: UInt64(0)..<30) func `random patterns match what trying everything matches`(seed: UInt64)
    throws
  {
    var chance = SeededGenerator(seed: seed)
    var matched = 0
    for _ in 0..<600 {
      let text = Self.text(&chance, atMost: 40)
      let pattern = Self.pattern(&chance, of: text)
      let made = try LikePattern(pattern, escape: Array("!".utf8))
      let expected = Self.matches(Array(pattern.unicodeScalars)[...], Array(text.unicodeScalars)[...])
      if expected { matched += 1 }
      let note = Comment(rawValue: "seed \(seed): '\(text)' LIKE '\(pattern)'")
      // What lies before and behind the text would match as well.
      let around = Array((text + pattern + text + pattern + text).utf8)
      let place = text.utf8.count + pattern.utf8.count
      try around.withUnsafeBytes { bytes throws in
        let own = UnsafeRawBufferPointer(rebasing: bytes[place..<(place + text.utf8.count)])
        #expect(try made.matches(own) == expected, note)
        #expect(made.matchedByStep(own) == expected, note)
      }
    }
    #expect(matched > 60 && matched < 540, "seed \(seed): \(matched) of 600 match, which says little")
  }

  @Test func `a text is found at every place of another, whatever lies around`() throws {
    for length in 0...40 {
      for count in 1...min(12, max(1, length)) {
        let wanted = String(repeating: "xY", count: 6).prefix(count)
        let pattern = try LikePattern("%\(wanted.uppercased())%", escape: nil)
        let none = Array(repeating: UInt8(ascii: "x"), count: count == 1 ? 0 : length)
        #expect(try none.withUnsafeBytes { try !pattern.matches($0) }, "\(count) in \(length)")
        guard count <= length else { continue }
        for place in 0...(length - count) {
          var text = Array(repeating: UInt8(ascii: "-"), count: length)
          text.replaceSubrange(place..<(place + count), with: wanted.utf8)
          #expect(try text.withUnsafeBytes { try pattern.matches($0) }, "\(count) at \(place) of \(length)")
          text[place + count - 1] = UInt8(ascii: "-")
          #expect(
            try text.withUnsafeBytes { try !pattern.matches($0) }, "\(count) at \(place) of \(length), cut")
        }
      }
    }
  }

  @Test func `what is made to take forever is given up`() {
    // Every place begins and ends like the text that is wanted, which differs in the middle only.
    let half = Array(repeating: UInt8(ascii: "a"), count: 100)
    let pieces = LiteralPieces([[], half + [UInt8(ascii: "b")] + half, []])
    let text = Array(repeating: UInt8(ascii: "a"), count: 1_000)
    text.withUnsafeBytes { text in
      #expect(pieces.matched(text, most: 10_000) == nil)
      #expect(pieces.matched(text, most: 100_000) == false)
      #expect(pieces.matched(text) == false)
    }
  }

  private static func text(_ chance: inout SeededGenerator, atMost count: Int) -> String {
    // Few letters let parts of texts recur.
    let some = Array(letters.shuffled(using: &chance).prefix(2 + chance.below(4)))
    var text = ""
    for _ in 0..<chance.below(count + 1) { text += chance.pick(some) }
    return text
  }

  /// Parts of the text, often in another case, with runs between them, and now and then something else.
  private static func pattern(_ chance: inout SeededGenerator, of text: String) -> String {
    let scalars = Array(text.unicodeScalars.map { String($0) })
    var pattern = chance.oneIn(3) ? "" : "%"
    var place = 0
    for _ in 0..<(1 + chance.below(3)) {
      let from = chance.oneIn(8) ? chance.below(scalars.count + 1) : place
      let first = min(scalars.count, from + (pattern.isEmpty ? 0 : chance.below(5)))
      let end = min(scalars.count, first + chance.below(6))
      for scalar in scalars[first..<end] {
        switch chance.below(24) {
        case 0: pattern += "_"
        case 1: pattern += "!" + scalar
        case 2: pattern += chance.pick(letters)
        case 3..<12: pattern += scalar.uppercased().unicodeScalars.count == 1 ? scalar.uppercased() : scalar
        default: pattern += scalar
        }
      }
      place = end
      pattern += chance.pick(["%", "%", "%", "%%", ""])
    }
    return pattern
  }

  private static func matches(
    _ pattern: ArraySlice<Unicode.Scalar>, _ text: ArraySlice<Unicode.Scalar>
  ) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    let rest = pattern.dropFirst()
    switch first {
    case "%":
      return (text.startIndex...text.endIndex).contains { matches(rest, text[$0...]) }
    case "_": return !text.isEmpty && matches(rest, text.dropFirst())
    case "!":
      guard let literal = rest.first, let next = text.first else { return false }
      return folded(literal) == folded(next) && matches(rest.dropFirst(), text.dropFirst())
    default:
      guard let next = text.first else { return false }
      return folded(first) == folded(next) && matches(rest, text.dropFirst())
    }
  }

  private static func folded(_ scalar: Unicode.Scalar) -> UInt32 {
    scalar.isASCII ? UInt32(TextBytes.folded(UInt8(scalar.value))) : scalar.value
  }
}
