import Testing

@testable import UpkeepSQL

/// A keyword whose text is another one's would be taken, printed and suggested in its place.
@Suite struct KeywordTests {
  @Test("Each keyword's text is its name in capitals, and is found in any case")
  func texts() {
    for keyword in Keyword.allCases {
      let name = "\(keyword)"
      #expect(keyword.text == name.uppercased())
      for text in [name, keyword.text, name.prefix(1).uppercased() + name.dropFirst()] {
        #expect(Keyword.find(Array(text.utf8)[...]) == keyword, "\(text)")
      }
    }
    for text in ["", "selec", "selectt", "sélect", String(repeating: "a", count: 25), "\u{0}select"] {
      #expect(Keyword.find(Array(text.utf8)[...]) == nil, "\(text)")
    }
  }
}
