import Upkeep

/// A value as it stands in a column: its text without control characters, and how wide that is.
struct CellText {
  var text: String
  var width: Int
  var isNumber = false
  var isNull = false

  /// A name or another text.
  init(_ text: String) {
    self.text = Self.visible(text)
    width = DisplayWidth.of(self.text)
  }

  init(_ value: Value, null: String) {
    switch value {
    case .null:
      self.init(null)
      isNull = true
    case .integer, .real:
      self.init(value.description)
      isNumber = true
    default: self.init(value.description)
    }
  }

  /// Control characters as escapes, so that a row stays on its line and the terminal as it is.
  static func visible(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 10: result += "\\n"
      case 13: result += "\\r"
      case 9: result += "\\t"
      case 0..<0x20, 0x7F..<0xA0: result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The text cut to a width, with … where something is missing.
  func cut(to most: Int) -> CellText {
    guard width > most else { return self }
    var cut = self
    cut.text = ""
    cut.width = 0
    for character in text {
      let next = DisplayWidth.of(String(character))
      if cut.width + next > most - 1 { break }
      cut.text.append(character)
      cut.width += next
    }
    guard most > 0 else { return cut }
    cut.text += "…"
    cut.width += 1
    return cut
  }
}
